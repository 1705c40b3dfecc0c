"""The walks of a contraction's ladder: every way to cut one side with every way to cut the others."""

from __future__ import annotations

from typing import Final

from .rungs import (
    CUT_NUMBER,
    IFMAP_RELOADS,
    IFMAP_STAYS,
    IMAGE_INSIDE,
    IMAGES,
    INNERMOST,
    PER_IMAGE,
    PSUM_RELOADS,
    PSUM_STAYS,
    TABLE,
    TILES,
    WALK,
    WALK_ROWS,
    WALKS,
)

# A plan of what is cut: numbers of sides, of ways to cut them all, of factors; then of each side number of ways, and
# whether it moves weight, ifmap and psum.
SIDES: Final = 0
CUTS: Final = 1
FACTORS: Final = 2
SIDE_ROWS: Final = 3
SIDE: Final = 4
# Behind these, of each factor: which four numbers of a walk it is a factor of, where its own stand, and how far these
# lie apart from one way to cut a side to the next, for each side. The last one says which table of the image is meant.


def fill(sides: list[int], factors: list[int], ladder: list[int], digits: list[int], tiles: list[int]) -> int:
    """Writes all walks into `ladder`. `digits` and `tiles` have room for a number a side. Gives how many there are."""
    walks, many = 0, sides[SIDES]
    for cut in range(sides[CUTS]):
        rest = cut
        for number in range(many):
            side = many - 1 - number
            ways = sides[SIDE_ROWS + side * SIDE]
            digits[side], rest = rest % ways, rest // ways
        first = WALK_ROWS + walks * WALK
        multiply(sides, factors, ladder, digits, first)
        for side in range(many):
            tiles[side] = factors[factor_at(sides, side, digits)]
        ladder[first + CUT_NUMBER] = cut
        # oc in 4 tiles, ic in 2. Image inside: weights come once, ifmap[ic, image] 4 times, psum[oc, image] 2 times.
        ifmap, psum = still(sides, tiles, 1), still(sides, tiles, 2)
        write_walk(ladder, first, -1, 0, ifmap, psum, 1, 1)
        walks = walks + 1
        for side in range(many):
            if tiles[side] > 1:
                # ic inside: a psum stays for 2 tiles and never leaves as partial sum; the ifmap comes 4 times, weights
                # for each tile of the image. oc inside: the ifmap stays for 4 tiles and comes once, psums 2 times.
                at = WALK_ROWS + walks * WALK
                for column in range(TABLE + 1):
                    ladder[at + column] = ladder[first + column]
                ladder[at + CUT_NUMBER] = cut
                row = SIDE_ROWS + side * SIDE
                moves_ifmap, moves_psum = sides[row + 2], sides[row + 3]
                write_walk(
                    ladder,
                    at,
                    side,
                    sides[row + 1],
                    ifmap if moves_ifmap else 1,
                    psum if moves_psum else 1,
                    1 if moves_ifmap else tiles[side],
                    1 if moves_psum else tiles[side],
                )
                walks = walks + 1
    ladder[WALKS] = walks
    return walks


def factor_at(sides: list[int], factor: int, digits: list[int]) -> int:
    """Where the numbers of a factor stand for these ways to cut."""
    many = sides[SIDES]
    row = SIDE_ROWS + many * SIDE + factor * (2 + many)
    at = sides[row + 1]
    for side in range(many):
        at = at + digits[side] * sides[row + 2 + side]
    return at


def multiply(sides: list[int], factors: list[int], ladder: list[int], digits: list[int], first: int) -> int:
    """The numbers of a walk that are products: passes and elements. The tiles of the sides are the first factors."""
    for column in range(TABLE):
        ladder[first + column] = 1
    rows = SIDE_ROWS + sides[SIDES] * SIDE
    for factor in range(sides[FACTORS]):
        at, to = factor_at(sides, factor, digits), first + sides[rows + factor * (2 + sides[SIDES])]
        for column in range(4):
            ladder[to + column] = ladder[to + column] * factors[at + column]
    ladder[first + TABLE] = factors[factor_at(sides, sides[FACTORS], digits)]
    return ladder[first + TILES]


def still(sides: list[int], tiles: list[int], operand: int) -> int:
    """Tiles of all sides that do not move an operand."""
    many = 1
    for side in range(sides[SIDES]):
        if not sides[SIDE_ROWS + side * SIDE + 1 + operand]:
            many = many * tiles[side]
    return many


def write_walk(
    ladder: list[int],
    at: int,
    innermost: int,
    per_image: int,
    ifmap_reloads: int,
    psum_reloads: int,
    ifmap_stays: int,
    psum_stays: int,
) -> int:
    """One walk: the image inside (`innermost` is -1), or another side that is cut."""
    inside = 1 if innermost < 0 else 0
    ladder[at + INNERMOST], ladder[at + IMAGE_INSIDE], ladder[at + PER_IMAGE] = innermost, inside, per_image
    ladder[at + IFMAP_RELOADS], ladder[at + PSUM_RELOADS] = ifmap_reloads, psum_reloads
    ladder[at + IFMAP_STAYS], ladder[at + PSUM_STAYS] = ifmap_stays, psum_stays
    return at


def schedule(
    sides: list[int], ways: list[int], ladder: list[int], rung: int, loops: int, order: list[int], sizes: list[int]
) -> int:
    """The loop order of a rung and its tile sizes. `ways` has the loops, outermost first, with the image innermost,
    then with each side; then sizes by loop, 0 for those of other sides: each way to cut each side, then each image."""
    images, end = ladder[IMAGES], (sides[SIDES] + 1) * loops
    row = WALK_ROWS + rung // images * WALK
    rest = ladder[row + CUT_NUMBER]
    for side in range(sides[SIDES]):
        end = end + sides[SIDE_ROWS + side * SIDE] * loops
    for place in range(loops):
        order[place] = ways[(ladder[row + INNERMOST] + 1) * loops + place]
        sizes[place] = ways[end + rung % images * loops + order[place]]
    for number in range(sides[SIDES]):
        many = sides[SIDE_ROWS + (sides[SIDES] - 1 - number) * SIDE]
        end = end - many * loops
        for place in range(loops):
            sizes[place] = sizes[place] + ways[end + rest % many * loops + order[place]]
        rest = rest // many
    return row
