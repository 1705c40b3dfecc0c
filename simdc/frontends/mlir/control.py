"""Loops and branches around ops: a loop that runs a known number of times is that many times its body, a branch that is
known to be taken is its ops."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue

from .asked import block_of, operand, operands
from .module_text import name_of
from .problems import Unpriced
from .reader import Reader, reads, refuses
from .values import Filled, Value

MOST_ROUNDS = 1 << 14
"""Of one loop."""


@reads("stablehlo.while", "tosa.while_loop", "scf.while")
def repeated(reader: Reader, op: Operation) -> Sequence[Value]:
    """Its body, as often as its condition is known to hold. The first region says whether to go on, and what the second
    gets where it hands on something else."""
    asked, body = block_of(op, 0), block_of(op, 1)
    reader.keep(op)
    values: Sequence[Value] = [reader.value(each) for each in op.operands]
    for _ in range(MOST_ROUNDS):
        go_on, *handed = reader.inside(asked, values)
        if not isinstance(go_on, Filled) or go_on.number is None:
            raise Unpriced("how often it runs depends on data")
        values = handed or values
        if not go_on.number:
            return values
        values = reader.inside(body, values)
    raise Unpriced(f"it runs more than {MOST_ROUNDS:,} times")


@reads("scf.for")
def counted(reader: Reader, op: Operation) -> Sequence[Value]:
    """Its body, as often as its numbers say."""
    bounds = operands(op, 0, 3)
    start, end, step = (_number(reader, each, "how often it runs") for each in bounds)
    if step < 1:
        raise Unpriced(f"its steps are of {step}")
    rounds = range(start, end, step)
    if len(rounds) > MOST_ROUNDS:
        raise Unpriced(f"it runs more than {MOST_ROUNDS:,} times")
    reader.keep(op)
    values: Sequence[Value] = [reader.value(each) for each in op.operands[3:]]
    for number in rounds:
        values = reader.inside(block_of(op, 0), [Filled((), number), *values])
    return values


@reads("stablehlo.if", "stablehlo.case", "tosa.cond_if", "scf.if")
def chosen(reader: Reader, op: Operation) -> Sequence[Value]:
    """The branch that a number says, if that is known: the first where a condition holds, else the second; of several
    the last where there is none of that number."""
    number = _number(reader, operand(op, 0), "which of its branches runs")
    name, count = name_of(op), len(op.regions)
    place = (0 if number else 1) if name != "stablehlo.case" else number if 0 <= number < count else count - 1
    reader.keep(op)
    if place < count and not op.regions[place].blocks:
        return []
    return reader.inside(block_of(op, place), [reader.value(each) for each in op.operands[1:]])


@reads("scf.execute_region")
def region(reader: Reader, op: Operation) -> Sequence[Value]:
    """Its ops."""
    reader.keep(op)
    return reader.inside(block_of(op, 0), [])


def _number(reader: Reader, value: SSAValue, what: str) -> int:
    known = reader.value(value)
    if not isinstance(known, Filled) or known.number is None:
        raise Unpriced(f"{what} depends on data")
    return int(known.number)


refuses(
    {
        "scf.index_switch": "branches by cases of numbers are not read",
        "scf.forall": "it runs its body for all places at once",
        "scf.parallel": "it runs its body for all places at once",
        "affine.for": "loops of the affine dialect are not read",
        "affine.parallel": "loops of the affine dialect are not read",
        "cf.br": "branches between blocks are not read",
        "cf.cond_br": "branches between blocks are not read",
        "cf.switch": "branches between blocks are not read",
    }
)
