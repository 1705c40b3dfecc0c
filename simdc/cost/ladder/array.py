"""The rungs of a contraction's ladder on a machine: which fit, what they take at least, and the cheapest of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache

from simdc.cost.axis import ONE
from simdc.cost.channels import on_channels
from simdc.cost.exact.flat import flat_contraction
from simdc.cost.flat import climb, rails, tiles
from simdc.cost.flat import rungs as at
from simdc.cost.flat.best import BEST, BEST_RUNG
from simdc.cost.flat.core import PLAIN, CoreForm, run
from simdc.cost.grid import stored_bounds
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.spread import Spread, spread_of
from simdc.cost.tiling import Tiling

from .climb import Least, Rail
from .contraction import ArrayLadder
from .filled import filled_ladder
from .ports import Ports
from .rows import LadderInForm, LadderRows, with_more_room


@lru_cache(maxsize=1024)
def _ladder(kernel: Contraction, bounds: tuple[tuple[str, int], ...], spread: Spread, clip: bool) -> LadderRows:
    return LadderRows(ArrayLadder(kernel, dict(bounds), spread, clip))


MOST_CHOSEN = 4096
_CHOSEN: dict[object, Tiling | None] = {}
"""The cheapest rungs found last, by what the array feels of kernel and machine."""


class ArrayRungs:
    """The rungs of a contraction on one machine: groups are the walks of its ladder, steps the ways to cut the image,
    coarsest first."""

    def __init__(self, kernel: Contraction, hardware: Hardware, rule: MachineRule):
        array = hardware.systolic
        self._flat = flat_contraction(kernel, hardware, rule)
        rule = on_channels(rule, hardware)
        self._kernel, self._hardware, self._rule = kernel, hardware, rule
        bounds = stored_bounds(kernel, hardware)
        self._order, self._bounds = tuple(bounds), tuple(bounds.items())
        self._spread, self._law = spread_of(kernel, array), rule.fold_law(array)
        self._on = self._machine()

    def in_form(self, form: CoreForm) -> LadderInForm:
        """The ladder. Raises OverflowError for numbers that the form has no room for."""
        if self._flat is not None:
            return filled_ladder(form, self._flat)
        return _ladder(self._kernel, self._bounds, self._spread, not self._hardware.stores_padding).in_form(form)

    @property
    def machine(self) -> list[int]:
        """As `flat/rungs.py` has it."""
        return self._on

    def _machine(self) -> list[int]:
        """The machine as `flat/rungs.py` has it."""
        kernel, hardware, rule, law = self._kernel, self._hardware, self._rule, self._law
        ports, limits = Ports(kernel, hardware, rule), rule.usable_bits(hardware)
        on = [
            rule.array_fill_cycles(hardware.systolic),
            # In elements, so that rungs compare without widths: half of 64 Kibit are 32,768 bits, 4,096 weights of 8.
            *(limits["weight"] // kernel.weight.bits, limits["ifmap"] // kernel.ifmap.bits),
            *(limits["psum"] // kernel.psum.bits, limits["bias"]),
            *(kernel.weight.bits, kernel.ifmap.bits, kernel.psum.bits, kernel.ofmap_bits),
            *(0 if kernel.bias is None else kernel.bias.bits, ports.bias_bits, ports.trip_bits),
        ]
        for rate in (ports.weight_bits_per_cycle, ports.ifmap_bits_per_cycle, ports.result_bits_per_cycle):
            on += (rate.numerator, rate.denominator)
        on += (hardware.systolic.buffer_release == "segment", law.is_plain, law.more, law.least, law.again, law.last)
        on.append(len(ports.shared))
        for rows, rate in ports.shared:
            crossing = [row.operand for row in rows if row.when != "complete"]
            on += (rate.numerator, rate.denominator, *map(crossing.count, ("weight", "ifmap", "psum")))
            on.append(len(rows) - len(crossing))
        return list(map(int, on))

    def cheapest(self) -> Tiling | None:
        """As `climb.cheapest`. What the array does not tell from a kernel that was asked before has the same rung."""
        felt = self._felt()
        if felt is None:
            return self.climbed()
        if felt not in _CHOSEN:
            if len(_CHOSEN) >= MOST_CHOSEN:
                _CHOSEN.clear()
            _CHOSEN[felt] = self.climbed()
        return _CHOSEN[felt]

    def _felt(self) -> object:
        """All that rungs and their prices depend on, where `cost/flat` prices them by the usual rule, else None."""
        # 1,000 keys on 64 columns are stored as 1,024, and so are 1,020: tiles, loads and steps are the same.
        if self._flat is None or self._flat.given is not GENESYS:
            return None
        return (self._order, self._spread, self._flat.felt, tuple(self._on))

    def climbed(self, room: int = 1024) -> Tiling | None:
        """As `cheapest`, worked out. Beside the walks as many entries have room at first."""
        return run(lambda form: self._cheapest(form, room))

    def _cheapest(self, form: CoreForm, room: int) -> Tiling | None:
        filled, on, flat = self.in_form(form), form.row(self._on), self._flat
        room += filled.ladder[at.WALKS]
        while flat is not None:
            loops, best = len(self._order), form.row([-1] * BEST)
            waiting = form.zeros(rails.waiting_row(room))
            rows = [
                *map(form.zeros, (loops, loops)),
                flat.room(form, min(loops, tiles.MOST_CUT)),
                form.zeros(tiles.FOUND),
            ]
            ended = form.best_rung(*filled, on, waiting, room, flat.in_form(form), *rows, best)
            if ended == climb.NONE_LEFT:
                rung = best[BEST_RUNG]
                return None if rung < 0 else filled.tiling(self._order, rung)
            if ended != climb.NO_ROOM:
                break
            room *= 2
        waiting = form.zeros(climb.HEAP + (1 + climb.ENTRY) * room)
        form.begin(filled.ladder, on, waiting, room)
        return self._one_by_one(form, filled, on, waiting, room)

    def _one_by_one(
        self, form: CoreForm, filled: LadderInForm, on: list[int], waiting: list[int], room: int
    ) -> Tiling | None:
        """As `cheapest`, where `cost/flat` does not price all rungs."""
        best = (-1, -1)
        chosen: Tiling | None = None
        while (rung := form.next_rung(filled.ladder, on, waiting, room, *best)) != climb.NONE_LEFT:
            if rung == climb.NO_ROOM:
                waiting, room = form.row(with_more_room(waiting, room)), 2 * room
                continue
            priced = self._price(filled.tiling(self._order, rung))
            if priced is not None and (chosen is None or priced[:2] < best):
                best, chosen = priced[:2], priced[2]
        return chosen

    @cached_property
    def _plain(self) -> LadderInForm:
        return self.in_form(PLAIN)

    def rails(self) -> Iterator[Rail]:
        room = self._plain.ladder[at.WALKS]
        waiting = [0] * (climb.HEAP + (1 + climb.ENTRY) * room)
        climb.begin(self._plain.ladder, self._on, waiting, room)
        for entry in waiting[climb.HEAP : climb.HEAP + waiting[climb.WAITING]]:
            bound, _, _, group, step = waiting[entry : entry + climb.ENTRY]
            yield Rail(bound, group, step)

    def step(self, rail: Rail) -> tuple[Least | None, Rail | None]:
        walk, (_, group, step), found = at.WALK_ROWS + rail.group * at.WALK, rail, [0]
        ladder, on = self._plain.ladder, self._on
        opening, after = at.first_weights(ladder, on, walk), at.following(ladder, on, walk, step + 1)
        cycles = at.least_of_rung(ladder, on, walk, step, opening, -1, found, 0)
        rest = None if after < 0 else Rail(at.least_of_rail(ladder, on, walk, after, opening), group, after)
        return Least(cycles, found[0]), rest

    def price(self, group: int, step: int) -> tuple[int, int, Tiling] | None:
        """Cycles and DRAM bits of a rung and its tiling, None if it cannot be run."""
        return self._price(self._plain.tiling(self._order, group * self._plain.ladder[at.IMAGES] + step))

    def _price(self, tiling: Tiling) -> tuple[int, int, Tiling] | None:
        found = None if self._flat is None else self._flat.price_one(*tiling)
        if self._flat is not None and found is not None:
            return found[tiles.TOTAL], self._flat.dram_bits_total(found), tiling
        from simdc.cost.exact.contraction import TiledContraction

        tiled = TiledContraction.cut(self._kernel, *tiling, self._hardware, ONE, self._rule)
        if self._law.refused and any(need.need_bits > need.limit_bits for need in tiled.needs()):
            return None
        return tiled.total_cycles(), int(tiled.dram_bits().total), tiling
