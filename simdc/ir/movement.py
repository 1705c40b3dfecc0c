"""Loops and lanes of ops that copy elements through vector memory.

Lanes cannot see each other. An element that is loaded into a lane is stored from that lane, so the loop across the
lanes must be one in which operand and result agree: a dimension that keeps its place and begins at the same position in
both.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, CodeBlock, Instruction, Loop, LoopNest, Operand, affine

from .elements import SINGLE

MAX_RANK = 6
NAMES: dict[int, tuple[str, ...]] = {
    1: ("c",),
    2: ("n", "c"),
    3: ("n", "c", "h"),
    4: ("n", "c", "h", "w"),
    5: ("n", "g", "c", "h", "w"),
    6: ("n", "g", "c", "d", "h", "w"),
}


def dimension_names(shape: Sequence[int]) -> tuple[str, ...]:
    """A loop for each dimension; five are an image whose channels are in groups. Raises VerifyException."""
    if len(shape) not in NAMES:
        raise VerifyException(f"expected one to {MAX_RANK} dimensions, got shape {list(shape)}")
    return NAMES[len(shape)]


def check_axis(shape: Sequence[int], axis: int) -> None:
    """Raise VerifyException unless the tensor has dimension `axis`, counted from 0."""
    dimension_names(shape)
    if not 0 <= axis < len(shape):
        raise VerifyException(f"there is no dimension {axis} in shape {list(shape)}")


def lanes_loop(names: Sequence[str], moved: Collection[int]) -> str:
    """The loop across the lanes where the dimensions `moved` do not keep their place: channels if they do, else the
    last dimension that does, or a single lane. Channels in groups are no whole vectors, so they stay off the lanes."""
    kept = [name for axis, name in enumerate(names) if axis not in moved]
    if "c" in kept and len(names) <= 4:
        return "c"
    kept = [name for name in kept if name != "c"]
    return kept[-1] if kept else SINGLE


def channels_first(names: Sequence[str]) -> tuple[str, ...]:
    """Default order of loops: channels outermost."""
    return tuple(sorted(names, key=lambda name: name != "c"))


def shifted(names: Sequence[str], shifts: Sequence[int]) -> tuple[Affine, ...]:
    """One loop a dimension, each from its own first position on."""
    return tuple(affine(name, constant=shift) for name, shift in zip(names, shifts, strict=True))


def copy_nest(bounds: Sequence[tuple[str, int]], target: Operand, source: Operand | float, lanes: str) -> LoopNest:
    """`target = source` at every point of the loops `bounds` (name, bound); a number is an immediate."""
    order = tuple(name for name, _ in bounds)
    loops = tuple(Loop(name, bound) for name, bound in bounds)
    if lanes == SINGLE:
        order, loops = (*order, SINGLE), (*loops, Loop(SINGLE, 1))
    loaded = (source,) if isinstance(source, Operand) else ()
    code = (Instruction("move", target.name, (source.name if isinstance(source, Operand) else source,)),)
    return LoopNest(loops, loaded, (target,), (CodeBlock(order, code),))
