"""The vector programs of a network with default tilings, on machine after machine with the same lanes, where there is
no compiler.

What a rung needs of the memory is kept, and of those that were priced what crosses the port. Rungs are looked at in the
order of `flat/lane_best.py`, so the same one is found, of equals, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TypeAlias

from simdc.cost.flat import climb, costs, lane_rungs, lanes, network, packed, tiles
from simdc.cost.flat import lane_ladder as at
from simdc.cost.flat import price as pricing
from simdc.cost.flat import program as parts
from simdc.named import NamedTuple

from .kept import write_tiling
from .kernels import PackedKernel


class RungNeeds(NamedTuple):
    """Bits that the largest tiles of a nest need, bits that streams move at least, each and together."""

    need_bits: int
    stream_bits: tuple[int, ...]
    dram_bits: int


Rate: TypeAlias = "tuple[int, int]"
"""Bits per cycle of the port as a fraction."""


class KeptRung:
    """What the core `found` of a tiled program, and the bits of all tiles that cross the port: how many of how many."""

    __slots__ = ("_moves", "found")

    def __init__(self, found: list[int], moves: Mapping[int, int]):
        self.found, self._moves = found, tuple(moves.items())

    def moving(self, rate: Rate) -> int:
        """Cycles of the port."""
        # 2 tiles of 100 bits and one of 40 at 16 a cycle: 2 * 7 + 3.
        numerator, denominator = rate
        return sum([many * -(-bits * denominator // numerator) for bits, many in self._moves])

    def on_port(self, rate: Rate) -> list[int]:
        """What the core finds on a port of this width."""
        found, moving = self.found.copy(), self.moving(rate)
        found[lanes.PORT_CYCLES], found[tiles.TOTAL] = moving, found[tiles.COMPUTE] + moving
        return found


def kept_rung(plan: list[int], sizes: list[int], room: list[int]) -> KeptRung | None:
    """Of the loops in their own order. None where it cannot be run."""
    found, order, moves = [0] * lanes.PROGRAM_FOUND, list(range(plan[tiles.LOOPS])), dict[int, int]()
    if lanes.price_program(plan, order, sizes, room, found):
        return None
    for nest in _nests(plan):
        parts.cut_nest(plan, order, sizes, room, nest)
        for stream in range(plan[nest + parts.FIRST_STREAM], plan[nest + parts.END_STREAM]):
            _add_moves(plan, room, stream, moves)
    return KeptRung(found, moves)


def _add_moves(plan: list[int], room: list[int], stream: int, moves: dict[int, int]) -> None:
    """As `move_stream`: how many tiles of how many bits, all together."""
    row, own = tiles.STREAM_ROWS + stream * tiles.STREAM, room[tiles.MOVED + stream]
    shared = lanes.shared_slots(plan, room, stream)
    times = lanes.times_moved(plan, room, stream, shared)
    for kind in range(1 << room[tiles.CUT]):
        if kind & ~own:
            continue
        many = times * pricing.alike(room, own, kind)
        if shared and not kind & shared:
            # Where tiles overlap, the first along these loops begins anew.
            many -= pricing.alike(room, own & ~shared, kind)
        bits = tiles.elements(plan, plan[row], room, kind) * plan[row + 1]
        moves[bits] = moves.get(bits, 0) + many


class KeptProgram:
    """A program with its plan on a machine of these lanes. A rung is numbered as `flat/lane_best.py` does."""

    def __init__(self, kernel: PackedKernel, plan: list[int]):
        self._plan = plan
        self._ladder, self._on, self._sizes = [0] * kernel.ladder, [0] * 3, [0] * len(kernel.loops)
        at.fill_lanes(self._plan, list(kernel.cuts), self._ladder)
        self._steps = self._ladder[at.LANE_STEPS]
        still, moving = _tiles(self._plan, self._ladder)
        along = [lane_rungs.tiles_of_step(self._ladder, self._plan, step) for step in range(self._steps)]
        self._rungs = sorted(
            (own + each * count, cut * self._steps + step)
            for cut, (own, each) in enumerate(zip(still, moving, strict=True))
            for step, count in enumerate(along)
        )
        self._needs: dict[int, RungNeeds] = {}
        self._priced: dict[int, KeptRung | None] = {}

    def cheapest(self, machine: Sequence[int], work: Sequence[list[int]]) -> list[int] | None:
        """What the core finds of the cheapest rung, whose sizes are left in `work`, on the machine that the plan is on.
        None where no rung fits."""
        memory, rate = machine[packed.MEMORY_HOLDS], (machine[packed.LANES_RATE], machine[packed.LANES_RATE + 1])
        limit = self._limit(memory, rate, work)
        if limit is None:
            return None
        # Of equals the first: nothing is the best yet, but for what has more cycles or bits than the limit.
        best, chosen = limit, -1
        for bound, bits, rung in self._promising(memory, rate, limit):
            if chosen >= 0 and (bound, bits) >= best:
                break
            priced = self._price(rung, rate, work)
            if priced is not None and (priced < best or (chosen < 0 and priced == best)):
                best, chosen = priced, rung
        kept = self._priced.get(chosen)
        if kept is None:
            return None
        self._cut(chosen, work[packed.SIZES_ROW])
        return kept.on_port(rate)

    def _limit(self, memory: int, rate: Rate, work: Sequence[list[int]]) -> tuple[int, int] | None:
        """Cycles and DRAM bits of the rung with the fewest tiles that fits and can be run: few are better."""
        for _, rung in self._rungs:
            if self._needs_of(rung).need_bits <= memory:
                priced = self._price(rung, rate, work)
                if priced is not None:
                    return priced
        return None

    def _promising(self, memory: int, rate: Rate, limit: tuple[int, int]) -> list[tuple[int, int, int]]:
        """Rungs that fit and may be within the limit: cycles and DRAM bits at least, the most promising first."""
        plan, on, (numerator, denominator) = self._plan, self._on, rate
        lane_rungs.least_of_program(plan, on)
        code, least = on[lane_rungs.CODE_CYCLES], on[lane_rungs.LEAST_MOVING]
        found: list[tuple[int, int, int]] = []
        for count, rung in self._rungs:
            cycles = code + count * plan[tiles.FILL]
            # Whatever has more tiles takes longer still.
            if cycles + least > limit[0]:
                break
            needs = self._needs_of(rung)
            if needs.need_bits <= memory:
                moving = max(least, sum([-(-bits * denominator // numerator) for bits in needs.stream_bits]))
                bound = cycles + moving
                if (bound, needs.dram_bits) <= limit:
                    found.append((bound, needs.dram_bits, rung))
        return sorted(found)

    def _needs_of(self, rung: int) -> RungNeeds:
        found = self._needs.get(rung)
        if found is not None:
            return found
        plan, ladder, (cut, step) = self._plan, self._ladder, divmod(rung, self._steps)
        row = lane_rungs.know_cut(ladder, plan, cut, self._sizes)
        size, count = ladder[ladder[at.STEP_SIZES] + step], lane_rungs.tiles_of_step(ladder, plan, step)
        need, moved = 0, list[int]()
        for nest in _nests(plan):
            bits = plan[nest + parts.VECTOR_BITS]
            for held in range(plan[nest + parts.HELD_AT], plan[nest + parts.HELD_AT] + 2 * plan[nest + parts.HELD], 2):
                own = row + at.TOUCHED + 4 * plan[held]
                bits += (ladder[own] + ladder[own + 1] * size) * plan[held + 1]
            need = max(need, bits)
        for stream in range(plan[tiles.STREAMS]):
            if plan[tiles.STREAM_ROWS + stream * tiles.STREAM + 5] != tiles.RESUMED:
                moved.append(lane_rungs.stream_bits(ladder, plan, row, stream, count))
        found = self._needs[rung] = RungNeeds(need, tuple(moved), sum(moved))
        return found

    def _price(self, rung: int, rate: Rate, work: Sequence[list[int]]) -> tuple[int, int] | None:
        """Cycles and DRAM bits. None where it cannot be run."""
        if rung not in self._priced:
            self._cut(rung, work[packed.SIZES_ROW])
            self._priced[rung] = kept_rung(self._plan, work[packed.SIZES_ROW], work[packed.ROOM_ROW])
        kept = self._priced[rung]
        return None if kept is None else (kept.found[tiles.COMPUTE] + kept.moving(rate), kept.found[lanes.ALL_BITS])

    def _cut(self, rung: int, sizes: list[int]) -> None:
        lane_rungs.cut_sizes(self._ladder, self._plan, *divmod(rung, self._steps), sizes)


def _nests(plan: Sequence[int]) -> range:
    return range(parts.NEST_ROWS, parts.NEST_ROWS + plan[parts.NESTS] * parts.NEST, parts.NEST)


def can_keep(plan: Sequence[int]) -> bool:
    """Whether tiles take turns with what they move, no instruction sets loops up, and the core prices all rungs."""
    if plan[parts.DOUBLED]:
        return False
    for nest in _nests(plan):
        first = plan[nest + parts.BLOCKS_AT]
        blocks = range(first, first + plan[nest + parts.BLOCKS] * parts.BLOCK, parts.BLOCK)
        if any(plan[block + parts.SET_UP] for block in blocks):
            return False
        if plan[nest + parts.NEST_LOOPS].bit_count() > tiles.MOST_CUT:
            return False
    return True


def _tiles(plan: Sequence[int], ladder: Sequence[int]) -> tuple[list[int], list[int]]:
    """Of each cut the tiles of nests without the lanes, and those of the others with one tile along the lanes."""
    # As `tiles_of_cut`: 4, 3 and 2 tiles, the last without lanes: 2 and 7.
    many, ways = plan[parts.NESTS], ladder[at.SIDE_WAYS : at.SIDE_WAYS + 3]
    still, moving = ([0] * ladder[at.PROGRAM_CUTS] for _ in range(2))
    for number, nest in enumerate(_nests(plan)):
        sides = [
            ladder[first + number : first + number + count * many : many]
            for first, count in zip(ladder[at.SIDE_TILES : at.SIDE_TILES + 3], ways, strict=True)
        ]
        to = moving if (plan[nest + parts.NEST_LOOPS] >> ladder[at.LANE_LOOP]) & 1 else still
        for cut, (one, two, three) in enumerate(product(*sides)):
            to[cut] += one * two * three
    return still, moving


def write_program(
    plan: list[int],
    about: list[int],
    machine: list[int],
    found: list[int],
    sizes: Sequence[int],
    results: list[int],
    at: int,
) -> None:
    """As `network.price_form`, of a program that fits, with its loops in their own order."""
    many = plan[tiles.LOOPS]
    costs.cost_of_lanes(plan, about, machine, found, results, at + network.FORM_COST)
    write_tiling(range(many), sizes[:many], plan, about, machine, results, at)


class KeptPrograms:
    """`rows` are those of all kernels, as `flat/packed.py` has them; a form's results begin at `first` and its number
    times `network.FORM`. For machines with the lanes of the one that plans are on, memory and port left aside."""

    def __init__(self, kernels: Sequence[PackedKernel], rows: list[list[int]], machine: list[int], first: int):
        self._rows, self._first = rows, first
        self._programs: list[tuple[int, PackedKernel, KeptProgram | None]] = []
        for number, kernel in enumerate(kernels):
            if kernel.is_program:
                plan = rows[number * packed.KERNEL_ROWS + packed.PLAN_ROW]
                packed.on_machine(plan, kernel.about, machine)
                self._programs.append((number, kernel, KeptProgram(kernel, plan) if can_keep(plan) else None))

    def price(self, machine: list[int], results: list[int], space: int, work: list[list[int]]) -> bool:
        """Writes what all programs cost into `results`. False where a climb of the core needs more `space`."""
        for number, kernel, kept in self._programs:
            to, row = self._first + number * network.FORM, number * packed.KERNEL_ROWS
            plan, about = self._rows[row + packed.PLAN_ROW], kernel.about
            packed.on_machine(plan, about, machine)
            found = None if kept is None else kept.cheapest(machine, work)
            if found is None:
                results[to] = network.price_form(self._rows, row, machine, 1, space, work, results, to)
                if results[to] == climb.NO_ROOM:
                    return False
                continue
            write_program(plan, about, machine, found, work[packed.SIZES_ROW], results, to)
        return True
