"""The rungs of a contraction's ladder on a machine: which fit, and what they take at least."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from simdc.cost.axis import ONE
from simdc.cost.channels import on_channels
from simdc.cost.exact.contraction import TiledContraction
from simdc.cost.grid import stored_bounds
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.result import Number
from simdc.cost.rule import MachineRule
from simdc.cost.spread import Spread, spread_of
from simdc.cost.tiling import Tiling

from .climb import Least, Rail
from .contraction import ArrayCut, ArrayLadder, Walk
from .ports import Ports


@lru_cache(maxsize=1024)
def _ladder(kernel: Contraction, bounds: tuple[tuple[str, int], ...], spread: Spread, clip: bool) -> ArrayLadder:
    return ArrayLadder(kernel, dict(bounds), spread, clip)


class ArrayRungs:
    """The rungs of a contraction on one machine, for `cheapest`: groups are the walks of its ladder, steps the ways to
    cut the image, coarsest first."""

    def __init__(self, kernel: Contraction, hardware: Hardware, rule: MachineRule):
        array = hardware.systolic
        rule = on_channels(rule, hardware)
        self._kernel, self._hardware, self._rule = kernel, hardware, rule
        self._ports = Ports(kernel, hardware, rule)
        bounds = stored_bounds(kernel, hardware)
        self._order = tuple(bounds)
        self._ladder = _ladder(kernel, tuple(bounds.items()), spread_of(kernel, array), not hardware.stores_padding)
        self._fill, self._is_barred = rule.array_fill_cycles(array), array.buffer_release == "segment"
        self._law = rule.fold_law(array)
        self._bias_bits = 0 if kernel.bias is None else kernel.bias.bits
        # In elements, so that rungs compare without widths: half of 64 Kibit are 32,768 bits, 4,096 weights of 8.
        limits = rule.usable_bits(hardware)
        self._most_weight = limits["weight"] // kernel.weight.bits
        self._most_ifmap = limits["ifmap"] // kernel.ifmap.bits
        self._most_psum = limits["psum"] // kernel.psum.bits
        self._most_bias_bits = limits["bias"]

    def rails(self) -> Iterator[Rail]:
        for group, walk in enumerate(self._ladder.walks):
            cut = walk.cut
            if cut.weight.largest > self._most_weight or cut.bias.largest * self._bias_bits > self._most_bias_bits:
                continue
            # An image in one tile has nothing to walk inside: then the innermost is another side, and that is a walk of
            # its own, unless all is one tile.
            step = self._next(walk, int(walk.image_inside and cut.tiles > 1))
            if step is not None:
                yield Rail(self._bound(walk, step), group, step)

    def step(self, rail: Rail) -> tuple[Least | None, Rail | None]:
        walk, (_, group, step) = self._ladder.walks[rail.group], rail
        following = self._next(walk, step + 1)
        rest = None if following is None else Rail(self._bound(walk, following), group, following)
        return self._least(walk, step), rest

    def price(self, group: int, step: int) -> tuple[Number, Number, Tiling] | None:
        walk = self._ladder.walks[group]
        sizes = walk.cut.sizes | self._ladder.image[step].sizes
        order = sorted(self._order, key=lambda loop: loop in walk.innermost)
        tiling = Tiling(tuple(order), tuple([sizes[loop] for loop in order]))
        tiled = TiledContraction.cut(self._kernel, *tiling, self._hardware, ONE, self._rule)
        if self._law.refused and any(need.need_bits > need.limit_bits for need in tiled.needs()):
            return None
        return tiled.total_cycles(), tiled.dram_bits().total, tiling

    def _next(self, walk: Walk, step: int) -> int | None:
        """The first rung of the image from `step` on that fits."""
        cut, psum_image = walk.cut, self._ladder.psum_image
        # A buffer of 4,096 elements and 60 channels leave 4096 // 60 = 68 positions of the image: 8 x 8 fit, 8 x 9 not.
        ifmap, psum = self._most_ifmap // cut.ifmap.largest, self._most_psum // cut.psum.largest
        for number in range(step, len(psum_image)):
            if cut.ifmap_image[number].largest <= ifmap and psum_image[number].largest <= psum:
                return number
        return None

    def _bound(self, walk: Walk, step: int) -> int:
        """Cycles that any rung of the image with at least as many tiles takes at least. The first weights are loaded
        before anything else, and no psum moves before the first tile is through."""
        cut, fill, tiles, passes = walk.cut, self._fill, self._ladder.image[step].tiles, self._ladder.least_image_passes
        # Channels in 4 tiles with 6 passes in all, an image of 100 pixels in 5 tiles, 30 cycles of fill:
        # 6 * 100 + 4 * 5 * 30 = 1,200 cycles.
        compute = self._compute(cut, tiles, passes)
        results = cut.psum.total * self._ladder.least_psum_image
        weight_bits = self._weight_bits(walk, tiles) + cut.bias.total * self._ports.bias_bits
        psum_cycles = self._result_cycles(walk, results)
        weight_cycles = -(-weight_bits // self._ports.weight_bits_per_cycle)
        return max(self._first_weights(walk) + max(compute, fill + psum_cycles), weight_cycles + fill)

    def _least(self, walk: Walk, step: int) -> Least:
        """Cycles and DRAM bits that one rung takes at least. Beside what `_bound` counts: the next tile of an operand
        loads while the array computes the last tile that uses the one before; what that tile does not hide is stall."""
        kernel, cut, fill, rung = self._kernel, walk.cut, self._fill, self._ladder.image[step]
        ifmap, psum = cut.ifmap_image[step], self._ladder.psum_image[step]
        ports = self._ports
        tiles, tile_cycles = cut.tiles * rung.tiles, self._longest_tile(cut, rung.most_passes)
        compute = self._compute(cut, rung.tiles, rung.passes)
        first_weights = self._first_weights(walk)
        first_ifmap = -(-cut.ifmap.first * ifmap.first * kernel.ifmap.bits // ports.ifmap_bits_per_cycle)
        last_psum = -(-cut.psum.last * psum.last * kernel.ofmap_bits // ports.result_bits_per_cycle)
        ifmap_bits = cut.ifmap.total * ifmap.total * walk.ifmap_reloads * kernel.ifmap.bits
        weight_bits = self._weight_bits(walk, rung.tiles)
        results = cut.psum.total * psum.total
        psum_bits = results * (2 * (walk.psum_reloads - 1) * kernel.psum.bits + kernel.ofmap_bits)
        weight_cycles = -(-(weight_bits + cut.bias.total * ports.bias_bits) // ports.weight_bits_per_cycle)
        ifmap_cycles = -(-ifmap_bits // ports.ifmap_bits_per_cycle)
        psum_cycles = self._result_cycles(walk, results)

        # 4 weight tiles of 50 cycles. The first loads before all compute, each of the others beside one tile of 30
        # cycles and makes it wait for 20: 4 * 50 - 50 - 3 * 30 = 60.
        weight_changes = cut.tiles if walk.image_inside else tiles
        waits = max(
            weight_cycles - first_weights - (weight_changes - 1) * tile_cycles,
            ifmap_cycles - first_ifmap - (tiles // walk.ifmap_stays - 1) * tile_cycles,
            psum_cycles - last_psum - (tiles // walk.psum_stays - 1) * tile_cycles,
            0,
        )
        # Without a barrier loads run ahead, and make up for a tile that was short.
        waits = waits if self._is_barred else 0
        # `loading`: the last tile computes after all loads. `storing`: no psum moves before the first tile is through.
        first_cycles = cut.most_passes * rung.most_passes + fill
        opening, last_cycles = max(first_weights, first_ifmap), cut.last_passes * rung.last_passes + fill
        loading = max(weight_cycles, ifmap_cycles) + last_cycles + last_psum
        storing = opening + first_cycles + psum_cycles
        cycles = max(opening + compute + waits + last_psum, loading, storing)
        if ports.shared:
            cycles = max(cycles, ports.shared_cycles(weight_bits, ifmap_bits, results, walk.psum_reloads))
        return Least(cycles, weight_bits + cut.bias.total * self._bias_bits + ifmap_bits + psum_bits)

    def _compute(self, cut: ArrayCut, image_tiles: int, positions: int) -> int:
        """Cycles of all tiles at least, the image of so many `positions` in so many tiles or more."""
        law, tiles = self._law, cut.tiles * image_tiles
        if law.is_plain or not self._ladder.folds_are_passes:
            return cut.passes * positions + tiles * self._fill
        # 6 folds in 4 tiles: 2 have another one after them in their tile. 100 positions in 10 tiles, 16 cycles a fold
        # at least: 2 * 160 + 4 * 100.
        followed = max(positions + image_tiles * law.more, image_tiles * law.least)
        last = positions + image_tiles * law.last
        return (cut.passes - cut.tiles) * followed + cut.tiles * last + tiles * self._fill

    def _longest_tile(self, cut: ArrayCut, positions: int) -> int:
        """Cycles of any tile at most, the image in tiles of so many `positions` at most."""
        law, steps = self._law, cut.most_passes * positions
        if law.is_plain:
            return steps + self._fill
        if not self._ladder.folds_are_passes:
            # Every step may be a fold of its own.
            return steps * (1 + max(law.more, law.last) + max(law.least, law.again)) + self._fill
        return cut.most_passes * max(positions + max(law.more, law.last), law.least, law.again) + self._fill

    def _first_weights(self, walk: Walk) -> int:
        ports, cut = self._ports, walk.cut
        port = ports.weight_bits_per_cycle
        # Each tile's cycles are rounded up: 100 bits of weights and 20 of bias at 16 a cycle take 7 + 2, not 8.
        return -(-cut.weight.first * self._kernel.weight.bits // port) - (-cut.bias.first * ports.bias_bits // port)

    def _weight_bits(self, walk: Walk, image_tiles: int) -> int:
        reloads = image_tiles if walk.weight_per_image else 1
        return walk.cut.weight.total * reloads * self._kernel.weight.bits

    def _result_cycles(self, walk: Walk, elements: int) -> int:
        ports = self._ports
        # In use 3 times, psum of 32 bits, result of 8: two round trips and one store, 2 * 64 + 8 = 136 bits.
        bits = elements * ((walk.psum_reloads - 1) * ports.trip_bits + self._kernel.ofmap_bits)
        return -(-bits // ports.result_bits_per_cycle)
