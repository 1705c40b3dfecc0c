"""Operators on one tensor, element by element."""

from __future__ import annotations

from math import inf, isinf

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Value
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import operator
from simdc.ir.ops.activation.exponential import EluOp, SiluOp
from simdc.ir.ops.activation.gaussian import GeluOp
from simdc.ir.ops.activation.piecewise import ClipOp, HardSigmoidOp, LeakyReluOp
from simdc.ir.ops.activation.prelu import PReluOp
from simdc.ir.ops.activation.rounding import IsInfOp, IsNanOp
from simdc.ir.ops.relu import ReluOp
from simdc.ir.ops.scalar import ScalarOp

from .view import view

PLAIN = [
    "Abs",
    "Ceil",
    "Cos",
    "Erf",
    "Exp",
    "Floor",
    "HardSwish",
    "Log",
    "Mish",
    "Neg",
    "Reciprocal",
    "Relu",
    "Round",
    "Sigmoid",
    "Sign",
    "Sin",
    "Softplus",
    "Sqrt",
    "Tanh",
]
"""Operators without attributes that are called as the layer is, capitals aside."""


@operator(*PLAIN)
def plain(build: Build) -> Value:
    return build.add_layer(build.node.op_type.lower(), build.tensor(0))


@operator("IsNaN")
def is_nan(build: Build) -> Value:
    return build.add(IsNanOp(build.name, build.tensor(0)))


@operator("IsInf")
def is_inf(build: Build) -> Value:
    """One of the two ends, both, or none."""
    below, above = (build.node.integer(f"detect_{word}", 1) for word in ("negative", "positive"))
    if not below and not above:
        return build.add(ScalarOp(build.name, build.tensor(0), function="mul", value=0.0))
    sides = {"negative": not above, "positive": not below}
    return build.add(IsInfOp(build.name, build.tensor(0), **sides))


@operator("LeakyRelu")
def leaky_relu(build: Build) -> Value:
    return build.add(LeakyReluOp(build.name, build.tensor(0), alpha=build.node.real("alpha", 0.01)))


@operator("Elu")
def elu(build: Build) -> Value:
    return build.add(EluOp(build.name, build.tensor(0), alpha=build.node.real("alpha", 1.0)))


@operator("HardSigmoid")
def hard_sigmoid(build: Build) -> Value:
    alpha, beta = build.node.real("alpha", 0.2), build.node.real("beta", 0.5)
    return build.add(HardSigmoidOp(build.name, build.tensor(0), alpha=alpha, beta=beta))


@operator("Gelu")
def gelu(build: Build) -> Value:
    return build.add(GeluOp(build.name, build.tensor(0), approximate=build.node.text("approximate", "none")))


@operator("Swish")
def swish(build: Build) -> Value:
    if build.node.real("alpha", 1.0) != 1.0:
        raise Unsupported("its alpha is not 1")
    return build.add(SiluOp(build.name, build.tensor(0)))


@operator("Clip", settings=(1, 2))
def clip(build: Build) -> Value:
    """Limits are attributes up to opset 10, inputs since; either may be missing, or so large that it limits nothing."""
    node = build.node
    if build.opset < 11:
        limits = node.real("min", -inf), node.real("max", inf)
    else:
        limits = build.number(1, "lower limit"), build.number(2, "upper limit")
    lowest, highest = (None if limit is None or _is_no_limit(limit) else limit for limit in limits)
    x = build.tensor(0)
    if lowest is None and highest is None:
        return view(build, x, build.shape(0))
    if lowest == 0 and highest is None:
        return build.add(ReluOp(build.name, x))
    if lowest is not None and highest is not None and lowest > highest:
        # min(max(x, lowest), highest) is then the upper limit everywhere.
        lowest = highest
    return build.add(ClipOp(build.name, x, minimum=lowest, maximum=highest))


def _is_no_limit(value: float) -> bool:
    """The largest single precision number is what older exporters write for none."""
    return isinf(value) or abs(value) >= 3.4e38


@operator("PRelu", weights=(1,))
def prelu(build: Build) -> Value:
    shape, slope = build.shape(0), build.constant(1)
    if slope is None:
        return build.add(PReluOp(build.name, build.tensor(0), build.tensor(1)))
    whole = (1,) * (len(shape) - len(slope.shape)) + slope.shape
    channels, last = shape[1:2], shape[-1:]
    plain_list = len(slope.shape) == 1 and last != channels
    if (slope.elements,) == channels and (whole[1:2] == channels or plain_list):
        # Caffe's models have a plain list of one slope for each channel.
        slope = slope.reshaped(channels)
    else:
        slope = slope.reshaped(whole if slope.shape else (1,))
    return build.add(PReluOp(build.name, build.tensor(0), build.parameter(slope, "slope")))
