"""What a report says, before it becomes text: one record per costed layer, sums by unit, and who is not costed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from simdc.backends.lowered.network import Edge, Memory
from simdc.cost.analysis import Analysis
from simdc.cost.energy import Energy
from simdc.cost.forms import Forms
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.result import Cost, Cycles, DramBits, Number, SramBits, add_up
from simdc.cost.tiling import Tiling
from simdc.ir.runs import CommandRun
from simdc.named import NamedTuple

from .columns import html
from .language import Llm
from .routing import RoutedRuns
from .rows import flat_row
from .searched import Searched

if TYPE_CHECKING:
    from simdc.ir.base import LayerOp

BINDS = {
    "compute": "compute",
    "weight_port": "weight port",
    "ifmap_port": "ifmap port",
    "psum_port": "psum port",
    "simd_port": "simd port",
}
PJ_PER_J = 1e12
STEPS = {"forward": "forward", "input_gradient": "backward", "weight_gradient": "backward", "update": "update"}
"""The steps of an iteration in the order in which they are shown, and the phase that each belongs to."""


class Choices(Protocol):
    """What a layer could be otherwise: for those who ask what would help."""

    @property
    def has_given_form(self) -> bool:
        """Whether a person chose its form."""
        ...

    @property
    def has_given_tiling(self) -> bool:
        """Whether a person, or a pass that is none of ours, tiled it."""
        ...

    def forms_on(self, machine: AnyMachine) -> Forms:
        """What it can be on a machine of the same widths. Raises SimdcError for a kernel that is not sound."""
        ...


class LayerReport(NamedTuple):
    """One costed layer. `step` is its part of a training iteration; `form` the one that was chosen, empty where it has
    but one; `operator` its op, with its form where that is not the first, or of layers that run as one each that
    computes anything. `multiplies` says whether an array of multiply-accumulates runs it, `is_product` whether it is a
    product, wherever it runs. `folded` names the layers that became part of it, `members` are (name, op) of those that
    run in it; `artefacts` is what the model finds wrong with its answer; `place` file, line and column in the source;
    `analysis` what the model knows beside its cost; `choices` what it could be otherwise; `behind` the op, where the
    report is of a module."""

    name: str
    op: str
    unit: str
    step: str
    form: str
    operator: str
    multiplies: bool
    is_product: bool
    kernel: Kernel
    tiling: Tiling
    cost: Cost
    energy: Energy
    choices: Choices
    folded: tuple[str, ...] = ()
    members: tuple[tuple[str, str], ...] = ()
    artefacts: tuple[str, ...] = ()
    searched: Searched | None = None
    place: tuple[str, int, int] | None = None
    analysis: Analysis | None = None
    behind: LayerOp | None = None

    @property
    def source(self) -> LayerOp:
        """The op, for those who ask about layers of a module."""
        assert self.behind is not None
        return self.behind

    @property
    def phase(self) -> str:
        return STEPS[self.step]

    @property
    def bound_by(self) -> str:
        """What keeps the layer busy longest: its array, or one of the DRAM ports."""
        busy = self.cost.busy._asdict()
        return BINDS[max(busy, key=lambda name: busy[name])]

    def utilization(self, hardware: AnyMachine) -> float | None:
        """Useful MACs per PE and compute cycle; None on the SIMD array."""
        return _utilization([self], hardware) if self.multiplies else None


class Totals(NamedTuple):
    """Sums over layers."""

    cycles: Cycles
    dram_bits: DramBits
    sram_bits: SramBits
    ops: tuple[tuple[str, Number], ...]
    energy: Energy

    def runtime_s(self, hardware: AnyMachine) -> float:
        return self.cycles.total * hardware.clock_ns * 1e-9

    def average_power_w(self, hardware: AnyMachine) -> float:
        runtime_s = self.runtime_s(hardware)
        return self.energy.total / PJ_PER_J / runtime_s if runtime_s else 0.0


class Around(Protocol):
    """A network, and what there is around its layers. Methods are what most reports show none of, worked out when asked
    for. `memory` is what a training step keeps in DRAM; None in inference. `notes` say what was decided where the input
    left it open."""

    @property
    def name(self) -> str: ...
    @property
    def phase(self) -> str: ...
    @property
    def batch(self) -> int: ...
    @property
    def batch_text(self) -> str: ...
    @property
    def parameters(self) -> int: ...
    @property
    def memory(self) -> Memory | None: ...
    @property
    def notes(self) -> tuple[str, ...]: ...

    def alive_bytes(self) -> Mapping[str, int]:
        """Bytes of DRAM that are in use while each layer runs, by its name."""
        ...

    def resident_bytes(self) -> int:
        """Bytes of DRAM of what is there all the time."""
        ...

    def edges(self) -> Iterable[Edge]:
        """Which layer reads what of which."""
        ...

    def input_shapes(self) -> Iterable[tuple[int, ...]]:
        """Of what goes into the network, batch included."""
        ...


class Report(NamedTuple):
    """Everything that a rendering needs. `free` are (name, op) of layers that cost nothing; `uncosted` are
    (name, op, reason) of layers that the model has no price for, missing from every sum: `by_unit`, `by_step` (in
    training), `total`; `merged` are (name, layer) of nodes of the source that a layer does the work of. `memory` is
    what a training step keeps in DRAM; None in inference. `notes` say what was decided where the input left it open.
    `llm` is what more there is to say of a network with attention, `routing` of one with mixtures of experts. `around`
    tells what is around its layers."""

    network: str
    phase: str
    batch: int
    batch_text: str
    parameters: int
    model: str
    hardware: AnyMachine
    layers: tuple[LayerReport, ...]
    free: tuple[tuple[str, str], ...]
    uncosted: tuple[tuple[str, str, str], ...]
    merged: tuple[tuple[str, str], ...]
    by_unit: dict[str, Totals]
    by_step: dict[str, Totals]
    total: Totals
    memory: Memory | None
    around: Around
    notes: tuple[str, ...] = ()
    runs: tuple[CommandRun, ...] = ()
    llm: Llm | None = None
    routing: RoutedRuns | None = None

    @property
    def macs(self) -> Number:
        """Multiply-accumulates of layers that multiply, wherever they run. A softmax, whose lanes scale its scores by
        the instruction `mac`, is none of them."""
        chosen = [layer for layer in self.layers if layer.members or layer.is_product]
        return sum(dict(layer.cost.ops).get("mac", 0) for layer in chosen)

    def to_rows(self) -> list[dict[str, Any]]:
        """A flat dictionary for each costed layer, units in the names: what pandas and polars make a table of."""
        clock_ns, priced = self.hardware.clock_ns, self.hardware.has_prices
        return [flat_row(layer, clock_ns, layer.utilization(self.hardware), priced=priced) for layer in self.layers]

    def __repr__(self) -> str:
        total = f"{self.total.cycles.total:,} cycles"
        return f"<report of {self.network} on {self.hardware.title}: {len(self.layers)} layers, {total}>"

    def _repr_html_(self) -> str:
        """The layers, for notebooks."""
        heads = ["name", "operator", "shape", "cycles", "dram_bits", "bound_by"]
        return html(heads, [[str(row[head]) for head in heads] for row in self.to_rows()], left=3, right_text=1)

    def utilization(self) -> float:
        """Useful MACs per PE and compute cycle of the systolic array."""
        return _utilization([layer for layer in self.layers if layer.multiplies], self.hardware)

    def warnings(self) -> dict[str, list[str]]:
        """What the cost model itself finds wrong with its numbers, and for which layers."""
        found: dict[str, list[str]] = {}
        for layer in self.layers:
            for text in layer.artefacts:
                found.setdefault(text, []).append(layer.name)
        return found


def has_levels(report: Report) -> bool:
    """Whether the model that priced the report refines its answer level by level."""
    return any(layer.analysis is not None and layer.analysis.levels for layer in report.layers)


def sum_layers(layers: Sequence[LayerReport]) -> Totals:
    ops: dict[str, Number] = {}
    for layer in layers:
        for name, count in layer.cost.ops:
            ops[name] = ops.get(name, 0) + count
    costs = [layer.cost for layer in layers]
    return Totals(
        Cycles(*_sums(cost.cycles for cost in costs)),
        DramBits(*_sums(cost.dram_bits for cost in costs)),
        SramBits(*_sums(cost.sram_bits for cost in costs)),
        tuple(sorted(ops.items())),
        Energy(*_sums(layer.energy for layer in layers)),
    )


def sums_of(
    layers: Sequence[LayerReport], hardware: AnyMachine, *, training: bool
) -> tuple[dict[str, Totals], dict[str, Totals], Totals]:
    """Sums by unit, by step of a training iteration (none in inference), and of all."""
    by_unit = {unit: sum_layers([layer for layer in layers if layer.unit == unit]) for unit in hardware.unit_names}
    by_step = {step: sum_layers([layer for layer in layers if layer.step == step]) for step in STEPS if training}
    return by_unit, by_step, sum_layers(layers)


def operator_text(kind: str, form: str, first: str, members: str) -> str:
    """What a report calls the operator of a layer: its members where it has some, else its kind, with a form that is
    not the `first`."""
    if members:
        return members
    return f"{kind} ({form})" if form not in ("", first) else kind


def _sums(records: Iterable[tuple[Number, ...]]) -> list[Number]:
    """Field by field; nothing for no records."""
    return [add_up(column) for column in zip(*records, strict=True)]


def _utilization(layers: Iterable[LayerReport], hardware: AnyMachine) -> float:
    chosen = list(layers)
    macs = sum(dict(layer.cost.ops)["mac"] for layer in chosen)
    cycles = sum(layer.cost.cycles.compute for layer in chosen)
    # A machine of units may have none that multiplies and accumulates.
    most = hardware.peak_macs_per_cycle * cycles
    return macs / most if most else 0.0
