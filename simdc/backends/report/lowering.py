"""From a lowered module to the records that are kept of it."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ModuleOp

from simdc.backends.lowered.network import LoweredLayer, LoweredNetwork
from simdc.cost.forms import Forms
from simdc.cost.mapped_forms import ONLY
from simdc.ir.attributes import Unit
from simdc.ir.base import LayerOp
from simdc.ir.context import COST_MODEL, machine_of, plain_forms_of
from simdc.ir.network import network_of
from simdc.ir.notes import notes_of
from simdc.ir.once_per_kind import OncePerKind
from simdc.ir.provenance import runs_of
from simdc.ir.runs import InputFile

from .graph import edges_of, input_shapes, place_in_source, worker_of
from .llm import facts_of
from .memory import alive_bytes, memory_of, resident_bytes


def lowered_network(module: ModuleOp, inputs: Sequence[InputFile]) -> LoweredNetwork | None:
    """What there is to keep of a module before its forms are chosen, read of `inputs`. None for one that has more to
    it: forms, tilings or prices that somebody gave, runs that made it before, mixtures of experts, whose routings are
    priced as networks of their own."""
    network, hardware = network_of(module), machine_of(module)
    layers = list(network.layers())
    if COST_MODEL in module.attributes or len(runs_of(module)) > 1 or network.is_routed:
        return None
    if any(each is not None for op in layers for each in (op.form, op.tiling, op.cost, op.uncosted, op.search)):
        return None
    forms = OncePerKind[LayerOp, Forms](lambda op: () if op.runs_on is None else plain_forms_of(op, hardware))
    return LoweredNetwork(
        name=network.sym_name.data,
        phase=network.phase.data,
        batch=network.batch.value.data,
        batch_text=network.batch_text,
        parameters=network.parameters.value.data,
        layers=tuple(lowered_layer(op, forms(op)) for op in layers),
        notes=notes_of(network),
        inputs=tuple(inputs),
        memory=memory_of(network) if network.phase.data == "training" else None,
        alive=tuple(alive_bytes(network).items()),
        resident=resident_bytes(network),
        graph=tuple(edges_of(network)),
        shapes=tuple(input_shapes(network)),
        language=facts_of(network),
    )


def lowered_layer(op: LayerOp, forms: Forms = ()) -> LoweredLayer:
    """What is kept of a layer; without `forms` what a report says of one that has its form."""
    return LoweredLayer(
        name=op.layer.data,
        op=kind_of(op),
        runs_on="" if op.runs_on is None else str(op.runs_on),
        forms=forms,
        units=_units(op, forms),
        first_form=next(iter(op.forms()), ONLY),
        step="forward" if op.phase is None else op.phase.data,
        multiplies=op.UNIT is Unit.SYSTOLIC,
        folded=() if op.folded is None else tuple(entry.data for entry in op.folded),
        merged=() if op.merged is None else tuple((entry.data, worker_of(op).layer.data) for entry in op.merged),
        members=tuple((member.layer.data, kind_of(member)) for member in op.members),
        computing="+".join(kind_of(member) for member in op.members if member.runs_on is not None),
        place=place_in_source(op),
    )


def kind_of(op: LayerOp) -> str:
    """Its name in our dialect."""
    return op.name.removeprefix("simdc.")


def _units(op: LayerOp, forms: Forms) -> tuple[str, ...]:
    """The array of each form."""
    named = op.forms()
    return tuple(str(named[name].unit if named else op.runs_on) for name, _ in forms)
