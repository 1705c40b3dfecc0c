"""Closed form of a tiled contraction on the systolic array: exact counts and cycles without walking the tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Self

from simdc.cost.axis import Numbers, Places
from simdc.cost.capacity import array_needs
from simdc.cost.grid import Footprint, Grid, round_up
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.tiling import Need, TilingError, loop_bounds

from .segments import segments
from .steps import Steps
from .stream import Stream, stream


class TiledContraction:
    """The execution of a contraction in docs/architecture.md, its loops cut as `grid` says, one way or many at once."""

    def __init__(self, kernel: Contraction, grid: Grid, hardware: Hardware):
        ports = hardware.systolic.bandwidths
        self.kernel, self.grid, self.hardware = kernel, grid, hardware
        self.weight = stream(kernel.weight, ports.weight_bits_per_cycle, grid)
        self.ifmap = stream(kernel.ifmap, ports.ifmap_bits_per_cycle, grid)
        self.psum = self.ofmap = stream(kernel.psum, ports.psum_bits_per_cycle, grid)
        if kernel.ofmap_bits != kernel.psum.bits:
            self.ofmap = Stream(self.psum.footprint, kernel.ofmap_bits, ports.psum_bits_per_cycle, grid)
        self.loads: list[tuple[Stream, int]] = [(self.weight, 0), (self.ifmap, 1)]
        """Operands that are only read, each with its port: 0 for weights, 1 for the ifmap."""
        self.bias = None
        if kernel.bias is not None:
            self.bias = stream(kernel.bias, ports.weight_bits_per_cycle, grid)
            self.loads.append((self.bias, 0))
        self.steps = Steps(kernel, hardware.systolic, grid)
        self.fill_cycles = hardware.systolic.rows + hardware.systolic.columns - 2
        self.compute_cycles = self.steps.total + self.steps.tiles * self.fill_cycles

    def cost(self) -> Cost:
        busy, total = self.busy(), self.total_cycles()
        stall = total - self.compute_cycles
        return Cost(Cycles(self.compute_cycles, stall), self.dram_bits(), self.sram_bits(), self.ops(), busy)

    @classmethod
    def cut(
        cls, kernel: Contraction, order: Sequence[str], sizes: Sequence[int], hardware: Hardware, numbers: Numbers
    ) -> Self:
        own = loop_bounds(kernel)
        grid = Grid(own, round_up(own, kernel, hardware), order, sizes, hardware, numbers)
        grid.cut_at_borders(kernel.operands)
        return cls(kernel, grid, hardware)

    def walked(self, turns: Callable[[Footprint, Grid], int]) -> Self:
        """`Grid.walked`: for bounds over many loop orders."""
        return type(self)(self.kernel, self.grid.walked(turns), self.hardware)

    def fault(self) -> Callable[[], TilingError] | None:
        """What makes the error where the loop order cannot be run: any can."""
        return None

    def needs(self) -> list[Need]:
        return array_needs(self.kernel, self.grid, self.hardware)

    def dram_bits(self) -> DramBits:
        return DramBits(
            weight=self.weight.times * self.weight.bits_once,
            ifmap=self.ifmap.times * self.ifmap.bits_once,
            psum=2 * (self.psum.times - 1) * self.psum.bits_once,
            ofmap=self.ofmap.bits_once,
            bias=0 if self.bias is None else self.bias.times * self.bias.bits_once,
        )

    def sram_bits(self) -> SramBits:
        """Every step reads `rows` ifmap values and `rows` x `columns` weights, and reads and writes `columns` psums; an
        output's first visit reads its bias in place of psums."""
        kernel, array, steps = self.kernel, self.hardware.systolic, self.steps
        outputs = steps.outputs * array.columns
        return SramBits(
            wbuf=steps.total * array.rows * array.columns * kernel.weight.bits,
            ibuf=steps.total * array.rows * kernel.ifmap.bits,
            obuf=(2 * steps.total * array.columns - outputs) * kernel.psum.bits,
            bbuf=0 if kernel.bias is None else outputs * kernel.bias.bits,
        )

    def ops(self) -> tuple[tuple[str, int], ...]:
        array = self.hardware.systolic
        return (("mac", self.kernel.useful_macs), ("mac_executed", self.steps.total * array.rows * array.columns))

    def busy(self) -> Busy:
        ports = [0, 0]
        for moved, port in self.loads:
            ports[port] = ports[port] + moved.cycles(moved.times)
        spills = 2 * (self.psum.times - 1)
        return Busy(
            compute=self.compute_cycles,
            weight_port=ports[0],
            ifmap_port=ports[1],
            psum_port=self.psum.cycles(spills) + self.ofmap.cycles(1),
        )

    def total_cycles(self) -> int:
        """From the first load to the last store."""
        grid, psum, fill = self.grid, self.psum, self.fill_cycles
        summed = [slot for slot in range(len(grid.axes)) if slot not in psum.footprint.slots]
        for slot in summed:
            # Whether a result was begun, or is complete, shows at the ends of a loop that is summed over.
            grid.axes[slot].cut(1, grid.axes[slot].count - 1)
        larger, choose = grid.numbers.larger, grid.numbers.choose

        cycles = 0
        for times, before, here, after, entered, left in segments(grid.axes):
            ports = [0, 0]
            psum_port = 0
            if before is not None and psum.innermost >= entered:
                psum_port = self._store_cycles(before, summed)
            if after is not None:
                for moved, port in self.loads:
                    if moved.innermost >= left:
                        ports[port] = ports[port] + moved.cycles_at(after)
                if psum.innermost >= left and summed:
                    begun = False
                    for slot in summed:
                        begun = begun | after[slot].begun
                    psum_port = psum_port + choose(begun, psum.cycles_at(after), 0)
            longest = reduce(larger, (*ports, psum_port), self.steps.of_tile(here) + fill)
            cycles = cycles + times * longest
        opening, closing = self.ends()
        return opening + cycles + closing

    def ends(self) -> tuple[int, int]:
        """Cycles of the first loads and of the last store, which nothing overlaps."""
        ports = [0, 0]
        first = self._first
        for moved, port in self.loads:
            ports[port] = ports[port] + moved.cycles_at(first)
        return self.grid.numbers.larger(*ports), self.ofmap.cycles_at(self._last)

    @property
    def _first(self) -> Places:
        return tuple([axis.place(0) for axis in self.grid.axes])

    @property
    def _last(self) -> Places:
        return tuple([axis.place(axis.count - 1) for axis in self.grid.axes])

    def least_cost(self) -> Cost:
        """All counts, and for cycles a bound that they never fall below. Between the first loads and the last store,
        which nothing overlaps, the array computes; the other loads are through before the last tile computes, and no
        result moves before the first tile is computed."""
        larger, compute = self.grid.numbers.larger, self.compute_cycles
        ports, first, start, end = [0, 0], [0, 0], self._first, self._last
        for moved, port in self.loads:
            ports[port] = ports[port] + moved.least_cycles(moved.times)
            first[port] = first[port] + moved.cycles_at(start)
        psum_port = self.psum.least_cycles(2 * (self.psum.times - 1)) + self.ofmap.least_cycles(1)
        opening, closing = larger(*first), self.ofmap.cycles_at(end)
        loading = larger(ports[0] - first[0], ports[1] - first[1]) + self.steps.of_tile(end) + self.fill_cycles
        storing = self.steps.of_tile(start) + self.fill_cycles + psum_port - closing
        stall = opening + larger(larger(loading, storing), compute) + closing - compute
        busy = Busy(compute, ports[0], ports[1], psum_port)
        return Cost(Cycles(compute, stall), self.dram_bits(), self.sram_bits(), self.ops(), busy)

    def _store_cycles(self, before: Places, summed: Sequence[int]) -> int:
        """The result of a tile leaves as ofmap where all sums are complete, else as psum."""
        if self.psum is self.ofmap or not summed:
            return self.ofmap.cycles_at(before)
        complete = True
        for slot in summed:
            complete = complete & before[slot].final
        return self.grid.numbers.choose(complete, self.ofmap.cycles_at(before), self.psum.cycles_at(before))
