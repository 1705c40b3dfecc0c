"""What a decode step costs at many lengths: what does not depend on the length once, layers alike once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from xdsl.dialects.builtin import ModuleOp

from simdc.backends.report.language import DecodeStep
from simdc.cost.energy import energy_of
from simdc.cost.forms import Forms
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel
from simdc.cost.result import Cost, add_up
from simdc.cost.workload import Workload
from simdc.ir.attributes import Unit
from simdc.ir.base import LayerOp
from simdc.ir.context import cost_model_of, forms_of, kernel_of, machine_of
from simdc.ir.derived import given_form
from simdc.ir.network import network_of
from simdc.ir.stretch import Line, NotLinear, stretch
from simdc.passes.distinct import model_of

Compile = Callable[[int], ModuleOp]
"""The priced module of a decode step at a length."""


class StepPrices:
    """Prices of decode steps from `first` to `last`, both of which are compiled whole.

    What a layer is between them is read off the two: every size moves along a line. Where it does not, the length is
    compiled whole, too.
    """

    def __init__(self, compile: Compile, first: int, last: int):
        self._compile, self._first, self._last = compile, first, last
        self._known: dict[int, DecodeStep] = {}
        one, other = compile(first), compile(last) if last > first else None
        self._hardware: AnyMachine = machine_of(one)
        self._model: AnyModel = model_of(one, cost_model_of(one))
        self._known[first] = self._whole(first, one)
        self._costs: dict[Forms, Cost | None] = {}
        self._moving: dict[tuple[Kernel, Kernel], tuple[LayerOp, LayerOp, int]] | None = {}
        self._still = DecodeStep(0, 0, 0, 0)
        if other is not None:
            self._known[last] = self._whole(last, other)
            self._divide(one, other)

    def step(self, length: int) -> DecodeStep:
        """What one token costs that sees `length`, itself among them."""
        if length not in self._known:
            self._known[length] = self._between(length)
        return self._known[length]

    def steps(self, lengths: Iterable[int]) -> tuple[DecodeStep, ...]:
        return tuple(map(self.step, lengths))

    def _divide(self, one: ModuleOp, other: ModuleOp) -> None:
        """Layers that are the same at both lengths, priced already, and those that move, with how many are alike."""
        firsts, lasts = (list(network_of(module).layers()) for module in (one, other))
        # A cache of one token is no append, of whatever name.
        if [(op.name, op.layer.data) for op in firsts] != [(op.name, op.layer.data) for op in lasts]:
            self._moving = None
            return
        still: list[LayerOp] = []
        moving: dict[tuple[Kernel, Kernel], tuple[LayerOp, LayerOp, int]] = {}
        for first, last in zip(firsts, lasts, strict=True):
            kernels = (_first_kernel(first, self._hardware), _first_kernel(last, self._hardware))
            if kernels[0] is None or kernels[1] is None or kernels[0] == kernels[1]:
                still.append(first)
            else:
                *_, count = moving.get((kernels[0], kernels[1]), (first, last, 0))
                moving[kernels[0], kernels[1]] = (first, last, count + 1)
        self._moving, self._still = moving, total(0, [self._of(op) for op in still])

    def _between(self, length: int) -> DecodeStep:
        if self._moving is None:
            return self._whole(length, self._compile(length))
        line = Line(length - self._first, self._last - self._first)
        try:
            ops = [(stretch(first, last, line), count) for first, last, count in self._moving.values()]
        except NotLinear:
            return self._whole(length, self._compile(length))
        every = [self._forms(op, given) for (op, _), (given, _, _) in zip(ops, self._moving.values(), strict=True)]
        self._price({forms: op.layer.data for forms, (op, _) in zip(every, ops, strict=True)})
        priced = [self._priced(self._costs[forms], op, count) for forms, (op, count) in zip(every, ops, strict=True)]
        return total(length, [self._still, *priced])

    def _forms(self, op: LayerOp, given: LayerOp) -> Forms:
        """What the layer can be; one form where a person chose it."""
        wanted = given_form(given)
        return tuple(each for each in forms_of(op, self._hardware) if wanted in (None, each[0]))

    def _price(self, layers: Mapping[Forms, str]) -> None:
        """Those that are not priced yet, by the names that errors tell."""
        new = [(name, forms) for forms, name in layers.items() if forms not in self._costs]
        for (_, forms), layer in zip(new, Workload(new).price(self._model, self._hardware), strict=True):
            self._costs[forms] = layer.cost

    def _whole(self, length: int, module: ModuleOp) -> DecodeStep:
        return total(length, map(self._of, network_of(module).layers()))

    def _of(self, op: LayerOp) -> DecodeStep:
        return self._priced(None if op.cost is None else op.cost.data, op, 1)

    def _priced(self, cost: Cost | None, op: LayerOp, count: int) -> DecodeStep:
        if cost is None:
            return DecodeStep(0, 0, 0, 0)
        energy = energy_of(cost, self._hardware, on_systolic=op.runs_on is Unit.SYSTOLIC)
        return DecodeStep(0, count * cost.cycles.total, count * cost.dram_bits.total, count * energy.total)


def _first_kernel(op: LayerOp, hardware: AnyMachine) -> Kernel | None:
    """Whatever form was chosen at this length."""
    return None if kernel_of(op) is None else forms_of(op, hardware)[0][1]


def total(length: int, steps: Iterable[DecodeStep]) -> DecodeStep:
    """All of them together."""
    every = list(steps)

    return DecodeStep(
        length,
        add_up(each.cycles for each in every),
        add_up(each.dram_bits for each in every),
        add_up(each.energy_pj for each in every),
    )
