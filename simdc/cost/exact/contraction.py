"""Closed form of a tiled contraction on the systolic array: exact counts and cycles without walking the tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, reduce
from typing import Self

from simdc.cost.axis import Numbers, Places
from simdc.cost.capacity import array_needs
from simdc.cost.channels import by_channel, on_channels
from simdc.cost.grid import Grid, Reloads, padded_bounds, reloads
from simdc.cost.hardware import Hardware
from simdc.cost.hazards import hazard
from simdc.cost.kernel import Contraction
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.rule import MachineRule, segment_cycles
from simdc.cost.spread import spread_of
from simdc.cost.tiling import Need, TilingError, loop_bounds

from .flows import Flows
from .folds import Folds
from .latency import after_load
from .release import released_cycles
from .segments import segments
from .sram import sram_bits
from .steps import Steps


class TiledContraction:
    """The execution of a contraction in docs/architecture.md, its loops cut as `grid` says, one way or many at once.
    `reloads` gives how often each tile of an operand comes into use: in the order of `grid`, or, for bounds, in
    whichever of several orders it is least."""

    # The numbers in the comments below are those of the example "With a pencil" on that page: ic and oh in 2 tiles
    # each, 2 x 2 PEs.

    def __init__(
        self, kernel: Contraction, grid: Grid, hardware: Hardware, rule: MachineRule, reloads: Reloads = reloads
    ):
        self.kernel, self.grid, self.hardware = kernel, grid, hardware
        self.rule = rule = on_channels(rule, hardware)
        self.flows = Flows(kernel, grid, hardware, rule, reloads)
        self.is_barred = hardware.systolic.buffer_release == "segment"
        self.is_closed = self.is_barred
        array, law, spread = hardware.systolic, rule.fold_law(hardware.systolic), spread_of(kernel, hardware.systolic)
        self._law, self._spread = law, spread
        self.steps = Steps(kernel, spread, grid)
        folds = None if law.is_plain else Folds(kernel, spread, grid, law)
        self.work = folds or self.steps
        # How often each PE reads what stays in it.
        self.reads = folds.loads if folds is not None and law.reads_once else self.steps.total
        self.fill_cycles = rule.array_fill_cycles(array)
        self.compute_cycles = self.work.total + self.steps.tiles * self.fill_cycles

    @classmethod
    def cut(
        cls,
        kernel: Contraction,
        order: Sequence[str],
        sizes: Sequence[int],
        hardware: Hardware,
        numbers: Numbers,
        rule: MachineRule,
    ) -> Self:
        own = loop_bounds(kernel)
        grid = Grid(own, padded_bounds(own, kernel, hardware), order, sizes, kernel.operands, hardware, numbers)
        return cls(kernel, grid, hardware, rule)

    def with_reloads(self, reloads: Reloads) -> Self:
        """The same tiles with another count of reloads: for bounds over many loop orders."""
        return type(self)(self.kernel, self.grid, self.hardware, self.rule, reloads)

    def cost(self) -> Cost:
        stall = self.total_cycles() - self.compute_cycles
        cycles = Cycles(self.compute_cycles, stall)
        return Cost(cycles, self.dram_bits(), self.sram_bits(), self.ops(), self._busy(self._port_cycles()))

    def fault(self) -> Callable[[], TilingError] | None:
        """What makes the error where the loop order cannot be run: any can."""
        return None

    def needs(self) -> list[Need]:
        by_loop = {axis.loop: axis for axis in self.grid.every}
        others = hazard(self.kernel, self._spread, by_loop, self._law, self.grid.numbers)
        return [*array_needs(self.kernel, self.grid, self.hardware, self.rule), *others]

    def dram_bits(self) -> DramBits:
        bits: dict[str, int] = {}
        for (traffic, _, _, stream), times in self.flows.totals.items():
            bits[traffic] = bits.get(traffic, 0) + times * stream.bits_once
        return DramBits(**bits)

    def sram_bits(self) -> SramBits:
        array, steps = self.hardware.systolic, self.steps
        return sram_bits(self.kernel, array, self._spread.stays, steps.total, self.reads, steps.visits, steps.outputs)

    def ops(self) -> tuple[tuple[str, int], ...]:
        array = self.hardware.systolic
        return (("mac", self.kernel.useful_macs), ("mac_executed", self.steps.total * array.rows * array.columns))

    def _port_cycles(self) -> list[int]:
        """Cycles for which each port transfers, numbered as in `Flows.ports`."""
        # The psum port: 2 partial sums stored, 2 loaded again, 2 results, 4 cycles each: 24.
        ports = [0] * len(self.flows.ports)
        for (_, port, _, stream), times in self.flows.totals.items():
            ports[port] = ports[port] + stream.cycles(times)
        return ports

    def _busy(self, port_cycles: Sequence[int]) -> Busy:
        ports = dict(zip(self.flows.ports, port_cycles, strict=True))
        return Busy(self.compute_cycles, **by_channel(ports, self.grid.numbers.larger))

    def total_cycles(self) -> int:
        """From the first load to the last store."""
        if not self.is_barred:
            joint = self.hardware.systolic.buffer_release == "joint"
            late = self.hardware.dram.latency_cycles
            return released_cycles(self.grid, self.kernel.psum, self.flows, self.compute, joint=joint, latency=late)
        # 2 for the first loads, segments of 4, 8, 8 and 4 cycles, 4 for the last store: 30.
        larger = self.grid.numbers.larger
        cycles = self.opening() + self.closing()
        for times, ports, compute in self.segments():
            cycles = cycles + times * segment_cycles(ports, compute, larger)
        return cycles

    def segments(self) -> Iterator[tuple[int, list[int], int]]:
        """Between barriers: how often, the cycles of each port and those of the array."""
        flows, late = self.flows, self.hardware.dram.latency_cycles
        larger, choose = self.grid.numbers.larger, self.grid.numbers.choose
        psum = self.grid.footprint(self.kernel.psum)
        innermost = psum.slots[-1] if psum.slots else -1
        summed = [slot for slot in range(len(self.grid.axes)) if slot not in psum.slots]
        # Whether a result is begun, or complete, shows at the first and last tile of each loop that is summed over. In
        # the order ic, oh that is slot 0, and the result changes with oh, slot 1, in each tile.
        axes = [axis.cut_at(1, axis.count - 1) if slot in summed else axis for slot, axis in enumerate(self.grid.axes)]
        idle, (new, resumed, leaving) = [0] * len(flows.ports), (flows.new, flows.resumed, flows.leaving)
        for times, before, here, after, entered, left in segments(axes):
            ports, stored = idle.copy(), 0
            # The axis that stepped, or one inside it that wrapped, moves the result: the one before has to leave.
            if before is not None and innermost >= entered:
                # `&`, not `and`: of many tilings each side is an array.
                complete = True
                for slot in summed:
                    complete = complete & before[slot].is_last
                # Of one tiling `complete` is True or False, and only one of the two is asked.
                for port, whole, part in leaving:
                    if complete is True or whole is part:
                        ports[port] = whole.cycles_at(before)
                    elif complete is False:
                        ports[port] = part.cycles_at(before)
                    else:
                        ports[port] = choose(complete, whole.cycles_at(before), part.cycles_at(before))
                    stored = larger(stored, ports[port])
            if after is not None:
                for stream, port in new:
                    if stream.innermost >= left:
                        moved = stream.cycles_at(after)
                        ports[port] = after_load(ports[port], late, moved, larger) if late else ports[port] + moved
                # At the first tile of all loops summed over there is nothing to load: with ic 0 a result begins.
                if innermost >= left and summed:
                    fresh = True
                    for slot in summed:
                        fresh = fresh & after[slot].is_first
                    if fresh is not True:
                        for stream, port in resumed:
                            # Also on another port it waits for stores: it may go where they come from.
                            loaded = after_load(ports[port], stored + late, stream.cycles_at(after), larger)
                            ports[port] = choose(fresh, ports[port], loaded)
            yield times, ports, self.compute(here)

    def compute(self, places: Places) -> int:
        """Cycles of a tile on the array."""
        return self.work.of_tile(places) + self.fill_cycles

    def first_loads(self) -> list[int]:
        """Cycles of each port before the first tile computes."""
        ports, first = [0] * len(self.flows.ports), self._first
        for stream, port in self.flows.new:
            ports[port] = ports[port] + stream.cycles_at(first)
        return ports

    def last_stores(self) -> list[int]:
        """Cycles of each port after the last tile computed."""
        ports, last = [0] * len(self.flows.ports), self._last
        for port, complete, _ in self.flows.leaving:
            ports[port] = complete.cycles_at(last)
        return ports

    def opening(self) -> int:
        """Cycles before the first tile computes."""
        larger, late = self.grid.numbers.larger, self.hardware.dram.latency_cycles
        return segment_cycles([after_load(0, late, n, larger) for n in self.first_loads()], 0, larger)

    def closing(self) -> int:
        """Cycles after the last tile computed."""
        return segment_cycles(self.last_stores(), 0, self.grid.numbers.larger)

    # Kept: of many tilings each place is a new object, and streams know the cycles of those that they have seen.
    @cached_property
    def _first(self) -> Places:
        return tuple([axis.place(0) for axis in self.grid.axes])

    @cached_property
    def _last(self) -> Places:
        return tuple([axis.place(axis.count - 1) for axis in self.grid.axes])

    def least_cost(self) -> Cost:
        """All counts, and for cycles a bound that they never fall below. Between the first loads and the last store,
        which nothing overlaps, the array computes and each port moves the rest of what crosses it."""
        # First loads 2, last store 4. Between: compute 16; ifmap 8 - 2 + 4 = 10 (the last tile loads nothing); psum
        # 24 - 4 + 4 = 24 (the first tile stores nothing). 2 + 24 + 4 = 30, here the cycles themselves.
        larger, compute = self.grid.numbers.larger, self.compute_cycles
        loads, results = ([0] * len(self.flows.ports) for _ in range(2))
        for (_, port, is_load, stream), times in self.flows.totals.items():
            moved = loads if is_load else results
            moved[port] = moved[port] + stream.least_cycles(times)
        first, last = self.first_loads(), self.last_stores()
        opening, closing = self.opening(), self.closing()
        # No load but the first ones is under way while the last tile computes, no result while the first one does.
        first_tile, last_tile = self.compute(self._first), self.compute(self._last)
        least = [opening + compute + closing]
        loading = {port for _, port in self.flows.new}
        # Without a barrier a port goes on while others still have first loads, or results but the last, to move.
        loaded, left = (first, last) if self.is_barred else ([opening] * len(first), [closing] * len(last))
        for port in loading:
            least.append(opening + loads[port] - loaded[port] + last_tile + closing)
        for port in {port for port, *_ in self.flows.leaving}.union(port for _, port in self.flows.resumed):
            least.append(opening + first_tile + results[port] - left[port] + closing)
            if port in loading:
                least.append(opening + loads[port] - loaded[port] + results[port] - left[port] + closing)
        busy = self._busy([a + b for a, b in zip(loads, results, strict=True)])
        stall = reduce(larger, least) - compute
        return Cost(Cycles(compute, stall), self.dram_bits(), self.sram_bits(), self.ops(), busy)
