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
from simdc.ir.once_per_kind import OncePerKind
from simdc.ir.stretch import LayersBetween, NotLinear
from simdc.named import NamedTuple

from .batches import FEW
from .between import may_fuse


class LayersOnLine(NamedTuple):
    """The layers by name, each with the number of its kind; what each kind can be so many steps from the first end."""

    layers: Sequence[tuple[str, int]]
    kinds: Sequence[Callable[[int], Forms]]

    def workload(self, step: int) -> Workload:
        """Raises NotLinear."""
        # 32 blocks of a transformer have one softmax: it is asked once.
        forms = [each(step) for each in self.kinds]
        return Workload((name, forms[kind]) for name, kind in self.layers if forms[kind])


class NetworkLine:
    """The network that `read` gives for each of `numbers`, which rise."""

    def __init__(self, read: Callable[[int], Network], numbers: Sequence[int]):
        self.numbers = tuple(numbers)
        # A loop that runs once is none, and layers may be others: number 1 is read by itself.
        inner = [number for number in numbers if number > 1]
        self._inner = inner if len(inner) > FEW else []
        self._read, self._networks = read, dict[int, Network]()
        self._ends: dict[object, LayersOnLine | None] = {}
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
                    self._between[number, key] = ends.workload(number - self._inner[0])
            except NotLinear:
                pass
            if (number, key) in self._between:
                return self._between[number, key]
        return self.read(number).workload(machine, model, fold=fold, fuse=fuse)

    def _at_ends(self, machine: AnyMachine, model: str, *, fold: bool, fuse: bool) -> LayersOnLine | None:
        """None where layers are not the same at both ends, or whether some are one is a matter of each number."""
        ones, others = (
            self.read(number).lowered(machine, model, fold=fold, fuse=fuse)
            for number in (self._inner[0], self._inner[-1])
        )
        alike = [(op.name, op.layer.data) for op in ones] == [(op.name, op.layer.data) for op in others]
        if not alike or any(map(given_tiling, ones)) or (fuse and may_fuse(machine)):
            return None
        try:
            return _on_line(ones, others, machine, self._inner[-1] - self._inner[0])
        except NotLinear:
            return None


def _on_line(ones: Sequence[LayerOp], others: Sequence[LayerOp], machine: AnyMachine, steps: int) -> LayersOnLine:
    """Raises NotLinear."""
    # Of ops that are alike the first: layers are of a kind that are alike at both ends.
    kind_of = OncePerKind[LayerOp, LayerOp](lambda op: op)
    found: dict[tuple[LayerOp, LayerOp], int] = {}
    kinds: list[Callable[[int], Forms]] = []
    layers: list[tuple[str, int]] = []
    for one, other in zip(ones, others, strict=True):
        ends = kind_of(one), kind_of(other)
        if ends not in found:
            found[ends] = len(kinds)
            kinds.append(_forms(one, other, machine, steps))
        layers.append((one.layer.data, found[ends]))
    return LayersOnLine(layers, kinds)


def _forms(one: LayerOp, other: LayerOp, machine: AnyMachine, steps: int) -> Callable[[int], Forms]:
    """Raises NotLinear."""
    forms = open_forms(one, machine)

    def same(step: int) -> Forms:
        return forms

    if forms == open_forms(other, machine):
        return same
    return FormsBetween(LayersBetween(one, other), machine, given_form(one), steps).at
