"""Names of nodes: those of the modules that an exporter made them from, where it says so.

torch's exporters do, each in its own way: `node_conv2d_7` has the scopes `'', 'layer1', 'layer1.0', 'layer1.0.conv1',
'conv2d_7'` in its metadata, `/layer1/layer1.0/conv1/Conv` has them in its name. Either is the layer `layer1.0.conv1`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate

from xdsl.dialects.builtin import StringAttr

from simdc.ir.network import NetworkOp
from simdc.named import NamedTuple

SCOPES = "pkg.torch.onnx.name_scopes"
NAMESPACE = "namespace"
CONSTANT = "Constant"
"""The operator that computes nothing."""


class NamedNode(NamedTuple):
    """What a file says of a node: `operator` is its kind, `metadata` what else the exporter wrote."""

    name: str
    operator: str
    metadata: Mapping[str, str]


class ModuleScope(NamedTuple):
    """The path of the `module` that a node was made from, empty for the outermost, and its own name there."""

    module: str
    own: str


def layer_names(nodes: Sequence[NamedNode]) -> list[tuple[str, str]]:
    """What the layers of nodes are called, and their module, empty for none: as the module where that makes one node
    only, else as module and node. A node of which nobody knows the module keeps its name."""
    # A module `fc` of MatMul and Add: fc.MatMul and fc.Add. A module `conv1` of one Conv: conv1.
    origins = _numbered([origin_of(node) for node in nodes])
    computing = [each for each, node in zip(origins, nodes, strict=True) if each and node.operator != CONSTANT]
    in_module, alike = Counter(origin.module for origin in computing), Counter(computing)
    found: list[tuple[str, str]] = []
    for origin, node in zip(origins, nodes, strict=True):
        if origin is None:
            found.append((node.name, ""))
        elif origin.module and in_module[origin.module] == 1 and node.operator != CONSTANT:
            found.append((origin.module, origin.module))
        else:
            # One call of torch may be several nodes, which have its name in common.
            parts = (origin.module, origin.own, node.operator if alike[origin] > 1 else "")
            found.append((".".join(part for part in parts if part), origin.module))
    return found


def _numbered(origins: Sequence[ModuleScope | None]) -> list[ModuleScope | None]:
    """With names that count within their module: exporters that count through the whole model give the same layers of
    two blocks two names."""
    # matmul_6 and matmul_7 of the fourth block: matmul and matmul_1, as in the first.
    known: dict[ModuleScope, ModuleScope] = {}
    counts = Counter[tuple[str, str]]()
    for origin in origins:
        if origin is not None and origin not in known:
            key = origin.module, re.sub(r"_\d+$", "", origin.own)
            known[origin] = ModuleScope(origin.module, f"{key[1]}_{counts[key]}" if counts[key] else key[1])
            counts[key] += 1
    return [None if origin is None else known[origin] for origin in origins]


def call_by_module(network: NetworkOp, modules: Collection[str]) -> None:
    """Call a layer as its module where that has become one layer: a product and what is added to it."""
    # q of q.MatMul and q.Add is one linear layer, q.MatMul.linear: q. Views of the same data count for nothing.
    named = {op.layer.data: op for op in network.layers()}
    layers = [op for op in named.values() if op.UNIT is not None]
    inside = Counter(module for op in layers for module in _around(op.layer.data) if module in modules)
    for op in layers:
        around = [module for module in _around(op.layer.data) if module in modules]
        if around and inside[around[-1]] == 1:
            # Of a product of many dimensions the view before it may have that name: they exchange theirs.
            if (other := named.get(around[-1])) is not None:
                other.layer = op.layer
            op.layer = StringAttr(around[-1])


def _around(name: str) -> list[str]:
    """Each path that the name begins with, itself among them."""
    return list(accumulate(name.split("."), lambda before, part: f"{before}.{part}"))


def origin_of(node: NamedNode) -> ModuleScope | None:
    """Where a node comes from; None where neither metadata nor name tell."""
    scopes = re.findall(r"'([^']*)'", node.metadata.get(SCOPES, ""))
    scopes = scopes or [scope.partition(":")[0] for scope in node.metadata.get(NAMESPACE, "").split("/")]
    if len(scopes) > 1 and scopes[-1]:
        return ModuleScope(scopes[-2], scopes[-1])
    *around, own = node.name.split("/")
    outer, inner = "", ""
    for part in around:
        # Behind /layer1, layer1.0 says the whole path up to it, and conv1 its own name only.
        if not part.startswith(f"{inner}."):
            outer = f"{outer}.{inner}".strip(".")
        inner = part
    module = f"{outer}.{inner}".strip(".")
    return ModuleScope(module, own) if own and around else None
