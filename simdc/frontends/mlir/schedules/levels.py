"""Tile sizes of an op at one level or several, and which of them are tiles in the machine's buffers."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation

from simdc.errors import SimdcError
from simdc.frontends.mlir.locations import place_in_text
from simdc.ir.text import located
from simdc.named import NamedTuple


class Spot(NamedTuple):
    """Where something is said, for messages."""

    text: str
    file: str
    line: int
    column: int

    def error(self, message: str) -> SimdcError:
        starts = [0, *(at + 1 for at, letter in enumerate(self.text) if letter == "\n")]
        return located(message, starts[self.line - 1] + self.column - 1, self.text, self.file)


def place_of(op: Operation, text: str, file: str) -> Spot:
    where = place_in_text(op)
    line, column = (1, 1) if where is None else (where.line.data, where.column.data)
    return Spot(text, file, line, column)


class Level(NamedTuple):
    """A tile size for each loop of an op, 0 for one that is not tiled; `order` has the loops outermost first."""

    name: str
    sizes: tuple[int, ...]
    order: tuple[int, ...]


class TiledOp(NamedTuple):
    """An op of the module and its levels, outermost first."""

    op: Operation
    levels: tuple[Level, ...]
    place: Spot


def level_of(name: str, sizes: Sequence[int], order: Sequence[int] | None, place: Spot) -> Level:
    """Raises SimdcError for sizes and orders that are none."""
    if any(size < 0 for size in sizes):
        raise place.error("a tile size is not known, or scales with the machine: tile sizes are numbers of 0 or more")
    given = tuple(order or range(len(sizes)))
    if sorted(given) != list(range(len(given))) or len(given) > len(sizes):
        raise place.error(f"an order of loops has each of 0 to {len(sizes) - 1} once, got {list(given)}")
    # An order of fewer loops than there are sizes is of the first ones.
    return Level(name, tuple(sizes), (*given, *range(len(given), len(sizes))))


def sizes_from_dram(tiled: TiledOp, wanted: str | None) -> list[tuple[int, int]]:
    """Loops and their tile sizes, outermost first: all that are tiled at the level `wanted` and outside of it. Raises
    SimdcError where levels are several and none is chosen."""
    names = [level.name for level in tiled.levels]
    if wanted is None and len(names) > 1:
        raise tiled.place.error(
            f"has tile sizes at {len(names)} levels: --level {' or '.join(names)} says which is the innermost whose "
            "tiles come from DRAM"
        )
    if wanted is not None and wanted not in names:
        raise tiled.place.error(f"has no level '{wanted[:40]}' of tile sizes: it has {', '.join(names)}")
    last = 0 if wanted is None else names.index(wanted)
    found: list[tuple[int, int]] = []
    for level in tiled.levels[: last + 1]:
        tiles = [(loop, level.sizes[loop]) for loop in level.order if level.sizes[loop]]
        twice = {loop for loop, _ in tiles} & {loop for loop, _ in found}
        if twice:
            # Tiles of 64 rows in tiles of 8: DRAM has one kind of tiles.
            raise tiled.place.error(
                f"tiles loop {min(twice)} at level {level.name} once more: tiles come from DRAM in one size; choose a "
                "level further out with --level"
            )
        found += tiles
    return found
