"""Ops between two: sizes and numbers on a line, and what lies on none."""

from __future__ import annotations

import pytest

from simdc.frontends.dsl import parse_dsl
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.network import network_of
from simdc.ir.stretch import LayersBetween, Line, NotLinear


def layer(text: str) -> LayerOp:
    """The last of a network."""
    return list(network_of(parse_dsl(f"network n({text}", "n.dsl", 1)).layers())[-1]


def softmax(length: int, kind: str = "softmax(axis=2)") -> LayerOp:
    return layer(f"x: 4x{length}) {{ return x -> {kind} }}")


def test_sizes_move_along_a_line() -> None:
    between = LayersBetween(softmax(10), softmax(40))
    # 10 + 30 * 2 / 3, and the ends themselves.
    shapes = [shape_of(between.at(Line(part, 3)).results[0]) for part in (0, 2, 3)]
    assert shapes == [(1, 4, 10), (1, 4, 30), (1, 4, 40)]
    assert shape_of(between.at(Line(1, 3)).operands[0]) == (1, 4, 20)
    assert between.at(Line(1, 3)).layer == softmax(10).layer


def test_what_is_on_no_line() -> None:
    with pytest.raises(NotLinear):
        LayersBetween(softmax(10), softmax(40)).at(Line(1, 7))
    with pytest.raises(NotLinear):
        LayersBetween(softmax(10), softmax(40, "relu"))
    with pytest.raises(NotLinear):
        LayersBetween(softmax(10), softmax(40, "softmax(axis=2, scale=2.0)")).at(Line(1, 3))
