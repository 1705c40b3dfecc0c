"""MLIR text of any dialect to a module, and what readers ask an op for whatever wrote it."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping, Sequence
from typing import cast

from xdsl.context import Context
from xdsl.dialect_interfaces.op_asm import OpAsmDialectInterface
from xdsl.dialects.arith import Arith
from xdsl.dialects.builtin import (
    UNKNOWN_LOC,
    ArrayAttr,
    Builtin,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    IntegerAttr,
    IntegerType,
    LocationAttr,
    ModuleOp,
    NameLoc,
    NoneAttr,
    StringAttr,
    TensorType,
    UnregisteredOp,
)
from xdsl.dialects.func import Func
from xdsl.dialects.linalg import Linalg
from xdsl.dialects.math import Math
from xdsl.dialects.tensor import Tensor
from xdsl.ir import Attribute, Dialect, Operation, SSAValue
from xdsl.parser import Parser
from xdsl.utils.exceptions import ParseError, VerifyException

from simdc.errors import SimdcError
from simdc.ir.text import IRParser, located

from .locations import end_of, name_in, without_aliases
from .problems import Unpriced

REMEDY = (
    "print the generic form: mlir-opt --mlir-print-op-generic, or in Python "
    "module.operation.get_asm(print_generic_op_form=True)"
)
NO_FORM = "does not have a custom format"
OP_NAME = re.compile(r"([A-Za-z_][\w$]*(?:\.[\w$]+)+)\s*\Z")
WELL_READ = ("values used but not defined", "operand is used with type", "re-declaration", "SSA value")
"""How errors begin whose text was read well: another form says the same."""


HEX = re.compile(r"dense<0x([0-9A-Fa-f]+)>(?= : tensor<(?:[0-9]+x)*(f64|f32|f16|bf16)>)")
LIST = re.compile(r"(\w+) = \[([^\]]*)\]")
CODES = {"f64": ">d", "f32": ">f", "f16": ">e", "bf16": ">f"}


def _decimal(found: re.Match[str]) -> str:
    """Bits of a real number as MLIR writes what has no digits, infinities above all; xDSL takes them for an integer."""
    # 0xFF800000 in 32 bits is minus infinity: -1.0e999 reads as such. bf16 is the upper half of 32 bits.
    digits, kind = found.groups()
    bits = bytes.fromhex(digits + ("0000" if kind == "bf16" else ""))
    if len(bits) != struct.calcsize(CODES[kind]):
        return found[0]
    (number,) = struct.unpack(CODES[kind], bits)
    if math.isnan(number):
        return found[0]
    text = f"{'-' if number < 0 else ''}1.0e999" if math.isinf(number) else f"{number:.17e}"
    return f"dense<{text}>"


class ForeignParser(IRParser):
    """Takes ops of every dialect, those that xDSL does not know in the generic form. An op whose location has a name
    keeps it, beside its place in the text; `aliases` are locations by name."""

    def __init__(self, context: Context, text: str, file: str, aliases: Mapping[str, str]):
        super().__init__(context, text, file)
        self._aliases = aliases

    def parse_operation(self) -> Operation:
        start = self._current_token.span.start
        op = super().parse_operation()
        if isinstance(op.location, NameLoc):
            op.location = NameLoc(op.location.desc, self.place(start))
        return op

    def parse_optional_location(self) -> LocationAttr | None:
        # xDSL's knows less than MLIR writes: no ranges, no metadata, no names that follow later.
        if not self.parse_optional_characters("loc"):
            return None
        start, text = self._current_token.span.start, self._parser_state.lexer.input.content
        end = end_of(text, start)
        if end is None or text[start] != "(":
            self.raise_error("a location is parentheses that end")
        self._resume_from(end)
        name = name_in(text[start + 1 : end - 1], self._aliases)
        return UNKNOWN_LOC if name is None else NameLoc(StringAttr(name), NoneAttr())

    def _get_op_by_name(self, name: str) -> type[Operation]:
        # Not that of IRParser, which refuses what is not registered.
        return Parser._get_op_by_name(self, name)

    def _parse_dialect_resource_handle(self, dialect_name: str, interface: OpAsmDialectInterface) -> str:
        """The key as it is written. xDSL's is another one if an earlier text of the process had it."""
        key = self.expect(self.parse_optional_identifier, "identifier expected for resource handle")
        if (dialect_name, key) not in self.dialect_resources:
            interface.declare_resource(key)
            self.dialect_resources.add((dialect_name, key))
        return key


def _unread(message: str, position: int, text: str, file: str) -> SimdcError:
    """An error of xDSL's parser at its place, with what helps."""
    name = OP_NAME.search(text, 0, position)
    if NO_FORM in message and name is not None:
        what = (
            f"'{name[1]}' has no custom form here (func, arith, math, tensor and linalg.generic have one, among others)"
        )
        return located(f"{what}; {REMEDY}", name.start(), text, file)
    if message.startswith("Could not parse entire input"):
        return located("no module begins here", position, text, file)
    if message.startswith(WELL_READ):
        return located(message, position, text, file)
    return located(f"{message.rstrip('.')}; if this is a custom form that is not read, {REMEDY}", position, text, file)


