"""Kernels that move along a line, in one form of the core: rows that are written into from step to step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from simdc.cost.flat import moving, network, packed
from simdc.cost.flat.core import CoreForm
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction

from .in_form import NetworkInForm, array_ladders, kernel_rows, room_for
from .kernels import PackedKernel
from .machine import machine_row
from .moving import MovingKernel, multiplications


class LineInForm:
    """Raises OverflowError for numbers that the form has no room for. `kernels` are those of all layers, of which some
    are not on the line: they are given at each step, and are no contractions."""

    def __init__(
        self,
        form: CoreForm,
        layers: list[int],
        counted: Sequence[int],
        kernels: Sequence[MovingKernel | PackedKernel],
        hardware: Hardware,
    ):
        first = [each.first if isinstance(each, MovingKernel) else each for each in kernels]
        self._form, self._own = form, NetworkInForm(form, layers, first)
        self._network, self._counted = form.row(layers), form.row(counted)
        self._nothing, self._sums = form.row([network.NOTHING_KNOWN]), form.zeros(moving.SUMMED)
        self._rows = [kernel_rows(form, each) for each in first]
        self._macs = [form.row([multiplications(each)]) for each in first]
        on_line = {number: each for number, each in enumerate(kernels) if isinstance(each, MovingKernel)}
        self._moving = len(on_line)
        arrays = {number: each for number, each in on_line.items() if not each.first.is_program}
        self._arrays = list(arrays)
        made = self._make_ladders(arrays, hardware) if arrays else []
        moved: list[list[int]] = []
        for number, each in on_line.items():
            about, plan, *others = self._rows[number]
            filled = made[self._arrays.index(number)] if number in arrays else others[packed.WAYS_ROW - packed.ON_ROW]
            moved += (about, plan, form.row(each.moves), filled, self._macs[number])
        self._moves = form.rows(moved) if moved else None
        self._make_table()

    def _make_ladders(self, arrays: Mapping[int, MovingKernel], hardware: Hardware) -> list[list[int]]:
        """Room for the ladders of contractions. Gives what is said of each."""
        kernels = [cast("Contraction", each.first.kernel) for each in arrays.values()]
        largest = [each.largest for each in arrays.values()]
        rows = [self._rows[number] for number in arrays]
        self._ladders = array_ladders(self._form, kernels, rows, largest, hardware)
        return self._ladders.made

    def _make_table(self) -> None:
        for place, number in enumerate(self._arrays):
            self._rows[number][packed.LADDER_ROW : packed.LAST_ROW] = self._ladders.ladder(place)
        self._table = self._form.rows([row for rows in self._rows for row in rows])
        self._macs_table = self._form.rows(self._macs)

    def price(self, step: int, apart: Mapping[int, PackedKernel], hardware: Hardware) -> tuple[list[int], list[int]]:
        """What `flat/network.py` finds at a step, and sums as `flat/moving.py` has them. `apart` are the kernels that
        are not on the line, by number."""
        form, machine = self._form, self._form.row(machine_row(hardware))
        if self._moves is not None:
            form.move_kernels(self._moves, self._moving, step)
        for number, kernel in apart.items():
            self._own.make_room(room_for(kernel))
            self._rows[number], self._macs[number] = kernel_rows(form, kernel), form.row([multiplications(kernel)])
        grown = bool(self._arrays) and self._ladders.fill(machine)
        if grown or apart:
            self._make_table()
        found = self._own.find(machine, self._table, self._nothing, self._nothing, greedy=False)
        form.sum_costs(self._network, self._table, self._macs_table, self._counted, found, self._sums)
        return found, self._sums
