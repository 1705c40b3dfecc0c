"""What the rungs of all ladders of a network take at least on a machine, in arrays. Needs numpy.

The same bounds as `flat/rungs.py`, on arrays with one barrier for all tiles and folds that follow each other: where
there is no compiler, some calls of numpy for a network are quicker than some thousand bounds one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simdc.cost.flat import rungs as at
from simdc.named import NamedTuple

Whole = NDArray[np.int64]
ANY = 2**62
"""No number is as large."""


class Promise(NamedTuple):
    """A rung, its walk and its image, and what it takes at least. In this order they are looked at."""

    cycles: int
    dram_bits: int
    walk: int
    image: int


class RungArrays:
    """Ladders as `flat/rungs.py` has them, each with a machine (`on`), of which only widths of elements are looked at
    here. A rung is a walk beside an image; arrays have an entry for each walk, or for each such pair."""

    def __init__(self, ladders: Sequence[Sequence[int]], on: Sequence[Sequence[int]]):
        # What `cost/flat` knows of arrays says so.
        assert all(row[at.BARRED] and row[at.PLAIN_FOLDS] and not row[at.SHARED] for row in on)
        walks = [_table(ladder, at.WALK_ROWS, ladder[at.WALKS], at.WALK) for ladder in ladders]
        images = [_table(ladder, ladder[at.IMAGE_ROWS], ladder[at.IMAGES], at.IMAGE) for ladder in ladders]
        # Of a walk's table with each image of its ladder.
        tables = [
            _table(ladder, ladder[at.TABLE_ROWS], (int(own[:, at.TABLE].max()) + 1) * ladder[at.IMAGES], at.ELEMENTS)
            for ladder, own in zip(ladders, walks, strict=True)
        ]
        self._most = [_most(*each) for each in zip(walks, images, tables, on, strict=True)]
        self._ladder = np.repeat(np.arange(len(ladders)), [len(own) for own in walks])
        self._number = np.concatenate([np.arange(len(own)) for own in walks])
        self._walk = np.ascontiguousarray(np.concatenate(walks).T)
        self._images, self._tables = (np.ascontiguousarray(np.concatenate(own).T) for own in (images, tables))
        self._on = np.array(on).T
        many = np.array([ladder[at.IMAGES] for ladder in ladders])
        self._image, table = (np.cumsum([0, *map(len, own)])[:-1][self._ladder] for own in (images, tables))
        self._table = table + self._walk[at.TABLE] * many[self._ladder]
        # An image in one tile has nothing to walk inside, unless all is one tile.
        self._begin = (self._walk[at.IMAGE_INSIDE] > 0) & (self._walk[at.TILES] > 1)
        self._fewest = self._images[at.TILES][self._image + np.minimum(self._begin, many[self._ladder] - 1)]
        # Images stand with the fewest tiles first: a search for ladder and tiles finds how many have no more.
        self._spread = int(self._images[at.TILES].max()) + 1
        self._order = np.repeat(np.arange(len(ladders)), many) * self._spread + self._images[at.TILES]
        self._measure([ladder[at.LEAST_PASSES : at.LEAST_RESULTS + 1] for ladder in ladders])

    def _measure(self, least: Sequence[Sequence[int]]) -> None:
        """What of `least_of_rail` no machine changes: bits of the first weights and bias, of all, of the fewest
        results, and steps."""
        walk, own, (passes, results) = self._walk, self._on[:, self._ladder], np.array(least).T[:, self._ladder]
        self._first = walk[at.WEIGHT] * own[at.WEIGHT_BITS], walk[at.BIAS] * own[at.BIAS_BESIDE]
        self._weights = walk[at.WEIGHT + at.ALL] * own[at.WEIGHT_BITS]
        self._biases = walk[at.BIAS + at.ALL] * own[at.BIAS_BESIDE]
        self._each_result = (walk[at.PSUM_RELOADS] - 1) * own[at.ROUND_TRIP] + own[at.RESULT_BITS]
        self._results = walk[at.PSUM + at.ALL] * results * self._each_result
        self._passes = walk[at.PASSES] * passes
        self._is_per_image = walk[at.PER_IMAGE] > 0

    def has_room(self, on: Sequence[int], cycles: Sequence[int]) -> bool:
        """Whether no number on the way is beyond 64 bits."""
        ports = on[at.WEIGHT_PORT : at.RESULT_PORT + 2]
        rate, part = max(ports[::2]), max(ports[1::2])
        numbers = (each.bits * part + each.steps + each.tiles * on[at.FILLED] for each in self._most)
        return 4 * max(*numbers, max(cycles) * rate) < ANY

    def promising(
        self, on: Sequence[Sequence[int]], cycles: Sequence[int], dram_bits: Sequence[int]
    ) -> list[list[Promise]]:
        """Of each ladder the rungs that fit its machine and may take as few as `cycles`, and then as `dram_bits`, those
        that promise most first."""
        # Widths of elements are the ladder's own, ports the machine's.
        limits, ports = np.array([cycles, dram_bits]), _Ports(on[0])
        fits = np.array([each[at.WEIGHTS_FIT : at.BIAS_FITS + 1] for each in on]).T
        own, image, least = self._beside(fits, limits[0], ports)
        bounds, bits = self._of_rungs(own, image, ports)
        bounds, (most_cycles, most_bits) = np.maximum(least, bounds), limits[:, self._ladder[own]]
        kept = (bounds < most_cycles) | ((bounds == most_cycles) & (bits <= most_bits))
        own, image, bounds, bits = (each[kept] for each in (own, image, bounds, bits))
        columns = self._ladder[own], bounds, bits, self._number[own], image
        order = np.lexsort(columns[::-1])
        promises: list[list[Promise]] = [[] for _ in on]
        rows: list[list[int]] = np.stack(columns)[:, order].T.tolist()
        for ladder, *promise in rows:
            promises[ladder].append(Promise(*promise))
        return promises

    def _beside(self, fits: Whole, cycles: Whole, ports: _Ports) -> tuple[Whole, Whole, Whole]:
        """Walks with images that fit beside them, and what `least_of_rail` says, which is no more than `cycles`."""
        walk, ladder, fill = self._walk, self._ladder, ports.fill
        weights_fit, _, _, biases_fit = fits[:, ladder]
        first = ports.weight(self._first[0]) + ports.weight(self._first[1])
        steps = walk[at.TILES] * fill
        # Whatever the image.
        still = first + np.maximum(self._passes, fill + ports.result(self._results))
        limit = cycles[ladder]
        fit = (walk[at.WEIGHT + at.WIDEST] <= weights_fit) & (
            walk[at.BIAS + at.WIDEST] * self._on[at.BIAS_BITS][ladder] <= biases_fit
        )
        # 900 cycles left, 30 to fill the array in each of 4 tiles of a walk: an image in at most 7 tiles. As many are
        # left where weights come for each tile of the image and may take so long.
        tiles = (limit - first - self._passes) // np.maximum(steps, 1)
        tiles = np.where(steps > 0, tiles, self._spread)
        left = ports.weight_bits(limit - fill) - self._biases
        tiles = np.minimum(tiles, np.where(self._is_per_image, left // self._weights, self._spread))
        fit &= (still <= limit) & (tiles >= self._fewest) & (self._is_per_image | (self._weights <= left))
        own = np.flatnonzero(fit)
        tiles = np.minimum(tiles[own], self._spread - 1)
        end = np.searchsorted(self._order, ladder[own] * self._spread + tiles, side="right") - self._image[own]
        many = np.maximum(end - self._begin[own], 0)
        image: Whole = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many - self._begin[own], many)
        own = np.repeat(own, many)
        row, (_, ifmap_fits, psum_fits, _) = self._image[own] + image, fits[:, ladder[own]]
        ifmap = walk[at.IFMAP + at.WIDEST][own] * self._tables[at.WIDEST][self._table[own] + image]
        psum = walk[at.PSUM + at.WIDEST][own] * self._images[at.RESULTS + at.WIDEST][row]
        kept = (ifmap <= ifmap_fits) & (psum <= psum_fits)
        own, image = own[kept], image[kept]
        tiles = self._images[at.TILES][row[kept]]
        least = np.maximum(still[own], first[own] + self._passes[own] + steps[own] * tiles)
        weights = self._weights[own] * np.where(self._is_per_image[own], tiles, 1) + self._biases[own]
        return own, image, np.maximum(least, ports.weight(weights) + fill)

    def _of_rungs(self, own: Whole, number: Whole, ports: _Ports) -> tuple[Whole, Whole]:
        """Cycles and DRAM bits, as `least_of_rung`."""
        walk, on = _Columns(self._walk, own), _Columns(self._on, self._ladder[own])
        table = _Columns(self._tables, self._table[own] + number)
        image, fill = _Columns(self._images, self._image[own] + number), ports.fill
        image_tiles, most_steps = image[at.TILES], walk[at.MOST_PASSES] * image[at.MOST_PASSES]
        tiles, tile = walk[at.TILES] * image_tiles, most_steps + fill
        first_weights = ports.weight(self._first[0][own]) + ports.weight(self._first[1][own])
        ifmap_bits = on[at.IFMAP_BITS]
        first_ifmap = ports.ifmap(walk[at.IFMAP] * table[0] * ifmap_bits)
        leaving = walk[at.PSUM + at.LAST_TILE] * image[at.RESULTS + at.LAST_TILE] * on[at.RESULT_BITS]
        last_psum = ports.result(leaving)
        weights = self._weights[own] * np.where(self._is_per_image[own], image_tiles, 1)
        inputs = walk[at.IFMAP + at.ALL] * table[at.ALL] * walk[at.IFMAP_RELOADS] * ifmap_bits
        results = walk[at.PSUM + at.ALL] * image[at.RESULTS + at.ALL]
        sums = 2 * (walk[at.PSUM_RELOADS] - 1) * on[at.PSUM_BITS] + on[at.RESULT_BITS]
        bits = weights + walk[at.BIAS + at.ALL] * on[at.BIAS_BITS] + inputs + results * sums
        weight_cycles = ports.weight(weights + self._biases[own])
        ifmap_cycles, psum_cycles = ports.ifmap(inputs), ports.result(results * self._each_result[own])
        changes = np.where(walk[at.IMAGE_INSIDE] > 0, walk[at.TILES], tiles)
        waits = weight_cycles - first_weights - (changes - 1) * tile
        waits = np.maximum(waits, ifmap_cycles - first_ifmap - (tiles // walk[at.IFMAP_STAYS] - 1) * tile)
        waits = np.maximum(waits, psum_cycles - last_psum - (tiles // walk[at.PSUM_STAYS] - 1) * tile)
        opening = np.maximum(first_weights, first_ifmap)
        compute = walk[at.PASSES] * image[at.PASSES] + tiles * fill
        last_tile = walk[at.LAST_PASSES] * image[at.LAST_PASSES] + fill
        cycles = opening + compute + np.maximum(waits, 0) + last_psum
        cycles = np.maximum(cycles, np.maximum(weight_cycles, ifmap_cycles) + last_tile + last_psum)
        return np.maximum(cycles, opening + tile + psum_cycles), bits


class _Columns:
    """Columns of a table at some of its places."""

    def __init__(self, table: Whole, places: Whole):
        self._table, self._places = table, places

    def __getitem__(self, column: int) -> Whole:
        return self._table[column][self._places]


class _Ports:
    """A machine: cycles to fill the array, and cycles that bits take on its ports."""

    def __init__(self, on: Sequence[int]):
        self.fill, self._on = on[at.FILLED], on

    def _cycles(self, bits: Whole, port: int) -> Whole:
        return -(-bits * self._on[port + 1] // self._on[port])

    def weight(self, bits: Whole) -> Whole:
        return self._cycles(bits, at.WEIGHT_PORT)

    def ifmap(self, bits: Whole) -> Whole:
        return self._cycles(bits, at.IFMAP_PORT)

    def result(self, bits: Whole) -> Whole:
        return self._cycles(bits, at.RESULT_PORT)

    def weight_bits(self, cycles: Whole) -> Whole:
        """As many as cross the port of weights in so many cycles."""
        return cycles * self._on[at.WEIGHT_PORT] // self._on[at.WEIGHT_PORT + 1]


class _Most(NamedTuple):
    """What none of a ladder's numbers is larger than."""

    bits: int
    steps: int
    tiles: int


