"""A contraction's schedule as the RTL takes it: settings, a descriptor for each tile, and what lies in DRAM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import gcd

import numpy as np

from simdc.backends.execute.buffers import real_values
from simdc.backends.simulate.contraction import ArrayVisit, visits
from simdc.backends.simulate.walk import Tile, whole_loops
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.numbers import ceil_div
from simdc.cost.rule import MachineRule
from simdc.cost.tiling import Tiling, loop_bounds
from simdc.named import NamedTuple

from . import array_machine as built
from .beats import Numbers, Words, beat_words, pack
from .nested_sums import NestedSum
from .stored_tile import StoredTile
from .unplayable import Unplayable, require, whole_bits


class Kept(NamedTuple):
    """Where complete results of a tile lie in DRAM: from `beat` on."""

    stored: StoredTile
    beat: int


class ArraySchedule(NamedTuple):
    """`words` is what the simulated machine reads; of its answer the counters come first, then `psum_beats` beats of
    the memory behind the psum port, each `psum_rate` bits."""

    words: Words
    tiles: int
    psum_beats: int
    psum_rate: int
    results: tuple[Kept, ...]


class _Dram:
    """Memory behind a port that only reads: tiles one after the other, each once."""

    def __init__(self, rate_bits: int):
        self._rate_bits = rate_bits
        self._parts: list[Words] = []
        self._known: dict[tuple[str, tuple[int, ...]], int] = {}
        self.beats = 0

    def place(self, key: tuple[str, tuple[int, ...]], values: Numbers, bits: int) -> int:
        """The first beat of the values, which are stored unless the key is known."""
        if key not in self._known:
            self._known[key] = self.beats
            self._parts.append(pack(values, bits, self._rate_bits))
            self.beats += len(self._parts[-1])
        return self._known[key]

    def words(self) -> Words:
        return np.concatenate([np.zeros(0, np.uint32), *(part.ravel() for part in self._parts)]).astype(np.uint32)


class _Planner:
    def __init__(
        self, kernel: Contraction, tiling: Tiling, machine: Hardware, rule: MachineRule, data: Mapping[str, Numbers]
    ):
        self.kernel, self.machine, self.data = kernel, machine, data
        self.bounds = loop_bounds(kernel)
        rates = rule.bandwidths(machine)
        ports = {(row.operand, row.when): row.port for row in rule.array_streams}
        self.rates = {role: whole_bits(rates[ports[role, "new"]], role) for role in ("weight", "ifmap")}
        self.rates["psum"] = whole_bits(rates[ports["psum", "complete"]], "psum")
        self.weights, self.ifmap = _Dram(self.rates["weight"]), _Dram(self.rates["ifmap"])
        self.psum_beats = 0
        self.psum_places: dict[tuple[int, ...], int] = {}
        self.halves: dict[str, int] = dict.fromkeys(_HALVES, 1)
        self._place: tuple[int, ...] | None = None
        self.results: list[Kept] = []
        # The nest of steps: folds outside, those that add to the same results side by side; positions of a fold inside.
        moving = [
            loop for loop in self.bounds if loop in kernel.weight.loops and loop not in (kernel.rows, kernel.columns)
        ]
        self.outer = [kernel.columns, *(loop for loop in moving if loop in kernel.psum.loops)]
        self.outer += [kernel.rows, *(loop for loop in moving if loop not in kernel.psum.loops)]
        self.outer += [loop for loop in self.bounds if loop not in (*self.outer, *kernel.psum.loops)]
        self.inner = [loop for loop in self.bounds if loop not in self.outer]
        self.summed = [loop for loop in self.bounds if loop not in kernel.psum.loops]
        self.visits = list(visits(kernel, whole_loops(kernel, tiling), machine, rule))
        _check(self)

    def stored(self, role: str, tile: Tile) -> StoredTile:
        operand = self.kernel.by_role[role]
        side = self.kernel.rows if role == "ifmap" else self.kernel.columns
        return StoredTile(operand, side, tile, self.bounds, stores_padding=self.machine.stores_padding)

    def descriptor(self, visit: ArrayVisit) -> list[int]:
        tile, kernel = visit.tile, self.kernel
        words = [0] * built.FIELDS
        for move in visit.loads:
            self.halves[move.traffic] ^= 1
            words[_SLOTS[move.traffic]] = move.bits
            words[_SLOTS[move.traffic] + 1] = self._load(move.traffic, tile)
        psums, place = self.stored("psum", tile), tile.place(kernel.psum.loops)
        # Sums that begin with this tile take the other half, too, without a load.
        if place != self._place and not any(move.traffic == "psum" for move in visit.loads):
            self.halves["psum"] ^= 1
        self._place = place
        beat = self._psum_beat(tile, psums)
        complete = tile.finishes(self.summed)
        for move in visit.stores:
            width = kernel.ofmap_bits if complete else kernel.psum.bits
            whole, rest = divmod(self.rates["psum"], width)
            words[8:13] = move.bits, beat, width, whole * kernel.psum.bits, rest
            if complete:
                self.results.append(Kept(psums, beat))
        words[13] = sum(self.halves[role] << bit for bit, role in enumerate(_HALVES))
        words[14] = tile.begins(self.summed) | (0 if complete else 2)
        self._steps(words, tile, psums)
        return words

    def _load(self, role: str, tile: Tile) -> int:
        operand = self.kernel.by_role[role]
        key = role, tile.place(operand.loops)
        if role == "psum":
            return self.psum_places[key[1]]
        if role == "weight":
            return self.weights.place(key, self._folds(tile), operand.bits)
        memory = self.ifmap if role == "ifmap" else self.weights
        return memory.place(key, self.stored(role, tile).values(self.data[role]), operand.bits)

    def _psum_beat(self, tile: Tile, psums: StoredTile) -> int:
        place = tile.place(self.kernel.psum.loops)
        if place not in self.psum_places:
            self.psum_places[place] = self.psum_beats
            width = max(self.kernel.psum.bits, self.kernel.ofmap_bits)
            self.psum_beats += ceil_div(psums.elements * width, self.rates["psum"])
        return self.psum_places[place]

    def _folds(self, tile: Tile) -> Numbers:
        """The weights in the order in which the array takes them: fold by fold, of each as many rows as there are."""
        kernel, array = self.kernel, self.machine.systolic
        operand = kernel.weight
        stored = StoredTile(operand, kernel.columns, tile, self.bounds, stores_padding=self.machine.stores_padding)
        values = stored.boxed(stored.values(self.data["weight"]).reshape(-1))
        loop_at = [terms[0][0] if terms else "" for terms, _ in operand.index]
        blocks = {kernel.columns: array.columns, kernel.rows: array.rows}
        lines: list[Numbers] = []
        cuts = [range(0, len(tile.values[loop]), blocks.get(loop, 1)) for loop in self.outer]
        for begins in product(*cuts):
            at = dict(zip(self.outer, begins, strict=True))
            here = tuple(slice(at[loop], at[loop] + blocks.get(loop, 1)) if loop else slice(None) for loop in loop_at)
            block = np.moveaxis(values[here], loop_at.index(kernel.rows), 0)
            # Rows first; then only the columns are more than one.
            lines.append(block.reshape(-1))
        return np.concatenate(lines)

    def _steps(self, words: list[int], tile: Tile, psums: StoredTile) -> None:
        """Bounds of the step counters and what they move."""
        kernel, array = self.kernel, self.machine.systolic
        size = {loop: len(values) for loop, values in tile.values.items()}
        block = {kernel.columns: array.columns, kernel.rows: array.rows}
        counts = {loop: ceil_div(size[loop], block.get(loop, 1)) for loop in (*self.outer, *self.inner)}
        real = real_values(tile, self.bounds)
        ifmap = self.stored("ifmap", tile)
        sums = [
            ifmap.address(kernel.ifmap.bits),
            psums.address(kernel.psum.bits),
            NestedSum(0, {}) if kernel.bias is None else self.stored("bias", tile).address(kernel.bias.bits),
            NestedSum(size[kernel.rows], {kernel.rows: -1}),
            NestedSum(size[kernel.columns], {kernel.columns: -1}),
            NestedSum(len(real[kernel.columns]), {kernel.columns: -1}),
        ]
        guards = ifmap.guards()
        require(len(guards) <= built.GUARDS, f"the ifmap has {len(guards)} dimensions with padding")
        guards += [(NestedSum(0, {}), 1)] * (built.GUARDS - len(guards))
        sums += [position for position, _ in guards]
        unused = built.LOOPS - len(counts)
        words[built.LIMIT_AT : built.BOUND_AT] = [length for _, length in guards]
        words[built.BOUND_AT : built.MOVE_AT] = [1] * unused + list(counts.values())
        for number, one in enumerate(sums):
            words[built.SUM_AT + number] = one.initial
            blocks = NestedSum(one.initial, {loop: step * block.get(loop, 1) for loop, step in one.steps.items()})
            at = built.MOVE_AT + number * built.LOOPS + unused
            words[at : at + len(counts)] = blocks.moves(counts)

    def settings(self) -> list[int]:
        kernel, array = self.kernel, self.machine.systolic
        names = [""] * (built.LOOPS - len(self.outer) - len(self.inner)) + self.outer + self.inner
        given = [
            *(array.rows, array.columns, kernel.weight.bits, kernel.ifmap.bits),
            *(32 if kernel.bias is None else kernel.bias.bits, kernel.psum.bits),
            *(self.rates["weight"], self.rates["ifmap"], self.rates["psum"], int(kernel.bias is not None)),
            sum((name in self.summed) << bit for bit, name in enumerate(names)),
            sum((name in self.inner) << bit for bit, name in enumerate(names)),
            *(built.WEIGHT_LOADS.index(array.weight_load), array.tile_overhead_cycles),
        ]
        return given + [0] * (built.SETTINGS - len(given))


_HALVES = ("weight", "ifmap", "psum", "bias")
"""The buffers by the bit that says which half a tile uses."""
_SLOTS = {"weight": 0, "bias": 2, "ifmap": 4, "psum": 6}
"""Where a descriptor has the bits of a load; the first beat stands behind them."""


def _check(plan: _Planner) -> None:
    """Raise Unplayable for what the hardware was not built for."""
    kernel, array = plan.kernel, plan.machine.systolic
    fits = array.rows <= built.ROWS and array.columns <= built.COLUMNS
    require(fits, f"an array of {array.rows} x {array.columns}; the RTL is built as {built.ROWS} x {built.COLUMNS}")
    for role, rate in plan.rates.items():
        require(rate <= built.PORT_BITS, f"{rate} bits a cycle for {role}; ports are built for {built.PORT_BITS}")
    for role, operand in kernel.by_role.items():
        widths = built.SUM_WIDTHS if role == "psum" else built.WIDTHS
        require(operand.bits in widths, f"elements of {operand.bits} bits for {role}; built are {widths}")
    require(kernel.ofmap_bits in built.WIDTHS, f"results of {kernel.ofmap_bits} bits; built are {built.WIDTHS}")
    require(len(plan.bounds) <= built.LOOPS, f"{len(plan.bounds)} loops")
    results = (kernel.psum.bits, kernel.ofmap_bits)
    lines = {
        "weight": array.rows * array.columns * kernel.weight.bits,
        "ifmap": array.rows * kernel.ifmap.bits,
        "psum": max(array.columns, *(_sums_a_beat(plan.rates["psum"], bits) for bits in results)) * 32,
    }
    for role, bits in lines.items():
        require(bits <= built.LINE_BITS[role], f"{bits} bits of {role} in a cycle; built are {built.LINE_BITS[role]}")
    require(array.dataflow == "weight_stationary", f"an array that is {array.dataflow}")
    require(not kernel.beside_rows and not kernel.side_by_side, "loops that share a side of the array")
    mapped = (*kernel.beside_rows, *kernel.side_by_side)
    require(not mapped, f"{' and '.join(mapped)} on the array beside channels")
    require(kernel.columns not in kernel.ifmap.loops, f"'{kernel.columns}' moves the ifmap")
    require(kernel.rows not in kernel.psum.loops, f"'{kernel.rows}' moves the result")
    require({kernel.rows, kernel.columns} <= set(kernel.weight.loops), "a side of the array that moves no weight")
    for (terms, constant), extent in zip(kernel.weight.index, kernel.weight.shape, strict=True):
        reach = constant + 1 + sum(step * (plan.bounds[loop] - 1) for loop, step in terms)
        plain = len(terms) <= 1 and all(step == 1 for _, step in terms) and constant >= 0 and reach <= extent
        require(plain, "weights with strides or padding")
    inside = all(
        constant >= 0 and constant + 1 + sum(step * (plan.bounds[loop] - 1) for loop, step in terms) <= extent
        for (terms, constant), extent in zip(kernel.psum.index, kernel.psum.shape, strict=True)
    )
    require(inside, "results outside of their tensor")
    if kernel.bias is not None:
        require(set(kernel.bias.loops) <= set(kernel.psum.loops), "a bias that moves within a sum")


def _sums_a_beat(rate_bits: int, bits: int) -> int:
    """Sums of which something may leave in one beat."""
    # 24 bits of results of 16: all of one and half of another; of 12 bits of 8, 8 and 4 or 4 and 8: 2.
    return ceil_div(rate_bits + bits - gcd(rate_bits, bits), bits)


def array_schedule(
    kernel: Contraction, tiling: Tiling, machine: Hardware, rule: MachineRule, data: Mapping[str, Numbers]
) -> ArraySchedule:
    """`data` has the integers of ifmap, weight and bias in the shapes of their operands. Raises Unplayable."""
    plan = _Planner(kernel, tiling, machine, rule, data)
    descriptors = [plan.descriptor(visit) for visit in plan.visits]
    for role in ("weight", "ifmap", "psum"):
        for visit in plan.visits:
            _check_room(plan, role, visit)
    cycles = _most_cycles(plan.visits)
    head = [len(descriptors), plan.weights.beats, plan.ifmap.beats, plan.psum_beats, cycles]
    unwritten = np.full(plan.psum_beats * beat_words(plan.rates["psum"]), 0xA5A5A5A5, np.uint32)
    numbers = np.array([*head, *plan.settings(), *(word for words in descriptors for word in words)], np.int64)
    words = np.concatenate(
        [(numbers & 0xFFFFFFFF).astype(np.uint32), plan.weights.words(), plan.ifmap.words(), unwritten]
    )
    return ArraySchedule(words, len(descriptors), plan.psum_beats, plan.rates["psum"], tuple(plan.results))


def _check_room(plan: _Planner, role: str, visit: ArrayVisit) -> None:
    operand = plan.kernel.by_role[role]
    bits = plan.stored(role, visit.tile).elements * operand.bits
    if bits > built.HALF_BITS[role]:
        raise Unplayable(
            f"a tile of {bits:,} bits of {role}; half of its buffer is built with {built.HALF_BITS[role]:,}"
        )


def _most_cycles(done: Sequence[ArrayVisit]) -> int:
    """More than all of it one after the other."""
    moved = sum(move.cycles for visit in done for move in (*visit.loads, *visit.stores))
    return 1000 + 2 * moved + 4 * sum(visit.compute_cycles for visit in done)
