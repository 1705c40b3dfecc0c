"""Which inputs of operators are weights or settings, and what proves that a file's weights were taken out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .constant import FLOATS, Constant, ValueOrigin
from .graph import Dimension, Graph, Node, Shaped
from .table import SIDES, WEIGHTS, InputNumbers

VIEWS = ("Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Cast")
"""Operators whose first input is a weight if their result is one."""
CHANNELWISE = ("Add", "Sub", "Mul", "Div", "Sum")
"""Operators whose input is a weight if it has one value per channel."""

Readers = Mapping[str, Sequence[tuple[Node, int]]]
"""By name of a value, the nodes that read it, each with the place among its inputs."""


def readers_of(nodes: Iterable[Node]) -> Readers:
    found: dict[str, list[tuple[Node, int]]] = {}
    for node in nodes:
        for place, name in enumerate(node.inputs):
            found.setdefault(name, []).append((node, place))
    return found


def is_read_at(name: str, readers: Readers, *tables: InputNumbers, channelwise: bool = False) -> bool:
    """Whether every reader has it in a place of these tables, views between them aside."""
    return bool(readers.get(name)) and all(
        any(place in table.get(node.operator, ()) for table in tables)
        or (channelwise and node.operator in CHANNELWISE)
        or (
            place == 0
            and node.operator in VIEWS
            and is_read_at(node.outputs[0], readers, *tables, channelwise=channelwise)
        )
        for node, place in readers[name]
    )


def stripped_weights(inputs: Sequence[Shaped], graph: Graph, nodes: Iterable[Node], readers: Readers) -> set[str]:
    """Of a file's inputs those that are weights: none where the file holds a weight itself, or where nothing but a
    product of two inputs speaks for it.

    Proof are inputs of fixed sizes in a place of WEIGHTS, or the matrix and the bias of one Gemm. In such a file the
    inputs of other products, and one value per channel, are weights, too.
    """
    if _holds_weights(graph, nodes):
        return set()
    fixed = [value for value in inputs if _is_fixed(value.shape) and value.element in FLOATS]
    certain = {value.name for value in fixed if is_read_at(value.name, readers, WEIGHTS)}
    names = {value.name for value in fixed}
    certain |= {
        name
        for node in nodes
        if node.operator == "Gemm" and len(node.inputs) == 3 and names.issuperset(node.inputs[1:])
        for name in node.inputs[1:]
    }
    if not certain:
        return set()
    found = {
        value.name
        for value in fixed
        if is_read_at(value.name, readers, WEIGHTS, SIDES, channelwise=is_channelwise(value.shape))
    }
    return found | certain if len(found | certain) < len(inputs) else set()


def is_channelwise(shape: tuple[Dimension, ...] | None) -> bool:
    if shape is None:
        return False
    return len(shape) == 1 or (len(shape) in (3, 4) and shape[-2:] == (1, 1) and shape[:-3] in ((), (1,)))


def _is_fixed(shape: tuple[Dimension, ...] | None) -> bool:
    return shape is not None and all(isinstance(size, int) for size in shape)


def _holds_weights(graph: Graph, nodes: Iterable[Node]) -> bool:
    stated = (node.attributes.get("value") for node in nodes if node.operator == "Constant")
    return has_stored(graph.initializers.values()) or any(
        isinstance(value, Constant) and value.element in FLOATS and value.elements > 1 for value in stated
    )


def has_stored(constants: Iterable[Constant]) -> bool:
    """Whether any is a tensor of fractions that the file stores as one of its own."""
    return any(constant.origin >= ValueOrigin.DERIVED and constant.elements > 1 for constant in constants)
