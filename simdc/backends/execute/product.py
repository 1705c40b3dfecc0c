"""Fully connected layers and products of stacks of matrices, by numpy."""

from __future__ import annotations

from string import ascii_letters

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.base import shape_of
from simdc.ir.ops.linear import LinearInputGradOp, LinearOp, LinearWeightGradOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.product import ONE, Side, StackProduct

from .arrays import Array, Arrays


@register_impls
class ProductFunctions(InterpreterFunctions):
    @impl(LinearOp)
    def linear(self, interpreter: Interpreter, op: LinearOp, args: Arrays) -> Arrays:
        x, weight, *bias = args
        return (x @ weight.T + bias[0] if bias else x @ weight.T,)

    @impl(LinearInputGradOp)
    def linear_input_grad(self, interpreter: Interpreter, op: LinearInputGradOp, args: Arrays) -> Arrays:
        gradient, weight = args
        return (gradient @ weight,)

    @impl(LinearWeightGradOp)
    def linear_weight_grad(self, interpreter: Interpreter, op: LinearWeightGradOp, args: Arrays) -> Arrays:
        x, gradient = (array.reshape(-1, array.shape[-1]) for array in args)
        return (gradient.T @ x,)

    @impl(MatMulOp)
    def matmul(self, interpreter: Interpreter, op: MatMulOp, args: Arrays) -> Arrays:
        if op.index is None:
            return (args[0] @ args[1],)
        return (_summed(op.product, *args).reshape(shape_of(op.result)),)


def _summed(product: StackProduct, lhs: Array, rhs: Array) -> Array:
    """By einsum, on what the loops reach of both sides."""
    bounds = product.bounds

    def reached(side: Side, array: Array) -> Array:
        return array.reshape([place.size for place in side])[
            tuple(p.first if p.loop == ONE else slice(p.first, p.first + bounds[p.loop]) for p in side)
        ]

    letters = ["".join(ascii_letters[p.loop] for p in side if p.loop != ONE) for side in product]
    text = f"{letters[0]},{letters[1]}->{letters[2]}"
    result: Array = np.einsum(text, reached(product.lhs, lhs), reached(product.rhs, rhs), optimize=True)
    return result
