"""What the rungs of a contraction's ladder take at least on a machine: numbers and rows of them alone, see `tiles.py`.

A rung is a walk, which is a way to cut all loops but those of the image and says which loops are innermost, and a way
to cut the image. What is said of an operand holds whatever else crosses its port: others do not make it faster.
"""

from __future__ import annotations

from typing import Final

# A ladder. Numbers of walks and of ways to cut the image; of the image the least passes and elements of a result;
# whether a pass over the image's positions is a fold; where images stand, and tables of what they touch of the ifmap.
WALKS: Final = 0
IMAGES: Final = 1
LEAST_PASSES: Final = 2
LEAST_RESULTS: Final = 3
FOLDS: Final = 4
IMAGE_ROWS: Final = 5
TABLE_ROWS: Final = 6
WALK_ROWS: Final = 7
# Of each walk: number of tiles, passes of the array in all, in the largest tile and in the last; elements of weight,
# bias, ifmap and psum, of the latter two along what the image does not move; the number of the table with the others;
# how often tiles come into use and for how many tiles they stay; which cut it is, and which side is innermost (-1: the
# image).
WALK: Final = 29
TILES: Final = 0
PASSES: Final = 1
MOST_PASSES: Final = 2
LAST_PASSES: Final = 3
WEIGHT: Final = 4
BIAS: Final = 8
IFMAP: Final = 12
PSUM: Final = 16
TABLE: Final = 20
IMAGE_INSIDE: Final = 21
PER_IMAGE: Final = 22
IFMAP_RELOADS: Final = 23
PSUM_RELOADS: Final = 24
IFMAP_STAYS: Final = 25
PSUM_STAYS: Final = 26
CUT_NUMBER: Final = 27
INNERMOST: Final = 28
# Of each way to cut the image the same four numbers as of a walk, and elements of a result.
IMAGE: Final = 8
RESULTS: Final = 4
# Elements: of the first tile, of the last, of all, of the largest.
LAST_TILE: Final = 1
ALL: Final = 2
WIDEST: Final = 3
ELEMENTS: Final = 4

# A machine. Cycles to fill the array; elements that buffers hold, of the bias bits; bits of an element; of the bias and
# of the round trip of a partial sum, as far as they cross the port of the weights and of the results; bits per cycle as
# fractions; whether tiles wait at a barrier; how long folds last (`FoldLaw`); how many ports several operands share.
FILLED: Final = 0
WEIGHTS_FIT: Final = 1
IFMAP_FITS: Final = 2
PSUM_FITS: Final = 3
BIAS_FITS: Final = 4
WEIGHT_BITS: Final = 5
IFMAP_BITS: Final = 6
PSUM_BITS: Final = 7
RESULT_BITS: Final = 8
BIAS_BITS: Final = 9
BIAS_BESIDE: Final = 10
ROUND_TRIP: Final = 11
WEIGHT_PORT: Final = 12
IFMAP_PORT: Final = 14
RESULT_PORT: Final = 16
BARRED: Final = 18
PLAIN_FOLDS: Final = 19
MORE: Final = 20
AT_LEAST: Final = 21
AGAIN: Final = 22
AT_LAST: Final = 23
SHARED: Final = 24
# Of each such port: bits per cycle as a fraction, how often weight, ifmap and partial sums cross it, whether results.
SHARED_ROWS: Final = 25
SHARED_ROW: Final = 6


def following(ladder: list[int], on: list[int], walk: int, step: int) -> int:
    """The first image from `step` on that fits beside a walk, -1 if none does."""
    # A buffer of 4,096 elements and 60 channels: 8 x 8 positions of the image fit, 4,320 elements of 8 x 9 do not.
    ifmap, psum = ladder[walk + IFMAP + WIDEST], ladder[walk + PSUM + WIDEST]
    images, rows = ladder[IMAGES], ladder[IMAGE_ROWS] + RESULTS + WIDEST
    table = ladder[TABLE_ROWS] + ladder[walk + TABLE] * images * ELEMENTS + WIDEST
    for image in range(step, images):
        fitting = ifmap * ladder[table + image * ELEMENTS] <= on[IFMAP_FITS]
        if fitting and psum * ladder[rows + image * IMAGE] <= on[PSUM_FITS]:
            return image
    return -1


