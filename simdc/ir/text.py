"""IR text to a module. Whatever is wrong with the text is a SimdcError at its line and column."""

from __future__ import annotations

import re
from bisect import bisect_right

from xdsl.context import Context
from xdsl.dialects.builtin import UNKNOWN_LOC, FileLineColLoc, IntAttr, ModuleOp, StringAttr
from xdsl.ir import Operation
from xdsl.parser import Parser, ParserState
from xdsl.utils.exceptions import ParseError, VerifyException
from xdsl.utils.lexer import Input

from simdc.errors import SimdcError, suggestion

from .context import first_invalid
from .lexer import IRLexer


def parse_ir(context: Context, text: str, file: str) -> ModuleOp:
    """The module in `text`, verified. `context` knows the dialects, `file` is for messages. Raises SimdcError."""
    parser: IRParser | None = None
    try:
        parser = IRParser(context, text, file)
        module = parser.parse_module()
    except ParseError as error:
        raise located(error.msg, error.span.start, text, file) from None
    except RecursionError:
        raise SimdcError("attributes, types or regions are nested too deeply", file=file) from None
    except (VerifyException, ValueError, NotImplementedError) as error:
        # xDSL's attributes refuse values of their own accord, without a place: the parser stands behind it.
        raise located(str(error), len(text) if parser is None else parser.pos, text, file) from None
    invalid = first_invalid(module)
    if invalid is not None:
        raise invalid
    return module


class IRParser(Parser):
    """xDSL's parser with our lexer. An op that the text gives no location gets its place in the text."""

    def __init__(self, context: Context, text: str, file: str = "<unknown>"):
        super().__init__(context, "", file)
        self._parser_state = ParserState(IRLexer(Input(text, file)))
        self._file = StringAttr(file)
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def parse_operation(self) -> Operation:
        start = self._current_token.span.start
        op = super().parse_operation()
        if op.location == UNKNOWN_LOC:
            op.location = self.place(start)
        return op

    def place(self, position: int) -> FileLineColLoc:
        """Line and column of a position in the text."""
        line = bisect_right(self._line_starts, position)
        column = position - self._line_starts[line - 1] + 1
        return FileLineColLoc(self._file, IntAttr(line), IntAttr(column))

    def _get_op_by_name(self, name: str) -> type[Operation]:
        found = self.ctx.get_optional_op(name, dialect_stack=self._parser_state.dialect_stack)
        if found is None:
            end = self._current_token.span.start
            start = self._parser_state.lexer.input.content.rfind(name, 0, end)
            close = suggestion(name, [op.name for op in self.ctx.loaded_ops])
            self.raise_error(f"Operation {name} is not registered{close}", start, start + len(name))
        return found


def located(message: str, position: int, text: str, file: str) -> SimdcError:
    begin = text.rfind("\n", 0, position) + 1
    line, column = text.count("\n", 0, begin) + 1, position - begin + 1
    source_line = text[begin:].partition("\n")[0].rstrip("\r")
    return SimdcError(message.strip(), file=file, line=line, column=column, source_line=source_line)
