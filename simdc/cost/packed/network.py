"""The layers of a network in rows, priced on machine after machine."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from simdc.cost.chosen import Chosen, Forms
from simdc.cost.exact.laws import kernel_law
from simdc.cost.flat import costs, network
from simdc.cost.flat.core import CoreForm, run
from simdc.cost.guards import InvariantError
from simdc.cost.hardware import Hardware
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.tiling import Tiling
from simdc.cost.together import CostColumns

from .in_form import NetworkInForm
from .kernels import PackedKernel, packed_kernel
from .machine import Kind, kind_of

MOST_KINDS = 4
"""Of machines, for which one network is packed at a time."""


class PackedNetwork:
    """The distinct layers of a network, each with the kernels that it can be and how `times` it is there."""

    def __init__(self, layers: Sequence[Forms], times: Sequence[int]):
        self._layers, self._times = layers, times
        self._kinds: dict[Kind, PackedLayers] = {}
        # Plans are written into while a machine is priced.
        self._lock = Lock()

    def price(self, hardware: Hardware, *, greedy: bool) -> NetworkRows | None:
        """None where `cost/flat` prices no layer on such machines."""
        kind = kind_of(hardware)
        if kind is None:
            return None
        with self._lock:
            if kind not in self._kinds:
                if len(self._kinds) >= MOST_KINDS:
                    self._kinds.clear()
                self._kinds[kind] = PackedLayers(self._layers, self._times, hardware, kind)
            return self._kinds[kind].price(hardware, greedy=greedy)


class PackedLayers:
    """The layers as machines of one kind see them."""

    def __init__(self, layers: Sequence[Forms], times: Sequence[int], hardware: Hardware, kind: Kind):
        self.forms: list[tuple[str, PackedKernel]] = []
        self.places: list[int | None] = []
        """Of each layer its place among those that are packed, None for one that is not."""
        self._network = [0]
        for forms, many in zip(layers, times, strict=True):
            found = [(name, packed_kernel(kernel, hardware, kind)) for name, kernel in forms]
            kernels = [(name, each) for name, each in found if each is not None]
            if len(kernels) < len(forms):
                self.places.append(None)
                continue
            self.places.append(self._network[network.LAYERS])
            self._network[network.LAYERS] += 1
            self._network += (len(self.forms), len(kernels), many)
            self.forms += kernels
        self._in_forms: dict[str, NetworkInForm] = {}

    @property
    def packed(self) -> int:
        """How many layers."""
        return self._network[network.LAYERS]

    def forms_of(self, place: int) -> range:
        """The forms of a packed layer, by number."""
        first, many, _ = self._network[network.LAYER_ROWS + place * network.LAYER :][: network.LAYER]
        return range(first, first + many)

    def price(self, hardware: Hardware, *, greedy: bool) -> NetworkRows | None:
        if not self.forms:
            return None

        def work(form: CoreForm) -> list[int]:
            own = self._in_forms.get(form.name)
            if own is None:
                kernels = [kernel for _, kernel in self.forms]
                own = self._in_forms[form.name] = NetworkInForm(form, self._network, kernels)
            return own.price(hardware, greedy=greedy)

        return NetworkRows(self, run(work))


class NetworkRows:
    """The costs of a network's layers on one machine. `cycles` are those of all layers that have a price here, as often
    as they are there; `left_over` the numbers of the others."""

    def __init__(self, layers: PackedLayers, results: list[int]):
        self._layers, self._results = layers, results
        self.cycles = results[network.ALL_CYCLES]

    @property
    def left_over(self) -> list[int]:
        found, places = self._results, self._layers.places
        if not found[network.LEFT_OVER] and None not in places:
            return []
        return [
            number
            for number, place in enumerate(places)
            if place is None or found[network.CHOSEN_FORMS + place] == network.NONE_CHOSEN
        ]

    def layer(self, number: int) -> Chosen:
        """The form that was taken, with its tiling and cost. Not of one that is left over."""
        place, found = self._layers.places[number], self._results
        assert place is not None
        chosen = found[network.CHOSEN_FORMS + place]
        name, packed = self._layers.forms[chosen]
        at, many = self._row(chosen), len(packed.loops)
        order = found[at + network.FORM_ORDER : at + network.FORM_ORDER + many]
        sizes = found[at + network.FORM_SIZES : at + network.FORM_SIZES + many]
        tiling = Tiling(tuple([packed.loops[loop] for loop in order]), tuple(sizes))
        return Chosen(name, packed.kernel, tiling, self._cost(packed, at + network.FORM_COST))

    def columns(self) -> list[CostColumns]:
        # What prices one machine does without numpy, which takes long to import.
        from .columns import cost_columns

        priced: list[tuple[int, bool, int]] = []
        for number, place in enumerate(self._layers.places):
            chosen = network.NONE_CHOSEN if place is None else self._results[network.CHOSEN_FORMS + place]
            if chosen != network.NONE_CHOSEN:
                on_systolic = not self._layers.forms[chosen][1].is_program
                priced.append((number, on_systolic, self._row(chosen) + network.FORM_COST))
        return cost_columns(self._results, priced)

    def _row(self, form: int) -> int:
        return network.CHOSEN_FORMS + self._layers.packed + form * network.FORM

    def _cost(self, packed: PackedKernel, at: int) -> Cost:
        compute, stall, *numbers = self._results[at : at + costs.COST]
        dram, sram, executed, busy = numbers[:5], numbers[5:12], numbers[12], numbers[13:]
        ops = packed.ops
        if not packed.is_program:
            ops = (*ops, ("mac_executed", executed))
        return Cost(Cycles(compute, stall), DramBits(*dram), SramBits(*sram), ops, Busy(*busy))

    def hold(self, number: int, hardware: Hardware) -> None:
        """Raise InvariantError where the core found a cost for a layer that no schedule has."""
        place = self._layers.places[number]
        for form in () if place is None else self._layers.forms_of(place):
            at = self._row(form)
            if self._results[at] == network.IMPOSSIBLE:
                kernel = self._layers.forms[form][1]
                cost = self._cost(kernel, at + network.FORM_COST)
                kernel_law(kernel.kernel).check(cost, hardware)
                raise InvariantError(f"the core refuses a cost that is sound: {cost}")
