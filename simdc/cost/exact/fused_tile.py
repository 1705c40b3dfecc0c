"""What one tile of two fused products does: its work on array, path and lanes, and what crosses which port."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from math import prod

from simdc.cost.axis import ONE
from simdc.cost.bursts import port_cycles
from simdc.cost.fission import issues_of, set_up_cycles, wait_cycles
from simdc.cost.folds import FoldCount, fold_loops
from simdc.cost.fused_capacity import FusedTiles
from simdc.cost.grid import Grid
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, FusedProducts, LoopNest, Operand
from simdc.cost.rule import MachineRule, passes
from simdc.named import NamedTuple

from .code import code_cost
from .waits import waits_between_issues

Move = tuple[Operand, Mapping[str, int]]
"""An operand that crosses a port, and the sizes of its tile."""


class Strip(NamedTuple):
    """The tiles of one place of the outer loops: `tiles` along the stream, the first `plain` of them not on the
    diagonal."""

    # Causal, 4 queries in tiles of 2, 4 keys in tiles of 1: the first strip has the keys 0 and 1, of which query 0 does
    # not see the latter: 2 tiles, 1 plain. The second has 4 tiles, 3 plain.

    sizes: Mapping[str, int]
    tiles: int
    plain: int


class TileWork:
    """Numbers of single tiles by their dotted names, as in `simdc.backends.verify.compare`; beside these `compute`,
    `lanes` and `path`, in cycles. `array_operands` are those that are loaded into the array's buffers."""

    def __init__(self, kernel: FusedProducts, hardware: Hardware, rule: MachineRule, tiles: FusedTiles):
        self.kernel, self.hardware, self.rule, self.tiles = kernel, hardware, rule, tiles
        self.array_operands = (kernel.first.ifmap, kernel.first.weight, kernel.second.weight)
        array = {(row.operand, row.when): row for row in rule.array_streams}
        lanes = {(row.operand, row.when): row for row in rule.vector_streams}
        weight, ifmap = array["weight", "new"], array["ifmap", "new"]
        self._streams = dict(zip(self.array_operands, (ifmap, weight, weight), strict=True))
        self._streams |= dict.fromkeys(kernel.row.inputs, lanes["input", "new"])
        self._streams |= dict.fromkeys(kernel.finish.outputs, lanes["output", "left"])
        self._bandwidths = rule.bandwidths(hardware)
        self._known: dict[object, Counter[str]] = {}

    def moved(self, moves: Iterable[Move]) -> Counter[str]:
        """Bits and cycles of what crosses ports."""
        found = Counter[str]()
        for operand, sizes in moves:
            stream = self._streams[operand]
            found[f"dram_bits.{stream.traffic}"] += self.tiles.bits(operand, sizes)
            found[f"busy.{stream.port}"] += self.cycles_of((operand, sizes))
        return found

    @property
    def shares_ports(self) -> bool:
        """Whether what the lanes move crosses a port that the array loads over."""
        lanes = {self.port_of(each) for each in (*self.kernel.row.inputs, *self.kernel.finish.outputs)}
        return not lanes.isdisjoint(map(self.port_of, self.array_operands))

    def port_of(self, operand: Operand) -> str:
        return self._streams[operand].port

    def cycles_of(self, move: Move) -> int:
        """For which one operand crosses its port."""
        (operand, sizes), dram = move, self.hardware.dram
        bandwidth = self._bandwidths[self.port_of(operand)]
        if dram.counts_runs:
            return port_cycles(*self.tiles.runs(operand, sizes), operand.bits, bandwidth, dram)
        return passes(self.tiles.bits(operand, sizes), bandwidth)

    def latency_of(self, moves: Iterable[Move]) -> int:
        """What the lanes wait until these loads come, beside the loads themselves: nothing for nothing."""
        return self.hardware.dram.latency_cycles if any(map(self.cycles_of, moves)) else 0

    def loaded(self, moves: Iterable[Move]) -> dict[str, int]:
        """Until when each port loads what is asked for all at once."""
        late = self.hardware.dram.latency_cycles
        return {name: late + n if n else 0 for name, n in self.port_cycles(moves).items()}

    def port_cycles(self, moves: Iterable[Move]) -> dict[str, int]:
        return {name: n for name, n in self.moved(moves).items() if name.startswith("busy.")}

    def of_tile(self, sizes: Mapping[str, int], *, crossed: bool, is_last: bool) -> Counter[str]:
        """All that the tile does by itself, ports left out. Keeps what it found: tiles come in few kinds."""
        key = (frozenset(sizes.items()), crossed, is_last)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._of_tile(sizes, crossed=crossed, is_last=is_last)
        return found

    def _of_tile(self, sizes: Mapping[str, int], *, crossed: bool, is_last: bool) -> Counter[str]:
        kernel = self.kernel
        every = {**sizes, **kernel.whole}
        edge = kernel.edge if crossed else None
        nests = [edge or kernel.row, kernel.merge, *((kernel.finish,) if is_last else ())]
        found = Counter[str]()
        for product in (kernel.first, kernel.second):
            found.update(self._product(product, every))
        for nest in nests:
            found.update(self._lanes(nest, every))
        for operand, source, target in (
            (kernel.first.psum, "obuf", "vmem"),
            (kernel.second.ifmap, "vmem", "ibuf"),
            (kernel.second.psum, "obuf", "vmem"),
        ):
            # 2 rows and 3 keys, psums of 32 bits: 192 bits out of one memory and into the other, 12 cycles at 16.
            bits = prod(every[loop] for loop in operand.loops) * operand.bits
            found[f"sram_bits.{source}"] += bits
            found[f"sram_bits.{target}"] += bits
            found["path"] += passes(bits, self.hardware.simd.array_path_bits_per_cycle)
        return found

    def _product(self, product: Contraction, sizes: Mapping[str, int]) -> Counter[str]:
        """As a contraction of its own, of which the tile has all sums: begun and complete in it."""
        # 3 keys on 2 columns, depth 4 on 2 rows, 5 queries: 2 * 2 * 5 = 20 steps, the first of 2 passes along the depth
        # begins: 10.
        array, law, loops = self.hardware.systolic, self.rule.fold_law(self.hardware.systolic), fold_loops(product)
        wide = {product.rows: array.rows, product.columns: array.columns}
        positions, sums, blocks = (prod([passes(sizes[loop], wide.get(loop, 1)) for loop in names]) for names in loops)
        steps, begun = positions * sums * blocks, positions * blocks
        folds = FoldCount(sums * blocks, blocks, 1).cycles(law.lengths(positions, ONE))
        pes, reads = array.rows * array.columns, sums * blocks if law.reads_once else steps
        return Counter(
            {
                "compute": folds + self.rule.array_fill_cycles(array),
                "ops.mac_executed": steps * pes,
                "sram_bits.wbuf": reads * pes * product.weight.bits,
                "sram_bits.ibuf": steps * array.rows * product.ifmap.bits,
                "sram_bits.obuf": (2 * steps - begun) * array.columns * product.psum.bits,
            }
        )

    def _lanes(self, nest: LoopNest, sizes: Mapping[str, int]) -> Counter[str]:
        """One run of a nest over the tile, the pipeline filled anew."""
        simd, lanes = self.hardware.simd, self.kernel.lanes
        here = {loop.name: sizes[loop.name] for loop in nest.loops}
        issues = issues_of(here, lanes, simd)
        code = code_cost(nest, issues, simd)
        whole = Grid(here, here, list(here), list(here.values()), (), self.hardware)
        waits = waits_between_issues(nest, whole, lanes, simd.lanes)
        cycles = code.cycles + waits * wait_cycles(simd) + self.rule.lanes_fill_cycles(simd)
        cycles += set_up_cycles(nest, issues, {}, simd)
        found = Counter({"compute": cycles, "lanes": cycles, "sram_bits.vmem": code.vmem_bits})
        found["sram_bits.imm"], found["sram_bits.insmem"] = code.immediate_bits, code.instruction_bits
        for block in nest.blocks:
            elements = prod(here[loop] for loop in block.loops)
            for opcode, _, _ in block.instructions:
                # `mac` are the products of the array.
                for name in ("mul", "add") if opcode == "mac" else (opcode,):
                    found[f"ops.{name}"] += elements
        return found


def alike(tiles: int, plain: int) -> list[tuple[int, int]]:
    """Runs of tiles of a strip that are alike, as are those after them."""
    # 8 tiles, 6 of them plain: 0 | 1 .. 5 | 6 | 7. The first finds what the strip before left, tile 6 has the last,
    # which may be short, behind it.
    cuts = {0, 1, plain, tiles - 2, tiles - 1, tiles}
    return list(pairwise(sorted(cut for cut in cuts if 0 <= cut <= tiles)))
