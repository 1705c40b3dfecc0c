"""Closed form of a tiled vector program on the SIMD array: exact counts and cycles without walking the tiles."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from simdc.cost.capacity import check_vector_memory
from simdc.cost.grid import Axis, Grid, round_up
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Phase, VectorProgram, shared_loops
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.tiling import Tiling, loop_bounds

from .code import code_cost
from .stream import stream


def vector_cost(program: VectorProgram, tiling: Tiling, hardware: Hardware) -> Cost:
    """The execution of a vector program in docs/architecture.md, in closed form. Raises TilingError for tiles that the
    vector memory cannot hold."""
    own, simd = loop_bounds(program), hardware.simd
    bounds = round_up(own, program, hardware)
    compute = transfer = loaded = stored = vmem = imm = insmem = 0
    ops: dict[str, int] = {}
    for phase in program.phases:
        grid = Grid(own, {loop.name: bounds[loop.name] for loop in phase.loops}, tiling, hardware)
        grid.cut_at_borders((*phase.inputs, *phase.outputs))
        shared = [shared_loops(operand, bounds) for operand in phase.outputs]
        grid.cut_after_first([loop for loops in shared for loop in loops])
        check_vector_memory(phase, grid, tiling, hardware)
        load_bits, store_bits, cycles = _traffic(phase, grid, simd.bandwidth_bits_per_cycle, shared)
        loaded, stored, transfer = loaded + load_bits, stored + store_bits, transfer + cycles
        code = code_cost(phase, {axis.loop: _issues(axis, program.lanes, simd.lanes) for axis in grid.every}, simd)
        vmem, imm, insmem = vmem + code.vmem_bits, imm + code.immediate_bits, insmem + code.instruction_bits
        tiles = prod([axis.count for axis in grid.axes])
        compute += code.cycles + tiles * (simd.pipeline_stages + simd.lanes - 2)
        for opcode, elements in code.ops:
            ops[opcode] = ops.get(opcode, 0) + elements
    return Cost(
        Cycles(compute, transfer),
        DramBits(ifmap=loaded, ofmap=stored),
        SramBits(vmem=vmem, imm=imm, insmem=insmem),
        tuple(sorted(ops.items())),
        Busy(compute=compute, simd_port=transfer),
    )


def _issues(axis: Axis, lanes_loop: str, lanes: int) -> int:
    """Vector instructions issued along one axis over all its tiles."""
    if axis.loop != lanes_loop:
        return axis.bound
    return (axis.count - 1) * -(-axis.tile // lanes) - (-axis.last // lanes)


def _traffic(phase: Phase, grid: Grid, bandwidth: int, shared: Sequence[tuple[str, ...]]) -> tuple[int, int, int]:
    """Bits loaded, bits stored and cycles of all transfers; `shared` are the `shared_loops` of each output."""
    loaded = stored = cycles = 0
    for operand in phase.inputs:
        moved = stream(operand, bandwidth, grid)
        loaded += moved.times * moved.bits_once
        cycles += moved.times * moved.cycles_once
    for operand, loops in zip(phase.outputs, shared, strict=True):
        # A result that is left unfinished goes out each time and comes back, but for tiles that nobody began before.
        moved = stream(operand, bandwidth, grid)
        fresh_bits, fresh_cycles = moved.first_along(loops)
        loaded += moved.times * moved.bits_once - fresh_bits
        stored += moved.times * moved.bits_once
        cycles += 2 * moved.times * moved.cycles_once - fresh_cycles
    return loaded, stored, cycles
