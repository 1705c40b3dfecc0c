"""Data movement and resizing."""

from __future__ import annotations

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.pad import PadOp, SliceOp
from simdc.ir.ops.resize import ResizeGradOp, ResizeOp
from simdc.ir.ops.transpose import TransposeOp
from simdc.ir.sampling import Sampling, rows

from .arrays import Array, Arrays


def _weights(sampling: Sampling, count: int, made: int) -> Array:
    """[made, count]: what each position of a resized axis takes of each position of the axis."""
    weights: Array = np.zeros((made, count))
    for position, row in enumerate(rows(sampling, count, made)):
        for place, weight in row:
            weights[position, place] += float(weight)
    return weights


@register_impls
class MovementFunctions(InterpreterFunctions):
    @impl(ConcatOp)
    def concat(self, interpreter: Interpreter, op: ConcatOp, args: Arrays) -> Arrays:
        return (np.concatenate(args, axis=op.axis.value.data),)

    @impl(SliceOp)
    def slice(self, interpreter: Interpreter, op: SliceOp, args: Arrays) -> Arrays:
        axis, first, count, step = (field.value.data for field in (op.axis, op.first, op.count, op.step))
        return (args[0].take(range(first, first + step * count, step), axis=axis),)

    @impl(PadOp)
    def pad(self, interpreter: Interpreter, op: PadOp, args: Arrays) -> Arrays:
        margins = list(zip(op.before.get_values(), op.after.get_values(), strict=True))
        return (np.pad(args[0], margins, constant_values=op.value.value.data),)

    @impl(TransposeOp)
    def transpose(self, interpreter: Interpreter, op: TransposeOp, args: Arrays) -> Arrays:
        return (args[0].transpose(op.permutation.get_values()),)

    @impl(ResizeOp)
    def resize(self, interpreter: Interpreter, op: ResizeOp, args: Arrays) -> Arrays:
        """Both axes are weighted sums: `result = rows @ x @ columns.T`."""
        (height, width), (oh, ow) = args[0].shape[2:], op.size.get_values()
        return (_weights(op.sampling, height, oh) @ args[0] @ _weights(op.sampling, width, ow).T,)

    @impl(ResizeGradOp)
    def resize_grad(self, interpreter: Interpreter, op: ResizeGradOp, args: Arrays) -> Arrays:
        (oh, ow), (height, width) = args[0].shape[2:], op.size.get_values()
        return (_weights(op.sampling, height, oh).T @ args[0] @ _weights(op.sampling, width, ow),)
