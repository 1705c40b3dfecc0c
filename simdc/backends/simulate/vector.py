"""A vector program on the SIMD array: load, compute and store take turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod

from simdc.cost.hardware import Hardware, SimdArray
from simdc.cost.kernel import CodeBlock, LoopNest, Operand, VectorProgram, shared_loops
from simdc.cost.numbers import ceil_div
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.tiling import Tiling
from simdc.frozen import Frozen

from .footprint import differs
from .issue import issue_cycles, set_ups, waits_between_issues
from .transfer import DramPorts, Transfer
from .walk import Tile, neighbours, walk


class VectorVisit(Frozen):
    """A tile's stay in vector memory: every load and store, how often each block's sequence is issued, how
    often an issue waits for the one before it, and how many loops are set up if each holds one instruction. `overlaps`:
    other tiles have elements of its results, too."""

    tile: Tile
    loads: tuple[Transfer, ...]
    issues: tuple[tuple[CodeBlock, int], ...]
    waits: int
    loops: int
    stores: tuple[Transfer, ...]
    overlaps: bool

    def compute_cycles(self, simd: SimdArray) -> int:
        cycles = (simd.pipeline_stages - 1) + (simd.lanes - 1) + issue_cycles(self.waits, self.loops, simd)
        return cycles + sum(issues * sequence_cycles(block, simd) for block, issues in self.issues)


def visits(
    nest: LoopNest, program: VectorProgram, tiling: Tiling, hardware: Hardware, rule: MachineRule = GENESYS
) -> Iterator[VectorVisit]:
    """What each tile of one nest does, in the order in which they run. The rule says which port carries what."""
    lanes, bounds = program.lanes, rounded_bounds(nest, program, hardware)
    over = DramPorts(hardware, rule.bandwidths(hardware), bounds)
    ports = {(row.operand, row.when): row.port for row in rule.vector_streams}
    begun: set[tuple[int, tuple[int, ...]]] = set()
    shared = [shared_loops(operand, {loop.name: loop.bound for loop in nest.loops}) for operand in nest.outputs]

    def transfer(traffic: str, port: str, operand: Operand, tile: Tile) -> Transfer:
        return over.move(operand.name, traffic, port, operand, operand.bits, tile)

    for before, tile, after in neighbours(walk(bounds, tiling)):
        loads = [
            transfer("ifmap", ports["input", "new"], operand, tile)
            for operand in nest.inputs
            if differs(operand, tile, before)
        ]
        for number, operand in enumerate(nest.outputs):
            place = number, tile.place(operand.loops)
            begun_before = place in begun or not tile.begins(shared[number])
            if differs(operand, tile, before) and begun_before:
                loads.append(transfer("ifmap", ports["output", "resumed"], operand, tile))
            begun.add(place)
        running = [block for block in nest.blocks if runs(block, nest, tile)]
        yield VectorVisit(
            tile=tile,
            loads=tuple(loads),
            issues=tuple((block, _issues(block, lanes, tile, hardware.simd)) for block in running),
            waits=waits_between_issues(nest, running, lanes, tile, hardware.simd),
            loops=set_ups(nest, running, lanes, tile, hardware.simd),
            stores=tuple(
                transfer("ofmap", ports["output", "left"], operand, tile)
                for operand in nest.outputs
                if differs(operand, tile, after)
            ),
            overlaps=any(tile.counts[loop] > 1 for loops in shared for loop in loops),
        )


def rounded_bounds(nest: LoopNest, program: VectorProgram, hardware: Hardware) -> dict[str, int]:
    """The loops' bounds; where padding is stored, channels on the lanes are rounded up to whole vectors."""
    bounds = {loop.name: loop.bound for loop in nest.loops}
    padded = program.padded_loop
    if hardware.stores_padding and padded in bounds:
        bounds[padded] = ceil_div(bounds[padded], hardware.simd.lanes) * hardware.simd.lanes
    return bounds


def runs(block: CodeBlock, nest: LoopNest, tile: Tile) -> bool:
    missing = [loop.name for loop in nest.loops if loop.name not in block.loops]
    return tile.begins(missing) if block.at == "start" else tile.finishes(missing)


def _issues(block: CodeBlock, lanes: str, tile: Tile, simd: SimdArray) -> int:
    """How often the tile issues the block's sequence; one issue serves a whole vector."""
    vectors = ceil_div(tile.size([lanes]), simd.lanes) if lanes in block.loops else 1
    return vectors * tile.size(loop for loop in block.loops if loop != lanes)


def sequence_cycles(block: CodeBlock, simd: SimdArray) -> int:
    """Cycles of one issue of the block: latencies, and a wait where an instruction reads the result before it."""
    cycles = 0
    previous_dest: str | None = None
    for instruction in block.instructions:
        latency: int = getattr(simd.latency_cycles, instruction.opcode)
        cycles += latency
        follows = previous_dest is not None and previous_dest in instruction.sources
        if follows and simd.issue == "interleaved":
            cycles += simd.raw_wait_cycles
        previous_dest = instruction.dest
    return cycles


def vmem_bits(block: CodeBlock, nest: LoopNest, simd: SimdArray) -> int:
    """Bits that one issue of the block reads from and writes to vector memory. Temporaries live there too."""
    widths = {operand.name: operand.bits for operand in (*nest.inputs, *nest.outputs, *nest.scratch, *nest.views)}
    names = [
        name
        for instruction in block.instructions
        for name in (instruction.dest, *instruction.sources)
        if isinstance(name, str)
    ]
    return sum(simd.lanes * widths.get(name, simd.width_bits) for name in names)


def immediates(block: CodeBlock) -> int:
    return sum(not isinstance(source, str) for instruction in block.instructions for source in instruction.sources)


def operations(program: VectorProgram) -> tuple[tuple[str, int], ...]:
    """Element operations by opcode on real data only: rounding up to lanes adds none."""
    found: Counter[str] = Counter()
    for nest in program.nests:
        bounds = {loop.name: loop.bound for loop in nest.loops}
        for block in nest.blocks:
            points = prod(bounds[loop] for loop in block.loops)
            for instruction in block.instructions:
                found[instruction.opcode] += points
    return tuple(sorted(found.items()))
