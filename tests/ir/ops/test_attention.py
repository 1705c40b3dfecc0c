"""Attention, heads, tokens in front, tied weights: what they compute and count, and refusals."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

from simdc.backends.execute import execute, initial_parameters
from simdc.cost.kernel import Contraction
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.ir.network import network_of
from tests.backends.execute.reference import torch_loss
from tests.backends.execute.training import check_gradients, derived, input_gradients, mean_loss, random_inputs


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


def test_attention_by_hand() -> None:
    """One head of two tokens of one feature, 1 and 2, scale 1. Query 1 gives scores 1 and 2, shares 1 / (1 + e) and
    e / (1 + e). The first of two causal queries sees the first key alone."""
    text = "network n(x: 1x2x1) { return attention(x, x, x), attention(x, x, x, causal=true) }"
    module, x = parse_dsl(text, "n.dsl", 1), np.array([[[[1.0], [2.0]]]])
    open_, causal = execute(module, {"x": x}, initial_parameters(module)).returned
    e = exp(1.0)
    assert open_[0, 0, 0, 0] == pytest.approx((1 + 2 * e) / (1 + e))
    assert causal[0, 0, 0, 0] == 1.0
    assert causal[0, 0, 1, 0] == pytest.approx(open_[0, 0, 1, 0]) == pytest.approx((1 + 2 * e**2) / (1 + e**2))


def test_layers_and_products() -> None:
    """Six query heads, two of keys: 6 * 3 * 5 * (4 + 7) multiplications, and nothing is repeated or moved."""
    text = 'network n(q: 6x3x4, k: 2x5x4, v: 2x5x7) { return attention(q, k, v, name="a") }'
    layers = list(network_of(parse_dsl(text, "n.dsl", 1)).layers())
    assert [op.layer.data for op in layers] == ["a.scores", "a.softmax", "a.context"]
    kernels = [op.kernel() for op in layers]
    assert sum(one.useful_macs for one in kernels if isinstance(one, Contraction)) == 6 * 3 * 5 * (4 + 7)


SHARED = """
network n(q: 6x3x4, k: 2x5x4, v: 2x5x7, m: 1x3x5) {
  return flatten(masked_attention(q, k, v, m, scale=SCALE, causal=CAUSAL))
}
"""


@pytest.mark.parametrize(("scale", "causal"), [(0.7, False), (None, True)])
def test_attention_with_shared_keys_is_that_of_torch(scale: float | None, *, causal: bool) -> None:
    """Forward, and the gradients of queries, keys, values and mask. The last of three queries sees all five keys."""
    torch = pytest.importorskip("torch")
    text = SHARED.replace("CAUSAL", str(causal).lower()).replace("scale=SCALE, ", f"scale={scale}, " if scale else "")
    inference = parse_dsl(text, "n.dsl", 2)
    module = derived(inference, input_grad=True)
    inputs = random_inputs(module, 5)
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in inputs.items()}
    q, k, v, m = (leaves[name] for name in "qkvm")
    if causal:
        hidden = torch.ones(3, 5).tril(diagonal=2) == 0
        m = m.masked_fill(hidden, float("-inf"))
    made = torch.nn.functional.scaled_dot_product_attention(q, k, v, m, scale=scale, enable_gqa=True)
    loss = torch_loss(torch, made.flatten(1), leaves["target"].detach(), "softmax")
    loss.backward()
    run = execute(module, inputs, initial_parameters(module))
    assert mean_loss(module, run) == pytest.approx(loss.item(), rel=1e-10)
    for name, gradient in input_gradients(module, run).items():
        np.testing.assert_allclose(gradient, leaves[name].grad.numpy(), rtol=1e-7, atol=1e-10)


def test_gradients_are_differences() -> None:
    text = "network n(q: 4x3x4, k: 2x3x4, v: 2x3x2) { return attention(q, k, v, causal=true) -> flatten -> fc(3) }"
    check_gradients(parse_dsl(text, "n.dsl", 2), 2, entries=4)


def test_one_head_a_group_is_plain_attention() -> None:
    """Keys that are repeated for each query head give the same result as keys that are shared."""
    random = np.random.default_rng(3)
    q, k, v = (random.normal(size=(2, heads, 5, 4)) for heads in (6, 2, 2))
    shared = parse_dsl("network n(q: 6x5x4, k: 2x5x4, v: 2x5x4) { return attention(q, k, v) }", "n.dsl", 2)
    plain = parse_dsl("network n(q: 6x5x4, k: 6x5x4, v: 6x5x4) { return attention(q, k, v) }", "n.dsl", 2)
    inputs = {"q": q, "k": np.repeat(k, 3, axis=1), "v": np.repeat(v, 3, axis=1)}
    (found,) = execute(shared, {"q": q, "k": k, "v": v}, {}).returned
    np.testing.assert_allclose(found, execute(plain, inputs, {}).returned[0], rtol=1e-12)


def test_learnt_positions_count_whole() -> None:
    module = parse_dsl("network n(x: 3x4) { return learned_positions(x, rows=10) }", "n.dsl", 1)
    module.verify()
    assert network_of(module).parameters.value.data == 40


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
        ("network n(x: 8) { return heads(x, 2) }", r"heads: needs \[n, tokens, features\]"),
        ("network n(x: 8) { return merge_heads(x) }", r"merge_heads: needs \[n, heads, tokens, features\]"),
        ("network n(x: 8) { return cls_token(x) }", r"cls_token: needs \[n, tokens, features\]"),
        ("network n(x: 8) { return cache(x) }", r"keeps \[n, heads, tokens, features\]"),
        ("network n(q: 4x3x4, k: 3x3x4) { return attention(q, k, k) }", "4 query heads cannot share 3 heads"),
        ("network n(q: 4x3x4, k: 4x3x5) { return attention(q, k, k) }", "do not go together"),
        ("network n(q: 4x3x4, k: 4x3x4, v: 4x2x4) { return attention(q, k, v) }", "do not go together"),
        ("network n(q: 4x3x4, k: 4x2x4) { return attention(q, k, k, causal=true) }", "3 queries and only 2 keys"),
        ("network n(q: 4x3) { return attention(q, q, q) }", "use heads"),
        ("network n(x: 8x2) { return learned_positions(x, rows=7) }", "rows must be at least 8"),
        (TIED.replace("fc(x, 7", "fc(x, 6"), r"needs a weight \[6, 4\], that of 'table' is \[7, 4\]"),
        (TIED.replace('weight="table"', 'weight="tabel"'), "no layer before this one is called 'tabel'"),
        (TIED.replace('weight="table"', 'weight="table", freeze=true'), "freeze it there"),
        (TIED.replace('weight="table"', "weight=3"), "must be the name of a layer"),
    ],
)
def test_refusals(text: str, said: str) -> None:
    with pytest.raises(SimdcError, match=said):
        parse_dsl(text, "n.dsl", 1)
