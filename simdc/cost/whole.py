"""Loops of a vector program that no tiling may cut, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from .kernel import CodeBlock, LoopNest, Operand, VectorProgram, viewed

COMMUTING = ("add", "mul", "max", "min")
"""Opcodes whose accumulations give one result in any order. Of a difference that holds for what is taken away, of a
multiply-accumulate for the products."""


@lru_cache(maxsize=1024)
def whole_loops(program: VectorProgram) -> Mapping[str, str]:
    """The loops that must stay whole, each with the reason."""
    return {loop: why for nest in program.nests for loop, why in kept_whole(nest).items()}


@lru_cache(maxsize=4096)
def kept_whole(nest: LoopNest) -> Mapping[str, str]:
    """The loops of a nest that must stay whole, each with the reason. There are three.

    The nest itself names them: its blocks go over a row one after the other.

    A view reads other elements of an input's tile, so the tile must have them. Loops that move the input and not the
    view run through the window from which the view reads: they stay whole.

    An accumulator whose updates do not commute, or that is read between them, as what the gradient of a window has left
    to hand out, must see them in the default order of the loops. Tiles keep that order where the outermost of the loops
    that do not move the accumulator is cut, and no other.
    """
    # x[c + k - 2] with k in 0 .. 4, and the view x.center[c]: a tile with k = 0 alone has channels c - 2, not c.
    # A window of 2 x 2: cut along kh, tiles go (0,0) (0,1) | (1,0) (1,1), as the loops do. Cut along kw they go
    # (0,0) (1,0) | (0,1) (1,1): the second row comes before the rest of the first.
    found = {loop: f"a row along '{loop}' must be whole" for loop in nest.whole}
    for view in nest.views:
        for loop in viewed(view, nest).loops:
            if loop not in view.loops:
                found[loop] = f"'{view.name}' reads across the whole window"
    bounds = dict(nest.loops)
    for block in nest.blocks:
        for operand in _ordered(nest, block):
            gathered = [loop for loop in bounds if loop in block.loops and loop not in operand.loops]
            # A loop that runs once has no order: it may be cut as it likes.
            several = [loop for loop in gathered if bounds[loop] > 1]
            for loop in several[1:]:
                found[loop] = f"'{operand.name}' is updated row by row, in the order of the window"
    return found


def _ordered(nest: LoopNest, block: CodeBlock) -> Iterator[Operand]:
    """Accumulators of the block that something else than their own update reads, or that an update changes in a way
    that depends on the order."""
    for operand in (*nest.scratch, *nest.outputs):
        updates = [code for code in block.instructions if code.dest == operand.name]
        reads = [code for code in block.instructions if operand.name in code.sources]
        if updates and not all(_commutes(operand.name, code.opcode, code.dest, code.sources) for code in reads):
            yield operand


def _commutes(name: str, opcode: str, dest: str, sources: tuple[str | float, ...]) -> bool:
    # add(sum, x), mac(sum, a, b), sub(sum, x) go in any order. sub(x, sum) does not: with x 1 and 2 and a sum of 0,
    # 2 - (1 - 0) = 1 and 1 - (2 - 0) = -1.
    first, *others = sources
    if dest != name or sources.count(name) != 1:
        return False
    return opcode in COMMUTING or (opcode in ("sub", "div", "mac") and first == name and bool(others))
