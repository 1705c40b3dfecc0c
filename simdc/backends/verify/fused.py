"""Two fused products made smaller, for checks that look at every tile."""

from __future__ import annotations

from collections.abc import Mapping

from simdc.cost.fused_capacity import FusedTiles, fused_needs
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Diagonal, FusedProducts, Loop, LoopNest, Operand
from simdc.cost.numbers import ceil_div
from simdc.cost.rule import MachineRule
from simdc.cost.tiling import Need, Tiling


def resized_fused(kernel: FusedProducts, bounds: Mapping[str, int]) -> FusedProducts:
    """With these bounds, of which it may lack those of the loops that no tile cuts."""
    every = {**kernel.whole, **bounds}

    def loops(given: tuple[Loop, ...]) -> tuple[Loop, ...]:
        return tuple(Loop(loop.name, every[loop.name]) for loop in given)

    def operand(given: Operand) -> Operand:
        return given._replace(shape=tuple(every[loop] for loop in given.loops))

    def operands(given: tuple[Operand, ...]) -> tuple[Operand, ...]:
        return tuple(map(operand, given))

    def product(given: Contraction) -> Contraction:
        return given._replace(
            loops=loops(given.loops),
            ifmap=operand(given.ifmap),
            weight=operand(given.weight),
            psum=operand(given.psum),
        )

    def nest(given: LoopNest) -> LoopNest:
        return given._replace(
            loops=loops(given.loops),
            inputs=operands(given.inputs),
            outputs=operands(given.outputs),
            scratch=operands(given.scratch),
        )

    return kernel._replace(
        loops=loops(kernel.loops),
        first=product(kernel.first),
        second=product(kernel.second),
        row=nest(kernel.row),
        merge=nest(kernel.merge),
        finish=nest(kernel.finish),
        edge=None if kernel.edge is None else nest(kernel.edge),
        diagonal=None if kernel.diagonal is None else _moved(kernel.diagonal, kernel, every),
    )


def _moved(diagonal: Diagonal, kernel: FusedProducts, bounds: Mapping[str, int]) -> Diagonal:
    """A diagonal that ends at the last of the stream still does; another one begins where it began, if it can."""
    # 8 queries after 92 cached tokens, 100 keys: the first sees 93. Of 3 queries and 5 keys it sees 3.
    own, rows, streamed = kernel.bounds, diagonal.rows, kernel.streamed
    if diagonal.first > 1 and diagonal.first + own[rows] - 1 == own[streamed]:
        return diagonal._replace(first=max(1, bounds[streamed] - bounds[rows] + 1))
    return diagonal._replace(first=min(diagonal.first, bounds[streamed]))


def count_fused_tiles(kernel: FusedProducts, sizes: Mapping[str, int]) -> int:
    """Those that no diagonal leaves out."""
    bounds, diagonal, streamed = kernel.bounds, kernel.diagonal, kernel.streamed
    counts = {loop: ceil_div(bound, sizes[loop]) for loop, bound in bounds.items()}
    if diagonal is None:
        seen = counts.pop(streamed)
    else:
        every, size = bounds[diagonal.rows], sizes[diagonal.rows]
        lasts = [min(start + size, every) - 1 for start in range(0, every, size)]
        seen = sum(ceil_div(diagonal.seen(last, bounds[streamed]), sizes[streamed]) for last in lasts)
        del counts[streamed], counts[diagonal.rows]
    for count in counts.values():
        seen *= count
    return seen


def largest_needs(kernel: FusedProducts, tiling: Tiling, hardware: Hardware, rule: MachineRule) -> list[Need]:
    """What the largest tiles need of each memory."""
    sizes = {loop: min(size, kernel.bounds[loop]) for loop, size in tiling.as_dict().items()}
    return fused_needs(FusedTiles(kernel, hardware), sizes, rule)
