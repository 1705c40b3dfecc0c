"""A tensor that is copied or filled with zeros first, and then written over in part, and the lanes for both.

A loop has one bound in all nests, and one loop lies across the lanes. What both nests can share is a common divisor.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

from simdc.cost.kernel import Affine, CodeBlock, Instruction, Loop, LoopNest, Operand, affine
from simdc.named import NamedTuple

Bounds = tuple[tuple[str, int], ...]


class Overwriting(NamedTuple):
    """Loops over the whole tensor, loops over what is written (`t` of its pieces, and inside them), and the loop across
    the lanes."""

    every: Bounds
    written: Bounds
    lanes: str


# 64 x 8 elements and a box of 3 x 8: lanes along 8 of each. 49 elements and a box of 6: along all 49, the box on one.
def overwriting(whole: int, pieces: int, piece: int) -> Overwriting:
    """`pieces` of `piece` elements each are written over a tensor of `whole` elements."""
    shared, moved = gcd(whole, piece), pieces * piece
    if (shared - 1) * moved > whole:
        written = (("t", pieces), ("e", piece // shared), ("d", shared))
        return Overwriting(_long((("v", whole // shared), ("d", shared))), _long(written), "d")
    return Overwriting((("v", whole),), _long((("t", pieces), ("d", piece))), "v")


def _long(bounds: Bounds) -> Bounds:
    """Without loops that run once; one is left."""
    return tuple(each for each in bounds if each[1] > 1) or bounds[:1]


def along(name: str, bits: int, bounds: Bounds) -> Operand:
    """A tensor whose elements the loops take one by one."""
    index: tuple[Affine, ...] = tuple(affine(loop) for loop, _ in bounds)
    return Operand(name, bits, tuple(bound for _, bound in bounds), index)


def nest_of(bounds: Bounds, inputs: Sequence[Operand], result: Operand, code: Instruction) -> LoopNest:
    """One instruction for each element."""
    loops = tuple(Loop(*each) for each in bounds)
    block = CodeBlock(tuple(loop.name for loop in loops), (code,))
    return LoopNest(loops, tuple(inputs), (result,), (block,))
