"""A nest on lanes whose vector memory is double-buffered: how long each tile computes, and what moves beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from simdc.cost.axis import Places
from simdc.cost.fission import issues_of, set_up_of, wait_cycles
from simdc.cost.grid import Grid
from simdc.cost.hardware import SimdArray
from simdc.cost.kernel import CodeBlock, LoopNest, shared_loops
from simdc.named import NamedTuple

from .code import sequence_cycles
from .latency import Result, after_load
from .segments import segments
from .stream import Stream
from .waits import Along, handed_on, within


class Segment(NamedTuple):
    """A tile computes for `compute` cycles while the port is through with what moves beside it at `port`, after `moved`
    cycles of transfers."""

    times: int
    port: int
    moved: int
    compute: int


def takes_turns(nest: LoopNest, grid: Grid) -> bool:
    """Whether the next tile goes on with elements that this one has not stored yet: where tiles of a result overlap."""
    # dx[2*oh + kh] in tiles of oh: row 4 is in two of them.
    bounds = {axis.loop: axis.bound for axis in grid.every}
    shared = {loop for result in nest.outputs for loop in shared_loops(result, bounds)}
    return any(axis.loop in shared for axis in grid.axes)


class LaneTiles:
    """The tiles of a nest. `fill` are cycles of each beside its instructions."""

    def __init__(self, nest: LoopNest, grid: Grid, lanes: str, simd: SimdArray, fill: int):
        self._nest, self._grid, self._lanes, self._simd, self._fill = nest, grid, lanes, simd, fill
        self._pairs = handed_on(nest)
        own = {loop.name for block in nest.blocks for loop in nest.loops if loop.name not in block.loops}
        # Which blocks run shows at the first and the last tile of each loop that some block is not inside of.
        self._ends = {slot for slot, axis in enumerate(grid.axes) if axis.loop in own}

    def segments(self, inputs: Sequence[Stream], results: Sequence[Result], late: int) -> Iterator[Segment]:
        """While a tile computes, results of the one before are stored, then the next is loaded, its results last."""
        larger, grid = self._grid.numbers.larger, self._grid
        begins = {slot for _, slots in results for slot in slots}
        axes = [
            axis.cut_at(1, axis.count - 1) if slot in self._ends | begins else axis
            for slot, axis in enumerate(grid.axes)
        ]
        for times, before, here, after, entered, left in segments(axes):
            stored = new = again = 0
            if before is not None:
                for stream, _ in results:
                    if stream.innermost >= entered:
                        stored = stored + stream.cycles_at(before)
            if after is not None:
                for stream in inputs:
                    if stream.innermost >= left:
                        new = new + stream.cycles_at(after)
                for result in results:
                    if result.stream.innermost >= left:
                        again = again + self._resumed(result, after)
            port = after_load(stored, late, new, larger)
            port = after_load(port, stored + late, again, larger)
            yield Segment(times, port, stored + new + again, self.compute(here))

    def _resumed(self, result: Result, after: Places) -> int:
        fresh = True
        for slot in result.begins:
            fresh = fresh & after[slot].is_first
        return self._grid.numbers.choose(fresh, 0, result.stream.cycles_at(after))

    def compute(self, places: Places) -> int:
        """Cycles of the tile at these places."""
        # Blocks sum = add(sum, x) of 5 issues, y = div(sum, n) of one at the last tile: 20 + 5 there, 20 + 5 + 9.
        choose, issues = self._grid.numbers.choose, self._issues(places)
        running = [self._runs(block, places) for block in self._nest.blocks]
        cycles = self._fill
        for block, runs in zip(self._nest.blocks, running, strict=True):
            times = 1
            for loop in block.loops:
                times = times * issues[loop]
            code = times * sequence_cycles(block, self._simd) + set_up_of(block, self._nest, issues, {}, self._simd)
            cycles = cycles + choose(runs, code, 0)
        return cycles + self._waits(issues, running) * wait_cycles(self._simd)

    def _issues(self, places: Places) -> Mapping[str, int]:
        sizes = {axis.loop: axis.tile for axis in self._grid.every}
        sizes |= {axis.loop: place.size for axis, place in zip(self._grid.axes, places, strict=True)}
        return issues_of(sizes, self._lanes, self._simd)

    def _runs(self, block: CodeBlock, places: Places) -> bool:
        runs = True
        for axis, place in zip(self._grid.axes, places, strict=True):
            if axis.loop not in block.loops:
                runs = runs & (place.is_first if block.at == "start" else place.is_last)
        return runs

    def _waits(self, issues: Mapping[str, int], running: Sequence[bool]) -> int:
        """From one issue to the next in the tile (`waits_between_issues`)."""
        numbers, blocks, waits = self._grid.numbers, self._nest.blocks, 0
        along = {loop: Along(1, n, n, self._simd.lanes if loop == self._lanes else 1) for loop, n in issues.items()}
        for first, second, written in self._pairs:
            if first == second:
                some = within(self._nest, blocks[first], written, along, numbers)
            else:
                # One vector of what is written, and no block between that runs.
                some = 1
                for loop in written.loops:
                    some = numbers.choose(issues[loop] == 1, some, 0)
                for between in running[first + 1 : second]:
                    some = numbers.choose(between, 0, some)
            waits = waits + numbers.choose(running[first] & running[second], some, 0)
        return waits
