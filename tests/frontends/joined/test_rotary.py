"""Rotations of pairs of features, however halves are cut, joined and multiplied: one layer that computes the same."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from xdsl.ir import SSAValue

from simdc.ir.base import shape_of
from simdc.ir.network import network_of
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.rope import RopeOp
from tests.frontends.joined.written import Writer, joined

TOKENS, HALF = 5, 3


class Values:
    """Tables that have each angle twice, but for those that are called otherwise."""

    def __init__(self) -> None:
        self.twice = True

    def of(self, label: str, count: int) -> np.ndarray:
        draw = np.random.default_rng(len(label))
        table = draw.normal(size=(TOKENS, HALF))
        return (
            np.concatenate([table, table + (not self.twice)], axis=1) if count == 2 * TOKENS * HALF else table
        ).ravel()

    def is_known(self, label: str) -> bool:
        return False


def rotated(net: Writer, x: SSAValue, cos: SSAValue, sin: SSAValue, draw: Random, *, turn: bool, sign: str) -> SSAValue:
    """By multiplying, cutting and joining before or behind."""
    low, high = ((net.cut(x, first, HALF, "y0 = move(x0)", turn=turn)) for first in (0, HALF))
    if shape_of(cos)[-1] == HALF:
        other = {"sub": "add", "add": "sub"}[sign]
        first = net.point(f"t0 = mul(x0, x2); t1 = mul(x1, x3); y0 = {sign}(t0, t1)", low, high, cos, sin)
        second = net.point(f"t0 = mul(x1, x2); t1 = mul(x3, x0); y0 = {other}(t0, t1)", low, high, cos, sin)
        return joined_halves(net, first, second)
    minus = net.point("y0 = sub(0.0, x0)", high if sign == "sub" else low)
    swapped = joined_halves(net, *((minus, low) if sign == "sub" else (high, minus)))
    whole = net.cut(x, 0, 2 * HALF, "y0 = mul(x0, x1)", cos, turn=turn)
    other = net.point("y0 = mul(x1, x0)", swapped, sin)
    return net.point("y0 = add(x0, x1)", *draw.choice(((whole, other), (other, whole))))


def joined_halves(net: Writer, first: SSAValue, second: SSAValue) -> SSAValue:
    name = net.next_name()
    return net.append(ConcatOp(name, first, second, axis=len(shape_of(first)) - 1), name)


@pytest.mark.parametrize("sign", ["sub", "add"])
@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_rotations(seed: int, wide: bool, turn: bool, sign: str) -> None:
    draw, net = Random(seed), Writer()
    heads = draw.randint(2, 4)
    x = net.whole(2, TOKENS, heads, 2 * HALF) if turn else net.whole(2, heads, TOKENS, 2 * HALF)
    features = 2 * HALF if wide else HALF
    cos, sin = (net.weight(name, *draw.choice(((), (1, 1))), TOKENS, features) for name in ("cos", "sines"))
    module = net.finish([rotated(net, x, cos, sin, draw, turn=turn, sign=sign)])
    kinds = [each for each in joined(module, Values()) if each != "reshape"]
    assert kinds == ["rope", *["program"] * turn]
    op = next(op for op in network_of(module).layers() if isinstance(op, RopeOp))
    assert (op.tokens_first is not None, op.inverse is not None) == (turn, sign == "add")
    assert shape_of(op.cos) == (TOKENS, HALF)


@pytest.mark.parametrize("change", ["tables", "no values", "one", "scaled"])
def test_what_is_no_rotation(change: str) -> None:
    draw, net, values = Random(1), Writer(), Values()
    values.twice = change != "tables"
    x = net.whole(2, 3, TOKENS, 2 * HALF)
    cos, sin = (net.weight(name, TOKENS, 2 * HALF) for name in ("cos", "sines"))
    # One table for both is a rotation by an odd angle, and computes the same.
    y = rotated(net, x, cos, cos if change == "one" else sin, draw, turn=False, sign="sub")
    if change == "scaled":
        net = Writer()
        x, cos, sin = net.whole(2, 3, TOKENS, 2 * HALF), *(net.weight(n, TOKENS, 2 * HALF) for n in ("cos", "sines"))
        y = net.point("t0 = mul(x0, x1); t1 = mul(t0, x2); y0 = add(t1, x0)", x, cos, sin)
    kinds = joined(net.finish([y]), None if change == "no values" else values)
    assert ("rope" in kinds) == (change == "one")