def _transform() -> Dialect:
    from .transform_ops import TRANSFORM

    return TRANSFORM


def parse_foreign(text: str, file: str) -> ModuleOp:
    """Raises SimdcError at the place that cannot be read, with what may help."""
    context = Context(allow_unregistered=True)
    for dialect in (Builtin, Func, Arith, Math, Linalg, Tensor):
        context.load_dialect(dialect)
    context.register_dialect("transform", _transform)
    parser: IRParser | None = None
    text, aliases = without_aliases(HEX.sub(_decimal, text))
    try:
        parser = ForeignParser(context, text, file, aliases)
        return parser.parse_module()
    except ParseError as error:
        raise _unread(error.msg.strip(), error.span.start, text, file) from None
    except RecursionError:
        raise SimdcError("attributes, types or regions are nested too deeply", file=file) from None
    except (VerifyException, ValueError, NotImplementedError, KeyError, AttributeError) as error:
        raise _unread(str(error), len(text) if parser is None else parser.pos, text, file) from None


def name_of(op: Operation) -> str:
    """The op's name, whether xDSL knows the op or not."""
    return op.op_name.data if isinstance(op, UnregisteredOp) else op.name


def attribute(op: Operation, name: str) -> Attribute | None:
    """A property or an attribute, which differ by who printed the op."""
    # Not `or`: an integer attribute of 0 is false.
    found = op.properties.get(name)
    return op.attributes.get(name) if found is None else found


def integers(op: Operation, name: str) -> tuple[int, ...] | None:
    """A list of whole numbers, however it is written; None where there is none. Raises Unpriced."""
    found = attribute(op, name)
    match found:
        case None:
            return None
        case DenseArrayBase():
            return tuple(cast("DenseArrayBase[IntegerType]", found).get_values())
        case DenseIntOrFPElementsAttr():
            values = cast("Sequence[int]", found.get_values())
            count = cast("TensorType[Attribute]", found.type).element_count()
            return tuple(values) * count if len(values) == 1 else tuple(values)
        case ArrayAttr():
            entries = found.data
            numbers = [each.value.data for each in entries if isinstance(each, IntegerAttr)]
            if len(numbers) != len(entries):
                raise Unpriced(f"'{name}' is no list of whole numbers")
            return tuple(numbers)
        case DenseResourceAttr():
            raise Unpriced(
                f"'{name}' was left out by the printer: let it write 16 elements or more, large_elements_limit"
            )
        case _:
            raise Unpriced(f"'{name}' is no list of whole numbers")


def lists_of(op: Operation, name: str) -> dict[str, list[int]]:
    """The lists of whole numbers in an attribute of a dialect that xDSL has not, by their names there."""
    # #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>
    lists = LIST.findall(str(attribute(op, name)))
    return {each: [int(number) for number in inner.split(",") if number.strip()] for each, inner in lists}


def integer(op: Operation, name: str, default: int) -> int:
    found = attribute(op, name)
    return found.value.data if isinstance(found, IntegerAttr) else default


def text_of(op: Operation, name: str) -> str | None:
    found = attribute(op, name)
    return found.data if isinstance(found, StringAttr) else None


def shape_of_type(kind: Attribute) -> tuple[int, ...]:
    """Sizes of a tensor type; none for a scalar. Raises Unpriced for what has no static shape."""
    if not isinstance(kind, TensorType):
        return ()
    sizes = cast("TensorType[Attribute]", kind).get_shape()
    if any(size < 1 for size in sizes):
        raise Unpriced("a size is not known, or zero")
    return sizes


def element_bits(kind: Attribute) -> int | None:
    """Bits of an element in memory, None where the type says nothing."""
    element = cast("TensorType[Attribute]", kind).element_type if isinstance(kind, TensorType) else kind
    bits = getattr(element, "bitwidth", None)
    return max(8, bits) if isinstance(bits, int) else None


def element_kind(kind: Attribute) -> str:
    """The name of an element's type: f32, bf16, i1, ui8, index."""
    return str(cast("TensorType[Attribute]", kind).element_type if isinstance(kind, TensorType) else kind)


def may_be_trained(kind: Attribute) -> bool:
    """Whether elements may be weights: not truth values, and not what places are counted in."""
    return element_kind(kind) not in ("i1", "i64", "index")


def segments(op: Operation, counts: int, least: Sequence[int] = ()) -> list[Sequence[SSAValue]]:
    """The operands in `counts` groups, as `operandSegmentSizes` says, each of at `least` so many. Raises Unpriced."""
    sizes = integers(op, "operandSegmentSizes") or (len(op.operands), *(0,) * (counts - 1))
    if len(sizes) != counts or min(sizes) < 0 or sum(sizes) != len(op.operands):
        raise Unpriced(f"it has {len(op.operands)} operands, in groups of {list(sizes)}")
    if any(size < number for size, number in zip(sizes, least, strict=False)):
        raise Unpriced(f"it has {list(sizes)} operands in its groups, and {list(least)} are read")
    found: list[Sequence[SSAValue]] = []
    start = 0
    for size in sizes:
        found.append(op.operands[start : start + size])
        start += size
    return found
