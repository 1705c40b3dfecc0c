"""The rectifier and its gradient, and ops that only rename data."""

from __future__ import annotations

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.errors import SimdcError
from simdc.ir.base import shape_of
from simdc.ir.context import layer_error
from simdc.ir.ops.cache import CacheOp
from simdc.ir.ops.free import DropoutOp, FlattenOp, ReshapeOp
from simdc.ir.ops.relu import ReluGradOp, ReluOp
from simdc.ir.unmodelled import UnmodelledOp

from .arrays import Arrays


@register_impls
class ElementwiseFunctions(InterpreterFunctions):
    @impl(ReluOp)
    def relu(self, interpreter: Interpreter, op: ReluOp, args: Arrays) -> Arrays:
        return (np.maximum(args[0], 0.0),)

    @impl(ReluGradOp)
    def relu_grad(self, interpreter: Interpreter, op: ReluGradOp, args: Arrays) -> Arrays:
        gradient, output = args
        return (gradient * (output > 0.0),)


@register_impls
class FreeFunctions(InterpreterFunctions):
    @impl(FlattenOp)
    def flatten(self, interpreter: Interpreter, op: FlattenOp, args: Arrays) -> Arrays:
        return (args[0].reshape(shape_of(op.result)),)

    @impl(ReshapeOp)
    def reshape(self, interpreter: Interpreter, op: ReshapeOp, args: Arrays) -> Arrays:
        return (args[0].reshape(shape_of(op.result)),)

    @impl(DropoutOp)
    def dropout(self, interpreter: Interpreter, op: DropoutOp, args: Arrays) -> Arrays:
        """Nothing is dropped in inference; a training step multiplies by a mask instead."""
        return args

    @impl(CacheOp)
    def cache(self, interpreter: Interpreter, op: CacheOp, args: Arrays) -> Arrays:
        return args

    @impl(UnmodelledOp)
    def unmodelled(self, interpreter: Interpreter, op: UnmodelledOp, args: Arrays) -> Arrays:
        error: SimdcError = layer_error(op, f"nobody knows what '{op.operation.data}' computes, so it cannot run")
        raise error
