"""A network with many batches or lengths: read at the ends, and between them where its layers move along a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simdc.api import Network, open_forms
from simdc.cost.forms import Forms
from simdc.cost.machines import AnyMachine
from simdc.cost.workload import Workload
from simdc.ir.base import LayerOp
from simdc.ir.derived import given_form, given_tiling
from simdc.ir.forms_between import FormsBetween
from simdc.ir.stretch import LayersBetween, NotLinear
from simdc.named import NamedTuple

from .batches import FEW
from .between import may_fuse


class LayerLine(NamedTuple):
    """A layer: its name, and what it can be so many steps from the first end."""

    name: str
    at: Callable[[int], Forms]


class NetworkLine:
    """The network that `read` gives for each of `numbers`, which rise."""

    def __init__(self, read: Callable[[int], Network], numbers: Sequence[int]):
        self.numbers = tuple(numbers)
        # A loop that runs once is none, and layers may be others: number 1 is read by itself.
        inner = [number for number in numbers if number > 1]
        self._inner = inner if len(inner) > FEW else []
        self._read, self._networks = read, dict[int, Network]()
        self._ends: dict[object, list[LayerLine] | None] = {}
        self._between: dict[object, Workload] = {}

    @property
    def first(self) -> int:
        return self.numbers[0]

    def read(self, number: int) -> Network:
        """The whole network. Raises SimdcError."""
        if number not in self._networks:
            self._networks[number] = self._read(number)
        return self._networks[number]

    def workload(self, number: int, machine: AnyMachine, model: str, *, fold: bool, fuse: bool) -> Workload:
        """As `Network.workload` of the network with this number. Raises SimdcError."""
        if number in self._inner[1:-1]:
            key = machine.stored_widths, machine.fusing, model, fold, fuse
            if key not in self._ends:
                self._ends[key] = self._at_ends(machine, model, fold=fold, fuse=fuse)
            ends = self._ends[key]
            try:
                if ends is not None and (number, key) not in self._between:
                    self._between[number, key] = _workload(ends, number - self._inner[0])
            except NotLinear:
                pass
            if (number, key) in self._between:
                return self._between[number, key]
        return self.read(number).workload(machine, model, fold=fold, fuse=fuse)

    def _at_ends(self, machine: AnyMachine, model: str, *, fold: bool, fuse: bool) -> list[LayerLine] | None:
        """None where layers are not the same at both ends, or whether some are one is a matter of each number."""
        ones, others = (
            self.read(number).lowered(machine, model, fold=fold, fuse=fuse)
            for number in (self._inner[0], self._inner[-1])
        )
        alike = [(op.name, op.layer.data) for op in ones] == [(op.name, op.layer.data) for op in others]
        if not alike or any(map(given_tiling, ones)) or (fuse and may_fuse(machine)):
            return None
        try:
            return [_layer(*pair, machine, self._inner[-1] - self._inner[0]) for pair in zip(ones, others, strict=True)]
        except NotLinear:
            return None


def _workload(layers: Sequence[LayerLine], step: int) -> Workload:
    """Raises NotLinear."""
    every = [(layer.name, layer.at(step)) for layer in layers]
    return Workload((name, forms) for name, forms in every if forms)


def _layer(one: LayerOp, other: LayerOp, machine: AnyMachine, steps: int) -> LayerLine:
    """Raises NotLinear."""
    forms = open_forms(one, machine)

    def same(step: int) -> Forms:
        return forms

    moves = forms != open_forms(other, machine)
    between = FormsBetween(LayersBetween(one, other), machine, given_form(one), steps).at if moves else same
    return LayerLine(one.layer.data, between)
