"""Nodes that read constants only and are layers all the same, since what they compute with is trained.

A folded node has its result trained in place of what it was computed from. That is right for a transposed weight: each
of its elements is one of the weight's. It is wrong for the product of two weights, whose elements are sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from .constant import Constant
from .graph import Node

Trained = Sequence[bool]
"""Of each input of a node, whether it is trained."""

STAYING: Mapping[str, Callable[[Trained], bool]] = {
    "MatMul": all,
    "Gemm": lambda trained: all(trained[:2]),
    "LayerNormalization": lambda trained: trained[0],
}


def stays(node: Node, inputs: Sequence[Constant | None], is_trained: Callable[[Constant], bool]) -> bool:
    """Whether a node of constants is a layer. `is_trained` judges one of its inputs."""
    rule = STAYING.get(node.operator)
    return rule is not None and rule([each is not None and is_trained(each) for each in inputs])
