"""What tiles wait for DRAM that answers late (`dram.latency_cycles`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simdc.cost.grid import Grid
from simdc.cost.kernel import Operand
from simdc.named import NamedTuple

from .segments import segments
from .stream import Stream


def after_load(busy: int, answered: int, cycles: int, larger: Callable[[int, int], int]) -> int:
    """Until when a port is busy that loads for `cycles` once it is `answered`. What is empty is not asked for."""
    # Stores until 20, asked for at 0, answered at 30, loads of 5: 35; of 0: 20.
    return larger(busy, answered * (cycles > 0)) + cycles


class Result(NamedTuple):
    """A result that is loaded again where it was begun: not at the first tile of all axes at the slots `begins`."""

    stream: Stream
    begins: Sequence[int]


def waiting_tiles(grid: Grid, inputs: Sequence[Stream], results: Sequence[Result]) -> int:
    """Tiles of a nest that load anything."""
    # x[c, w] in 2 x 3 tiles and a mean[c]: all 6 load x. In the order w, c a result y[c] over w: 2 tiles load x only.
    choose, found = grid.numbers.choose, 0
    firsts = {slot for _, begins in results for slot in begins}
    axes = [axis.cut_at(1) if slot in firsts else axis for slot, axis in enumerate(grid.axes)]
    for times, before, here, _, entered, _ in segments(axes):
        loaded = 0
        for stream in inputs:
            if before is None or stream.innermost >= entered:
                loaded = loaded + stream.cycles_at(here)
        for stream, begins in results:
            if before is not None and stream.innermost >= entered:
                fresh = True
                for slot in begins:
                    fresh = fresh & here[slot].is_first
                loaded = loaded + choose(fresh, 0, stream.cycles_at(here))
        found = found + times * (loaded > 0)
    return found


def least_waiting(inputs: Sequence[Operand], counts: Mapping[str, Any], larger: Any) -> Any:
    """Tiles that load anything at least, in any loop order, where no border leaves a tile empty: each tile of each
    input is loaded once, and never two of one input together. `counts` are the tiles along the loops that are cut."""
    least: Any = 0
    for operand in inputs:
        tiles: Any = 1
        for loop in operand.loops:
            tiles = tiles * counts.get(loop, 1)
        least = larger(least, tiles)
    return least
