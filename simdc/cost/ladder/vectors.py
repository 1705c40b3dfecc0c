"""The ladder of a vector program, and its rungs on a machine.

The lanes alone, and of the other loops the window, the image, and what is left are each cut together. The loop order is
the default one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from math import prod

from simdc.cost.axis import ONE
from simdc.cost.capacity import in_memory
from simdc.cost.channels import on_channels
from simdc.cost.exact.vector import TiledProgram
from simdc.cost.fission import issues_of, set_up_cycles
from simdc.cost.greedy.program import program_loops
from simdc.cost.greedy.splitting import first
from simdc.cost.grid import stored_bounds
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Operand, VectorProgram
from simdc.cost.result import Number
from simdc.cost.rule import MachineRule
from simdc.cost.tiling import Tiling
from simdc.named import NamedTuple

from .climb import Least, Rail, cheapest
from .footprint import Dimensions
from .rungs import Sizes, tile_sizes, together


class VectorCut(NamedTuple):
    """A way to cut all loops but the lanes. The number of tiles is `fixed_tiles` and `lane_tiles` for each tile along
    the lanes."""

    sizes: Sizes
    fixed_tiles: int
    lane_tiles: int


class ProgramCuts:
    """The ways to cut all loops but the lanes, which no machine changes: `parts` for the window, the image and what is
    left, `whole` the loops that are never cut, `cuts` all of them together, the last part changing first."""

    def __init__(self, program: VectorProgram):
        bounds, lanes = program.bounds, program.lanes
        window, whole, image, others, _ = program_loops(program)
        self.whole = {loop: bounds[loop] for loop in whole}
        # Lanes may run through a window, a row of l + 64 * p with l along them; rows of an image, too.
        window = [loop for loop in window if loop != lanes and loop not in image]
        self.parts = [together(loops, bounds) for loops in (window, image, [loop for loop, _ in others])]
        names = [[loop.name for loop in nest.loops] for nest in program.nests]
        self.cuts: list[VectorCut] = []
        for ways in product(*self.parts):
            sizes = self.whole | {loop: each[loop] for each in ways for loop in each}
            counts = {loop: -(-bounds[loop] // size) for loop, size in sizes.items()}
            # Two nests over the lanes with 4 and 3 tiles of their other loops, one of 2 tiles without lanes: with n
            # tiles along the lanes there are 7 n + 2.
            tiles = [(lanes in own, prod([counts.get(loop, 1) for loop in own])) for own in names]
            self.cuts.append(VectorCut(sizes, sum(n for on, n in tiles if not on), sum(n for on, n in tiles if on)))


@lru_cache(maxsize=1024)
def program_cuts(program: VectorProgram) -> ProgramCuts:
    return ProgramCuts(program)


class VectorLadder:
    """The ways to cut a program: `cuts` for all loops but the lanes, `lanes` the tile sizes along these, largest first,
    `counts` the tiles that each makes."""

    def __init__(self, program: VectorProgram, bounds: dict[str, int], width: int, clip: bool):
        self.lanes = tile_sizes(bounds[program.lanes], width)
        self.counts = [-(-bounds[program.lanes] // size) for size in self.lanes]
        self.cuts = program_cuts(program).cuts
        operands = [o for nest in program.nests for o in (*nest.inputs, *nest.outputs, *nest.scratch)]
        self._seen = bounds, clip
        self._dimensions = {(o.index, o.shape): Dimensions(o, range(len(o.index)), bounds, clip) for o in operands}

    def dimensions(self, operand: Operand) -> Dimensions:
        key = operand.index, operand.shape
        if key not in self._dimensions:
            # A temporary, which only some machines keep as a tile.
            self._dimensions[key] = Dimensions(operand, range(len(operand.index)), *self._seen)
        return self._dimensions[key]


@lru_cache(maxsize=1024)
def _ladder(program: VectorProgram, bounds: tuple[tuple[str, int], ...], width: int, clip: bool) -> VectorLadder:
    return VectorLadder(program, dict(bounds), width, clip)


class VectorRungs:
    """The rungs of a vector program on one machine, for `cheapest`: groups are the cuts of its ladder, steps the sizes
    along the lanes, largest first."""

    def __init__(self, program: VectorProgram, hardware: Hardware, rule: MachineRule):
        simd = hardware.simd
        rule = on_channels(rule, hardware)
        self._program, self._hardware, self._rule = program, hardware, rule
        bounds = stored_bounds(program, hardware)
        self._order, self._bounds = tuple(bounds), bounds
        self._ladder = _ladder(program, tuple(bounds.items()), simd.lanes, not hardware.stores_padding)
        self._fill = rule.lanes_fill_cycles(simd)
        self._limit_bits = rule.program_memory(hardware).usable_bits(hardware)
        whole = TiledProgram.cut(program, self._order, tuple(bounds.values()), hardware, ONE, rule)
        # Tiles have whole vectors, so but for waits the code takes as long however the loops are cut.
        around = whole.wait_cycles() + whole.set_up_cycles() + whole.fill_cycles()
        self._code_cycles = whole.cost().cycles.compute - around
        # Each input's tiles are loaded once at least, each result's leave once; resumed they need not be.
        bandwidths = rule.bandwidths(hardware)
        widths = {row.operand: bandwidths[row.port] for row in rule.vector_streams if row.when != "resumed"}
        self._moved = [
            (operand, width)
            for nest in program.nests
            for operands, width in ((nest.inputs, widths["input"]), (nest.outputs, widths["output"]))
            for operand in operands
        ]
        dimensions = self._ladder.dimensions
        self._least_transfer = sum(-(-dimensions(o).least * o.bits // width) for o, width in self._moved)
        self._resident = [
            (operands, vectors * simd.lanes * simd.width_bits)
            for operands, vectors in [in_memory(nest, simd) for nest in program.nests]
        ]

    def cheapest(self) -> Tiling | None:
        return cheapest(self)

    def rails(self) -> Iterator[Rail]:
        for group, cut in enumerate(self._ladder.cuts):
            yield Rail(self._least_cycles(cut, 0, self._least_transfer), group, 0)

    def step(self, rail: Rail) -> tuple[Least | None, Rail | None]:
        cut, group, last = self._ladder.cuts[rail.group], rail.group, len(self._ladder.lanes) - 1
        fits = self._fits(cut, rail.step)
        following = rail.step + 1
        # Fewer lanes need less room: if 3 whole vectors a tile do not fit, no more do, so sizes are bisected.
        if not fits and following < last:
            following = first(lambda number: self._fits(cut, number), following, last)
        rest = None
        if following <= last:
            rest = Rail(self._least_cycles(cut, following, self._least_transfer), group, following)
        return self._least(cut, rail.step) if fits else None, rest

    def price(self, group: int, step: int) -> tuple[Number, Number, Tiling] | None:
        sizes = self._sizes(self._ladder.cuts[group], step)
        tiling = Tiling(self._order, tuple([sizes[loop] for loop in self._order]))
        tiled = TiledProgram.cut(self._program, *tiling, self._hardware, ONE, self._rule)
        if tiled.fault() is not None:
            return None
        cost = tiled.cost()
        return cost.cycles.total, cost.dram_bits.total, tiling

    def _sizes(self, cut: VectorCut, step: int) -> Sizes:
        return cut.sizes | {self._program.lanes: self._ladder.lanes[step]}

    def _least_cycles(self, cut: VectorCut, step: int, transfers: int) -> Number:
        compute = self._array_cycles(cut, step)
        return max(compute, transfers) if self._hardware.simd.double_buffered else compute + transfers

    def _array_cycles(self, cut: VectorCut, step: int) -> Number:
        tiles = cut.fixed_tiles + cut.lane_tiles * self._ladder.counts[step]
        return self._code_cycles + tiles * self._fill + self._set_up_cycles(cut, step)

    def _set_up_cycles(self, cut: VectorCut, step: int) -> int:
        """Of loops that hold one instruction each."""
        simd = self._hardware.simd
        if simd.issue == "interleaved":
            return 0
        counts = {loop: -(-self._bounds[loop] // size) for loop, size in self._sizes(cut, step).items()}
        issues = issues_of(self._bounds, self._program.lanes, simd)
        return sum(set_up_cycles(nest, issues, counts, simd) for nest in self._program.nests)

    def _least(self, cut: VectorCut, step: int) -> Least:
        """Cycles and bits of a rung at least: as if every tile moved once and tiles filled the port."""
        # 3 tiles of 40 bits at 16 a cycle: ceil(120 / 16) = 8 cycles here, 3 * ceil(40 / 16) = 9 when it is priced.
        sizes = self._sizes(cut, step)
        moved = [(self._ladder.dimensions(o).of(sizes).total * o.bits, width) for o, width in self._moved]
        transfers = sum(-(-bits // width) for bits, width in moved)
        return Least(self._least_cycles(cut, step, transfers), sum(bits for bits, _ in moved))

    def _fits(self, cut: VectorCut, step: int) -> bool:
        """Whether the largest tiles of each nest, with its temporaries, fit the vector memory together."""
        sizes, limit = self._sizes(cut, step), self._limit_bits
        for operands, bits in self._resident:
            for operand in operands:
                bits += self._ladder.dimensions(operand).of(sizes).largest * operand.bits
            if bits > limit:
                return False
        return True
