"""The segments of all contractions that are cut along as many loops and move their operands along the same of them.

What moves beside which tile is then the same; how often, how much and how fast is not. So the core is asked once
(`flat/segments.py`), with tiles' names in the place of cycles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import TypeAlias

from simdc.cost.flat import segments, tiles
from simdc.named import NamedTuple

MOST_KNOWN = 1024

Factors: TypeAlias = "tuple[tuple[int, int], ...]"
"""A product of numbers of tiles, by slot, each less so many."""
# Of 5 tiles 4 are not the last, 3 are neither the first nor the last, 2 of these have such a one behind them.


class MovedStream(NamedTuple):
    """A stream: its port, when it moves, and as bits the slots that move it."""

    port: int
    when: int
    slots: int


class NeighbouringKinds(NamedTuple):
    """A tile between two others, as `segments.stall` has it, and how often."""

    often: Factors
    before: int
    here: int
    after: int
    firsts: int
    entered: int
    left: int


class SegmentKind(NamedTuple):
    """How often, as a sum of products; the kind of the tile that computes, -1 where none does; by number, what ports
    move beside it."""

    often: tuple[Factors, ...]
    here: int
    loads: tuple[int, ...]


class Segments(NamedTuple):
    """`tiles` are those that are asked for, by stream and kind. Each of `loads` is a port and the tiles that it moves
    one after the other."""

    tiles: tuple[tuple[int, int], ...]
    loads: tuple[tuple[int, tuple[int, ...]], ...]
    kinds: tuple[SegmentKind, ...]


def times_of(often: Sequence[Factors], counts: Sequence[int]) -> int:
    """Of loops in so many tiles, by slot."""
    times = 0
    for factors in often:
        many = 1
        for slot, less in factors:
            many *= counts[slot] - less
        times += many
    return times


@lru_cache(maxsize=MOST_KNOWN)
def segments_of(slots: int, is_short: bool, sums: int, streams: tuple[MovedStream, ...]) -> Segments:
    """Of contractions that are cut along so many `slots`, the innermost in two tiles if it `is_short`, and whose
    results are summed over the slots `sums`."""
    found, last = _Found(), (1 << slots) - 1
    plan, room = _named_tiles(slots, sums, streams)
    stores = [stream for stream, moved in enumerate(streams) if moved.when in (tiles.PARTIAL, tiles.COMPLETE)]
    for often, *given in _neighbourhoods(slots, sums, is_short=is_short):
        segments.stall(plan, room, *given)
        names = room[tiles.BUSY : tiles.BUSY + len(streams)]
        stored = max([names[stream] for stream in stores])
        for stream, moved in enumerate(streams):
            # As on a port of its own it waited for stores.
            if moved.when == tiles.RESUMED and names[stream]:
                names[stream] -= stored
        found.add(often, given[1], streams, names)
    for when, tile in ((tiles.NEW, 0), (tiles.COMPLETE, last)):
        found.add((), -1, streams, [_name(tile & moved.slots) * (moved.when == when) for moved in streams])
    return found.segments()


class _Found:
    """What is alike is one."""

    def __init__(self) -> None:
        self._tiles: dict[tuple[int, int], int] = {}
        self._loads: dict[tuple[int, tuple[int, ...]], int] = {}
        self._kinds: dict[tuple[int, tuple[int, ...]], list[Factors]] = {}

    def add(self, often: Factors, here: int, streams: Sequence[MovedStream], names: Sequence[int]) -> None:
        """The tile of each stream that moves, by its name, or 0."""
        by_port: dict[int, list[int]] = {}
        for stream, name in enumerate(names):
            if name:
                tile = self._tiles.setdefault((stream, name - _name(0)), len(self._tiles))
                by_port.setdefault(streams[stream].port, []).append(tile)
        loads = [self._loads.setdefault((port, tuple(own)), len(self._loads)) for port, own in by_port.items()]
        self._kinds.setdefault((here, tuple(loads)), []).append(often)

    def segments(self) -> Segments:
        kinds = [SegmentKind(tuple(often), *kind) for kind, often in self._kinds.items()]
        return Segments(tuple(self._tiles), tuple(self._loads), tuple(kinds))


def _name(kind: int) -> int:
    """Of a tile; 0 is none."""
    return 1 + kind


def _named_tiles(slots: int, sums: int, streams: Sequence[MovedStream]) -> tuple[list[int], list[int]]:
    """A plan with a port for each stream, and room in which each tile takes as many cycles as its name says."""
    many, kinds = len(streams), 1 << slots
    plan = [0] * tiles.OPERAND_ROWS
    plan[tiles.STREAMS] = plan[tiles.PORTS] = many
    room = [0] * (tiles.TABLES + (many + 1) * kinds)
    room[tiles.CUT], room[tiles.SUMS] = slots, sums
    for stream, moved in enumerate(streams):
        row = tiles.STREAM_ROWS + stream * tiles.STREAM
        plan[row + 2], plan[row + 5] = stream, moved.when
        room[tiles.MOVED + stream], room[tiles.INNER + stream] = moved.slots, _innermost(moved.slots)
        table = tiles.TABLES + (stream + 1) * kinds
        room[table : table + kinds] = map(_name, range(kinds))
    room[tiles.INNER + many] = _innermost(kinds - 1 & ~sums)
    return plan, room


def _innermost(slots: int) -> int:
    return slots.bit_length() - 1


def _neighbourhoods(slots: int, sums: int, *, is_short: bool) -> Iterator[NeighbouringKinds]:
    """As `segments.walk` has them, between the first load and the last store."""
    if not slots:
        yield NeighbouringKinds((), -1, 0, -1, 0, 0, 0)
        return
    own, last = slots - 1, (1 << slots) - 1
    own_bit = 1 << own
    if not is_short:
        for often, lasts, firsts in _kinds(own, sums):
            yield NeighbouringKinds((*often, (own, 3)), lasts, lasts, lasts, firsts, own, own)
            yield NeighbouringKinds(often, lasts, lasts, lasts | own_bit, firsts, own, own)
    second = own_bit if is_short else 0
    yield NeighbouringKinds((), -1, 0, second, own_bit - 1, 0, own)
    yield NeighbouringKinds((), last - own_bit, last, -1, 0, own, 0)
    for level in range(own):
        inside = (1 << slots) - (2 << level)
        for outer, lasts, firsts in _kinds(level, sums):
            before = lasts | inside
            for often, after in (((*outer, (level, 2)), lasts), (outer, lasts | 1 << level)):
                fresh = firsts | inside
                yield NeighbouringKinds(often, before, after, after | second, fresh - own_bit, level, own)
                yield NeighbouringKinds(often, before - own_bit, before, after, fresh, own, level)


def _kinds(slots: int, sums: int) -> Iterator[tuple[Factors, int, int]]:
    """How many tiles of a kind there are along the outermost slots, those along which it is the last, and the first."""
    ways: list[list[tuple[Factors, int, int]]] = []
    for slot in range(slots):
        bit, last = 1 << slot, ((), 1 << slot, 0)
        between = ((slot, 2),), 0, 0
        ways.append([((), 0, bit), between, last] if sums & bit else [(((slot, 1),), 0, 0), last])
    for way in product(*ways):
        often = tuple([factor for factors, _, _ in way for factor in factors])
        yield often, sum([lasts for _, lasts, _ in way]), sum([firsts for _, _, firsts in way])
