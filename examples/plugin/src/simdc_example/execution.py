"""What the op computes, on numpy arrays. Apart from the op: costing a network needs no numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from .squared_relu import SquaredReluGradOp, SquaredReluOp


@register_impls
class SquaredReluFunctions(InterpreterFunctions):
    @impl(SquaredReluOp)
    def squared_relu(self, interpreter: Interpreter, op: SquaredReluOp, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return (np.maximum(args[0], 0.0) ** 2,)

    @impl(SquaredReluGradOp)
    def squared_relu_grad(
        self, interpreter: Interpreter, op: SquaredReluGradOp, args: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        gradient, x = args
        return (gradient * 2.0 * np.maximum(x, 0.0),)
