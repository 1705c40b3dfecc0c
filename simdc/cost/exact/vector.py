"""Closed form of a tiled vector program on the SIMD array: exact counts and cycles without walking the tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Self

from simdc.cost.axis import Axis, Numbers
from simdc.cost.bursts import bursts_of
from simdc.cost.capacity import in_words, incomplete_result, vector_need
from simdc.cost.channels import on_channels
from simdc.cost.fission import set_up_cycles, wait_cycles
from simdc.cost.grid import Grid, Reloads, padded_bounds, reloads
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import LoopNest, Operand, VectorProgram, shared_loops
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.rule import MachineRule, When, passes
from simdc.cost.tiling import Need, TilingError, loop_bounds
from simdc.cost.whole import kept_whole

from .code import code_cost
from .lane_tiles import LaneTiles, Segment, takes_turns
from .latency import Result, after_load, least_waiting, waiting_tiles
from .stream import Stream
from .waits import waits_between_issues


class TiledProgram:
    """The execution of a vector program in docs/architecture.md, its loops cut as `grids` say, one for each nest: one
    way, or many at once."""

    is_closed = True

    def __init__(
        self,
        program: VectorProgram,
        grids: Sequence[Grid],
        hardware: Hardware,
        rule: MachineRule,
        reloads: Reloads = reloads,
    ):
        self.program, self.hardware, self._reloads = program, hardware, reloads
        self.rule = on_channels(rule, hardware)
        self.nests = list(zip(program.nests, grids, strict=True))

    @classmethod
    def cut(
        cls,
        program: VectorProgram,
        order: Sequence[str],
        sizes: Sequence[int],
        hardware: Hardware,
        numbers: Numbers,
        rule: MachineRule,
    ) -> Self:
        own = loop_bounds(program)
        bounds = padded_bounds(own, program, hardware)
        grids: list[Grid] = []
        for nest in program.nests:
            loops = {loop.name: bounds[loop.name] for loop in nest.loops}
            grids.append(Grid(own, loops, order, sizes, (*nest.inputs, *nest.outputs), hardware, numbers))
        return cls(program, grids, hardware, rule)

    def with_reloads(self, reloads: Reloads) -> Self:
        """The same tiles with another count of reloads: for bounds over many loop orders."""
        return type(self)(self.program, [grid for _, grid in self.nests], self.hardware, self.rule, reloads)

    def fault(self) -> Callable[[], TilingError] | None:
        """What makes the error where the loop order cannot be run, if it cannot."""
        for nest, grid in self.nests:
            left = incomplete_result(nest, grid)
            if left is not None:
                order = [axis.loop for axis in grid.every]
                return lambda: TilingError(
                    f"loop order {order} leaves '{left.name}' before it is complete; "
                    "it lives in vector memory only: put the loops that it sums over inside the others"
                )
            if grid.axes:
                for loop, why in kept_whole(nest).items():
                    if loop in grid.slots:
                        return partial(self._cut_too_far, nest, grid, f"{why}, so loop '{loop}' cannot be cut")
        return None

    def _cut_too_far(self, nest: LoopNest, grid: Grid, why: str) -> TilingError:
        """What the same tile needs where all loops that must not be cut are whole."""
        bounds = {axis.loop: axis.bound for axis in grid.every}
        whole = kept_whole(nest)
        sizes = {axis.loop: axis.bound if axis.loop in whole else axis.tile for axis in grid.every}
        operands = (*nest.inputs, *nest.outputs)
        larger = Grid(bounds, bounds, list(bounds), list(sizes.values()), operands, self.hardware)
        need = vector_need(nest, larger, self.hardware, self.rule)
        remedy = f"enlarge {need.field} or cut another loop" if need.need_bits > need.limit_bits else "cut another loop"
        return TilingError(f"{why}: {in_words(need, sizes)}: {remedy}", need=need)

    def needs(self) -> Iterator[Need]:
        for nest, grid in self.nests:
            yield vector_need(nest, grid, self.hardware, self.rule)

    def cost(self) -> Cost:
        return _later(self._priced(Stream.cycles), self.latency_cycles() - self.hidden_cycles())

    def least_cost(self) -> Cost:
        """All counts, and for cycles a bound that they never fall below: transfers as if tiles filled the port."""
        late, larger, waits = self.hardware.dram.latency_cycles, self.grid_numbers.larger, 0
        for nest, grid in self.nests:
            if late and not grid.clip:
                waits = waits + least_waiting(nest.inputs, {axis.loop: axis.count for axis in grid.axes}, larger)
        cost = self._priced(Stream.least_cycles)
        if self.hardware.simd.double_buffered:
            # Neither lanes nor port are ever done sooner than by themselves.
            cycles: Any = cost.cycles
            longest = larger(cycles.compute, cycles.stall)
            return cost._replace(cycles=Cycles(cycles.compute, longest - cycles.compute))
        return _later(cost, waits * late)

    def latency_cycles(self) -> int:
        """Cycles in which the lanes wait for the first that a tile loads, all tiles together."""
        late, tiles = self.hardware.dram.latency_cycles, 0
        for nest, grid in self.nests if late else ():
            if not self._overlaps(nest, grid):
                tiles = tiles + waiting_tiles(grid, *self._moving(nest, grid))
        return tiles * late

    def hidden_cycles(self) -> int:
        """Cycles of transfers beside which tiles compute, less what the first loads wait, all tiles together."""
        # A tile of 20 cycles beside 30 of transfers lasts 30: 20 are hidden.
        hidden, larger = 0, self.grid_numbers.larger
        for first, beside, _ in self.beside():
            hidden = hidden - first.port + first.moved
            for times, port, moved, compute in beside:
                hidden = hidden + times * (compute + moved - larger(port, compute))
        return hidden

    def beside(self) -> Iterator[tuple[Segment, Iterator[Segment], int]]:
        """Of each nest whose tiles load while others compute: what comes before, the segments, and what after."""
        simd, late = self.hardware.simd, self.hardware.dram.latency_cycles
        for nest, grid in self.nests:
            if self._overlaps(nest, grid):
                inputs, results = self._moving(nest, grid)
                first, last = (tuple([axis.place(n * (axis.count - 1)) for axis in grid.axes]) for n in (0, 1))
                new = stored = 0
                for stream in inputs:
                    new = new + stream.cycles_at(first)
                for stream, _ in results:
                    stored = stored + stream.cycles_at(last)
                tiles = LaneTiles(nest, grid, self.program.lanes, simd, self.rule.lanes_fill_cycles(simd))
                opening = Segment(1, after_load(0, late, new, grid.numbers.larger), new, 0)
                yield opening, tiles.segments(inputs, results, late), stored

    @property
    def grid_numbers(self) -> Numbers:
        return self.nests[0][1].numbers

    def _overlaps(self, nest: LoopNest, grid: Grid) -> bool:
        return self.hardware.simd.double_buffered and not takes_turns(nest, grid)

    def _moving(self, nest: LoopNest, grid: Grid) -> tuple[list[Stream], list[Result]]:
        """What is loaded when it is new, and what where it was begun before."""
        streams = list(self._streams(nest, grid))
        inputs = [stream for operand, _, _, stream in streams if operand in nest.inputs]
        results = [
            Result(stream, self._begins(operand, grid))
            for operand, _, rows, stream in streams
            if any(when == "resumed" for when, _ in rows)
        ]
        return inputs, results

    def _begins(self, operand: Operand, grid: Grid) -> list[int]:
        """Slots of the axes at whose first tiles a result begins: those that it is summed over, and those along which
        its tiles overlap."""
        own, shared = (
            grid.footprint(operand).slots,
            shared_loops(operand, {axis.loop: axis.bound for axis in grid.every}),
        )
        return [slot for slot, axis in enumerate(grid.axes) if slot not in own or axis.loop in shared]

    def wait_cycles(self) -> int:
        """Cycles of `compute` for which instructions wait for the issue before their own. They depend on how loops are
        cut: a tile with a single vector of sums has no other to add to meanwhile."""
        waits = 0
        for nest, grid in self.nests:
            waits = waits + waits_between_issues(nest, grid, self.program.lanes, self.hardware.simd.lanes)
        return waits * wait_cycles(self.hardware.simd)

    def set_up_cycles(self) -> int:
        """Cycles of `compute` that set loops of one instruction each up, all tiles together."""
        cycles, lanes, simd = 0, self.program.lanes, self.hardware.simd
        for nest, grid in self.nests:
            issues = {axis.loop: _issues(axis, lanes, simd.lanes) for axis in grid.every}
            cycles = cycles + set_up_cycles(nest, issues, {axis.loop: axis.count for axis in grid.every}, simd)
        return cycles

    def fill_cycles(self) -> int:
        """Cycles of `compute` that fill the pipeline and the lanes, all tiles together."""
        total = 0
        for _, grid in self.nests:
            tiles = 1
            for axis in grid.axes:
                tiles = tiles * axis.count
            total = total + tiles
        return total * self.rule.lanes_fill_cycles(self.hardware.simd)

    def _priced(self, cycles_of: Callable[[Stream, int], int]) -> Cost:
        """`cycles_of` gives the cycles to move a stream's tiles so many times."""
        # 3 tiles with 10 issues each of a 4-cycle sequence, 20 cycles of fill: 3 * (10 * 4 + 20) = 180 cycles of
        # compute, waits between issues left out.
        simd, lanes = self.hardware.simd, self.program.lanes
        vmem = imm = insmem = 0
        compute = self.wait_cycles() + self.set_up_cycles() + self.fill_cycles()
        ops: dict[str, int] = {}
        bits: dict[str, int] = {}
        ports: dict[str, int] = {}
        for nest, grid in self.nests:
            self._add_traffic(nest, grid, cycles_of, bits, ports)
            code = code_cost(nest, {axis.loop: _issues(axis, lanes, simd.lanes) for axis in grid.every}, simd)
            vmem, imm, insmem = vmem + code.vmem_bits, imm + code.immediate_bits, insmem + code.instruction_bits
            compute = compute + code.cycles
            for opcode, elements in code.ops:
                ops[opcode] = ops.get(opcode, 0) + elements
        # Load, compute and store take turns: every port's time is stall.
        transfer = 0
        for cycles in ports.values():
            transfer = transfer + cycles
        sram_bits = SramBits(vmem=vmem, imm=imm, insmem=insmem)
        busy = Busy(compute=compute, **ports)
        return Cost(Cycles(compute, transfer), DramBits(**bits), sram_bits, tuple(sorted(ops.items())), busy)

    def _add_traffic(
        self,
        nest: LoopNest,
        grid: Grid,
        cycles_of: Callable[[Stream, int], int],
        bits: dict[str, int],
        ports: dict[str, int],
    ) -> None:
        """Bits by traffic and cycles by port of all transfers of a nest."""
        bounds = {axis.loop: axis.bound for axis in grid.every}
        for operand, port, rows, stream in self._streams(nest, grid):
            times = stream.reloads
            cycles, moved = cycles_of(stream, len(rows) * times), times * stream.bits_once
            # A result in use 3 times is loaded twice, for at first there is nothing of it, and stored 3 times.
            for when, traffic in rows:
                if when != "resumed":
                    bits[traffic] = bits.get(traffic, 0) + moved
                    continue
                fresh_bits, fresh_cycles = self._fresh(stream, shared_loops(operand, bounds), cycles_of)
                bits[traffic] = bits.get(traffic, 0) + moved - fresh_bits
                cycles = cycles - fresh_cycles
            ports[port] = ports.get(port, 0) + cycles

    def _streams(self, nest: LoopNest, grid: Grid) -> Iterator[tuple[Operand, str, Sequence[tuple[When, str]], Stream]]:
        """Each operand with its port, when it moves as what, and its stream."""
        bandwidths = self.rule.bandwidths(self.hardware)
        for role, port, rows in self.rule.vector_ports:
            for operand in nest.inputs if role == "input" else nest.outputs:
                footprint = grid.footprint(operand)
                bursts = bursts_of(operand, footprint, grid, self.hardware.dram)
                times = self._reloads(footprint, grid)
                yield operand, port, rows, Stream(footprint, operand.bits, bandwidths[port], grid, times, bursts)

    def _fresh(self, stream: Stream, shared: Sequence[str], cycles_of: Callable[[Stream, int], int]) -> tuple[int, int]:
        """Bits and cycles that loading each tile of a result whenever it comes into use counts too much: its first use
        finds nothing to load. Where tiles overlap along `shared` loops, only the first along these begins anew."""
        # dx[2*oh + kh] with kh 0 .. 2 and oh in 3 tiles of 2: rows 0 .. 4, 4 .. 8, 8 .. 12. The second tile finds row 4
        # begun by the first and loads all its 5 rows; only the first tile loads nothing.
        if any(axis.loop in shared for axis in stream.footprint.axes):
            return stream.first_along(shared)
        return stream.bits_once, cycles_of(stream, 1)


def _later(cost: Cost, cycles: int) -> Cost:
    """With so many cycles of stall more."""
    return cost._replace(cycles=Cycles(cost.cycles.compute, cost.cycles.stall + cycles))


def _issues(axis: Axis, lanes_loop: str, lanes: int) -> int:
    """Vector instructions issued along one axis over all its tiles."""
    # 40 channels in tiles of 16, 16, 8 on 8 lanes: 2 + 2 + 1 = 5; 5 rows: 5.
    if axis.loop != lanes_loop:
        return axis.bound
    return (axis.count - 1) * passes(axis.tile, lanes) + passes(axis.last, lanes)
