"""Activations by the functions that define them, and their slopes. Nothing here follows the instruction sequences of
their kernels."""

from __future__ import annotations

from collections.abc import Callable
from math import erf as exact_erf
from math import pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.base import shape_of
from simdc.ir.ops.activation.base import ActivationGradOp, ActivationOp
from simdc.ir.ops.activation.exponential import EluOp, ExpOp, LogOp, MishOp, SigmoidOp, SiluOp, SoftplusOp, TanhOp
from simdc.ir.ops.activation.function import AbsOp, NegateOp, ReciprocalOp, SqrtOp
from simdc.ir.ops.activation.gaussian import ErfOp, GeluOp
from simdc.ir.ops.activation.periodic import CosOp, SinOp
from simdc.ir.ops.activation.piecewise import ClipOp, HardSigmoidOp, HardSwishOp, LeakyReluOp
from simdc.ir.ops.activation.prelu import PReluGradOp, PReluOp, PReluSlopeGradOp
from simdc.ir.ops.activation.rounding import CeilOp, FloorOp, IsInfOp, IsNanOp, RoundOp, SignOp

from .arrays import Array, Arrays, channelwise
from .broadcast import summed_to

Curve = Callable[[Any, Array], Array]
"""A function of an op, whose attributes it may ask for, and an array."""


