"""Layers that differ in one number, a length or a batch, priced on a machine at step after step."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.along import FormLine, LineLayer, LineSums
from simdc.cost.flat import costs, moving, network
from simdc.cost.flat.core import CoreForm, run
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel, VectorProgram
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits

from .kernels import PackedKernel, packed_kernel
from .line_in_form import LineInForm
from .machine import Kind, kind_of
from .moving import MovingKernel, moving_kernel

MOST_LINES = 4
"""Kinds of machines, for which layers are packed at a time."""


class PackedLine:
    """The layers at each of so many `steps`."""

    def __init__(self, layers: Sequence[LineLayer], steps: int):
        self._layers, self._steps = layers, steps
        self._kinds: dict[Kind, LineOfKind] = {}

    def sums(self, step: int, hardware: Hardware) -> LineSums | None:
        """With default tilings. None where all layers have to be asked for one by one."""
        kind = kind_of(hardware)
        if kind is None:
            return None
        if kind not in self._kinds:
            if len(self._kinds) >= MOST_LINES:
                self._kinds.clear()
            self._kinds[kind] = LineOfKind(self._layers, self._steps, hardware, kind)
        return self._kinds[kind].sums(step, hardware)


class LineOfKind:
    """The layers as machines of one kind see them."""

    def __init__(self, layers: Sequence[LineLayer], steps: int, hardware: Hardware, kind: Kind):
        def pack(kernel: Kernel) -> PackedKernel | None:
            return packed_kernel(kernel, hardware, kind)

        self._pack, self._steps = pack, steps
        self._kernels: list[MovingKernel | PackedKernel] = []
        self._apart: dict[int, FormLine] = {}
        """Forms that are packed at each step, by the numbers of their kernels."""
        self._places: list[int] = []
        """The layers that are packed."""
        self._network, self._counted = [0], list[int]()
        for number, layer in enumerate(layers):
            kernels = [self._packed(form) for form in layer.forms]
            known = [each for each in kernels if each is not None]
            if len(known) < len(kernels):
                continue
            self._network[network.LAYERS] += 1
            self._network += (len(self._kernels), len(known), layer.times)
            self._places.append(number)
            self._counted.append(layer.counted)
            for form, each in zip(layer.forms, known, strict=True):
                if not isinstance(each, MovingKernel):
                    self._apart[len(self._kernels)] = form
                self._kernels.append(each)
        self._others = [number for number in range(len(layers)) if number not in self._places]
        self._in_forms: dict[str, LineInForm] = {}

    def _packed(self, form: FormLine) -> MovingKernel | PackedKernel | None:
        """None of what cannot be priced in rows at each step."""
        first = form(0)
        found = moving_kernel(form, self._steps, self._pack)
        # Ladders of contractions need room for all steps.
        return self._pack(first) if found is None and isinstance(first, VectorProgram) else found

    def sums(self, step: int, hardware: Hardware) -> LineSums | None:
        """As `PackedLine.sums`."""
        apart = {number: self._pack(form(step)) for number, form in self._apart.items()}
        packed = {number: kernel for number, kernel in apart.items() if kernel is not None}
        if not self._kernels or len(packed) < len(apart):
            return None

        def work(form: CoreForm) -> tuple[list[int], list[int]]:
            own = self._in_forms.get(form.name)
            if own is None:
                own = LineInForm(form, self._network, self._counted, self._kernels, hardware)
                self._in_forms[form.name] = own
            return own.price(step, packed, hardware)

        found, sums = run(work)
        chosen = found[network.CHOSEN_FORMS : network.CHOSEN_FORMS + len(self._places)]
        left = [number for number, form in zip(self._places, chosen, strict=True) if form == network.NONE_CHOSEN]
        on_array, on_lanes = (_cost(sums[at : at + costs.COST]) for at in (moving.SUM_OF_ARRAY, moving.SUM_OF_LANES))
        return LineSums(on_array, on_lanes, sums[moving.SUM_OF_MACS], sorted(left + self._others))


def _cost(row: Sequence[int]) -> Cost:
    """Of a row as `flat/costs.py` has it."""
    cycles, dram, sram = row[: costs.COST_DRAM], row[costs.COST_DRAM : costs.COST_SRAM], row[costs.COST_SRAM :]
    return Cost(Cycles(*cycles), DramBits(*dram), SramBits(*sram[:7]), (), Busy(*row[costs.COST_BUSY :]))
