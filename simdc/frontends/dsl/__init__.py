"""The network language: `parse_dsl` turns a text into a module. docs/dsl.md is its reference."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp

from simdc.errors import SimdcError
from simdc.ir.builder import ModuleBuilder
from simdc.ir.token_run import AS_WRITTEN, TokenRun

from .errors import DslError
from .evaluate import evaluate
from .limits import MAX_CHARACTERS
from .parser import parse

__all__ = ["parse_dsl"]


def parse_dsl(text: str, file: str, batch: int, run: TokenRun = AS_WRITTEN) -> ModuleOp:
    """The network in `text`, for inputs of `batch` images and as many tokens as `run` says. `file` is for messages and
    locations. Raises SimdcError."""
    if len(text) > MAX_CHARACTERS:
        message = f"the text has {len(text)} characters, more than the limit of {MAX_CHARACTERS}"
        raise SimdcError(f"{message}; say what repeats with 'repeat' and 'block'", file=file)
    text = text.removeprefix("\ufeff")
    try:
        program = parse(text)
        return evaluate(program, ModuleBuilder(program.network.name, batch, file, run=run))
    except DslError as error:
        line, column = error.place
        source_line = text.split("\n")[line - 1].rstrip("\r")
        raise SimdcError(error.message, file=file, line=line, column=column, source_line=source_line) from None
