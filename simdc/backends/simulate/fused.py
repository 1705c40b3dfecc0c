"""Two products that run as one: array, lanes and the path between them take turns within a tile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, FusedProducts, LoopNest, Operand
from simdc.cost.numbers import ceil_div
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.tiling import Tiling
from simdc.frozen import Frozen

from .folds import Sweep, work_of
from .footprint import differs
from .issue import issue_cycles, set_ups, waits_between_issues
from .transfer import DramPorts, Transfer
from .vector import immediates, sequence_cycles, vmem_bits
from .walk import Tile, neighbours, walk


class FusedVisit(Frozen):
    """A tile's stay: what is loaded for the array while the tile before computes (`loads`); what crosses the port of
    the lanes, which wait for it (`lane_loads`, `lane_stores`); cycles of the array, of the lanes and of the path
    between them; and what it adds to counts, by their dotted names. `takes` are the array's operands of which it has
    another tile than the one before; `latency` passes before the first lane load comes."""

    tile: Tile
    takes: tuple[str, ...]
    loads: tuple[Transfer, ...]
    lane_loads: tuple[Transfer, ...]
    lane_stores: tuple[Transfer, ...]
    array_cycles: int
    lane_cycles: int
    path_cycles: int
    latency: int
    counts: Counter[str]

    @property
    def stores(self) -> tuple[Transfer, ...]:
        """Beside the next tile: none."""
        return ()

    @property
    def compute_cycles(self) -> int:
        """Of all that takes turns."""
        moved = sum(move.cycles for move in (*self.lane_loads, *self.lane_stores))
        moved += self.latency if any(move.cycles for move in self.lane_loads) else 0
        return moved + self.array_cycles + self.lane_cycles + self.path_cycles


def visible_tiles(kernel: FusedProducts, tiling: Tiling) -> Iterator[Tile]:
    """The tiles in order, those behind the diagonal left out. They have the loops that are never cut, too, as they are:
    rounding up changes what moves and not what is computed."""
    whole = {loop.name: loop.bound for product in (kernel.first, kernel.second) for loop in product.loops}
    for tile in walk(whole, _with_whole(tiling, whole)):
        if kernel.diagonal is None or tile.values[kernel.streamed][0] < kernel.diagonal.first + _rows(kernel, tile)[-1]:
            yield tile


def is_crossed(kernel: FusedProducts, tile: Tile) -> bool:
    """Whether the first row of the tile does not have to do with all that the tile has of the stream."""
    if kernel.diagonal is None:
        return False
    return tile.values[kernel.streamed][-1] >= kernel.diagonal.first + _rows(kernel, tile)[0]


def _rows(kernel: FusedProducts, tile: Tile) -> range:
    assert kernel.diagonal is not None
    return tile.values[kernel.diagonal.rows]


def _with_whole(tiling: Tiling, whole: dict[str, int]) -> Tiling:
    more = [loop for loop in whole if loop not in tiling.order]
    return Tiling((*tiling.order, *more), (*tiling.sizes, *(whole[loop] for loop in more)))


def nests_of(kernel: FusedProducts, tile: Tile, *, ends: bool) -> list[LoopNest]:
    """What the lanes run in the tile, in order."""
    row = kernel.edge if is_crossed(kernel, tile) and kernel.edge is not None else kernel.row
    return [row, kernel.merge, *([kernel.finish] if ends else [])]


def stored_tile(kernel: FusedProducts, tile: Tile, hardware: Hardware) -> Tile:
    """As DRAM has the tile: channels rounded up to the array where padding is stored."""
    array = hardware.systolic
    values = dict(tile.values)
    if hardware.stores_padding:
        for loop, side in ((kernel.first.rows, array.rows), (kernel.second.columns, array.columns)):
            values[loop] = range(ceil_div(len(values[loop]), side) * side)
    return Tile(tile.index, values, tile.counts)


def visits(
    kernel: FusedProducts, tiling: Tiling, hardware: Hardware, rule: MachineRule = GENESYS
) -> Iterator[FusedVisit]:
    """What each tile does, in the order in which they run. The rule says which port carries what."""
    ports = {(row.operand, row.when): row.port for row in (*rule.array_streams, *rule.vector_streams)}
    every = {loop.name: range(loop.bound) for product in (kernel.first, kernel.second) for loop in product.loops}
    stored = stored_tile(kernel, Tile({}, every, {}), hardware).values
    over = DramPorts(hardware, rule.bandwidths(hardware), {loop: len(values) for loop, values in stored.items()})

    def transfer(operand: Operand, traffic: str, port: str, tile: Tile) -> Transfer:
        return over.move(operand.name, traffic, port, operand, operand.bits, stored_tile(kernel, tile, hardware))

    array_operands = (
        (kernel.first.weight, "weight", ports["weight", "new"]),
        (kernel.second.weight, "weight", ports["weight", "new"]),
        (kernel.first.ifmap, "ifmap", ports["ifmap", "new"]),
    )
    for before, tile, after in neighbours(visible_tiles(kernel, tiling)):
        ends = after is None or any(differs(operand, tile, after) for operand in kernel.finish.outputs)
        nests = nests_of(kernel, tile, ends=ends)
        counts = Counter[str]()
        lane_cycles = sum(_run(nest, kernel.lanes, tile, hardware, counts) for nest in nests)
        array_cycles = sum(_multiply(product, tile, hardware, counts) for product in (kernel.first, kernel.second))
        yield FusedVisit(
            tile=tile,
            takes=tuple(operand.name for operand, _, _ in array_operands if differs(operand, tile, before)),
            loads=tuple(transfer(*each, tile) for each in array_operands if differs(each[0], tile, before)),
            lane_loads=tuple(
                transfer(operand, "ifmap", ports["input", "new"], tile)
                for operand in kernel.row.inputs
                if differs(operand, tile, before)
            ),
            lane_stores=tuple(
                transfer(operand, "ofmap", ports["output", "left"], tile) for operand in kernel.finish.outputs if ends
            ),
            array_cycles=array_cycles,
            lane_cycles=lane_cycles,
            path_cycles=_hand_over(kernel, tile, hardware, counts),
            latency=hardware.dram.latency_cycles,
            counts=counts,
        )


def _multiply(product: Contraction, tile: Tile, hardware: Hardware, counts: Counter[str]) -> int:
    """Cycles of one product of the tile, whose sums begin and end in it."""
    array = hardware.systolic
    rows, columns = len(tile.values[product.rows]), len(tile.values[product.columns])
    others = [loop.name for loop in product.loops if loop.name not in (product.rows, product.columns)]
    sweep = Sweep(
        outputs=len(range(0, columns, array.columns)) * tile.size(set(others) & set(product.weight.loops)),
        additions=len(range(0, rows, array.rows)),
        positions=tile.size(set(others) - set(product.weight.loops)),
    )
    work, steps = work_of(sweep, array), sweep.steps
    counts["ops.mac_executed"] += steps * array.rows * array.columns
    counts["sram_bits.wbuf"] += work.reads * array.rows * array.columns * product.weight.bits
    counts["sram_bits.ibuf"] += steps * array.rows * product.ifmap.bits
    counts["sram_bits.obuf"] += (steps + steps - sweep.outputs * sweep.positions) * array.columns * product.psum.bits
    return work.cycles


def _hand_over(kernel: FusedProducts, tile: Tile, hardware: Hardware, counts: Counter[str]) -> int:
    """Cycles on the path: results of the array to vector memory, what the lanes made of the first to the array."""
    cycles = 0
    for operand, left, reached in (
        (kernel.first.psum, "obuf", "vmem"),
        (kernel.second.ifmap, "vmem", "ibuf"),
        (kernel.second.psum, "obuf", "vmem"),
    ):
        bits = operand.bits * prod(len(tile.values[loop]) for loop in operand.loops)
        counts[f"sram_bits.{left}"] += bits
        counts[f"sram_bits.{reached}"] += bits
        cycles += ceil_div(bits, hardware.simd.array_path_bits_per_cycle)
    return cycles


def _run(nest: LoopNest, lanes: str, tile: Tile, hardware: Hardware, counts: Counter[str]) -> int:
    """Cycles of a nest over the tile: the pipeline fills, every block issues all its vectors."""
    simd = hardware.simd
    cycles = (simd.pipeline_stages - 1) + (simd.lanes - 1)
    waits = waits_between_issues(nest, nest.blocks, lanes, tile, simd)
    cycles += issue_cycles(waits, set_ups(nest, nest.blocks, lanes, tile, simd), simd)
    for block in nest.blocks:
        vectors = ceil_div(len(tile.values[lanes]), simd.lanes) if lanes in block.loops else 1
        issues = vectors * tile.size(loop for loop in block.loops if loop != lanes)
        cycles += issues * sequence_cycles(block, simd)
        counts["sram_bits.vmem"] += issues * vmem_bits(block, nest, simd)
        counts["sram_bits.imm"] += issues * immediates(block) * simd.width_bits
        counts["sram_bits.insmem"] += issues * len(block.instructions) * simd.instruction_bits
        for instruction in block.instructions:
            elements = tile.size(block.loops)
            if instruction.opcode == "mac":
                # On the lanes it is a multiplication and an addition: `mac` are products of the array.
                counts["ops.mul"] += elements
                counts["ops.add"] += elements
            else:
                counts[f"ops.{instruction.opcode}"] += elements
    return cycles
