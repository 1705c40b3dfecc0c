"""From an ONNX file to a network: read, plan, translate node by node, finish."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from simdc.errors import SimdcError
from simdc.frontends.joined import join_layers
from simdc.ir.layer_error import LayerError
from simdc.ir.network import network_of
from simdc.ir.notes import add_note
from simdc.ir.unmodelled import UnmodelledOp
from simdc.named import NamedTuple

from .constant import Constant, Value
from .group_norms import join_group_norms
from .model_file import read_model
from .module_paths import call_by_module
from .network import OnnxNetwork
from .plan import Plan, make_plan
from .problems import CONTINUE, NOTHING_BEFORE, left_out, refusal
from .response_norm import join_response_norms
from .rotary import join_rotary_positions
from .scope import Draft, Gaps, GraphScope
from .table import OPERATORS
from .translate import translate


class Imported(NamedTuple):
    """A network and the values of its parameters by label."""

    module: ModuleOp
    constants: Mapping[str, Constant]


def import_network(
    path: str,
    batch: int | None,
    bindings: Mapping[str, int],
    weights: Collection[str] | None = None,
    *,
    allow_uncosted: bool,
) -> Imported:
    """Raises SimdcError, one that lists all nodes without a layer unless `allow_uncosted`."""
    plan = make_plan(path, read_model(path), batch, bindings, weights, allow_uncosted=allow_uncosted)
    scope = GraphScope(plan, _begin(plan), Gaps([], [], []), {}, set(), ())
    translate(scope, plan.nodes, plan.model.graph.outputs)
    return Imported(_finish(plan, scope.draft, scope.gaps), scope.network.constants)


def _begin(plan: Plan) -> Draft:
    """A network with inputs and no layers."""
    inputs = plan.inputs
    network = OnnxNetwork(Path(plan.path).stem, inputs.batch, plan.path)
    values: dict[str, Value] = {**plan.model.graph.initializers, **inputs.constants}
    try:
        values |= {name: network.image(name, shape) for name, shape in inputs.images.items()}
    except LayerError as error:
        raise SimdcError(error.message, file=plan.path) from None
    return Draft(network, values, dict(inputs.elements), list(inputs.notes), {})


def _finish(plan: Plan, draft: Draft, gaps: Gaps) -> ModuleOp:
    outputs = plan.model.graph.outputs
    results = [value for value in map(draft.values.get, outputs) if isinstance(value, SSAValue)]
    if gaps.problems and not plan.allow_uncosted:
        raise _refused(plan, gaps, CONTINUE)
    missing = [name for name in outputs if name not in draft.values]
    if missing and not gaps.problems:
        raise SimdcError(f"result '{missing[0]}' is made by no node", file=plan.path)
    if gaps.unseen:
        _stand_in_for_unseen(draft.network, gaps)
    # What is left of a network whose end has no price is what that end reads.
    results = results or list(dict.fromkeys(value for op in gaps.lost for value in op.operands))
    if not results and gaps.problems:
        raise _refused(plan, gaps, NOTHING_BEFORE)
    if not results:
        raise SimdcError("computes nothing: its results are constants or missing", file=plan.path)
    module = draft.network.finish(results)
    network = network_of(module)
    join_response_norms(network)
    join_group_norms(network, draft.network.constants)
    join_layers(network)
    join_rotary_positions(network, draft.network.constants)
    draft.network.settle(network)
    call_by_module(network, {node.module for node in plan.model.graph.nodes})
    inlined = [
        f"{operator} is costed as its body in the ONNX standard: {', '.join(names)}"
        for operator, names in draft.inlined.items()
    ]
    for note in (*draft.notes, *inlined):
        add_note(network, note)
    return module


def _refused(plan: Plan, gaps: Gaps, remedy: str) -> SimdcError:
    return refusal(gaps.problems, len(plan.nodes), gaps.unseen, plan.path, remedy, known=OPERATORS)


def _stand_in_for_unseen(network: OnnxNetwork, gaps: Gaps) -> None:
    """One op for all nodes that read what has no shape: they are missing from every sum."""
    first = gaps.unseen[0]
    name, reason = network.unused(first.name), left_out([node.name for node in gaps.unseen])
    network.go_to_node(first)
    network.add_all(UnmodelledOp.standing_in(name, first.operator, reason, [], []), name)