def _sigmoid(x: Array) -> Array:
    """By the sign of x, so that no exponential overflows."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0.0, 1.0, small) / (1.0 + small)


def _erf(x: Array) -> Array:
    return np.array([exact_erf(value) for value in x.flat]).reshape(x.shape)


def _density(x: Array) -> Array:
    """Of the normal distribution."""
    return np.exp(-(x**2) / 2.0) / sqrt(2.0 * pi)


def _clip(op: Any, x: Array) -> Array:
    bounds = (None if bound is None else bound.value.data for bound in (op.minimum, op.maximum))
    return np.clip(x, *bounds)


def silu_and_slope(x: Array) -> tuple[Array, Array]:
    gate = _sigmoid(x)
    return x * gate, gate + x * gate * _sigmoid(-x)


def gelu_and_slope(x: Array, approximate: str) -> tuple[Array, Array]:
    return _gelu(approximate, x), _gelu_slope(approximate, x)


def _gelu(approximate: str, x: Array) -> Array:
    if approximate == "tanh":
        return 0.5 * x * (1.0 + np.tanh(sqrt(2.0 / pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1.0 + _erf(x / sqrt(2.0)))


def _gelu_slope(approximate: str, x: Array) -> Array:
    if approximate == "tanh":
        height = np.tanh(sqrt(2.0 / pi) * (x + 0.044715 * x**3))
        speed = sqrt(2.0 / pi) * (1.0 + 3.0 * 0.044715 * x**2)
        return 0.5 * (1.0 + height) + 0.5 * x * (1.0 - height**2) * speed
    return 0.5 * (1.0 + _erf(x / sqrt(2.0))) + x * _density(x)


def _is_infinite(op: Any, x: Array) -> NDArray[np.bool_]:
    if op.negative is not None or op.positive is not None:
        return np.isneginf(x) if op.negative is not None else np.isposinf(x)
    return np.isinf(x)


def _elu(op: Any, x: Array) -> Array:
    return np.where(x > 0.0, x, op.alpha.value.data * np.expm1(np.minimum(x, 0.0)))


def _mish_slope(x: Array) -> Array:
    gate = np.tanh(np.logaddexp(0.0, x))
    return gate + x * (1.0 - gate**2) * _sigmoid(x)


FORWARD: dict[type[ActivationOp], Curve] = {
    LeakyReluOp: lambda op, x: np.where(x > 0.0, x, op.alpha.value.data * x),
    ClipOp: _clip,
    HardSigmoidOp: lambda op, x: np.clip(op.alpha.value.data * x + op.beta.value.data, 0.0, 1.0),
    HardSwishOp: lambda op, x: x * np.clip(x + 3.0, 0.0, 6.0) / 6.0,
    SigmoidOp: lambda op, x: _sigmoid(x),
    TanhOp: lambda op, x: np.tanh(x),
    EluOp: _elu,
    SiluOp: lambda op, x: x * _sigmoid(x),
    MishOp: lambda op, x: x * np.tanh(np.logaddexp(0.0, x)),
    SoftplusOp: lambda op, x: np.logaddexp(0.0, x),
    ErfOp: lambda op, x: _erf(x),
    GeluOp: lambda op, x: _gelu(op.approximate.data, x),
    AbsOp: lambda op, x: np.abs(x),
    SqrtOp: lambda op, x: np.sqrt(x),
    ReciprocalOp: lambda op, x: 1.0 / x,
    ExpOp: lambda op, x: np.exp(x),
    LogOp: lambda op, x: np.log(x),
    NegateOp: lambda op, x: -x,
    SinOp: lambda op, x: np.sin(x),
    CosOp: lambda op, x: np.cos(x),
    RoundOp: lambda op, x: np.round(x),
    FloorOp: lambda op, x: np.floor(x),
    CeilOp: lambda op, x: np.ceil(x),
    SignOp: lambda op, x: np.sign(x),
    IsNanOp: lambda op, x: np.isnan(x).astype(np.float64),
    IsInfOp: lambda op, x: _is_infinite(op, x).astype(np.float64),
}
"""Each activation as a function of its input."""

SLOPES: dict[type[ActivationOp], Curve] = {
    LeakyReluOp: lambda op, x: np.where(x > 0.0, 1.0, float(op.alpha.value.data)),
    ClipOp: lambda op, x: np.where(_clip(op, x) == x, 1.0, 0.0),
    HardSigmoidOp: lambda op, y: np.where((y > 0.0) & (y < 1.0), float(op.alpha.value.data), 0.0),
    HardSwishOp: lambda op, x: np.where(np.abs(x) <= 3.0, x / 3.0 + 0.5, x > 0.0),
    SigmoidOp: lambda op, y: y * (1.0 - y),
    TanhOp: lambda op, y: 1.0 - y**2,
    EluOp: lambda op, x: np.where(x > 0.0, 1.0, op.alpha.value.data * np.exp(np.minimum(x, 0.0))),
    SiluOp: lambda op, x: _sigmoid(x) + x * _sigmoid(x) * _sigmoid(-x),
    MishOp: lambda op, x: _mish_slope(x),
    SoftplusOp: lambda op, x: _sigmoid(x),
    ErfOp: lambda op, x: 2.0 / sqrt(pi) * np.exp(-(x**2)),
    GeluOp: lambda op, x: _gelu_slope(op.approximate.data, x),
    AbsOp: lambda op, x: np.sign(x),
    SqrtOp: lambda op, y: 0.5 / y,
    ReciprocalOp: lambda op, y: -(y**2),
}
"""The slope of each, as a function of what its gradient op reads: the input `x` or the result `y`."""


def _run_forward(curve: Curve) -> Callable[..., Arrays]:
    def run(self: InterpreterFunctions, interpreter: Interpreter, op: ActivationOp, args: Arrays) -> Arrays:
        result: Array = curve(op, args[0])
        return (result,)

    return run


def _run_gradient(slope: Curve) -> Callable[..., Arrays]:
    def run(self: InterpreterFunctions, interpreter: Interpreter, op: ActivationGradOp, args: Arrays) -> Arrays:
        gradient, read = args
        result: Array = gradient * slope(op, read)
        return (result,)

    return run


class CurveFunctions(InterpreterFunctions):
    """What `FORWARD` and `SLOPES` say; `register_impls` finds it among the attributes of the class."""


for _cls, _curve in FORWARD.items():
    setattr(CurveFunctions, _cls.name, impl(_cls)(_run_forward(_curve)))
for _cls, _slope in SLOPES.items():
    assert _cls.GRADIENT is not None
    setattr(CurveFunctions, _cls.GRADIENT.name, impl(_cls.GRADIENT)(_run_gradient(_slope)))


@register_impls
class ActivationFunctions(CurveFunctions):
    @impl(PReluOp)
    def prelu(self, interpreter: Interpreter, op: PReluOp, args: Arrays) -> Arrays:
        x, slope = args
        return (_leak(x, _spread(slope, x), x),)

    @impl(PReluGradOp)
    def prelu_grad(self, interpreter: Interpreter, op: PReluGradOp, args: Arrays) -> Arrays:
        gradient, x, slope = args
        return (_leak(x, _spread(slope, x), gradient),)

    @impl(PReluSlopeGradOp)
    def prelu_slope_grad(self, interpreter: Interpreter, op: PReluSlopeGradOp, args: Arrays) -> Arrays:
        gradient, x = args
        shape = shape_of(op.result)
        each = gradient * np.minimum(x, 0.0)
        return (summed_to(each, _spread(np.empty(shape), x).shape).reshape(shape),)


def _leak(x: Array, slope: Array, values: Array) -> Array:
    """`values` where x is positive, `slope * values` elsewhere."""
    return np.where(x > 0.0, values, slope * values)


def _spread(slope: Array, x: Array) -> Array:
    """A slope per channel so that it goes along dimension 1; any other broadcasts as it is."""
    return channelwise(slope, x.ndim) if x.ndim > 1 and slope.shape == x.shape[1:2] else slope
