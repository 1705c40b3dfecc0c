"""Bodies of operators that have none in the standard, or none that simdc can use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .body_parts import RESULT
from .constant import Constant
from .graph import Node, Shaped
from .microsoft_bodies import MICROSOFT
from .problems import Unsupported
from .quantized_bodies import QUANTIZED

BODIES = QUANTIZED | MICROSOFT
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "Conv": ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"),
    "Gemm": ("alpha", "transA", "transB"),
    "LeakyRelu": ("alpha",),
}
"""Attributes of a node that go to the operator inside."""


def own_body(onnx: Any, node: Node, inputs: Sequence[Constant | Shaped | None]) -> list[Any] | None:
    """The nodes of the body over the node's own names, None for an operator that is none of these. The one that gives
    the result has the node's name; all else begins with it. A Transpose turns the last two dimensions of one of the
    `inputs`."""
    body = BODIES.get(node.operator)
    if body is None:
        return None

    def named(name: str) -> str:
        """Of the file's values, or of the node's own."""
        if name == RESULT:
            return node.outputs[0]
        return f"{node.name}{name}" if name.startswith(".") else name

    given = {entry.name: entry for entry in node.proto.attribute}
    described = dict(zip(node.inputs, inputs, strict=True))
    protos: list[Any] = []
    for operator, read, result, own in body(node, node.inputs):
        names = list(map(named, read))
        if operator == "Transpose":
            own = {**own, "perm": _last_two(described[read[0]])}
        label = node.name if result == RESULT else named(result)
        proto = onnx.helper.make_node(operator, names, [named(result)], name=label, **own)
        passed = [name for name in ATTRIBUTES.get(operator, ()) if name in given and name not in own]
        proto.attribute.extend([given[name] for name in passed])
        protos.append(proto)
    return protos


def _last_two(value: Constant | Shaped | None) -> list[int]:
    """All dimensions, the last two turned. Raises Unsupported for one that does not have two."""
    rank = 0 if value is None or value.shape is None else len(value.shape)
    if rank < 2:
        raise Unsupported("a side of it has less than two dimensions, or nobody knows how many")
    return [*range(rank - 2), rank - 1, rank - 2]
