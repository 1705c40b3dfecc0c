"""Operators on constants that may be evaluated: what shapes, positions, masks and derived weights are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from .constant import Array, Constant
from .graph import Node
from .problems import Unsupported
from .shapes import axis_of

ELEMENTWISE = (
    *("Add", "Sub", "Mul", "Div", "Mod", "Pow", "Neg", "Abs", "Sign", "Min", "Max", "Sum", "Mean", "Clip"),
    *("Floor", "Ceil", "Round", "Sqrt", "Exp", "Log", "Reciprocal", "Erf", "Tanh", "Sigmoid", "Relu", "Softplus"),
    *("Sin", "Cos", "Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Not", "Xor", "Where"),
    *("BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "IsNaN", "IsInf", "CastLike"),
    *("QuantizeLinear", "DequantizeLinear", "PRelu", "LeakyRelu"),
)
REDUCTIONS = (
    *("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum"),
    *("ReduceLogSumExp", "ReduceSumSquare", "ArgMax", "ArgMin", "CumSum", "TopK", "NonZero", "Softmax"),
)
MOVEMENTS = (
    *("Concat", "Split", "Slice", "Gather", "GatherElements", "GatherND", "ScatterElements", "ScatterND"),
    *("Expand", "Tile", "Pad", "Trilu", "OneHot", "EyeLike", "DepthToSpace", "SpaceToDepth"),
)
NORMS = ("BatchNormalization", "InstanceNormalization", "LayerNormalization")
FOLDABLE = frozenset((*ELEMENTWISE, *REDUCTIONS, *MOVEMENTS, "MatMul", "Gemm", *NORMS, "Resize", "Einsum"))
"""The reference evaluator may run these and no others: it would run a regular expression that does not end."""

MOST_LETTERS, MOST_STEPS = 26, 2**32
"""Of an Einsum on constants: dimensions of all its inputs, and elements of one times those of the others."""

TABLES = ("Sin", "Cos")
"""What these make of positions is a table, whatever frequencies they are given."""


def _gather_elements(node: Node, arrays: Sequence[Array]) -> list[Array]:
    """The evaluator of onnx 1.23 fails where indices have another shape than data."""
    data, indices = arrays
    axis = axis_of(node.integer("axis", 0), data.ndim)
    if data.ndim != indices.ndim:
        raise Unsupported(f"it gathers from {list(data.shape)} by {list(indices.shape)}")
    part = tuple(slice(None if at == axis else size) for at, size in enumerate(indices.shape))
    return [np.take_along_axis(data[part], np.where(indices < 0, indices + data.shape[axis], indices), axis)]


def _einsum(node: Node, arrays: Sequence[Array]) -> list[Array]:
    """Few numbers can make much work: 'a,b,c->' of 4,096 each takes 7e10 steps."""
    equation = node.text("equation", "")
    letters = sum(array.ndim for array in arrays)
    steps = prod(size for array in arrays for size in array.shape)
    if letters > MOST_LETTERS or steps > MOST_STEPS:
        raise Unsupported(f"its equation '{equation[:60]}' takes up to {steps} steps to compute")
    return [np.einsum(equation, *arrays)]


BY_NUMPY: dict[str, Callable[[Node, Sequence[Array]], list[Array]]] = {
    "GatherElements": _gather_elements,
    "Einsum": _einsum,
}


def _one_hot(node: Node, inputs: Sequence[Constant | None]) -> int:
    indices, depth = inputs[0], inputs[1] if len(inputs) > 1 else None
    if indices is None or depth is None:
        raise Unsupported("an input is missing")
    return indices.elements * max(0, int(depth.number()))


def _non_zero(node: Node, inputs: Sequence[Constant | None]) -> int:
    return prod(len(part.shape) * part.elements for part in inputs if part is not None)


BOUNDS: dict[str, Callable[[Node, Sequence[Constant | None]], int]] = {"OneHot": _one_hot, "NonZero": _non_zero}
"""At most how many elements each result has, where shape inference does not say."""
