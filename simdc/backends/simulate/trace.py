"""What each tile adds to each number of a cost, as the tile simulator runs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from simdc.cost.channels import on_channels
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, FusedProducts, TiledKernel, VectorProgram
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.tiling import Tiling
from simdc.frozen import Frozen

from . import contraction, fused, vector
from .contraction import ArrayVisit
from .fused import FusedVisit
from .release import spans
from .transfer import Transfer, beside_lanes, slowest_port
from .walk import neighbours


class Share(Frozen):
    """A tile's part of a cost: `adds` by the dotted name of the number (`dram_bits.psum`), and what it moves."""

    index: tuple[tuple[str, int], ...]
    adds: Counter[str]
    loads: tuple[Transfer, ...]
    stores: tuple[Transfer, ...]

    @property
    def tile(self) -> str:
        return ", ".join(f"{loop} {place}" for loop, place in self.index) or "the only one"

    @property
    def moves(self) -> str:
        """Empty where nothing moves."""
        loads = (f"loads {move.bits:,} bits of {move.operand}" for move in self.loads)
        stores = (f"stores {move.bits:,} bits of {move.operand}" for move in self.stores)
        return ", ".join((*loads, *stores))


def trace(kernel: TiledKernel, tiling: Tiling, hardware: Hardware, rule: MachineRule = GENESYS) -> Iterator[Share]:
    """Tile by tile, in order. `tiling` has whole loops at the machine's bounds, see `whole_loops`."""
    rule = on_channels(rule, hardware)
    if isinstance(kernel, Contraction):
        return _contraction(kernel, tiling, hardware, rule)
    if isinstance(kernel, FusedProducts):
        return _fused(kernel, tiling, hardware, rule)
    return _program(kernel, tiling, hardware, rule)


def _contraction(kernel: Contraction, tiling: Tiling, hardware: Hardware, rule: MachineRule) -> Iterator[Share]:
    rows, columns, release = hardware.systolic.rows, hardware.systolic.columns, hardware.systolic.buffer_release
    visits = contraction.visits(kernel, tiling, hardware, rule)
    late = hardware.dram.latency_cycles
    played = (
        _segments(visits, late)
        if release == "segment"
        else spans(visits, "psum", joint=release == "joint", latency=late)
    )
    for visit, cycles in played:
        adds = _moved((*visit.loads, *visit.stores))
        adds["cycles.compute"] = adds["busy.compute"] = visit.compute_cycles
        adds["cycles.stall"] = cycles - visit.compute_cycles
        adds["ops.mac_executed"] = visit.steps * rows * columns
        adds.update(_reads(kernel, visit, hardware))
        yield Share(tuple(visit.tile.index.items()), adds, visit.loads, visit.stores)


def _segments(visits: Iterable[ArrayVisit], latency: int) -> Iterator[tuple[ArrayVisit, int]]:
    """Each tile with its cycles. While it computes, the next is loaded and what the one before left is stored. The time
    before the first tile counts with it, that after the last with the last."""
    for before, visit, after in neighbours(visits):
        stores, loads = before.stores if before is not None else (), after.loads if after is not None else ()
        cycles = max(visit.compute_cycles, slowest_port(loads, stores, latency))
        cycles += slowest_port(visit.loads, (), latency) if before is None else 0
        cycles += slowest_port((), visit.stores) if after is None else 0
        yield visit, cycles


def _reads(kernel: Contraction, visit: contraction.ArrayVisit, hardware: Hardware) -> dict[str, int]:
    """Bits that buffers give and take. What stays is read for each PE, where it shifts in once a fold; what passes
    along the rows for each row, what passes along the columns for each column."""
    array = hardware.systolic
    pes = array.rows * array.columns
    weights, inputs, sums, biases = visit.work.reads * pes, visit.steps * array.rows, array.columns, array.columns
    if array.dataflow == "input_stationary":
        weights, inputs, biases = visit.steps * array.rows, visit.work.reads * pes, 1
    if array.dataflow == "output_stationary":
        weights, sums = visit.steps * array.columns, pes
    return {
        "sram_bits.wbuf": weights * kernel.weight.bits,
        "sram_bits.ibuf": inputs * kernel.ifmap.bits,
        # Sums are read and written, but those that begin an output, which are only written.
        "sram_bits.obuf": (2 * visit.sums - visit.first_sums) * sums * kernel.psum.bits,
        "sram_bits.bbuf": visit.first_sums * biases * kernel.bias.bits if kernel.bias is not None else 0,
    }


