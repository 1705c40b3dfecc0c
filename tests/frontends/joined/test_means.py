"""Means in one sum or several, times or divided by a number."""

from __future__ import annotations

from random import Random

import pytest

from simdc.ir.network import network_of
from simdc.ir.ops.reduce import ReduceMeanOp
from tests.frontends.joined.written import Writer, joined


@pytest.mark.parametrize("seed", range(20))
def test_means(seed: int) -> None:
    draw, net = Random(seed), Writer()
    shape = tuple(draw.randint(2, 5) for _ in range(draw.randint(2, 5)))
    axes = sorted(draw.sample(range(len(shape)), draw.randint(1, min(3, len(shape) - 1))))
    value, count = net.whole(*shape), 1
    for group in [axes] if draw.random() < 0.5 else [[axis] for axis in draw.sample(axes, len(axes))]:
        value = net.gather("y0 = add(y0, x0)", "0.0", group, value)
    for axis in axes:
        count *= shape[axis]
    code = draw.choice((f"y0 = div(x0, {count}.0)", f"y0 = mul({1 / count!r}, x0)"))
    module = net.finish([net.point(code, value)])
    is_image = len(shape) == 4 and axes == [2, 3]
    assert joined(module) == ["global_average_pool" if is_image else "reduce_mean"]
    (op,) = network_of(module).layers()
    if isinstance(op, ReduceMeanOp):
        assert list(op.summed) == axes


@pytest.mark.parametrize("change", ["count", "largest", "start", "read"])
def test_what_is_no_mean(change: str) -> None:
    net = Writer()
    how = "max(y0, x0)" if change == "largest" else "add(y0, x0)"
    total = net.gather(f"y0 = {how}", "1.0" if change == "start" else "0.0", [2], net.whole(2, 3, 4))
    mean = net.point(f"y0 = div(x0, {5.0 if change == 'count' else 4.0})", total)
    kinds = joined(net.finish([mean, total] if change == "read" else [mean]))
    assert kinds == ["program", "scalar"]
