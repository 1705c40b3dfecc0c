"""A schedule of a contraction of which all is known that a port or a buffer does not change.

On the next machine whose array has as many PEs along each loop its cost is a few divisions.
"""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.flat import costs, network, packed, tiles
from simdc.cost.flat import price as pricing
from simdc.named import NamedTuple

from .kept_segments import MovedStream, segments_of, times_of


class Rates(NamedTuple):
    """What a machine changes of cycles: those that fill its array, and bits per cycle of its ports as fractions."""

    fill: int
    ports: tuple[tuple[int, int], ...]


def rates_of(machine: Sequence[int]) -> Rates:
    """Of a machine's row."""
    ports = machine[packed.PORT_RATES :]
    return Rates(machine[packed.ARRAY_FILL], tuple(zip(ports[::2], ports[1::2], strict=True)))


class Counts(NamedTuple):
    """What the core counts of a tiled contraction (`found`), all its tiles, bits of DRAM; through which port how many
    tiles of how many bits move."""

    found: list[int]
    tiles: int
    dram_bits: int
    transfers: list[tuple[int, int, int]]


class CutLoops(NamedTuple):
    """How many loops are cut, the streams of tiles, and what the core has worked out of these (`tiles.py`). Along most
    slots tiles are all of one size; those along which the last one is smaller are `uneven`, as bits."""

    slots: int
    streams: tuple[MovedStream, ...]
    room: list[int]
    uneven: int


