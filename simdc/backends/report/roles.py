"""What the layers of a transformer are for: a role of each, told by what they are and what they read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from xdsl.ir import SSAValue

from simdc.ir.attributes import Unit
from simdc.ir.base import LayerOp
from simdc.ir.network import NetworkOp, ParameterOp
from simdc.ir.ops.gather import GatherOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.ops.softmax import SoftmaxOp

BY_OP = {
    "cache_append": "cache",
    "layer_norm": "norms",
    "rms_norm": "norms",
    "group_norm": "norms",
    "gated": "mlp",
    "gelu": "mlp",
    "relu": "mlp",
    "silu": "mlp",
    "sigmoid": "mlp",
    "tanh": "mlp",
    "top_k": "mlp",
    "gather": "mlp",
    "scatter_add": "mlp",
}
"""Roles by the kind of a layer alone. The others are `other`, but for products and softmaxes of attention. Rows that
are picked and added go to experts and come back; those of a table are embedded."""
HANDS_ON = ("slice", "transpose", "cache", "concat", "expand", "softmax", "log_softmax", "dropout")
"""Layers that pass on what they read, beside those that cost nothing."""


def roles_of(network: NetworkOp) -> dict[str, str]:
    """The role of each layer by its name. A gradient, `conv1.grad_input`, has that of the layer it belongs to."""
    forward = [op for op in network.layers() if op.phase is None or op.phase.data == "forward"]
    found = {op.layer.data: BY_OP.get(_kind(op), "other") for op in forward}
    embedded = [op for op in forward if isinstance(op, GatherOp) and isinstance(op.table.owner, ParameterOp)]
    found |= {op.layer.data: "embedding" for op in embedded}
    found |= _products(network, forward)
    for op in network.layers():
        name = op.layer.data
        found.setdefault(name, _owner(name, found))
    return found


def _every(network: NetworkOp) -> Iterator[LayerOp]:
    """The layers, of those that run as one each."""
    for op in network.layers():
        members = tuple(op.members)
        yield from members or (op,)


def attention(network: NetworkOp) -> Iterator[tuple[SoftmaxOp, MatMulOp, tuple[MatMulOp, ...]]]:
    """Each softmax of attention with the product that makes its scores and those that read its shares."""
    for op in _every(network):
        if isinstance(op, SoftmaxOp) and op.axis.value.data == len(op.result.type.get_shape()) - 1:
            scores = next((made for made in _made_by(op.input, _is_no_product) if isinstance(made, MatMulOp)), None)
            if scores is not None:
                readers = tuple(use.operation for use in op.result.uses if isinstance(use.operation, MatMulOp))
                yield op, scores, tuple(reader for reader in readers if reader.phase is None)


def _products(network: NetworkOp, forward: Iterable[LayerOp]) -> dict[str, str]:
    """Roles of what multiplies, and of softmaxes between two products."""
    found: dict[str, str] = {}
    projected: set[SSAValue] = set()
    contexts: set[str] = set()
    for softmax, scores, readers in attention(network):
        found |= {softmax.layer.data: "softmax", scores.layer.data: "scores"}
        found |= {reader.layer.data: "context" for reader in readers}
        contexts |= {reader.layer.data for reader in readers}
        # What runs as one is one layer, and what it gives is a context.
        whole = scores.parent_op()
        if isinstance(whole, LayerOp):
            found[whole.layer.data] = "attention"
            contexts.add(whole.layer.data)
        projected.update((*scores.operands, *(reader.rhs for reader in readers)))
    # What queries, keys and values come from; then what reads a context, by way of views alone; then what leads out.
    for value in projected:
        for made in _made_by(value, _is_no_product):
            if made.layer.data not in contexts and made.UNIT is Unit.SYSTOLIC:
                found.setdefault(made.layer.data, "projections")
    for op in forward:
        if op.UNIT is Unit.SYSTOLIC and any(
            made.layer.data in contexts for made in _made_by(op.operands[0], _hands_on)
        ):
            found.setdefault(op.layer.data, "projections")
    returned = network.body.block.last_op
    for value in () if returned is None else returned.operands:
        for made in _made_by(value, _hands_on):
            if made.UNIT is Unit.SYSTOLIC:
                found.setdefault(made.layer.data, "head")
    for op in forward:
        if op.UNIT is Unit.SYSTOLIC:
            found.setdefault(op.layer.data, "embedding" if _kind(op).startswith("conv") else "mlp")
    return found


def _made_by(value: SSAValue, through: Callable[[LayerOp], bool]) -> Iterator[LayerOp]:
    """The layers that `value` comes from, going on through those that `through` lets pass."""
    seen: set[SSAValue] = set()
    open_values = [value]
    while open_values:
        value = open_values.pop()
        if value in seen or not isinstance(value.owner, LayerOp):
            continue
        seen.add(value)
        if through(value.owner):
            open_values += value.owner.operands
        else:
            yield value.owner


def _is_no_product(op: LayerOp) -> bool:
    return op.UNIT is not Unit.SYSTOLIC


def _hands_on(op: LayerOp) -> bool:
    return op.UNIT is None or _kind(op) in HANDS_ON


def _owner(name: str, known: dict[str, str]) -> str:
    """`layer0.up.weight.update` belongs to `layer0.up`."""
    while name:
        name = name.rpartition(".")[0]
        if name in known:
            return known[name]
    return "other"


def _kind(op: LayerOp) -> str:
    return op.name.removeprefix("simdc.")
