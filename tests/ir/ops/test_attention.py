"""Heads, tokens in front, tied weights: what they compute and count, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from simdc.backends.execute import execute, initial_parameters
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.ir.network import network_of


def test_heads_are_cut_out_of_features_and_put_back() -> None:
    """Feature 6 of 8 is number 2 of the second of two heads."""
    text = "network n(x: 3x8) { y = heads(x, 2) return y, cache(y) -> merge_heads }"
    module = parse_dsl(text, "n.dsl", 2)
    x = np.arange(48.0).reshape(2, 3, 8)
    cut, back = execute(module, {"x": x}, {}).returned
    assert cut.shape == (2, 2, 3, 4)
    assert cut[1, 1, 2, 2] == x[1, 2, 6]
    np.testing.assert_array_equal(back, x)
    names = [op.layer.data for op in network_of(module).layers()]
    assert names == ["heads1.split", "heads1", "cache1", "merge_heads1", "merge_heads1.features"]


@pytest.mark.parametrize("batch", [1, 3])
def test_a_token_stands_before_the_others(batch: int) -> None:
    module = parse_dsl('network n(x: 4x5) { return cls_token(x, name="cls") }', "n.dsl", batch)
    assert network_of(module).parameters.value.data == 5
    x = np.random.default_rng(0).normal(size=(batch, 4, 5))
    token = np.arange(5.0).reshape(1, 1, 5)
    (y,) = execute(module, {"x": x}, {"cls.token": token}).returned
    np.testing.assert_array_equal(y, np.concatenate([np.repeat(token, batch, 0), x], 1))


TIED = """
network lm(tokens: 3) {
  x = embed(tokens, 7, 4, name="table")
  return fc(x, 7, bias=false, weight="table", name="head")
}
"""


def test_a_tied_head_is_one_parameter() -> None:
    module = parse_dsl(TIED, "lm.dsl", 1)
    network = network_of(module)
    network.verify()
    assert network.parameters.value.data == 28
    values = initial_parameters(module)
    assert list(values) == ["table.weight"]
    table = values["table.weight"]
    (y,) = execute(module, {"tokens": np.array([[6.0, 0.0, 2.0]])}, values).returned
    np.testing.assert_allclose(y[0], table[[6, 0, 2]] @ table.T)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("network n(x: 3x8) { return heads(x, 3) }", "8 features cannot be cut into 3 heads"),
        ("network n(x: 8) { return heads(x, 2) }", r"heads needs \[n, tokens, features\]"),
        ("network n(x: 8) { return merge_heads(x) }", r"merge_heads needs \[n, heads, tokens, features\]"),
        ("network n(x: 8) { return cls_token(x) }", r"cls_token needs \[n, tokens, features\]"),
        ("network n(x: 8) { return cache(x) }", r"keeps \[n, heads, tokens, features\]"),
        (TIED.replace("fc(x, 7", "fc(x, 6"), r"needs a weight \[6, 4\], that of 'table' is \[7, 4\]"),
        (TIED.replace('weight="table"', 'weight="tabel"'), "no layer before this one is called 'tabel'"),
        (TIED.replace('weight="table"', 'weight="table", freeze=true'), "freeze it there"),
        (TIED.replace('weight="table"', "weight=3"), "must be the name of a layer"),
    ],
)
def test_refusals(text: str, said: str) -> None:
    with pytest.raises(SimdcError, match=said):
        parse_dsl(text, "n.dsl", 1)
