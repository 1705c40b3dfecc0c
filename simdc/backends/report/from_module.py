"""The report of an annotated module."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import ModuleOp

from simdc.backends.lowered.network import Edge
from simdc.cost.energy import Energy, energy_of
from simdc.cost.forms import Forms
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.mapped_forms import ONLY
from simdc.cost.result import Cost
from simdc.cost.tiling import Tiling
from simdc.ir.attributes import Unit
from simdc.ir.base import LayerOp
from simdc.ir.context import cost_model_of, forms_of, kernel_of, layer_error, machine_of, unit_of
from simdc.ir.derived import Setting, given_form, given_tiling, price_fault, proof_fault, setting_of
from simdc.ir.network import NetworkOp, network_of
from simdc.ir.notes import notes_of
from simdc.ir.once_per_kind import OncePerKind
from simdc.ir.provenance import runs_of

from .analysed import analyst, foundation
from .graph import edges_of, input_shapes, place_in_source, worker_of
from .memory import alive_bytes, memory_of, resident_bytes
from .model import LayerReport, Report, operator_text, sums_of
from .proofs import searched_of


class NetworkAround:
    """What there is around the layers of a module's network, as it is when asked for."""

    def __init__(self, network: NetworkOp):
        self._network = network

    def alive_bytes(self) -> dict[str, int]:
        return alive_bytes(self._network)

    def resident_bytes(self) -> int:
        return resident_bytes(self._network)

    def edges(self) -> Iterator[Edge]:
        return edges_of(self._network)

    def input_shapes(self) -> list[tuple[int, ...]]:
        return input_shapes(self._network)


class OpChoices:
    """What the layer of an op could be otherwise."""

    def __init__(self, op: LayerOp):
        self._op = op

    @property
    def has_given_form(self) -> bool:
        return given_form(self._op) is not None

    @property
    def has_given_tiling(self) -> bool:
        return given_tiling(self._op) is not None

    def forms_on(self, machine: AnyMachine) -> Forms:
        return forms_of(self._op, machine)


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
    checked = OncePerKind[LayerOp, Kernel | None](lambda op: checked_kernel(op, setting))
    for op in network.layers():
        name, kind = op.layer.data, kind_of(op)
        if op.merged is not None:
            merged += [(entry.data, worker_of(op).layer.data) for entry in op.merged]
        kernel = checked(op)
        if op.uncosted is not None:
            uncosted.append((name, kind, op.uncosted.data))
        elif op.runs_on is None:
            free.append((name, kind))
        elif kernel is not None and op.cost is not None and op.tiling is not None:
            cost = op.cost.data
            if id(cost) not in energies:
                energies[id(cost)] = energy_of(cost, hardware, on_systolic=op.runs_on is Unit.SYSTOLIC)
            layer = _layer(op, kernel, hardware, op.runs_on, op.tiling.data, cost, energies[id(cost)])
            costed.append(layer if analyse is None else layer._replace(analysis=analyse(layer.kernel, layer.tiling)))
    training = network.phase.data == "training"
    by_unit, by_step, total = sums_of(costed, hardware, training=training)
    return Report(
        network=network.sym_name.data,
        phase=network.phase.data,
        batch=network.batch.value.data,
        batch_text=network.batch_text,
        parameters=network.parameters.value.data,
        model=model,
        hardware=hardware,
        layers=tuple(costed),
        free=tuple(free),
        uncosted=tuple(uncosted),
        merged=tuple(merged),
        by_unit=by_unit,
        by_step=by_step,
        total=total,
        memory=memory_of(network) if training else None,
        around=NetworkAround(network),
        notes=(*notes_of(network), *foundation(hardware)),
        runs=runs_of(module),
    )


def _layer(
    op: LayerOp, kernel: Kernel, hardware: AnyMachine, runs_on: Unit, tiling: Tiling, cost: Cost, energy: Energy
) -> LayerReport:
    form = "" if op.form is None else op.form.data
    members = tuple((member.layer.data, kind_of(member)) for member in op.members)
    return LayerReport(
        name=op.layer.data,
        op=kind_of(op),
        unit=unit_of(op, hardware) or runs_on,
        step="forward" if op.phase is None else op.phase.data,
        form=form,
        operator=operator_text(kind_of(op), form, first_form(op) if form else "", computing(op)),
        multiplies=runs_on is Unit.SYSTOLIC,
        is_product=op.UNIT is Unit.SYSTOLIC,
        kernel=kernel,
        tiling=tiling,
        cost=cost,
        energy=energy,
        choices=OpChoices(op),
        folded=() if op.folded is None else tuple(entry.data for entry in op.folded),
        members=members,
        artefacts=tuple(text.data for text in op.artefacts or ()),
        searched=searched_of(op),
        place=place_in_source(op),
        behind=op,
    )


def first_form(op: LayerOp) -> str:
    """The form that a report does not name."""
    return next(iter(op.forms()), ONLY)


def computing(op: LayerOp) -> str:
    """The members of a layer that compute anything, `matmul+softmax+matmul`; empty for a layer by itself."""
    return "+".join(kind_of(member) for member in op.members if member.runs_on is not None)


def kind_of(op: LayerOp) -> str:
    """Its name in our dialect."""
    return op.name.removeprefix("simdc.")


def checked_kernel(op: LayerOp, setting: Setting) -> Kernel | None:
    """The layer's kernel, if it has one. Raises SimdcError for a layer without a price, or with one that is not the
    price of what the report is of."""
    kernel = kernel_of(op)
    if kernel is None:
        return None
    if fault := price_fault(op, kernel, setting):
        raise layer_error(op, f"{fault}; the pipeline must end with simdc-annotate-cost (without -p it does)")
    if fault := proof_fault(op, kernel, setting):
        raise layer_error(op, f"{fault}; search again (--tiling search)")
    return kernel
