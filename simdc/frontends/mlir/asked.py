"""Parts of an op that it may lack: modules are not verified, for xDSL refuses good ones. All here raise Unpriced."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Block, Operation, SSAValue

from .module_text import integer, integers
from .problems import Unpriced


def operand(op: Operation, place: int) -> SSAValue:
    if place >= len(op.operands):
        raise Unpriced(f"it has {len(op.operands)} operands, and number {place + 1} is read")
    return op.operands[place]


def operands(op: Operation, start: int, stop: int) -> Sequence[SSAValue]:
    """Those from number `start` to before `stop`."""
    return [operand(op, place) for place in range(start, stop)]


def result(op: Operation, place: int) -> SSAValue:
    if place >= len(op.results):
        raise Unpriced(f"it has {len(op.results)} results, and number {place + 1} is made")
    return op.results[place]


def block_of(op: Operation, place: int) -> Block:
    """The only block of a region."""
    blocks = op.regions[place].blocks if place < len(op.regions) else ()
    if len(blocks) != 1:
        raise Unpriced(f"its region {place + 1} has {len(blocks)} blocks in the place of one")
    return blocks[0]


def listed_like(op: Operation, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    """A list of whole numbers, as many as in `default`, which it is where the op does not say one."""
    found = integers(op, name) or default
    if len(found) != len(default):
        raise Unpriced(f"its '{name}' has {len(found)} numbers, and {len(default)} are read")
    return found


def axis_of(op: Operation, name: str, shape: Sequence[int]) -> int:
    """The number of a dimension of `shape`, 0 where the op does not say one."""
    axis = integer(op, name, 0)
    if not 0 <= axis < len(shape):
        raise Unpriced(f"its '{name}' {axis} is no dimension of {list(shape)}")
    return axis
