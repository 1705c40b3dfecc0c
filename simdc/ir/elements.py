"""Loops over the elements of a tensor, operands that broadcast over them, and the program that goes through them."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, CodeBlock, Instruction, Loop, LoopNest, Operand, VectorProgram, affine

from .base import operand, shape_of

SINGLE = "single"
"""The loop, run once, that lies across the lanes where every other loop is summed over: one lane does the work."""

NAMES: dict[int, tuple[str, ...]] = {
    1: ("c",),
    2: ("n", "c"),
    3: ("n", "c", "h"),
    4: ("n", "c", "h", "w"),
    5: ("n", "c", "d", "h", "w"),
    6: ("n", "c", "e", "d", "h", "w"),
}
"""A loop for each dimension. Which one really counts channels is told later, by `layout.py`."""


def element_loops(shape: tuple[int, ...]) -> tuple[Loop, ...]:
    """Loops over [n, c], [n, c, h] ... [n, c, e, d, h, w] (or [c]) in default order: channels outermost."""
    if not 1 <= len(shape) <= len(NAMES):
        raise VerifyException(f"expected one to six dimensions, got shape {list(shape)}")
    bounds = dict(zip(element_index(shape), shape, strict=True))
    return tuple(Loop(name, bounds[name]) for name in sorted(bounds, key=lambda name: name != "c"))


def element_shape(value: SSAValue) -> tuple[int, ...]:
    """The shape of a tensor that `element_loops` can run over. Raises VerifyException."""
    shape = shape_of(value)
    element_loops(shape)
    return shape


def element_index(shape: tuple[int, ...]) -> tuple[str, ...]:
    """The loops of `element_loops` in the order of the tensor's dimensions."""
    return NAMES[len(shape)]


def broadcast_index(own: tuple[int, ...], shape: tuple[int, ...]) -> tuple[str | Affine, ...]:
    """How the loops over `shape` index a tensor that is broadcast to it: last dimensions stand below each other, and a
    dimension of size 1 that is repeated stays at 0. Raises VerifyException if `own` does not broadcast to `shape`."""
    names = element_index(shape)[len(shape) - len(own) :]
    sizes = shape[len(shape) - len(own) :]
    if not own or len(own) > len(shape) or any(size not in (1, full) for size, full in zip(own, sizes, strict=True)):
        raise VerifyException(f"shape {list(own)} does not broadcast to {list(shape)}")
    return tuple(name if size == full else affine() for name, size, full in zip(names, own, sizes, strict=True))


def broadcast_operand(name: str, value: SSAValue, shape: tuple[int, ...]) -> Operand:
    return operand(name, value, broadcast_index(shape_of(value), shape))


def element_program(
    kind: str, shape: tuple[int, ...], inputs: Sequence[Operand], result: Operand, code: Sequence[Instruction]
) -> VectorProgram:
    """A program that runs `code` for each element of `shape`. Its last instruction makes the result; what that makes is
    added up along the loops that do not move the result. With no code at all it is the first input that is added up.

    Summed loops are innermost, so that a sum is complete before the next begins.
    """
    moving = set(result.loops)
    loops = element_loops(shape)
    kept = tuple(loop for loop in loops if loop.name in moving)
    summed = tuple(loop for loop in loops if loop.name not in moving)
    initial: tuple[tuple[str, float], ...] = ()
    if not kept:
        kept = (Loop(SINGLE, 1),)
        result = result._replace(index=(*result.index[:-1], affine(SINGLE)))
    if summed:
        code = _added_up(inputs[0].name, result.name, code)
        initial = ((result.name, 0.0),)
    block = CodeBlock(tuple(loop.name for loop in (*kept, *summed)), tuple(code))
    nest = LoopNest((*kept, *summed), tuple(inputs), (result,), (block,), initial=initial)
    return VectorProgram(kind, (nest,), lanes=_lanes(kept, (*inputs, result)))


def _added_up(first: str, result: str, code: Sequence[Instruction]) -> tuple[Instruction, ...]:
    if not code:
        return (Instruction("add", result, (result, first)),)
    *before, last = code
    return (*before, last._replace(dest="part"), Instruction("add", result, (result, "part")))


def _lanes(kept: Sequence[Loop], operands: Sequence[Operand]) -> str:
    """Channels, if they move every operand; else the longest loop that does, since lanes cannot see each other's data;
    a value that no such loop moves is there for all lanes."""
    everywhere = [loop for loop in kept if all(loop.name in operand.loops for operand in operands)]
    choice = everywhere or list(kept)
    if any(loop.name == "c" for loop in choice):
        return "c"
    return max(choice, key=lambda loop: loop.bound).name


def decay(source: str) -> tuple[Instruction, ...]:
    """`whole = 1 + exp(-source)`, one over the sigmoid."""
    return (
        Instruction("sub", "minus", (0.0, source)),
        Instruction("exp", "power", ("minus",)),
        Instruction("add", "whole", ("power", 1.0)),
    )
