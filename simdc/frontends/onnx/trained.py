"""Nodes that read constants only and are layers all the same, since what they compute with is trained.

A folded node has its result trained in place of what it was computed from. That is right for a transposed weight: each
of its elements is one of the weight's. It is wrong for the product of a weight with anything, whose elements are sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from .constant import MAX_SETTINGS, Constant
from .graph import Node
from .shapes import axis_of

Inputs = Sequence[Constant | None]
Trained = Sequence[bool]
"""Of each input of a node, whether it is trained."""


def _product(node: Node, inputs: Inputs, trained: Trained) -> bool:
    """A product of which an element sums several. That of a column and a row does not: frequencies by positions."""
    lhs = inputs[0]
    if lhs is None or not lhs.shape:
        return False
    summed = lhs.shape[0] if node.operator == "Gemm" and node.integer("transA", 0) else lhs.shape[-1]
    return summed > 1 and any(trained[:2])


def _sums(node: Node) -> bool:
    """Whether an Einsum has letters that its result has not."""
    given, arrow, result = node.text("equation", "").partition("->")
    return not arrow or bool(set(given) - set(result) - set(", ."))


def _repeats(node: Node, inputs: Inputs, trained: Trained) -> bool:
    """A Gather that reads a row of a table more than once: a bias by distances. Each row has the gradients of all its
    copies."""
    table, places = inputs[0], inputs[1]
    if not trained[0] or table is None or places is None or not table.shape:
        return False
    rows = table.shape[axis_of(node.integer("axis", 0), len(table.shape))]
    if places.elements > min(rows, MAX_SETTINGS):
        return places.elements > rows
    return len({place % rows for place in places.ints()}) < places.elements


STAYING: Mapping[str, Callable[[Node, Inputs, Trained], bool]] = {
    "MatMul": _product,
    "Gemm": _product,
    "Einsum": lambda node, inputs, trained: _sums(node) and any(trained),
    "Conv": lambda node, inputs, trained: any(trained[:2]),
    "Gather": _repeats,
    "LayerNormalization": lambda node, inputs, trained: trained[0],
}


def stays(node: Node, inputs: Inputs, is_trained: Callable[[Constant], bool]) -> bool:
    """Whether a node of constants is a layer. `is_trained` judges one of its inputs."""
    rule = STAYING.get(node.operator)
    return rule is not None and rule(node, inputs, [each is not None and is_trained(each) for each in inputs])
