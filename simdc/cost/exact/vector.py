"""Closed form of a tiled vector program on the SIMD array: exact counts and cycles without walking the tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Self

from simdc.cost.axis import Axis, Numbers
from simdc.cost.capacity import in_words, unfinished, vector_need
from simdc.cost.grid import Footprint, Grid, round_up
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Phase, VectorProgram, shared_loops
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.tiling import Need, TilingError, loop_bounds
from simdc.cost.whole import kept_whole

from .code import code_cost
from .stream import Stream, stream
from .waits import waits_between_issues


class TiledProgram:
    """The execution of a vector program in docs/architecture.md, its loops cut as `grids` say, one for each phase: one
    way, or many at once."""

    def __init__(self, program: VectorProgram, grids: Sequence[Grid], hardware: Hardware):
        self.program, self.hardware = program, hardware
        self.phases = list(zip(program.phases, grids, strict=True))

    @classmethod
    def cut(
        cls, program: VectorProgram, order: Sequence[str], sizes: Sequence[int], hardware: Hardware, numbers: Numbers
    ) -> Self:
        own = loop_bounds(program)
        bounds = round_up(own, program, hardware)
        grids: list[Grid] = []
        for phase in program.phases:
            loops = {loop.name: bounds[loop.name] for loop in phase.loops}
            grid = Grid(own, loops, order, sizes, hardware, numbers)
            grid.cut_at_borders((*phase.inputs, *phase.outputs))
            grids.append(grid)
        return cls(program, grids, hardware)

    def walked(self, turns: Callable[[Footprint, Grid], int]) -> Self:
        """`Grid.walked`: for bounds over many loop orders."""
        return type(self)(self.program, [grid.walked(turns) for _, grid in self.phases], self.hardware)

    def fault(self) -> Callable[[], TilingError] | None:
        """What makes the error where the loop order cannot be run, if it cannot."""
        for phase, grid in self.phases:
            left = unfinished(phase, grid)
            if left is not None:
                order = [axis.loop for axis in grid.every]
                return lambda: TilingError(
                    f"loop order {order} leaves '{left.name}' before it is complete; "
                    "it lives in vector memory only: put the loops that it sums over inside the others"
                )
            if grid.axes:
                for loop, why in kept_whole(phase).items():
                    if loop in grid.slots:
                        return partial(self._cut_too_far, phase, grid, f"{why}, so loop '{loop}' cannot be cut")
        return None

    def _cut_too_far(self, phase: Phase, grid: Grid, why: str) -> TilingError:
        """What the same tile needs where all loops that must not be cut are whole."""
        bounds = {axis.loop: axis.bound for axis in grid.every}
        whole = kept_whole(phase)
        sizes = {axis.loop: axis.bound if axis.loop in whole else axis.tile for axis in grid.every}
        larger = Grid(bounds, bounds, list(bounds), list(sizes.values()), self.hardware)
        larger.cut_at_borders((*phase.inputs, *phase.outputs))
        need = vector_need(phase, larger, self.hardware)
        remedy = f"enlarge {need.field} or cut another loop" if need.need_bits > need.limit_bits else "cut another loop"
        return TilingError(f"{why}: {in_words(need, sizes)}: {remedy}", need=need)

    def needs(self) -> Iterator[Need]:
        for phase, grid in self.phases:
            yield vector_need(phase, grid, self.hardware)

    def cost(self) -> Cost:
        return self._priced(Stream.cycles)

    def least_cost(self) -> Cost:
        """All counts, and for cycles a bound that they never fall below: transfers as if tiles filled the port."""
        return self._priced(Stream.least_cycles)

    def wait_cycles(self) -> int:
        """Of `compute` what an instruction waits for the issue before its own: more or less as loops are cut."""
        waits = 0
        for phase, grid in self.phases:
            waits = waits + waits_between_issues(phase, grid, self.program.lanes, self.hardware.simd.lanes)
        return waits * self.hardware.simd.raw_wait_cycles

    def _priced(self, cycles_of: Callable[[Stream, int], int]) -> Cost:
        """`cycles_of` gives the cycles to move a stream's tiles so many times."""
        simd, lanes = self.hardware.simd, self.program.lanes
        transfer = loaded = stored = vmem = imm = insmem = 0
        compute = self.wait_cycles()
        ops: dict[str, int] = {}
        for phase, grid in self.phases:
            load_bits, store_bits, cycles = self._traffic(phase, grid, cycles_of)
            loaded, stored, transfer = loaded + load_bits, stored + store_bits, transfer + cycles
            code = code_cost(phase, {axis.loop: _issues(axis, lanes, simd.lanes) for axis in grid.every}, simd)
            vmem, imm, insmem = vmem + code.vmem_bits, imm + code.immediate_bits, insmem + code.instruction_bits
            tiles = 1
            for axis in grid.axes:
                tiles = tiles * axis.count
            compute = compute + code.cycles + tiles * (simd.pipeline_stages + simd.lanes - 2)
            for opcode, elements in code.ops:
                ops[opcode] = ops.get(opcode, 0) + elements
        return Cost(
            Cycles(compute, transfer),
            DramBits(ifmap=loaded, ofmap=stored),
            SramBits(vmem=vmem, imm=imm, insmem=insmem),
            tuple(sorted(ops.items())),
            Busy(compute=compute, simd_port=transfer),
        )

    def _traffic(self, phase: Phase, grid: Grid, cycles_of: Callable[[Stream, int], int]) -> tuple[int, int, int]:
        """Bits loaded, bits stored and cycles of all transfers."""
        bandwidth = self.hardware.simd.bandwidth_bits_per_cycle
        bounds = {axis.loop: axis.bound for axis in grid.every}
        shared = [shared_loops(operand, bounds) for operand in phase.outputs]
        grid.cut_after_first([loop for loops in shared for loop in loops])
        loaded = stored = cycles = 0
        for operand in phase.inputs:
            moved = stream(operand, bandwidth, grid)
            loaded = loaded + moved.times * moved.bits_once
            cycles = cycles + cycles_of(moved, moved.times)
        for operand, loops in zip(phase.outputs, shared, strict=True):
            # A result that is left unfinished goes out each time and comes back, but for tiles nobody began before.
            moved = stream(operand, bandwidth, grid)
            fresh_bits, fresh_cycles = moved.bits_once, cycles_of(moved, 1)
            if any(axis.loop in loops for axis in moved.footprint.axes):
                fresh_bits, fresh_cycles = moved.first_along(loops)
            loaded = loaded + moved.times * moved.bits_once - fresh_bits
            stored = stored + moved.times * moved.bits_once
            cycles = cycles + cycles_of(moved, 2 * moved.times) - fresh_cycles
        return loaded, stored, cycles


def _issues(axis: Axis, lanes_loop: str, lanes: int) -> int:
    """Vector instructions issued along one axis over all its tiles."""
    if axis.loop != lanes_loop:
        return axis.bound
    return (axis.count - 1) * -(-axis.tile // lanes) - (-axis.last // lanes)
