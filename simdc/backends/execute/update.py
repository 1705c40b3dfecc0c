"""Parameter updates. In float64 a narrow copy holds what its master holds."""

from __future__ import annotations

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.ops.update import AdamOp, MomentumOp, RunningAverageOp, SgdOp, UpdateOp

from .arrays import Array, Arrays


def _with_copy(op: UpdateOp, new: Array, *state: Array) -> tuple[Array, ...]:
    """The results of an update: parameter, state, and the narrow copy of the parameter where there is one."""
    return (new, *state) if op.copy_of is None else (new, *state, new)


@register_impls
class UpdateFunctions(InterpreterFunctions):
    @impl(SgdOp)
    def sgd(self, interpreter: Interpreter, op: SgdOp, args: Arrays) -> Arrays:
        parameter, gradient, *_ = args
        new = parameter - op.rate.value.data * (gradient + op.weight_decay.value.data * parameter)
        return _with_copy(op, new)

    @impl(MomentumOp)
    def momentum(self, interpreter: Interpreter, op: MomentumOp, args: Arrays) -> Arrays:
        parameter, gradient, velocity, *_ = args
        velocity = op.momentum.value.data * velocity + gradient + op.weight_decay.value.data * parameter
        return _with_copy(op, parameter - op.rate.value.data * velocity, velocity)

    @impl(AdamOp)
    def adam(self, interpreter: Interpreter, op: AdamOp, args: Arrays) -> Arrays:
        parameter, gradient, first, second, *_ = args
        rate, decay, step = op.rate.value.data, op.weight_decay.value.data, op.step.value.data
        beta1, beta2 = op.beta1.value.data, op.beta2.value.data
        if op.decoupled is None:
            gradient = gradient + decay * parameter
        else:
            parameter = parameter - rate * decay * parameter
        first = beta1 * first + (1.0 - beta1) * gradient
        second = beta2 * second + (1.0 - beta2) * gradient**2
        fair_first, fair_second = first / (1.0 - beta1**step), second / (1.0 - beta2**step)
        new = parameter - rate * fair_first / (np.sqrt(fair_second) + op.epsilon.value.data)
        return _with_copy(op, new, first, second)

    @impl(RunningAverageOp)
    def running_average(self, interpreter: Interpreter, op: RunningAverageOp, args: Arrays) -> Arrays:
        stored, current = args
        return (stored + op.momentum.value.data * (current - stored),)
