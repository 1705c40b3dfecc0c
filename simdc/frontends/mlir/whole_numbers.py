"""Whole numbers that are known while a module is read: sizes of tensors, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.ir import Operation, SSAValue

from .asked import operand
from .body import translated
from .functions import LaneCode, Symbol
from .linalg import elementwise
from .module_text import element_bits, integer, integers, name_of, shape_of_type, text_of
from .problems import Unpriced
from .reader import Reader, reads
from .values import Filled, Value

OF_NUMBERS = ("addi", "subi", "muli", "divsi", "divui", "floordivsi", "ceildivsi", "remsi", "remui", "maxsi", "minsi",
              "maxui", "minui", "andi", "ori", "xori", "cmpi", "select")  # fmt: skip
AS_THEY_ARE = ("stablehlo.reshape", "stablehlo.convert", "stablehlo.concatenate", "tensor.from_elements",
               "arith.index_cast", "tensor.cast")  # fmt: skip
"""Ops whose numbers are those of their operands, one after the other."""


@reads("tensor.rank")
def rank(reader: Reader, op: Operation) -> Sequence[Value]:
    """A number that is known."""
    return [Filled((), len(shape_of_type(operand(op, 0).type)))]


@reads("tensor.dim", "stablehlo.get_dimension_size")
def size_of_dimension(reader: Reader, op: Operation) -> Sequence[Value]:
    """A number that is known."""
    shape = shape_of_type(operand(op, 0).type)
    axis = int(reader.number(operand(op, 1))) if len(op.operands) > 1 else integer(op, "dimension", 0)
    if not 0 <= axis < len(shape):
        raise Unpriced(f"there is no dimension {axis} in shape {list(shape)}")
    return [Filled((), shape[axis])]


@reads(*(f"arith.{name}" for name in OF_NUMBERS))
def arithmetic(reader: Reader, op: Operation) -> Sequence[Value]:
    """A number that is known, if it is of such; else a program for the lanes."""

    def code(written: LaneCode, *own: Symbol) -> Symbol:
        given = dict(zip(op.operands, own, strict=True))
        return translated(op, name_of(op), written, lambda value: given[value], {})

    kind = op.results[0].type
    return elementwise(reader, list(op.operands), shape_of_type(kind), element_bits(kind), code)


@reads("cf.assert")
def asserted(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing; sizes that go against it are refused."""
    known = reader.known.get(operand(op, 0))
    if isinstance(known, Filled) and known.number == 0:
        raise Unpriced(f"what it asserts is not so: '{text_of(op, 'msg') or '?'}'")
    return []


def whole_numbers(reader: Reader, value: SSAValue) -> tuple[int, ...] | None:
    """All numbers of a value, None where they depend on data."""
    known = reader.known.get(value)
    if isinstance(known, Filled) and known.number is not None:
        return (int(known.number),) * prod(known.shape)
    op = value.owner
    if not isinstance(op, Operation):
        return None
    if name_of(op) in ("stablehlo.constant", "arith.constant"):
        return integers(op, "value")
    if name_of(op) not in AS_THEY_ARE:
        return None
    parts = [whole_numbers(reader, each) for each in op.operands]
    found = [part for part in parts if part is not None]
    return tuple(number for part in found for number in part) if len(found) == len(parts) else None
