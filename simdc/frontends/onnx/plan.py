"""What is known of a model before its first layer is made: which nodes count, and what its inputs are."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from simdc.named import NamedTuple

from .element_types import ElementTypes
from .folding import Folder
from .graph import Node, in_order
from .inputs import Inputs, find_inputs
from .model_file import Model, import_onnx
from .places import has_stored
from .symbols import Symbols


class Plan(NamedTuple):
    """`nodes` are those that the results depend on, each after what it reads. `folder` and `types` know the package
    `onnx`; `stores_weights` says whether the file has any."""

    path: str
    model: Model
    nodes: list[Node]
    inputs: Inputs
    folder: Folder
    types: ElementTypes
    stores_weights: bool
    allow_uncosted: bool


def make_plan(
    path: str,
    model: Model,
    batch: int | None,
    bindings: Mapping[str, int],
    weights: Collection[str] | None,
    *,
    allow_uncosted: bool,
) -> Plan:
    """Raises SimdcError for a cycle, and for a size that neither the file nor anybody else gives."""
    onnx, graph = import_onnx(path), model.graph
    nodes = in_order(graph.nodes, graph.outputs, path)
    inputs = find_inputs(graph, nodes, Symbols(path, batch, bindings), weights)
    constants = {**graph.initializers, **inputs.constants}
    stores = has_stored(constants.values())
    folder, types = Folder(onnx, model, path), ElementTypes(onnx, model.opsets)
    return Plan(path, model, nodes, inputs, folder, types, stores, allow_uncosted)