class KeptSchedule:
    """Loops by number, outermost first, and their tile sizes. Its `plan` is on a machine whenever something is asked,
    each with as many PEs along each loop; `room` is what the core works in."""

    __slots__ = ("_counts", "_cut", "_known", "_loads", "_plan", "_segments", "order", "sizes")

    def __init__(self, plan: list[int], order: list[int], sizes: list[int], room: list[int]):
        self.order, self.sizes, self._plan = order, sizes, plan
        self._cut = slots, moved, room, _ = _cut(plan, order, sizes, room)
        counts = room[tiles.COUNT : tiles.COUNT + slots]
        found = segments_of(slots, counts[-1:] == [2], room[tiles.SUMS], moved)
        bits = _bits_of_tiles(plan, self._cut, found.tiles)
        # Where loops are cut evenly tiles of several kinds are alike, and so are half of the segments.
        loads: dict[tuple[int, tuple[int, ...]], int] = {}
        own = [
            loads.setdefault((port, tuple([bits[tile] for tile in moved])), len(loads)) for port, moved in found.loads
        ]
        # The ends compute nothing, not even a fill.
        steps, often = [*_steps(plan, room, slots), 0], dict[tuple[int, int, tuple[int, ...]], int]()
        for products, here, moving in found.kinds:
            times = times_of(products, counts)
            if times:
                kind = int(here >= 0), steps[here], tuple([own[load] for load in moving])
                often[kind] = often.get(kind, 0) + times
        self._loads = list(loads)
        self._segments = [(times, *kind) for kind, times in often.items()]
        self._known: tuple[Rates, int] | None = None
        self._counts: Counts | None = None

    def cycles(self, rates: Rates) -> int:
        """From the first load to the last store."""
        # Asked again and again where only memories change.
        if self._known is not None and self._known[0] == rates:
            return self._known[1]
        cycles, (fill, ports), loaded = 0, rates, list[int]()
        for port, moved in self._loads:
            numerator, denominator = ports[port]
            busy = 0
            for bits in moved:
                busy -= -bits * denominator // numerator
            loaded.append(busy)
        for times, computes, steps, loads in self._segments:
            longest = steps + computes * fill
            for load in loads:
                if loaded[load] > longest:
                    longest = loaded[load]
            cycles += times * longest
        self._known = rates, cycles
        return cycles

    def counts(self) -> Counts:
        if self._counts is None:
            self._counts = _counts(self._plan, self._cut)
        return self._counts

    def write(self, about: list[int], machine: list[int], rates: Rates, results: list[int], at: int) -> None:
        """As `network.price_form`, on a machine with these `rates`."""
        plan, (found, many, _, transfers) = self._plan, self.counts()
        if costs.lacks_room(plan, about, machine, found):
            results[at] = network.TOO_LARGE
            return
        found = found.copy()
        found[tiles.COMPUTE] += many * rates.fill
        found[tiles.TOTAL] = self.cycles(rates)
        for port, times, bits in transfers:
            numerator, denominator = rates.ports[port]
            found[tiles.TRANSFERS + port] += times * -(-bits * denominator // numerator)
        costs.cost_of_array(plan, about, machine, found, results, at + network.FORM_COST)
        write_tiling(self.order, self.sizes, plan, about, machine, results, at)


def _cut(plan: list[int], order: list[int], sizes: list[int], room: list[int]) -> CutLoops:
    """As `price` cuts them, in `room`. Raises OverflowError where there is no room for so many."""
    slots, streams = tiles.cut(plan, order, sizes, room), plan[tiles.STREAMS]
    if slots > tiles.MOST_CUT:
        raise OverflowError(f"{slots} loops are cut, {tiles.MOST_CUT} are known")
    rows = [tiles.STREAM_ROWS + stream * tiles.STREAM for stream in range(streams)]
    moved = [tiles.moved(plan, plan[row], room, stream) for stream, row in enumerate(rows)]
    room[tiles.SUMS] = (1 << slots) - 1 & ~tiles.moved(plan, plan[tiles.RESULT], room, streams)
    own = [MovedStream(plan[row + 2], plan[row + 5], own) for row, own in zip(rows, moved, strict=True)]
    uneven = 0
    for loop in range(plan[tiles.LOOPS]):
        if room[tiles.SLOT + loop] >= 0 and room[tiles.LAST + loop] != room[tiles.FULL + loop]:
            uneven |= 1 << room[tiles.SLOT + loop]
    return CutLoops(slots, tuple(own), room[: tiles.TABLES], uneven)


def _counts(plan: list[int], cut: CutLoops) -> Counts:
    (slots, streams, room, uneven), found = cut, [0] * tiles.FOUND
    many = tiles.count_steps(plan, room, found)
    found[tiles.COMPUTE] = found[tiles.STEPS]
    for operand in range(plan[tiles.OPERANDS]):
        found[tiles.LARGEST + operand] = tiles.full_elements(plan, operand, room)
    dram_bits = pricing.dram_bits(plan, room, found)
    asked, often = list[tuple[int, int]](), list[tuple[int, int]]()
    for stream, (port, _, own) in enumerate(streams):
        times, apart = found[tiles.MOVES + 2 * stream], own & uneven
        if times:
            for slot in range(slots):
                if (own & ~uneven) >> slot & 1:
                    times *= room[tiles.COUNT + slot]
            kinds = [kind for kind in range(apart + 1) if not kind & ~apart]
            asked += [(stream, kind) for kind in kinds]
            often += [(port, times * pricing.alike(room, apart, kind)) for kind in kinds]
    transfers = [(port, many, bits) for (port, many), bits in zip(often, _bits_of_tiles(plan, cut, asked), strict=True)]
    return Counts(found, many, dram_bits, transfers)


def _bits_of_tiles(plan: list[int], cut: CutLoops, asked: Sequence[tuple[int, int]]) -> list[int]:
    """Of tiles by stream and kind."""
    found, known = list[int](), dict[tuple[int, int], int]()
    for stream, kind in asked:
        row = tiles.STREAM_ROWS + stream * tiles.STREAM
        tile = plan[row], kind & cut.uneven
        if tile not in known:
            known[tile] = tiles.elements(plan, tile[0], cut.room, tile[1])
        found.append(known[tile] * plan[row + 1])
    return found


def _steps(plan: list[int], room: list[int], slots: int) -> list[int]:
    """Of tiles by their kind, without what fills the array."""
    # 40 channels in tiles of 16, 16, 8 and 3 rows in tiles of 2, 1, 8 PEs along channels: 2 * 2, 1 * 2, 2 * 1, 1 * 1.
    still, cut = 1, [(1, 1)] * slots
    for loop in range(plan[tiles.LOOPS]):
        width, slot = plan[tiles.LOOP_ROWS + loop * tiles.LOOP + 2], room[tiles.SLOT + loop]
        full = -(-room[tiles.FULL + loop] // width)
        if slot < 0:
            still *= full
        else:
            cut[slot] = full, -(-room[tiles.LAST + loop] // width)
    found = [still]
    for full, last in cut:
        found = [*[steps * full for steps in found], *[steps * last for steps in found]]
    return found


def write_tiling(
    order: Sequence[int],
    sizes: Sequence[int],
    plan: list[int],
    about: list[int],
    machine: list[int],
    results: list[int],
    at: int,
) -> None:
    """The schedule of a form whose cost stands there, and whether any schedule may have that."""
    for start, numbers in ((at + network.FORM_ORDER, order), (at + network.FORM_SIZES, sizes)):
        results[start : start + len(numbers)] = numbers
    broken = costs.breaks_law(plan, about, machine, results, at + network.FORM_COST)
    results[at] = network.IMPOSSIBLE if broken else network.PRICED
