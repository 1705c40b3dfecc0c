"""The ways to cut loops that a ladder has.

They depend on the loops' bounds and on the width of the array along them, on nothing else of the machine: memories,
ports and element widths only decide which of them fit and what they cost.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from simdc.named import NamedTuple

Sizes = dict[str, int]


class Rung(NamedTuple):
    """A tile size for each of some loops; over these loops: the number of tiles, how often an array passes in all of
    them, how often in the largest, which the first is, and in the last. Loops that share a side of the array are not in
    the passes."""

    sizes: Sizes
    tiles: int
    passes: int
    most_passes: int
    last_passes: int


def part_counts(most: int) -> list[int]:
    """1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, ... below `most`, in steps of a quarter of a power of two, and
    `most`."""
    powers = [1 << exponent for exponent in range(most.bit_length())]
    steps = {power * quarters // 4 for power in powers for quarters in (4, 5, 6, 7)}
    return sorted({count for count in steps if count < most} | {most})


def tile_sizes(bound: int, width: int) -> list[int]:
    """Whole arrays of `width` in even parts, the whole loop first, down to one array."""
    # 100 channels, 16 wide: 7 arrays in 1 to 7 parts are 7, 4, 3, 2, 2, 2, 1 arrays -> 100, 64, 48, 32, 16 channels.
    arrays = -(-bound // width)
    return sorted({min(bound, width * -(-arrays // count)) for count in part_counts(arrays)}, reverse=True)


def in_turn(loops: Sequence[str], bounds: Mapping[str, int], widths: Mapping[str, int]) -> list[Sizes]:
    """Cut the first loop, down to one array, then the next: of the loops before it one array is left, those after it
    are whole."""
    # Bounds 4 and 2 -> (4, 2), (2, 2), (1, 2), (1, 1).
    sizes = {loop: bounds[loop] for loop in loops}
    found = [dict(sizes)]
    for loop in loops:
        for size in tile_sizes(bounds[loop], widths.get(loop, 1))[1:]:
            sizes[loop] = size
            found.append(dict(sizes))
    return found


def together(loops: Sequence[str], bounds: Mapping[str, int]) -> list[Sizes]:
    """Cut all loops into as many parts, a loop that has fewer iterations into single ones; each way once."""
    # 7 rows and 3 columns in 4 parts: rows of 2, 2, 2, 1 and columns of 1, 1, 1. In 5 and 6 parts they are the same.
    most = max((bounds[loop] for loop in loops), default=1)
    ways = [tuple([-(-bounds[loop] // count) for loop in loops]) for count in part_counts(most)]
    return [dict(zip(loops, sizes, strict=True)) for sizes in dict.fromkeys(ways)]


def rungs(
    ways: Sequence[Sizes], bounds: Mapping[str, int], widths: Mapping[str, int], joint: Collection[str] = ()
) -> list[Rung]:
    """Each way once, those with the fewest tiles first. Loops in `joint` add no passes."""
    found: dict[tuple[int, ...], Rung] = {}
    for sizes in ways:
        tiles = passes = most = last = 1
        for loop, size in sizes.items():
            width, count = widths.get(loop, 1), -(-bounds[loop] // size)
            tiles *= count
            if loop in joint:
                continue
            # 40 channels in tiles of 16, 16, 8 on 8 rows: passes of 2 + 2 + 1 = 5, 2 in the largest, 1 in the last.
            full, rest = -(-size // width), -(-(bounds[loop] - (count - 1) * size) // width)
            most *= full
            last *= rest
            passes *= (count - 1) * full + rest
        found.setdefault(tuple(sizes.values()), Rung(sizes, tiles, passes, most, last))
    return sorted(found.values(), key=lambda rung: rung.tiles)