def first_image(ladder: list[int], on: list[int], walk: int) -> int:
    """The first image that fits beside a walk, -1 if none does."""
    if ladder[walk + WEIGHT + WIDEST] > on[WEIGHTS_FIT]:
        return -1
    if ladder[walk + BIAS + WIDEST] * on[BIAS_BITS] > on[BIAS_FITS]:
        return -1
    # An image in one tile has nothing to walk inside: then the innermost is another side, and that is a walk of its
    # own, unless all is one tile.
    inside = 1 if ladder[walk + IMAGE_INSIDE] and ladder[walk + TILES] > 1 else 0
    return following(ladder, on, walk, inside)


def rung_fits(ladder: list[int], on: list[int], rung: int) -> int:
    """Whether a rung does: its walk times the number of images, plus its image. It may be one of another ladder."""
    if rung >= ladder[WALKS] * ladder[IMAGES]:
        return 0
    walk, image = WALK_ROWS + rung // ladder[IMAGES] * WALK, rung % ladder[IMAGES]
    return 1 if 0 <= first_image(ladder, on, walk) <= image == following(ladder, on, walk, image) else 0


def cycles_for(bits: int, on: list[int], port: int) -> int:
    """On the port that stands there: 1,025 bits at 512/5 a cycle take 11."""
    return -(-bits * on[port + 1] // on[port])


def exceeds(bits: int, on: list[int], port: int, cycles: int) -> int:
    """Whether they take more than so many cycles there, without a quotient: 1,025 bits at 512/5 more than 10, as 5,125
    are more than 5,120."""
    return 1 if bits * on[port + 1] > cycles * on[port] else 0


def first_weights(ladder: list[int], on: list[int], walk: int) -> int:
    """Each tile's cycles are rounded up: 100 bits of weights and 20 of bias at 16 a cycle take 7 + 2, not 8."""
    weights = cycles_for(ladder[walk + WEIGHT] * on[WEIGHT_BITS], on, WEIGHT_PORT)
    return weights + cycles_for(ladder[walk + BIAS] * on[BIAS_BESIDE], on, WEIGHT_PORT)


def weight_bits(ladder: list[int], on: list[int], walk: int, image_tiles: int) -> int:
    """All weights, as often as they come into use."""
    reloads = image_tiles if ladder[walk + PER_IMAGE] else 1
    return ladder[walk + WEIGHT + ALL] * reloads * on[WEIGHT_BITS]


def result_bits(ladder: list[int], on: list[int], walk: int, results: int) -> int:
    """So many elements of the result, as often as they move."""
    # In use 3 times, psum of 32 bits, result of 8: two round trips and one store, 2 * 64 + 8 = 136 bits.
    return results * ((ladder[walk + PSUM_RELOADS] - 1) * on[ROUND_TRIP] + on[RESULT_BITS])


def computing(ladder: list[int], on: list[int], walk: int, image_tiles: int, positions: int) -> int:
    """Cycles of all tiles at least, the image of so many `positions` in so many tiles or more."""
    tiles, passes = ladder[walk + TILES], ladder[walk + PASSES]
    fills = tiles * image_tiles * on[FILLED]
    if on[PLAIN_FOLDS] or not ladder[FOLDS]:
        return passes * positions + fills
    # 6 folds in 4 tiles: 2 have another one after them in their tile. 100 positions in 10 tiles, 16 cycles a fold at
    # least: 2 * 160 + 4 * 100.
    followed = max(positions + image_tiles * on[MORE], image_tiles * on[AT_LEAST])
    return (passes - tiles) * followed + tiles * (positions + image_tiles * on[AT_LAST]) + fills


def longest_tile(ladder: list[int], on: list[int], walk: int, positions: int) -> int:
    """Cycles of any tile at most, the image in tiles of so many `positions` at most."""
    most = ladder[walk + MOST_PASSES]
    if on[PLAIN_FOLDS]:
        return most * positions + on[FILLED]
    more, least = max(on[MORE], on[AT_LAST]), max(on[AT_LEAST], on[AGAIN])
    if not ladder[FOLDS]:
        # Every step may be a fold of its own.
        return most * positions * (1 + more + least) + on[FILLED]
    return most * max(positions + more, least) + on[FILLED]


def shared_cycles(on: list[int], weights: int, inputs: int, results: int, reloads: int) -> int:
    """Of the busiest port that several operands share, bias left out: bits of weights and inputs, `results` elements
    that come into use `reloads` times."""
    longest, sums = 0, results * (reloads - 1) * on[PSUM_BITS]
    for port in range(on[SHARED]):
        row = SHARED_ROWS + port * SHARED_ROW
        bits = weights * on[row + 2] + inputs * on[row + 3] + sums * on[row + 4]
        bits = bits + results * on[RESULT_BITS] * on[row + 5]
        longest = max(longest, cycles_for(bits, on, row))
    return longest


def least_of_rail(ladder: list[int], on: list[int], walk: int, step: int, opening: int) -> int:
    """Cycles that any rung of a walk with at least as many tiles of the image takes at least. The first weights are
    loaded before anything else, in `opening` cycles, and no psum moves before the first tile is through."""
    # Channels in 4 tiles with 6 passes in all, an image of 100 pixels in 5 tiles, 30 cycles of fill:
    # 6 * 100 + 4 * 5 * 30 = 1,200 cycles.
    tiles = ladder[ladder[IMAGE_ROWS] + step * IMAGE + TILES]
    compute = computing(ladder, on, walk, tiles, ladder[LEAST_PASSES])
    results = ladder[walk + PSUM + ALL] * ladder[LEAST_RESULTS]
    bits = weight_bits(ladder, on, walk, tiles) + ladder[walk + BIAS + ALL] * on[BIAS_BESIDE]
    psum = cycles_for(result_bits(ladder, on, walk, results), on, RESULT_PORT)
    apart = opening + max(compute, on[FILLED] + psum)
    return max(apart, cycles_for(bits, on, WEIGHT_PORT) + on[FILLED])


def walk_exceeds(ladder: list[int], on: list[int], walk: int, most: int) -> int:
    """Whether each rung of a walk takes more than `most` cycles, by some of what `least_of_rail` counts. Most walks are
    told so, and nothing is divided for them."""
    tiles = ladder[ladder[IMAGE_ROWS] + TILES]
    if computing(ladder, on, walk, tiles, ladder[LEAST_PASSES]) > most:
        return 1
    bits = weight_bits(ladder, on, walk, tiles) + ladder[walk + BIAS + ALL] * on[BIAS_BESIDE]
    if exceeds(bits, on, WEIGHT_PORT, most - on[FILLED]):
        return 1
    results = ladder[walk + PSUM + ALL] * ladder[LEAST_RESULTS]
    return exceeds(result_bits(ladder, on, walk, results), on, RESULT_PORT, most - on[FILLED])


def most_image_tiles(ladder: list[int], on: list[int], walk: int, opening: int, most: int) -> int:
    """In how many tiles of the image at most rungs of a walk are that may take no more than `most` cycles (-1: any
    number)."""
    tiles = ladder[ladder[IMAGE_ROWS] + (ladder[IMAGES] - 1) * IMAGE + TILES]
    if most < 0:
        return tiles
    # 6 passes over 100 pixels after 50 cycles of loads, 4 * 30 cycles of fill for each tile of the image: 1,000 cycles
    # leave 350 for fills, 2 tiles.
    left, fills = most - opening - ladder[walk + PASSES] * ladder[LEAST_PASSES], ladder[walk + TILES] * on[FILLED]
    if fills:
        tiles = min(tiles, left // fills)
    if ladder[walk + PER_IMAGE]:
        bits = ladder[walk + WEIGHT + ALL] * on[WEIGHT_BITS] * on[WEIGHT_PORT + 1]
        biases = ladder[walk + BIAS + ALL] * on[BIAS_BESIDE] * on[WEIGHT_PORT + 1]
        tiles = min(tiles, ((most - on[FILLED]) * on[WEIGHT_PORT] - biases) // bits)
    return tiles


def least_of_rung(
    ladder: list[int], on: list[int], walk: int, step: int, opening: int, most: int, found: list[int], at: int
) -> int:
    """Cycles that one rung takes at least; its DRAM bits are left in `found` at `at`. Beside what `least_of_rail`
    counts: the next tile of an operand loads while the array computes the last tile that uses the one before; what
    that tile does not hide is stall. Of what takes more than `most` (-1: any number) only that is told."""
    image, fill = ladder[IMAGE_ROWS] + step * IMAGE, on[FILLED]
    image_tiles = ladder[image + TILES]
    compute = computing(ladder, on, walk, image_tiles, ladder[image + PASSES])
    if 0 <= most < opening + compute:
        return opening + compute
    table = ladder[TABLE_ROWS] + (ladder[walk + TABLE] * ladder[IMAGES] + step) * ELEMENTS
    first_ifmap = cycles_for(ladder[walk + IFMAP] * ladder[table] * on[IFMAP_BITS], on, IFMAP_PORT)
    leaving = ladder[walk + PSUM + LAST_TILE] * ladder[image + RESULTS + LAST_TILE] * on[RESULT_BITS]
    last_psum = cycles_for(leaving, on, RESULT_PORT)
    # The last tile computes after all loads, and no psum moves before the first tile is through.
    before = max(opening, first_ifmap)
    if 0 <= most < before + compute + last_psum:
        return before + compute + last_psum
    inputs = ladder[walk + IFMAP + ALL] * ladder[table + ALL] * ladder[walk + IFMAP_RELOADS] * on[IFMAP_BITS]
    weights, biases = weight_bits(ladder, on, walk, image_tiles), ladder[walk + BIAS + ALL]
    results, reloads = ladder[walk + PSUM + ALL] * ladder[image + RESULTS + ALL], ladder[walk + PSUM_RELOADS]
    moved = result_bits(ladder, on, walk, results)
    first_tile = ladder[walk + MOST_PASSES] * ladder[image + MOST_PASSES] + fill
    last_tile = ladder[walk + LAST_PASSES] * ladder[image + LAST_PASSES] + fill
    if most >= 0 and (
        exceeds(weights + biases * on[BIAS_BESIDE], on, WEIGHT_PORT, most - last_tile - last_psum)
        or exceeds(moved, on, RESULT_PORT, most - before - first_tile)
        or exceeds(inputs, on, IFMAP_PORT, most - last_tile - last_psum)
    ):
        return most + 1
    found[at] = weights + biases * on[BIAS_BITS] + inputs
    found[at] = found[at] + results * (2 * (reloads - 1) * on[PSUM_BITS] + on[RESULT_BITS])
    weight_cycles = cycles_for(weights + biases * on[BIAS_BESIDE], on, WEIGHT_PORT)
    ifmap_cycles, psum_cycles = cycles_for(inputs, on, IFMAP_PORT), cycles_for(moved, on, RESULT_PORT)
    waits = 0
    # 4 weight tiles of 50 cycles. The first loads before all compute, each of the others beside one tile of 30 cycles
    # and makes it wait for 20: 4 * 50 - 50 - 3 * 30 = 60. Without a barrier loads run ahead, and make up for it.
    if on[BARRED]:
        tiles, tile = ladder[walk + TILES] * image_tiles, longest_tile(ladder, on, walk, ladder[image + MOST_PASSES])
        changes = ladder[walk + TILES] if ladder[walk + IMAGE_INSIDE] else tiles
        waits = max(waits, weight_cycles - opening - (changes - 1) * tile)
        waits = max(waits, ifmap_cycles - first_ifmap - (tiles // ladder[walk + IFMAP_STAYS] - 1) * tile)
        waits = max(waits, psum_cycles - last_psum - (tiles // ladder[walk + PSUM_STAYS] - 1) * tile)
    cycles = before + compute + waits + last_psum
    cycles = max(cycles, max(weight_cycles, ifmap_cycles) + last_tile + last_psum)
    cycles = max(cycles, before + first_tile + psum_cycles)
    return max(cycles, shared_cycles(on, weights, inputs, results, reloads))