def _most(walks: Whole, images: Whole, tables: Whole, on: Sequence[int]) -> _Most:
    walk, image, table = ([int(number) for number in each.max(axis=0)] for each in (walks, images, tables))
    tiles = walk[at.TILES] * image[at.TILES]
    weights = walk[at.WEIGHT + at.ALL] * image[at.TILES] * on[at.WEIGHT_BITS]
    biases = walk[at.BIAS + at.ALL] * (on[at.BIAS_BITS] + on[at.BIAS_BESIDE])
    inputs = walk[at.IFMAP + at.ALL] * table[at.ALL] * walk[at.IFMAP_RELOADS] * on[at.IFMAP_BITS]
    sums = 2 * on[at.PSUM_BITS] + on[at.ROUND_TRIP] + on[at.RESULT_BITS]
    results = walk[at.PSUM + at.ALL] * image[at.RESULTS + at.ALL] * walk[at.PSUM_RELOADS] * sums
    passes = walk[at.PASSES] * image[at.PASSES]
    return _Most(
        weights + biases + inputs + results, passes + tiles * walk[at.MOST_PASSES] * image[at.MOST_PASSES], 2 * tiles
    )


def _table(numbers: Sequence[int], start: int, rows: int, columns: int) -> Whole:
    return np.array(numbers[start : start + rows * columns], dtype=np.int64).reshape(rows, columns)
