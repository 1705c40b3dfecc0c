"""Gemm and MatMul: fully connected layers where one side is a weight."""

from __future__ import annotations

from math import prod

from xdsl.ir import SSAValue

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Constant, Value
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import operator
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.ops.broadcast import AddOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.linear import LinearOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.ops.scalar import ScalarOp
from simdc.ir.ops.transpose import TransposeOp


def scaled(constant: Constant, factor: float) -> Constant:
    return constant if factor == 1 else constant.mapped(constant.shape, lambda array: array * factor)


def feature_bias(constant: Constant | None, features: int) -> Constant | None:
    """A constant that adds one value to each feature of [n, features], as [features]; None if it is another."""
    if constant is None or constant.shape not in ((features,), (1, features), (1,), (), (1, 1)):
        return None
    if constant.elements == features:
        return constant.reshaped((features,))
    return constant.reshaped((1,)).broadcast((features,))


@operator("Gemm", sides=(1, 2))
def gemm(build: Build) -> Value:
    """`alpha * A' * B' + beta * C`; a weight and a bias take up their factors."""
    node = build.node
    alpha, beta = node.real("alpha", 1.0), node.real("beta", 1.0)
    lhs = build.tensor(0)
    if node.integer("transA", 0):
        lhs = build.add(TransposeOp(build.part("lhs"), lhs, permutation=(1, 0)))
    weight, bias = build.constant(1), build.constant(2)
    if not build.has(2) or beta == 0:
        bias, beta = None, 0.0
    if weight is None:
        rhs = build.tensor(1)
        if node.integer("transB", 0):
            rhs = build.add(TransposeOp(build.part("rhs"), rhs, permutation=(1, 0)))
        plain = alpha == 1 and not beta
        result = build.add(MatMulOp(build.name if plain else build.part("product"), lhs, rhs))
        if alpha != 1:
            name = build.part("alpha") if beta else build.name
            result = build.add(ScalarOp(name, result, function="mul", value=alpha))
    else:
        if len(weight.shape) != 2:
            raise Unsupported(f"its weight has shape {list(weight.shape)}, not two dimensions")
        matrix = weight if node.integer("transB", 0) else weight.transposed((1, 0))
        offset = feature_bias(bias, matrix.shape[0])
        name = build.part("product") if beta and offset is None else build.name
        value = build.parameter(scaled(matrix, alpha), "weight")
        result = build.add(
            LinearOp(name, lhs, value, None if offset is None else build.parameter(scaled(offset, beta), "bias"))
        )
        beta = beta if offset is None else 0.0
    if not beta:
        return result
    addend = build.tensor(2, "bias") if bias is None else build.parameter(scaled(bias, beta), "bias")
    if bias is None and beta != 1:
        addend = build.add(ScalarOp(build.part("beta"), addend, function="mul", value=beta))
    return build.add(AddOp(build.name, result, addend))


@operator("MatMul", sides=(1,))
def matmul(build: Build) -> Value:
    """A vector on the left is a row, one on the right a column; the dimension of one that this adds goes again."""
    lhs, rhs, weight = build.shape(0), build.shape(1), build.constant(1)
    shape = (*lhs[:-1], *rhs[1:])
    if not lhs or not rhs:
        raise Unsupported("a side of it is a single number")
    if not shape:
        raise Unsupported("it multiplies two vectors: its result is a single number")
    if len(rhs) > 2:
        if len(lhs) < 2:
            raise Unsupported("it multiplies a vector by a stack of matrices")
        return build.add(MatMulOp(build.name, build.tensor(0, "lhs"), build.tensor(1, "rhs")))
    flat = len(lhs) == len(rhs) == 2
    x = build.tensor(0, "lhs")
    if weight is None:
        y = build.tensor(1, "rhs")
        if len(rhs) == 1:
            y = build.add(ReshapeOp(build.part("column"), y, shape=(rhs[0], 1)))
        x = _rows(build, x)
        op: LayerOp = MatMulOp(build.name if flat else build.part("product"), x, y)
    else:
        matrix = weight.transposed((1, 0)) if len(rhs) == 2 else weight.reshaped((1, *rhs))
        follower = build.follower("Add") if len(rhs) == 2 else None
        bias = None if follower is None else feature_bias(build.other_constant(follower), matrix.shape[0])
        if follower is not None and bias is not None:
            build.absorb(follower)
        offset = None if bias is None else build.parameter(bias, "bias")
        x = _rows(build, x)
        op = LinearOp(build.name if flat else build.part("linear"), x, build.parameter(matrix, "weight"), offset)
    result = build.add(op)
    return result if flat else build.add(ReshapeOp(build.name, result, shape=shape))


def _rows(build: Build, x: SSAValue) -> SSAValue:
    """As a matrix: all dimensions but the last are rows."""
    shape = shape_of(x)
    return x if len(shape) == 2 else build.add(ReshapeOp(build.part("rows"), x, shape=(prod(shape[:-1]), shape[-1])))