def _program(program: VectorProgram, tiling: Tiling, hardware: Hardware, rule: MachineRule) -> Iterator[Share]:
    """Load, compute and store take turns, so that all that moves is stall; or the next tile loads beside."""
    simd = hardware.simd
    for number, nest in enumerate(program.nests):
        visits = vector.visits(nest, program, tiling, hardware, rule)
        results = {operand.name for operand in nest.outputs}
        for before, visit, after in neighbours(visits):
            moves = (*visit.loads, *visit.stores)
            adds, compute = _moved(moves), visit.compute_cycles(simd)
            for block, issues in visit.issues:
                adds["sram_bits.vmem"] += issues * vector.vmem_bits(block, nest, simd)
                adds["sram_bits.imm"] += issues * vector.immediates(block) * simd.width_bits
                adds["sram_bits.insmem"] += issues * len(block.instructions) * simd.instruction_bits
            adds["cycles.compute"] = adds["busy.compute"] = compute
            adds["cycles.stall"] = sum(move.cycles for move in moves)
            if any(move.cycles for move in visit.loads):
                adds["cycles.stall"] += hardware.dram.latency_cycles
            if simd.double_buffered and not visit.overlaps:
                late, stores = hardware.dram.latency_cycles, before.stores if before is not None else ()
                beside = beside_lanes(after.loads if after is not None else (), stores, results, late)
                first = beside_lanes(visit.loads, (), results, late) if before is None else 0
                last = beside_lanes((), visit.stores, results, late) if after is None else 0
                adds["cycles.stall"] = first + max(compute, beside) - compute + last
            phase_of = [("nest", number)] if len(program.nests) > 1 else []
            yield Share((*phase_of, *visit.tile.index.items()), adds, visit.loads, visit.stores)


def _fused(kernel: FusedProducts, tiling: Tiling, hardware: Hardware, rule: MachineRule) -> Iterator[Share]:
    """While a tile computes and hands over, the array's operands of the next are loaded; what the lanes load and store
    they wait for."""
    release = hardware.systolic.buffer_release
    visits = fused.visits(kernel, tiling, hardware, rule)
    late = hardware.dram.latency_cycles
    played = (
        _side_by_side(visits, late)
        if release == "segment"
        else spans(visits, "", joint=release == "joint", latency=late)
    )
    for visit, cycles in played:
        loads = (*visit.loads, *visit.lane_loads)
        adds = _moved((*loads, *visit.lane_stores)) + visit.counts
        compute = visit.array_cycles + visit.lane_cycles
        adds["cycles.compute"] = adds["busy.compute"] = compute
        adds["ops.lane_cycles"] = visit.lane_cycles
        adds["cycles.stall"] = cycles - compute
        yield Share(tuple(visit.tile.index.items()), adds, loads, visit.lane_stores)


def _side_by_side(visits: Iterable[FusedVisit], latency: int) -> Iterator[tuple[FusedVisit, int]]:
    """Each tile with its cycles; as `_segments`, with nothing to store beside a tile."""
    for before, visit, after in neighbours(visits):
        cycles = max(visit.compute_cycles, slowest_port(after.loads if after is not None else (), (), latency))
        yield visit, cycles + (slowest_port(visit.loads, (), latency) if before is None else 0)


def _moved(transfers: Iterable[Transfer]) -> Counter[str]:
    adds = Counter[str]()
    for transfer in transfers:
        adds[f"dram_bits.{transfer.traffic}"] += transfer.bits
        adds[f"busy.{transfer.port}"] += transfer.cycles
    return adds
