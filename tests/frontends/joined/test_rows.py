"""Softmax and norms in many hands: each is one layer that computes the same, and what only looks like one is left."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from xdsl.ir import SSAValue

from simdc.ir.base import shape_of
from simdc.ir.network import network_of
from simdc.ir.ops.layer_norm import LayerNormOp
from simdc.ir.ops.rms_norm import RmsNormOp
from simdc.ir.ops.softmax import SoftmaxOp
from tests.frontends.joined.written import Writer, joined

SEEDS = range(40)
LOWEST = "-3.4028235e38"


def a_shape(draw: Random) -> tuple[int, ...]:
    return (*(draw.choice((1, 2, 3, 5, 8)) for _ in range(draw.randint(1, 3))), draw.randint(2, 9))


def softmax(net: Writer, x: SSAValue, axis: int, draw: Random) -> SSAValue:
    """Exponentials over their sum, shifted by the largest, by a guess of it, by any number of the row, or not."""
    shifts = draw.choice(("largest", "kept", "mean", "none"))
    if shifts == "none":
        powers = net.point("y0 = exp(x0)", x)
    else:
        how, start = ("add(y0, x0)", "0.0") if shifts == "mean" else ("max(x0, y0)", draw.choice(("-inf", LOWEST)))
        row = net.gather(f"y0 = {how}", start, [axis], x)
        if shifts == "kept":
            # As where a row may be all minus infinity.
            row = net.point("y0 = conditional_move(x0, -1.5, 0.0, x0)", row)
        if draw.random() < 0.5:
            powers = net.point("t0 = sub(x0, x1); y0 = exp(t0)", x, row)
        else:
            powers = net.point("y0 = exp(x0)", net.point("y0 = sub(x0, x1)", x, row))
    total = net.gather("y0 = add(y0, x0)", draw.choice(("0.0", "-0.0")), [axis], powers)
    if draw.random() < 0.5:
        return net.point("y0 = div(x0, x1)", powers, total)
    return net.point("y0 = mul(x1, x0)", powers, net.point("y0 = div(1.0, x0)", total))


def longest(shape: tuple[int, ...], draw: Random) -> int:
    return draw.choice([axis for axis, size in enumerate(shape) if size > 1])


@pytest.mark.parametrize("seed", SEEDS)
def test_softmax(seed: int) -> None:
    draw, net = Random(seed), Writer()
    shape = (2, *a_shape(draw))
    axis = longest(shape, draw)
    module = net.finish([softmax(net, net.whole(*shape), axis, draw)])
    assert joined(module) == ["softmax"]
    (op,) = network_of(module).layers()
    assert isinstance(op, SoftmaxOp)
    assert op.axis.value.data == axis
    assert op.merged is not None


@pytest.mark.parametrize("where", ["numerator", "sum", "power"])
def test_what_is_no_softmax(where: str) -> None:
    net = Writer()
    x = net.whole(2, 3, 5)
    powers = net.point("y0 = exp(x0)", x)
    summed = net.point("y0 = mul(x0, x0)", powers) if where == "power" else powers
    total = net.gather("y0 = add(y0, x0)", "1.0" if where == "sum" else "0.0", [2], summed)
    top = net.point("y0 = add(x0, 1.0)", powers) if where == "numerator" else powers
    kinds = joined(net.finish([net.point("y0 = div(x0, x1)", top, total)]))
    assert "softmax" not in kinds
    assert "program" in kinds


def test_the_logarithm_of_a_softmax() -> None:
    net = Writer()
    x = net.whole(2, 3, 5)
    shifted = net.point("y0 = sub(x0, x1)", x, net.gather("y0 = max(y0, x0)", "-inf", [1], x))
    total = net.gather("y0 = add(y0, x0)", "0.0", [1], net.point("y0 = exp(x0)", shifted))
    module = net.finish([net.point("t0 = log(x1); y0 = sub(x0, t0)", shifted, total)])
    assert joined(module) == ["log_softmax"]


def mean(net: Writer, x: SSAValue, axes: list[int], draw: Random) -> SSAValue:
    count = 1
    for axis in axes:
        count *= shape_of(x)[axis]
    total = net.gather("y0 = add(x0, y0)", "0.0", axes, x)
    # A reciprocal as single precision has it, too: 1/3 as 0.3333333432674408.
    share = float(np.float32(1.0 / count))
    return net.point(draw.choice((f"y0 = div(x0, {count}.0)", f"y0 = mul({share!r}, x0)")), total)


def spread(net: Writer, x: SSAValue, axes: list[int], draw: Random) -> tuple[SSAValue, SSAValue]:
    """The rows less their mean, and their variance in one of four ways."""
    middle = mean(net, x, axes, draw)
    centered = net.point("y0 = sub(x0, x1)", x, middle)
    if draw.random() < 0.5:
        return centered, mean(net, net.point("y0 = mul(x0, x1)", centered, centered), axes, draw)
    squares = mean(net, net.point("y0 = mul(x0, x0)", x), axes, draw)
    code = draw.choice(("", "y0 = max(t1, 0.0)", "y0 = max(0.0, t1)")) or "y0 = move(t1)"
    return centered, net.point(f"t0 = mul(x1, x1); t1 = sub(x0, t0); {code}", squares, middle)


def normal(net: Writer, centered: SSAValue, variance: SSAValue, draw: Random) -> SSAValue:
    match draw.randrange(3):
        case 0:
            return net.point("t0 = add(x1, 1e-05); t1 = inv_sqrt(t0); y0 = mul(x0, t1)", centered, variance)
        case 1:
            root = net.point("t0 = add(1e-05, x0); y0 = sqrt(t0)", variance)
            return net.point("y0 = div(x0, x1)", centered, root)
        case _:
            wide = net.point("y0 = add(x0, 1e-05)", variance)
            return net.point("y0 = mul(x1, x0)", centered, net.point("y0 = inv_sqrt(x0)", wide))


@pytest.mark.parametrize("kind", ["layer_norm", "rms_norm"])
@pytest.mark.parametrize("seed", SEEDS)
def test_norms(seed: int, kind: str) -> None:
    draw, net = Random(seed), Writer()
    shape = (2, *a_shape(draw))
    axis = draw.randint(1, len(shape) - 1)
    axes = list(range(axis, len(shape)))
    x = net.whole(*shape)
    centered, variance = x, None
    if kind == "layer_norm":
        centered, variance = spread(net, x, axes, draw)
    else:
        variance = mean(net, net.point("y0 = mul(x0, x0)", x), axes, draw)
    y = normal(net, centered, variance, draw)
    has_scale, has_shift = kind == "layer_norm" or draw.random() < 0.5, kind == "layer_norm" and draw.random() < 0.7
    # A weight, or an input of the network that is one to whoever wrote it; its leading ones may be there or not.
    given = (1,) * draw.choice((0, axis)) + shape[axis:]
    for code, is_there in (("mul", has_scale), ("add", has_shift)):
        if is_there:
            own = net.weight(code, *given) if draw.random() < 0.7 else net.whole(*given)
            y = net.point(f"y0 = {code}(x0, x1)", *draw.choice(((y, own), (own, y))))
    module = net.finish([y])
    kinds = [each for each in joined(module) if each != "reshape"]
    assert kinds == [kind]
    op = next(op for op in network_of(module).layers() if isinstance(op, LayerNormOp | RmsNormOp))
    assert shape_of(op.input) == shape
    assert op.epsilon.value.data == pytest.approx(1e-5)
    assert all(size == 1 for size in shape[op.axis.value.data : axis] + shape[axis : op.axis.value.data])


@pytest.mark.parametrize("change", ["unbiased", "read", "rows", "scale"])
def test_what_is_no_layer_norm(change: str) -> None:
    net = Writer()
    x, scale = net.whole(2, 4, 8), net.weight("scale", *((4, 8) if change == "scale" else (8,)))
    axes = [1] if change == "rows" else [2]
    middle = net.point("y0 = div(x0, 8.0)", net.gather("y0 = add(x0, y0)", "0.0", [2], x))
    centered = net.point("y0 = sub(x0, x1)", x, middle)
    squares = net.gather("y0 = add(x0, y0)", "0.0", axes, net.point("y0 = mul(x0, x0)", centered))
    variance = net.point(f"y0 = div(x0, {7.0 if change == 'unbiased' else 8.0})", squares)
    y = net.point("t0 = add(x1, 0.1); t1 = inv_sqrt(t0); t2 = mul(x0, t1); y0 = mul(t2, x2)", centered, variance, scale)
    kinds = joined(net.finish([y, middle] if change == "read" else [y]))
    assert "layer_norm" not in kinds
