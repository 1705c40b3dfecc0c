"""A network with many batches or lengths: read at the ends, and between them where its layers move along a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from simdc.api import Network, open_forms
from simdc.cost.forms import Forms
from simdc.cost.machines import AnyMachine
from simdc.cost.workload import Workload
from simdc.ir.base import LayerOp
from simdc.ir.context import forms_of
from simdc.ir.derived import given_form, given_tiling
from simdc.ir.stretch import LayersBetween, Line, NotLinear

from .batches import FEW
from .between import may_fuse


class LayerLine(NamedTuple):
    """A layer: its name, what it is at both ends or between them, and the form that a person chose."""

    name: str
    ends: Forms | LayersBetween
    given: str | None

    def forms(self, line: Line, machine: AnyMachine) -> Forms:
        """Raises NotLinear."""
        if not isinstance(self.ends, LayersBetween):
            return self.ends
        return tuple(each for each in forms_of(self.ends.at(line), machine) if self.given in (None, each[0]))


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
                    self._between[number, key] = self._moved(ends, number, machine)
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
            return [_layer(*pair, machine) for pair in zip(ones, others, strict=True)]
        except NotLinear:
            return None

    def _moved(self, layers: Sequence[LayerLine], number: int, machine: AnyMachine) -> Workload:
        """Raises NotLinear."""
        first, last = self._inner[0], self._inner[-1]
        line = Line(number - first, last - first)
        every = [(layer.name, layer.forms(line, machine)) for layer in layers]
        return Workload((name, forms) for name, forms in every if forms)


def _layer(one: LayerOp, other: LayerOp, machine: AnyMachine) -> LayerLine:
    """Raises NotLinear."""
    forms = open_forms(one, machine)
    ends = forms if forms == open_forms(other, machine) else LayersBetween(one, other)
    return LayerLine(one.layer.data, ends, given_form(one))
