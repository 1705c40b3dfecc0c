"""Loop orders, and how often at least each tile of an operand comes into use.

An operand is loaded again when a loop outside the innermost one that moves it steps without moving it. So if the
innermost loop that is cut moves an operand, every cut loop that does not move it multiplies its reloads; if it does not
move the operand, there are orders that load each tile once. Loops that move the same operands are alike in this.

A 1x1 convolution, weight (oc, ic), psum (oc, oh), ic and oh in 2 tiles each: with oh innermost, which does not move the
weight, weights load once and psums come twice; with ic innermost weights load twice and psums come once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

from simdc.cost.grid import Footprint, Grid, Reloads
from simdc.cost.kernel import ArrayKernel

Order = tuple[str, ...]


def families(kernel: ArrayKernel, loops: Sequence[str]) -> list[Order]:
    """Loops that move the same operands together."""
    # Of a convolution: oc (weight, bias, psum); ic, kh, kw (ifmap, weight); n, oh, ow (ifmap, psum).
    found: dict[tuple[bool, ...], Order] = {}
    for loop in loops:
        moves = tuple(loop in operand.loops for operand in kernel.operands)
        found[moves] = (*found.get(moves, ()), loop)
    return list(found.values())


def fewest_reloads(innermost: Sequence[str]) -> Reloads:
    """At least so many, in any order whose innermost cut loop is of the family `innermost`."""

    def reloads(footprint: Footprint, grid: Grid) -> int:
        times = 1
        if any(axis.loop in innermost for axis in footprint.axes):
            for slot, axis in enumerate(grid.axes):
                if slot not in footprint.slots:
                    times = times * axis.count
        return times

    return reloads


def reloads_in(order: Sequence[str]) -> Reloads:
    """Those in this order of the loops."""
    place = {loop: number for number, loop in enumerate(order)}

    def reloads(footprint: Footprint, grid: Grid) -> int:
        times = 1
        # oc, oh, ic: the weight's innermost loop is ic, and oh outside it does not move it: each tile once for each oh.
        last = max((place[axis.loop] for axis in footprint.axes), default=-1)
        for slot, axis in enumerate(grid.axes):
            if slot not in footprint.slots and place[axis.loop] < last:
                times = times * axis.count
        return times

    return reloads


def every_order(loops: Sequence[str], cut: Sequence[str], family: Sequence[str]) -> Iterator[Order]:
    """All orders of the loops in `cut` whose innermost is of `family`; the others, which have one tile, go first."""
    whole = [loop for loop in loops if loop not in cut]
    if not cut:
        yield tuple(loops)
    for innermost in cut:
        if innermost in family:
            for outer in permutations([loop for loop in cut if loop != innermost]):
                yield (*whole, *outer, innermost)


def typical_orders(
    alike: Sequence[Order], loops: Sequence[str], cut: Sequence[str], family: Sequence[str]
) -> Iterator[Order]:
    """Of `every_order` those in which the loops of each family in `alike` stand together, in one order."""
    whole = tuple(loop for loop in loops if loop not in cut)
    # 7 loops have 5,040 orders; three families as blocks have 2 for each innermost one, 6 in all.
    blocks = [tuple(loop for loop in block if loop in cut) for block in alike if block != family]
    innermost = tuple(loop for loop in cut if loop in family)
    if innermost or not cut:
        for outer in permutations([block for block in blocks if block]):
            yield sum((*outer, innermost), whole)
