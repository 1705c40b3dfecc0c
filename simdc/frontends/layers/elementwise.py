"""Activations, functions of one tensor, and joins of two, element by element."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import SSAValue

from simdc.frontends.arguments import boolean, real, word
from simdc.frontends.builder import LayerError, NetworkBuilder
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.ops.activation import (
    AbsOp,
    ClipOp,
    EluOp,
    ErfOp,
    ExpOp,
    GeluOp,
    HardSigmoidOp,
    HardSwishOp,
    LeakyReluOp,
    LogOp,
    MishOp,
    NegateOp,
    PReluOp,
    ReciprocalOp,
    SigmoidOp,
    SiluOp,
    SoftplusOp,
    SqrtOp,
    TanhOp,
)
from simdc.ir.ops.broadcast import DivideOp, MaximumOp, MinimumOp, MultiplyOp, PowerOp, SubtractOp
from simdc.ir.ops.comparison import EqualOp, LessOp, LessOrEqualOp
from simdc.ir.ops.scalar import FUNCTIONS, ScalarOp
from simdc.ir.ops.select import SelectOp

from .table import layer


def _plain(name: str, op: Callable[[str, SSAValue], LayerOp]) -> None:
    """Enter a layer of one tensor without options."""

    def build(net: NetworkBuilder, name: str, x: SSAValue) -> SSAValue:
        return net.append(op(name, x), name)

    build.__name__ = name
    layer(build)


def _join(name: str, op: Callable[[str, SSAValue, SSAValue], LayerOp]) -> None:
    """Enter a layer of two tensors."""

    def build(net: NetworkBuilder, name: str, x: SSAValue, y: SSAValue) -> SSAValue:
        return net.append(op(name, x, y), name)

    build.__name__ = name
    layer(build)


@layer
def leaky_relu(net: NetworkBuilder, name: str, x: SSAValue, *, alpha: object = 0.01) -> SSAValue:
    return net.append(LeakyReluOp(name, x, real("alpha", alpha)), name)


@layer
def prelu(net: NetworkBuilder, name: str, x: SSAValue, *, freeze: object = False) -> SSAValue:
    if len(shape_of(x)) < 2:
        raise LayerError(f"prelu has a slope for each channel, its input has shape {list(shape_of(x))}")
    slope = net.parameter(name, "slope", shape_of(x)[1:2], frozen=boolean("freeze", freeze))
    return net.append(PReluOp(name, x, slope), name)


@layer
def elu(net: NetworkBuilder, name: str, x: SSAValue, *, alpha: object = 1.0) -> SSAValue:
    return net.append(EluOp(name, x, real("alpha", alpha)), name)


@layer
def clip(net: NetworkBuilder, name: str, x: SSAValue, *, minimum: object = None, maximum: object = None) -> SSAValue:
    low, high = (
        None if bound is None else real(option, bound) for option, bound in (("minimum", minimum), ("maximum", maximum))
    )
    return net.append(ClipOp(name, x, low, high), name)


@layer
def relu6(net: NetworkBuilder, name: str, x: SSAValue) -> SSAValue:
    return net.append(ClipOp(name, x, 0.0, 6.0), name)


@layer
def hardsigmoid(
    net: NetworkBuilder, name: str, x: SSAValue, *, alpha: object = 1.0 / 6.0, beta: object = 0.5
) -> SSAValue:
    return net.append(HardSigmoidOp(name, x, real("alpha", alpha), real("beta", beta)), name)


@layer
def gelu(net: NetworkBuilder, name: str, x: SSAValue, *, approximate: object = "none") -> SSAValue:
    return net.append(GeluOp(name, x, word("approximate", approximate, ("none", "tanh"))), name)


@layer
def scalar(net: NetworkBuilder, name: str, x: SSAValue, *, function: object, value: object) -> SSAValue:
    return net.append(ScalarOp(name, x, word("function", function, tuple(FUNCTIONS)), real("value", value)), name)


@layer
def where(net: NetworkBuilder, name: str, condition: SSAValue, x: SSAValue, y: SSAValue) -> SSAValue:
    return net.append(SelectOp(name, condition, x, y), name)


for _name, _op in {
    "sigmoid": SigmoidOp,
    "hardswish": HardSwishOp,
    "tanh": TanhOp,
    "silu": SiluOp,
    "softplus": SoftplusOp,
    "erf": ErfOp,
    "exp": ExpOp,
    "log": LogOp,
    "sqrt": SqrtOp,
    "abs": AbsOp,
    "neg": NegateOp,
    "reciprocal": ReciprocalOp,
    "mish": MishOp,
}.items():
    _plain(_name, _op)

for _name, _op in {
    "sub": SubtractOp,
    "mul": MultiplyOp,
    "div": DivideOp,
    "pow": PowerOp,
    "maximum": MaximumOp,
    "minimum": MinimumOp,
    "equal": EqualOp,
    "less": LessOp,
    "less_or_equal": LessOrEqualOp,
}.items():
    _join(_name, _op)
