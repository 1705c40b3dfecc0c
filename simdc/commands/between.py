"""Runs that differ in one number, a length or a batch: what does not depend on it is priced once, layers alike once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from xdsl.dialects.builtin import ModuleOp

from simdc.backends.report.figures import RunSums
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
from simdc.ir.network import network_of
from simdc.ir.stretch import LayersBetween, Line, NotLinear
from simdc.passes.distinct import model_of

Compile = Callable[[int], ModuleOp]
"""The priced module of the run with a number."""

Pair = tuple[Kernel, Kernel, str | None]
"""What a layer is at both ends, and the form that a person chose."""


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
        self._moving: dict[Pair, tuple[LayersBetween, int]] | None = {}
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
        try:
            self._moving = {pair: (LayersBetween(*layers[-1]), len(layers)) for pair, layers in pairs.items()}
        except NotLinear:
            self._moving = None

    def _between(self, number: int) -> RunSums:
        if self._moving is None:
            return self._whole(self._compile(number))
        line = Line(number - self._first, self._last - self._first)
        try:
            ops = [moving.at(line) for moving, _ in self._moving.values()]
        except NotLinear:
            return self._whole(self._compile(number))
        every = [self._forms(op, given) for op, (*_, given) in zip(ops, self._moving, strict=True)]
        self._price({forms: op.layer.data for forms, op in zip(every, ops, strict=True)})
        counts = [count for _, count in self._moving.values()]
        moved = [self._moved(*each) for each in zip(ops, (self._costs[forms] for forms in every), counts, strict=True)]
        return total([self._still, *moved])

    def _forms(self, op: LayerOp, given: str | None) -> Forms:
        """What the layer can be: the form that was `given`, or any."""
        return tuple(each for each in forms_of(op, self.machine) if given in (None, each[0]))

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
        return self._sums(op, op.cost.data, 1, on_systolic=op.runs_on is Unit.SYSTOLIC)

    def _moved(self, op: LayerOp, layer: LayerCost, count: int) -> RunSums:
        """`count` layers as one that was priced between the two."""
        if layer.cost is None:
            return RunSums(uncosted=count)
        # The form that was chosen says on which array it runs.
        return self._sums(op, layer.cost, count, on_systolic=isinstance(layer.kernel, Contraction))

    def _sums(self, op: LayerOp, cost: Cost, count: int, *, on_systolic: bool) -> RunSums:
        energy = energy_of(cost, self.machine, on_systolic=on_systolic)
        macs = dict(cost.ops).get("mac", 0) if op.regions or op.UNIT is Unit.SYSTOLIC else 0
        return RunSums(count * cost.cycles.total, count * cost.dram_bits.total, count * energy.total, count * macs, 0)


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
