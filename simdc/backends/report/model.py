"""What a report says, before it becomes text: one record per costed layer, sums by unit, and who is not costed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from xdsl.dialects.builtin import ModuleOp

from simdc.cost.analysis import Analysis
from simdc.cost.energy import Energy, energy_of
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.result import Cost, Cycles, DramBits, Number, SramBits, add_up
from simdc.cost.tiling import Tiling
from simdc.ir.attributes import Unit
from simdc.ir.base import LayerOp
from simdc.ir.context import cost_model_of, kernel_of, layer_error, machine_of, unit_of
from simdc.ir.derived import Setting, price_fault, proof_fault, setting_of
from simdc.ir.form import ONLY
from simdc.ir.network import NetworkOp, network_of
from simdc.ir.notes import notes_of
from simdc.ir.provenance import CommandRun, runs_of

from .analysed import analyst, foundation
from .columns import html
from .graph import worker_of
from .language import Llm
from .memory import Memory, memory_of
from .routing import RoutedRuns
from .rows import flat_row
from .searched import Searched, searched_of

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


class LayerReport(NamedTuple):
    """One costed layer. `source` is its op; `step` its part of a training iteration; `folded` names the layers that
    became part of it, `members` are (name, op) of those that run in it; `analysis` is what the model knows beside its
    cost."""

    name: str
    op: str
    unit: str
    step: str
    source: LayerOp
    tiling: Tiling
    cost: Cost
    energy: Energy
    folded: tuple[str, ...] = ()
    members: tuple[tuple[str, str], ...] = ()
    analysis: Analysis | None = None

    @property
    def kernel(self) -> Kernel:
        kernel = self.source.laid_kernel()
        assert kernel is not None
        return kernel

    @property
    def form(self) -> str:
        """The form that was chosen for the layer; empty where it has but one."""
        return "" if self.source.form is None else self.source.form.data

    @property
    def operator(self) -> str:
        """The op, with its form where that is not the first; of layers that run as one, each that computes anything."""
        if self.members:
            return "+".join(_kind(member) for member in self.source.members if member.runs_on is not None)
        return f"{self.op} ({self.form})" if self.form not in ("", next(iter(self.source.forms()), ONLY)) else self.op

    @property
    def searched(self) -> Searched | None:
        return searched_of(self.source)

    @property
    def phase(self) -> str:
        return STEPS[self.step]

    @property
    def multiplies(self) -> bool:
        """Whether an array of multiply-accumulates runs it."""
        return self.source.runs_on is Unit.SYSTOLIC

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


class Report(NamedTuple):
    """Everything that a rendering needs. `free` are (name, op) of layers that cost nothing; `uncosted` are
    (name, op, reason) of layers that the model has no price for, missing from every sum: `by_unit`, `by_step` (in
    training), `total`; `merged` are (name, layer) of nodes of the source that a layer does the work of. `memory` is
    what a training step keeps in DRAM; None in inference. `notes` say what was decided where the input left it open.
    `llm` is what more there is to say of a network with attention, `routing` of one with mixtures of experts. `source`
    is the network itself."""

    network: str
    phase: str
    batch: int
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
    source: NetworkOp
    notes: tuple[str, ...] = ()
    runs: tuple[CommandRun, ...] = ()
    llm: Llm | None = None
    routing: RoutedRuns | None = None

    @property
    def macs(self) -> Number:
        """Multiply-accumulates of layers that multiply, wherever they run. A softmax, whose lanes scale its scores by
        the instruction `mac`, is none of them."""
        chosen = [layer for layer in self.layers if layer.members or layer.source.UNIT is Unit.SYSTOLIC]
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
            for text in layer.source.artefacts or ():
                found.setdefault(text.data, []).append(layer.name)
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


def _sums(records: Iterable[tuple[Number, ...]]) -> list[Number]:
    """Field by field; nothing for no records."""
    return [add_up(column) for column in zip(*records, strict=True)]


def layers_report(module: ModuleOp) -> Report:
    """Read the report off a module that `simdc-annotate-cost` has been run on. Raises SimdcError if it has not, and
    for a layer whose price or proof is of another machine, model, kernel or tiling."""
    network, hardware, model = network_of(module), machine_of(module), cost_model_of(module)
    setting = setting_of(module, model)
    analyse = analyst(model, network.phase.data, hardware)
    costed: list[LayerReport] = []
    free: list[tuple[str, str]] = []
    uncosted: list[tuple[str, str, str]] = []
    merged: list[tuple[str, str]] = []
    energies: dict[int, Energy] = {}
    for op in network.layers():
        name, kind = op.layer.data, _kind(op)
        if op.merged is not None:
            merged += [(entry.data, worker_of(op).layer.data) for entry in op.merged]
        check_origins(op, setting)
        if op.uncosted is not None:
            uncosted.append((name, kind, op.uncosted.data))
        elif op.runs_on is None:
            free.append((name, kind))
        elif op.cost is not None and op.tiling is not None:
            cost = op.cost.data
            if id(cost) not in energies:
                energies[id(cost)] = energy_of(cost, hardware, on_systolic=op.runs_on is Unit.SYSTOLIC)
            folded = () if op.folded is None else tuple(entry.data for entry in op.folded)
            tiling, energy = op.tiling.data, energies[id(cost)]
            unit = unit_of(op, hardware) or op.runs_on
            step = "forward" if op.phase is None else op.phase.data
            members = tuple((member.layer.data, _kind(member)) for member in op.members)
            layer = LayerReport(name, kind, unit, step, op, tiling, cost, energy, folded, members)
            costed.append(layer if analyse is None else layer._replace(analysis=analyse(layer.kernel, tiling)))
    training = network.phase.data == "training"
    return Report(
        network=network.sym_name.data,
        phase=network.phase.data,
        batch=network.batch.value.data,
        parameters=network.parameters.value.data,
        model=model,
        hardware=hardware,
        layers=tuple(costed),
        free=tuple(free),
        uncosted=tuple(uncosted),
        merged=tuple(merged),
        by_unit={unit: sum_layers([layer for layer in costed if layer.unit == unit]) for unit in hardware.unit_names},
        by_step={step: sum_layers([layer for layer in costed if layer.step == step]) for step in STEPS if training},
        total=sum_layers(costed),
        memory=memory_of(network) if training else None,
        source=network,
        notes=(*notes_of(network), *foundation(hardware)),
        runs=runs_of(module),
    )


def _kind(op: LayerOp) -> str:
    return op.name.removeprefix("simdc.")


def check_origins(op: LayerOp, setting: Setting) -> None:
    """Raises SimdcError for a layer without a price, or with one that is not the price of what the report is of."""
    kernel = kernel_of(op)
    if kernel is None:
        return
    if fault := price_fault(op, kernel, setting):
        raise layer_error(op, f"{fault}; the pipeline must end with simdc-annotate-cost (without -p it does)")
    if fault := proof_fault(op, kernel, setting):
        raise layer_error(op, f"{fault}; search again (--tiling search)")


def _utilization(layers: Iterable[LayerReport], hardware: AnyMachine) -> float:
    chosen = list(layers)
    macs = sum(dict(layer.cost.ops)["mac"] for layer in chosen)
    cycles = sum(layer.cost.cycles.compute for layer in chosen)
    return macs / (hardware.peak_macs_per_cycle * cycles) if cycles else 0.0
