"""Closed form of a tiled vector program on the SIMD array: exact counts and cycles without walking the tiles."""

from __future__ import annotations

from collections import Counter
from math import prod

from simdc.cost.grid import Axis, Footprint, make_axes, stored_bounds, visits
from simdc.cost.hardware import Hardware, SimdArray
from simdc.cost.kernel import Block, Phase, VectorProgram
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.tiling import Tiling


def vector_cost(program: VectorProgram, tiling: Tiling, hardware: Hardware) -> Cost:
    """Exact cost of a legal tiling: the execution of a vector program in docs/architecture.md, in closed form."""
    bounds = stored_bounds(program, hardware)
    compute = transfer = loaded = stored = 0
    accesses: Counter[str] = Counter()
    ops: Counter[str] = Counter()
    for phase in program.phases:
        phase_bounds = {loop.name: bounds[loop.name] for loop in phase.loops}
        every = make_axes(phase_bounds, tiling, (*phase.inputs, *phase.outputs), hardware)
        load_bits, store_bits, cycles = _traffic(phase, every, hardware)
        loaded, stored, transfer = loaded + load_bits, stored + store_bits, transfer + cycles
        tiles = prod(axis.count for axis in every)
        compute += tiles * (hardware.simd.pipeline_stages + hardware.simd.lanes - 2)
        for block in phase.blocks:
            issues = prod(
                _issues(axis, program.lanes, hardware.simd.lanes) for axis in every if axis.loop in block.loops
            )
            compute += issues * sequence_cycles(block, hardware.simd)
            for memory, bits in _access_bits(block, phase, hardware.simd).items():
                accesses[memory] += issues * bits
            elements = prod(loop.bound for loop in phase.loops if loop.name in block.loops)
            for instruction in block.instructions:
                ops[instruction.opcode] += elements
    return Cost(
        Cycles(compute, transfer),
        DramBits(ifmap=loaded, ofmap=stored),
        SramBits(vmem=accesses["vmem"], imm=accesses["imm"], insmem=accesses["insmem"]),
        tuple(sorted(ops.items())),
        Busy(compute=compute, simd_port=transfer),
    )


def sequence_cycles(block: Block, simd: SimdArray) -> int:
    """Cycles of one run through straight-line code: latencies, and a wait for each instruction that reads the result
    of the one before it (read after write in the pipeline)."""
    cycles, written = 0, None
    for instruction in block.instructions:
        cycles += getattr(simd.latency_cycles, instruction.opcode)
        if written in instruction.sources:
            cycles += simd.raw_wait_cycles
        written = instruction.dest
    return cycles


def _issues(axis: Axis, lanes_loop: str, lanes: int) -> int:
    """Vector instructions issued along one axis over all its tiles."""
    if axis.loop != lanes_loop:
        return axis.bound
    return (axis.count - 1) * -(-axis.tile // lanes) - (-axis.last // lanes)


def _access_bits(block: Block, phase: Phase, simd: SimdArray) -> dict[str, int]:
    """Bits that one run of a block reads and writes: whole vectors in VMem, one value per immediate in IMM."""
    widths = {operand.name: operand.bits for operand in (*phase.inputs, *phase.outputs, *phase.scratch, *phase.views)}
    vmem = imm = 0
    for instruction in block.instructions:
        for place in (*instruction.sources, instruction.dest):
            if isinstance(place, str):
                vmem += widths.get(place, simd.width_bits) * simd.lanes
            else:
                imm += simd.width_bits
    return {"vmem": vmem, "imm": imm, "insmem": len(block.instructions) * simd.instruction_bits}


def _traffic(phase: Phase, every: tuple[Axis, ...], hardware: Hardware) -> tuple[int, int, int]:
    """Bits loaded, bits stored and cycles of all transfers of a phase."""
    axes = [axis for axis in every if axis.count > 1]
    clip, bandwidth = not hardware.stores_padding, hardware.simd.bandwidth_bits_per_cycle
    loaded = stored = cycles = 0
    for operand, is_output in [(o, False) for o in phase.inputs] + [(o, True) for o in phase.outputs]:
        times, tiles = visits(Footprint(operand, every, clip=clip), axes)
        bits = sum(many * size for many, size in tiles)
        moves = sum(many * -(-size // bandwidth) for many, size in tiles)
        # A result that is left unfinished goes out each time and comes back each time but the first.
        loads, stores = (times - 1, times) if is_output else (times, 0)
        loaded, stored = loaded + loads * bits, stored + stores * bits
        cycles += (loads + stores) * moves
    return loaded, stored, cycles
