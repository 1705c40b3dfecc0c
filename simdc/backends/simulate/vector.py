"""A vector program on the SIMD array: load, compute and store take turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod

from attrs import frozen

from simdc.cost.hardware import Hardware, SimdArray
from simdc.cost.kernel import Block, Operand, Phase, VectorProgram, shared_loops
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.tiling import Tiling

from .footprint import differs, footprint_elements
from .issue import waits_between_issues
from .walk import Tile, ceil_div, neighbours, walk


@frozen
class Visit:
    """A tile's stay in vector memory: bits of every load and store, how often each block's sequence is issued, and how
    often an issue waits for the one before it."""

    loads: tuple[int, ...]
    issues: tuple[tuple[Block, int], ...]
    waits: int
    stores: tuple[int, ...]


def simulate_vector_program(kernel: VectorProgram, tiling: Tiling, hardware: Hardware) -> Cost:
    simd = hardware.simd
    fill_cycles = (simd.pipeline_stages - 1) + (simd.lanes - 1)
    compute_cycles = port_cycles = loaded = stored = vmem = imm = insmem = 0
    ops: Counter[str] = Counter()
    for phase in kernel.phases:
        for visit in visits(phase, kernel.lanes, tiling, hardware):
            compute_cycles += fill_cycles + visit.waits * simd.raw_wait_cycles
            for block, issues in visit.issues:
                compute_cycles += issues * sequence_cycles(block, simd)
                vmem += issues * vmem_bits(block, phase, simd)
                imm += issues * immediates(block) * simd.width_bits
                insmem += issues * len(block.instructions) * simd.instruction_bits
            port_cycles += sum(ceil_div(bits, simd.bandwidth_bits_per_cycle) for bits in visit.loads + visit.stores)
            loaded += sum(visit.loads)
            stored += sum(visit.stores)
        ops.update(_operations(phase))
    return Cost(
        cycles=Cycles(compute=compute_cycles, stall=port_cycles),
        dram_bits=DramBits(ifmap=loaded, ofmap=stored),
        sram_bits=SramBits(vmem=vmem, imm=imm, insmem=insmem),
        ops=tuple(sorted(ops.items())),
        busy=Busy(compute=compute_cycles, simd_port=port_cycles),
    )


def visits(phase: Phase, lanes: str, tiling: Tiling, hardware: Hardware) -> Iterator[Visit]:
    """What each tile of one phase does, in the order in which they run."""
    begun: set[tuple[int, tuple[int, ...]]] = set()
    shared = [shared_loops(operand, {loop.name: loop.bound for loop in phase.loops}) for operand in phase.outputs]

    def bits(operand: Operand, tile: Tile) -> int:
        return operand.bits * footprint_elements(operand, tile, stores_padding=hardware.stores_padding)

    for before, tile, after in neighbours(walk(rounded_bounds(phase, lanes, hardware), tiling)):
        loads = [bits(operand, tile) for operand in phase.inputs if differs(operand, tile, before)]
        for number, operand in enumerate(phase.outputs):
            place = number, tile.place(operand.loops)
            begun_before = place in begun or not tile.begins(shared[number])
            if differs(operand, tile, before) and begun_before:
                loads.append(bits(operand, tile))
            begun.add(place)
        running = [block for block in phase.blocks if runs(block, phase, tile)]
        yield Visit(
            loads=tuple(loads),
            issues=tuple((block, _issues(block, lanes, tile, hardware.simd)) for block in running),
            waits=waits_between_issues(phase, running, lanes, tile, hardware.simd),
            stores=tuple(bits(operand, tile) for operand in phase.outputs if differs(operand, tile, after)),
        )


def rounded_bounds(phase: Phase, lanes: str, hardware: Hardware) -> dict[str, int]:
    """The loops' bounds; where padding is stored, channels on the lanes are rounded up to whole vectors."""
    bounds = {loop.name: loop.bound for loop in phase.loops}
    if hardware.stores_padding and lanes == "c" and lanes in bounds:
        bounds[lanes] = ceil_div(bounds[lanes], hardware.simd.lanes) * hardware.simd.lanes
    return bounds


def runs(block: Block, phase: Phase, tile: Tile) -> bool:
    missing = [loop.name for loop in phase.loops if loop.name not in block.loops]
    return tile.begins(missing) if block.at == "start" else tile.finishes(missing)


def _issues(block: Block, lanes: str, tile: Tile, simd: SimdArray) -> int:
    """How often the tile issues the block's sequence; one issue serves a whole vector."""
    vectors = ceil_div(tile.size([lanes]), simd.lanes) if lanes in block.loops else 1
    return vectors * tile.size(loop for loop in block.loops if loop != lanes)


def sequence_cycles(block: Block, simd: SimdArray) -> int:
    """Cycles of one issue of the block: latencies, and a wait where an instruction reads the result before it."""
    cycles = 0
    previous_dest: str | None = None
    for instruction in block.instructions:
        latency: int = getattr(simd.latency_cycles, instruction.opcode)
        cycles += latency
        if previous_dest is not None and previous_dest in instruction.sources:
            cycles += simd.raw_wait_cycles
        previous_dest = instruction.dest
    return cycles


def vmem_bits(block: Block, phase: Phase, simd: SimdArray) -> int:
    """Bits that one issue of the block reads from and writes to vector memory. Temporaries live there too."""
    widths = {operand.name: operand.bits for operand in (*phase.inputs, *phase.outputs, *phase.scratch, *phase.views)}
    names = [
        name
        for instruction in block.instructions
        for name in (instruction.dest, *instruction.sources)
        if isinstance(name, str)
    ]
    return sum(simd.lanes * widths.get(name, simd.width_bits) for name in names)


def immediates(block: Block) -> int:
    return sum(not isinstance(source, str) for instruction in block.instructions for source in instruction.sources)


def _operations(phase: Phase) -> Counter[str]:
    """Element operations by opcode on real data only: rounding up to lanes adds none."""
    bounds = {loop.name: loop.bound for loop in phase.loops}
    operations: Counter[str] = Counter()
    for block in phase.blocks:
        points = prod(bounds[loop] for loop in block.loops)
        for instruction in block.instructions:
            operations[instruction.opcode] += points
    return operations
