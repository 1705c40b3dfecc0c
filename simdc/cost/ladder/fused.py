"""The ladder of two products that run as one: how to cut the rows on the lanes, the stream and the other loops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import product
from math import inf, prod

from simdc.cost.channels import on_channels
from simdc.cost.exact.code import sequence_cycles
from simdc.cost.exact.fused import TiledFused
from simdc.cost.exact.laws import used_by_fused
from simdc.cost.fission import set_up_cycles
from simdc.cost.fused_capacity import FusedTiles
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import CodeBlock, FusedProducts
from simdc.cost.result import Number
from simdc.cost.rule import MachineRule, passes
from simdc.cost.tiling import Tiling

from .rungs import in_turn, tile_sizes


def fused_ladder(kernel: FusedProducts, hardware: Hardware, rule: MachineRule) -> Tiling:
    """The rung with the fewest cycles that fits, of several the one with the least DRAM traffic. Where none fits, or
    the machine lacks the path between its arrays: single iterations, pricing which tells what is lacking."""
    order, rough, used = tuple(kernel.bounds), RoughBound(kernel, hardware, rule), used_by_fused(kernel)
    found = Tiling(order, (1,) * len(order))
    if hardware.simd.array_path_bits_per_cycle == 0:
        return found
    rungs = [tuple(sizes[loop] for loop in order) for sizes in _rungs(kernel, hardware)]
    # (bound, is it the close one, number of the rung). The most promising first: once it cannot win, none can.
    waiting: list[tuple[Number, bool, int]]
    waiting = [(rough.cycles(dict(zip(order, sizes, strict=True))), False, n) for n, sizes in enumerate(rungs)]
    heapify(waiting)
    best: tuple[Number, Number] = (inf, inf)
    while waiting and waiting[0][0] <= best[0]:
        _, is_close, number = heappop(waiting)
        tiled = TiledFused(kernel, order, rungs[number], hardware, rule)
        if is_close:
            cost = tiled.cost()
            value = cost.cycles.total, cost.dram_bits.total
            if value < best:
                best, found = value, Tiling(order, rungs[number])
        elif all(need.need_bits <= need.limit_bits for need in tiled.needs()):
            heappush(waiting, (tiled.least_cost(used).cycles.total, True, number))
    return found


def _rungs(kernel: FusedProducts, hardware: Hardware) -> Iterator[Mapping[str, int]]:
    """Every way to cut the loop on the lanes with every way to cut the stream and the others."""
    bounds, lanes, streamed = kernel.bounds, kernel.lanes, kernel.streamed
    others = in_turn([loop for loop in bounds if loop not in (lanes, streamed)], bounds, {})
    along_lanes = sizes_down(bounds[lanes], hardware.simd.lanes)
    along_columns = sizes_down(bounds[streamed], hardware.systolic.columns)
    for sizes, rows, stream in product(others, along_lanes, along_columns):
        yield sizes | {lanes: rows, streamed: stream}


def sizes_down(bound: int, width: int) -> list[int]:
    """Whole arrays in even parts, down to one, then halves of it."""
    # 100 queries on 16 lanes: 100, 64, 48, 32, 16, 8, 4, 2, 1.
    found = tile_sizes(bound, width)
    while found[-1] > 1:
        found.append(found[-1] // 2)
    return found


class RoughBound:
    """Cycles that a rung takes at least, from a few products: the fills of all tiles, and what each place and row takes
    if lanes, rows and columns are always full."""

    # 10 tiles with 100 cycles of fill; 640 scores on 64 lanes, 10 cycles each: 10 * 100 + 640 * 10 / 64 = 1,100.

    def __init__(self, kernel: FusedProducts, hardware: Hardware, rule: MachineRule):
        rule = on_channels(rule, hardware)
        self.kernel = kernel
        array, simd, whole = hardware.systolic, hardware.simd, kernel.whole
        self._fill = 2 * rule.array_fill_cycles(array) + 2 * rule.lanes_fill_cycles(simd)
        # Of a nest that may run in place of another the one that is set up sooner.
        issues = dict.fromkeys((*kernel.bounds, *whole), 1)
        rows = [kernel.row, *([kernel.edge] if kernel.edge is not None else [])]
        self._fill += min(set_up_cycles(nest, issues, {}, simd) for nest in rows)
        self._fill += set_up_cycles(kernel.merge, issues, {}, simd)
        along_rows, along_columns = (
            passes(whole[kernel.first.rows], array.rows),
            passes(whole[kernel.lone], array.columns),
        )

        def issued(blocks: tuple[CodeBlock, ...], *, streamed: bool) -> float:
            chosen = [block for block in blocks if (kernel.streamed in block.loops) == streamed]
            inside = [sequence_cycles(block, simd) * whole.get(block.loops[-1], 1) for block in chosen]
            return sum(inside) / simd.lanes

        path = max(1, simd.array_path_bits_per_cycle)
        self._place = along_rows / array.columns + along_columns / array.rows + issued(kernel.row.blocks, streamed=True)
        self._place += (kernel.first.psum.bits + kernel.second.ifmap.bits) / path
        self._row = issued(kernel.row.blocks, streamed=False) + issued(kernel.merge.blocks, streamed=False)
        self._row += whole[kernel.lone] * kernel.second.psum.bits / path
        self._seen: dict[tuple[int, int], tuple[int, int, int, int]] = {}
        tiles, single = FusedTiles(kernel, hardware), dict.fromkeys(kernel.bounds, 1)
        self._weights = [(each.loops, tiles.bits(each, single)) for each in (kernel.first.weight, kernel.second.weight)]

    def cycles(self, sizes: Mapping[str, int]) -> int:
        bounds, still = self.kernel.bounds, self._still
        tiles, times, places, _ = self._along(self._rows_of(sizes), sizes[self.kernel.streamed])
        many = prod([passes(bounds[loop], sizes[loop]) for loop in still])
        points = prod([bounds[loop] for loop in still])
        return int(many * tiles * self._fill + points * (places * self._place + times * self._row))

    def weight_bits(self, sizes: Mapping[str, int]) -> int:
        """Of keys and values at least: strips of several tiles load their own."""
        # 4 heads in tiles of 2 that share keys, 2 groups of them, 10 keys of 8 bits: 2 * 2 * 10 * 8 = 320 bits.
        bounds, diagonal = self.kernel.bounds, self.kernel.diagonal
        *_, loaded = self._along(self._rows_of(sizes), sizes[self.kernel.streamed])
        bits = 0
        for loops, bits_of_one in self._weights:
            if diagonal is None or diagonal.rows not in loops:
                along = [bounds[loop] if loop in loops else passes(bounds[loop], sizes[loop]) for loop in self._still]
                bits += prod(along) * loaded * bits_of_one
        return bits

    @property
    def _still(self) -> list[str]:
        """Loops along which all strips are alike."""
        rows = None if self.kernel.diagonal is None else self.kernel.diagonal.rows
        return [loop for loop in self.kernel.bounds if loop not in (rows, self.kernel.streamed)]

    def _rows_of(self, sizes: Mapping[str, int]) -> int:
        return 1 if self.kernel.diagonal is None else sizes[self.kernel.diagonal.rows]

    def least(self) -> int:
        """Of any tile sizes: a single fill, each row once."""
        bounds, diagonal = self.kernel.bounds, self.kernel.diagonal
        _, _, places, _ = self._along(1, bounds[self.kernel.streamed])
        rows = prod(bounds.values()) // bounds[self.kernel.streamed]
        points = rows // (1 if diagonal is None else bounds[diagonal.rows])
        return int(self._fill + points * places * self._place + rows * self._row)

    def _along(self, rows: int, stream: int) -> tuple[int, int, int, int]:
        """Tiles, rows of all tiles, places that have to be worked on, and what strips of several tiles load of the
        stream: along the diagonal's rows and the stream."""
        # Causal, 4 queries in tiles of 2, 4 keys in tiles of 1: strips of 2 and 4 tiles: 6 tiles, 12 rows; the queries
        # see 1 + 2 + 3 + 4 = 10 keys; 2 + 4 keys are loaded.
        found = self._seen.get((rows, stream))
        if found is None:
            bounds, diagonal = self.kernel.bounds, self.kernel.diagonal
            bound = bounds[self.kernel.streamed]
            found = (passes(bound, stream), passes(bound, stream), bound, bound if stream < bound else 0)
            if diagonal is not None:
                every = bounds[diagonal.rows]
                strips = [
                    (min(rows, every - start), passes(diagonal.seen(min(start + rows, every) - 1, bound), stream))
                    for start in range(0, every, rows)
                ]
                places = sum(diagonal.seen(row, bound) for row in range(every))
                loaded = sum(min(tiles * stream, bound) for _, tiles in strips if tiles > 1)
                found = (sum(tiles for _, tiles in strips), sum(size * tiles for size, tiles in strips), places, loaded)
            self._seen[rows, stream] = found
        return found
