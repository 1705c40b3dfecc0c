"""Activations told by their values, whatever they are written in."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan, pi, sqrt

import numpy as np
import pytest
from xdsl.ir import SSAValue

from simdc.frontends.joined.curves import NEAR, distance, is_near
from simdc.ir.base import shape_of
from simdc.ir.nest_text import code_text
from simdc.ir.network import network_of
from simdc.ir.ops.activation.gaussian import GeluOp, erf
from simdc.ir.ops.broadcast import MultiplyOp
from simdc.ir.ops.scalar import ScalarOp
from tests.frontends.joined.written import Writer, joined

# Eigen's rational approximation in single precision, as XLA and torch-mlir write it: of x, x^3, ... over 1, x^2, ...
ABOVE = (-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05,
         -7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02)  # fmt: skip
BELOW = (-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03,
         -1.42647390514189e-02)  # fmt: skip


def by_code(net: Writer, x: SSAValue) -> SSAValue:
    return net.point(code_text(erf("x0", "y0")), x)


def by_polynomials(net: Writer, x: SSAValue) -> SSAValue:
    """One layer for each step: 28 of them."""
    x = net.point("y0 = max(x0, -4.0)", net.point("y0 = min(x0, 4.0)", x))
    square = net.point("y0 = mul(x0, x0)", x)

    def polynomial(numbers: tuple[float, ...]) -> SSAValue:
        first, *rest = numbers
        total = net.point(f"y0 = mul(x0, {first!r})", square)
        for place, number in enumerate(rest):
            total = net.point("y0 = mul(x0, x1)", total, square) if place else total
            total = net.point(f"y0 = add(x0, {number!r})", total)
        return total

    return net.point("y0 = div(x0, x1)", net.point("y0 = mul(x0, x1)", x, polynomial(ABOVE)), polynomial(BELOW))


def gelu(error: Callable[[Writer, SSAValue], SSAValue]) -> Callable[[Writer, SSAValue], SSAValue]:
    def write(net: Writer, x: SSAValue) -> SSAValue:
        inner = error(net, net.point(f"y0 = div(x0, {sqrt(2.0)!r})", x))
        share = net.point("y0 = mul(x0, 0.5)", net.point("y0 = add(1.0, x0)", inner))
        return net.point("y0 = mul(x1, x0)", x, share)

    return write


def gelu_tanh(net: Writer, x: SSAValue) -> SSAValue:
    cube = net.point("t0 = mul(x0, x0); y0 = mul(t0, x0)", x)
    inner = net.point(f"t0 = mul(x1, 0.044715); t1 = add(x0, t0); y0 = mul(t1, {sqrt(2 / pi)!r})", x, cube)
    # tanh(u) = 2 / (1 + exp(-2u)) - 1
    power = net.point("t0 = mul(x0, -2.0); t1 = min(t0, 80.0); y0 = exp(t1)", inner)
    tanh = net.point("t0 = add(x0, 1.0); t1 = div(2.0, t0); y0 = sub(t1, 1.0)", power)
    half = net.point("y0 = mul(0.5, x0)", x)
    return net.point("t0 = add(x1, 1.0); y0 = mul(x0, t0)", half, tanh)


def logistic(net: Writer, x: SSAValue) -> SSAValue:
    return net.point("t0 = sub(0.0, x0); t1 = exp(t0); t2 = add(t1, 1.0); y0 = div(1.0, t2)", x)


def silu(net: Writer, x: SSAValue) -> SSAValue:
    return net.point("y0 = mul(x1, x0)", logistic(net, x), x)


def hard_swish(net: Writer, x: SSAValue) -> SSAValue:
    cut = net.point("t0 = add(x0, 3.0); t1 = max(t0, 0.0); y0 = min(t1, 6.0)", x)
    return net.point("t0 = mul(x0, x1); y0 = div(t0, 6.0)", cut, x)


WAYS: dict[str, tuple[str, Callable[[Writer, SSAValue], SSAValue]]] = {
    "an error function": ("erf", by_code),
    "one by polynomials": ("erf", by_polynomials),
    "GELU": ("gelu", gelu(by_code)),
    "GELU by polynomials": ("gelu", gelu(by_polynomials)),
    "GELU by tanh": ("gelu", gelu_tanh),
    "sigmoid": ("sigmoid", logistic),
    "SiLU": ("silu", silu),
    "hard swish": ("hard_swish", hard_swish),
    "negative": ("negate", lambda net, x: net.point("y0 = sub(0.0, x0)", x)),
    "inverse": ("reciprocal", lambda net, x: net.point("y0 = div(1.0, x0)", x)),
    "size": ("abs", lambda net, x: net.point("t0 = sub(0.0, x0); y0 = max(t0, x0)", x)),
}


@pytest.mark.parametrize("way", WAYS)
def test_curves(way: str) -> None:
    kind, write = WAYS[way]
    net = Writer()
    # A value that several layers read lies before it, and another layer behind.
    x = net.point("t0 = mul(x0, x1); y0 = add(t0, x1)", net.whole(2, 3, 5), net.whole(3, 5))
    module = net.finish([net.point("y0 = add(x0, x1)", write(net, x), x)])
    assert joined(module) == ["program", kind, "program"]
    op = next(op for op in network_of(module).layers() if op.name == f"simdc.{kind}")
    if isinstance(op, GeluOp):
        assert op.approximate.data == ("tanh" if way == "GELU by tanh" else "none")


@pytest.mark.parametrize(
    ("code", "function", "value"),
    [
        ("y0 = mul(x0, 3.0)", "mul", 3.0),
        ("y0 = sub(3.0, x0)", "rsub", 3.0),
        ("y0 = sub(x0, 3.0)", "sub", 3.0),
        ("y0 = div(3.0, x0)", "rdiv", 3.0),
        ("y0 = add(3.0, x0)", "add", 3.0),
    ],
)
def test_a_number(code: str, function: str, value: float) -> None:
    net = Writer()
    module = net.finish([net.point(code, net.whole(2, 3))])
    assert joined(module) == ["scalar"]
    (op,) = network_of(module).layers()
    assert isinstance(op, ScalarOp)
    assert (op.function.data, op.value.value.data) == (function, value)


@pytest.mark.parametrize("gate", [silu, gelu(by_code), gelu_tanh])
def test_gates(gate: Callable[[Writer, SSAValue], SSAValue]) -> None:
    net = Writer()
    x, other = net.whole(2, 3), net.whole(2, 3)
    sides = (other, gate(net, x))
    module = net.finish([net.append(MultiplyOp("product", *sides), "product")])
    assert joined(module) == ["gated"]


@pytest.mark.parametrize("change", ["half", "read", "other", "turned"])
def test_what_is_no_gelu(change: str) -> None:
    net = Writer()
    x = net.whole(4, 4)
    inner = by_code(net, net.point(f"y0 = mul(x0, {sqrt(0.5)!r})", x))
    share = net.point(f"t0 = add(x0, 1.0); y0 = mul(t0, {0.49 if change == 'half' else 0.5})", inner)
    results = [inner] if change == "read" else []
    by = net.whole(4, 4) if change == "other" else x
    y = net.turned(share, by) if change == "turned" else net.point("y0 = mul(x0, x1)", by, share)
    assert shape_of(y) == (4, 4)
    assert "gelu" not in joined(net.finish([y, *results]))


def test_one_number_is_as_near_as_an_array_says() -> None:
    numbers = nan, inf, -inf, 0.0, -0.0, NEAR, 0.9 * NEAR, -2 * NEAR, 2.8, 2.8 + 2 * NEAR, 2.8 + 3 * NEAR, -41.0
    for value in numbers:
        for known in numbers:
            wanted = distance(np.array([value]), np.array([known])) <= NEAR
            assert is_near(value, known) == wanted.item(), (value, known)
