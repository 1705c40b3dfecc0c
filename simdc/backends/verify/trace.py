"""What each tile adds to each number of a cost, as the tile simulator plays it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from simdc.backends.simulate import contraction, vector, whole_loops
from simdc.backends.simulate.walk import ceil_div, neighbours, walk
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel, VectorProgram
from simdc.cost.tiling import Tiling


class Share(NamedTuple):
    """A tile's part: `adds` by the dotted name of the number (`dram_bits.psum`), and in words what it moves."""

    tile: str
    adds: dict[str, int]
    moves: tuple[str, ...]


def trace(kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Iterator[Share]:
    """Tile by tile, in order. The shares add up to what `simulate` gives, operations of a vector program apart."""
    tiling = whole_loops(kernel, tiling)
    if isinstance(kernel, Contraction):
        return _contraction(kernel, tiling, hardware)
    return _program(kernel, tiling, hardware)


def _contraction(kernel: Contraction, tiling: Tiling, hardware: Hardware) -> Iterator[Share]:
    """The time before the first tile counts with it, that after the last with the last."""
    rows, columns = hardware.systolic.rows, hardware.systolic.columns
    tiles = walk(contraction.rounded_bounds(kernel, hardware), tiling)
    plays = neighbours(contraction.visits(kernel, tiling, hardware))
    for tile, (before, visit, after) in zip(tiles, plays, strict=True):
        others = (before.stores if before is not None else ()) + (after.loads if after is not None else ())
        cycles = max(visit.compute_cycles, contraction.slowest_port(others))
        cycles += contraction.slowest_port(visit.loads) if before is None else 0
        cycles += contraction.slowest_port(visit.stores) if after is None else 0
        adds = Counter[str]()
        adds["cycles.compute"] = adds["busy.compute"] = visit.compute_cycles
        adds["cycles.stall"] = cycles - visit.compute_cycles
        adds["ops.mac_executed"] = visit.steps * rows * columns
        adds["sram_bits.wbuf"] = visit.steps * rows * columns * kernel.weight.bits
        adds["sram_bits.ibuf"] = visit.steps * rows * kernel.ifmap.bits
        adds["sram_bits.obuf"] = (2 * visit.steps - visit.first_steps) * columns * kernel.psum.bits
        adds["sram_bits.bbuf"] = visit.first_steps * columns * kernel.bias.bits if kernel.bias is not None else 0
        for transfer in (*visit.loads, *visit.stores):
            adds[f"dram_bits.{transfer.traffic}"] += transfer.bits
            adds[f"busy.{transfer.port}"] += transfer.cycles
        moves = [f"loads {move.bits:,} bits of {move.traffic}" for move in visit.loads]
        moves += [f"stores {move.bits:,} bits of {move.traffic}" for move in visit.stores]
        yield Share(_named(tile.index.items()), adds, tuple(moves))


def _program(program: VectorProgram, tiling: Tiling, hardware: Hardware) -> Iterator[Share]:
    simd = hardware.simd
    for number, phase in enumerate(program.phases):
        tiles = walk(vector.rounded_bounds(phase, program.lanes, hardware), tiling)
        for tile, visit in zip(tiles, vector.visits(phase, program.lanes, tiling, hardware), strict=True):
            adds = Counter[str]()
            compute = simd.pipeline_stages - 1 + simd.lanes - 1 + visit.waits * simd.raw_wait_cycles
            for block, issues in visit.issues:
                compute += issues * vector.sequence_cycles(block, simd)
                adds["sram_bits.vmem"] += issues * vector.vmem_bits(block, phase, simd)
                adds["sram_bits.imm"] += issues * vector.immediates(block) * simd.width_bits
                adds["sram_bits.insmem"] += issues * len(block.instructions) * simd.instruction_bits
            moved = (*visit.loads, *visit.stores)
            port = sum(ceil_div(bits, simd.bandwidth_bits_per_cycle) for bits in moved)
            adds["cycles.compute"] = adds["busy.compute"] = compute
            adds["cycles.stall"] = adds["busy.simd_port"] = port
            adds["dram_bits.ifmap"], adds["dram_bits.ofmap"] = sum(visit.loads), sum(visit.stores)
            moves = [f"loads {bits:,} bits" for bits in visit.loads]
            moves += [f"stores {bits:,} bits" for bits in visit.stores]
            prefix = [("phase", number)] if len(program.phases) > 1 else []
            yield Share(_named([*prefix, *tile.index.items()]), adds, tuple(moves))


def _named(index: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{loop} {place}" for loop, place in index) or "the only one"
