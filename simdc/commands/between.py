"""Runs that differ in one number, a length or a batch: what does not depend on it is priced once, layers alike once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from xdsl.dialects.builtin import ModuleOp

from simdc.backends.report.figures import RunSums
from simdc.cost.along import LineLayer, LinePricer, LineSums
from simdc.cost.energy import energy_of
from simdc.cost.forms import Forms
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel
from simdc.cost.result import Cost, add_up
from simdc.cost.workload import LayerCost, Workload
from simdc.ir.attributes import Unit
from simdc.ir.base import LayerOp
from simdc.ir.context import cost_model_of, forms_of, kernel_of, machine_of
from simdc.ir.derived import given_form, given_tiling
from simdc.ir.forms_between import FormsBetween
from simdc.ir.network import network_of
from simdc.ir.stretch import LayersBetween, NotLinear
from simdc.named import NamedTuple
from simdc.passes.distinct import model_of

Compile = Callable[[int], ModuleOp]
"""The priced module of the run with a number."""

Pair = tuple[Kernel, Kernel, str | None]
"""What a layer is at both ends, and the form that a person chose."""


class MovingLayer(NamedTuple):
    """Layers alike that move: the name of one, what it can be, whether its products count, how many there are."""

    layer: str
    forms: FormsBetween
    multiplies: bool
    alike: int

    @property
    def on_line(self) -> LineLayer:
        """As models price it together with others."""
        return LineLayer([form.at for form in self.forms.forms], self.alike, self.alike if self.multiplies else 0)


class RunsBetween:
    """Runs with the numbers from `first` to `last`, both of which are compiled whole.

    What a layer is between them is read off the two: every size moves along a line. Where it does not, the run is
    compiled whole, too.
    """

    def __init__(self, compile: Compile, first: int, last: int):
        self._compile, self._first, self._last = compile, first, last
        self._known: dict[int, RunSums] = {}
        one, other = compile(first), compile(last) if last > first else None
        self.machine: AnyMachine = machine_of(one)
        self._model: AnyModel = model_of(one, cost_model_of(one))
        self._known[first] = self._whole(one)
        self._costs: dict[Forms, LayerCost] = {}
        self._moving: list[MovingLayer] | None = []
        self._line: LinePricer | None = None
        self._still = RunSums()
        if other is not None:
            self._known[last] = self._whole(other)
            self._divide(one, other)

    def at(self, number: int) -> RunSums:
        """Of the run with `number`."""
        if number not in self._known:
            self._known[number] = self._between(number)
        return self._known[number]

    def _divide(self, one: ModuleOp, other: ModuleOp) -> None:
        """Layers that are the same at both ends, priced already, and those that move, with how many are alike."""
        firsts, lasts = (list(network_of(module).layers()) for module in (one, other))
        # A cache of one token is no append, of whatever name.
        alike = [(op.name, op.layer.data) for op in firsts] == [(op.name, op.layer.data) for op in lasts]
        # A tiling that was given is for one size, and whether attention is one layer is a matter of each.
        if not alike or any(map(given_tiling, firsts)) or may_fuse(self.machine):
            self._moving = None
            return
        still: list[LayerOp] = []
        pairs: dict[Pair, list[tuple[LayerOp, LayerOp]]] = {}
        for first, last in zip(firsts, lasts, strict=True):
            kernels = (_first_kernel(first, self.machine), _first_kernel(last, self.machine))
            if kernels[0] is None or kernels[1] is None or kernels[0] == kernels[1]:
                still.append(first)
            else:
                pairs.setdefault((kernels[0], kernels[1], given_form(first)), []).append((first, last))
        self._still = total(map(self._of, still))
        whole = self._last - self._first
        try:
            self._moving = [
                MovingLayer(
                    layers[-1][0].layer.data,
                    FormsBetween(LayersBetween(*layers[-1]), self.machine, given, whole),
                    counts_macs(layers[-1][0]),
                    len(layers),
                )
                for (*_, given), layers in pairs.items()
            ]
        except NotLinear:
            self._moving = None
            return
        if self._model.takes_forms and all(each.forms.names is not None for each in self._moving):
            self._line = self._model.along([each.on_line for each in self._moving], whole)

    def _between(self, number: int) -> RunSums:
        if self._moving is None:
            return self._whole(self._compile(number))
        step = number - self._first
        try:
            sums = None if self._line is None else self._line.sums(step, cast("Hardware", self.machine))
            if sums is None:
                return total([self._still, *self._asked(self._moving, step)])
            left_over = [self._moving[place] for place in sums.left_over]
            return total([self._still, self._together(sums), *self._asked(left_over, step)])
        except NotLinear:
            return self._whole(self._compile(number))

    def _together(self, sums: LineSums) -> RunSums:
        """Of layers that were priced together."""
        on_array = self._sums(sums.array, 1, on_systolic=True, multiplies=False)
        on_lanes = self._sums(sums.lanes, 1, on_systolic=False, multiplies=False)
        return total([on_array, on_lanes, RunSums(macs=sums.macs)])

    def _asked(self, layers: Sequence[MovingLayer], step: int) -> list[RunSums]:
        """Of layers that are asked for one by one."""
        every = [each.forms.at(step) for each in layers]
        self._price({forms: each.layer for forms, each in zip(every, layers, strict=True)})
        return [self._moved(each, self._costs[forms]) for forms, each in zip(every, layers, strict=True)]

    def _price(self, layers: Mapping[Forms, str]) -> None:
        """Those that are not priced yet, by the names that errors tell."""
        new = [(name, forms) for forms, name in layers.items() if forms not in self._costs]
        for (_, forms), layer in zip(new, Workload(new).price(self._model, self.machine), strict=True):
            self._costs[forms] = layer

    def _whole(self, module: ModuleOp) -> RunSums:
        return total(map(self._of, network_of(module).layers()))

    def _of(self, op: LayerOp) -> RunSums:
        """A layer of a run that was compiled whole."""
        if op.cost is None:
            return RunSums(uncosted=int(op.uncosted is not None))
        return self._sums(op.cost.data, 1, on_systolic=op.runs_on is Unit.SYSTOLIC, multiplies=counts_macs(op))

    def _moved(self, moving: MovingLayer, layer: LayerCost) -> RunSums:
        """Layers as one that was priced between the two."""
        if layer.cost is None:
            return RunSums(uncosted=moving.alike)
        # The form that was chosen says on which array it runs.
        on_systolic = isinstance(layer.kernel, Contraction)
        return self._sums(layer.cost, moving.alike, on_systolic=on_systolic, multiplies=moving.multiplies)

    def _sums(self, cost: Cost, count: int, *, on_systolic: bool, multiplies: bool) -> RunSums:
        energy = energy_of(cost, self.machine, on_systolic=on_systolic)
        macs = dict(cost.ops).get("mac", 0) if multiplies else 0
        return RunSums(count * cost.cycles.total, count * cost.dram_bits.total, count * energy.total, count * macs, 0)


def counts_macs(op: LayerOp) -> bool:
    """Whether the products of a layer are those that people count."""
    return bool(op.regions) or op.UNIT is Unit.SYSTOLIC


def _first_kernel(op: LayerOp, hardware: AnyMachine) -> Kernel | None:
    """Whatever form was chosen."""
    return None if kernel_of(op) is None else forms_of(op, hardware)[0][1]


def may_fuse(machine: AnyMachine) -> bool:
    """Whether layers that are apart at one length may be one at another."""
    return isinstance(machine, Hardware) and bool(machine.simd.array_path_bits_per_cycle)


def total(runs: Iterable[RunSums]) -> RunSums:
    """All of them together."""
    every = list(runs)
    return RunSums(
        add_up(each.cycles for each in every),
        add_up(each.dram_bits for each in every),
        add_up(each.energy_pj for each in every),
        add_up(each.macs for each in every),
        sum(each.uncosted for each in every),
    )
