"""Rotary positions between heads and products: the network computes what it did, and no transpose is left."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from simdc.backends.execute import execute, initial_parameters
from simdc.frontends.dsl import parse_dsl
from simdc.ir.base import shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.network import network_of
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.ops.rope import RopeOp
from simdc.ir.ops.transpose import TransposeOp
from simdc.passes.fold_views import FoldViewsPass
from simdc.passes.pipeline import make_context
from tests.backends.execute.training import derived, random_inputs

# 4 query heads of 8 features, 2 of keys and values, 5 tokens.
LAYER = """
network n(x: 5x12) {
  q = fc(x, 32, bias=false, name="q") -> heads(4) -> rope(OPTIONS)
  k = fc(x, 16, bias=false, name="k") -> heads(2) -> rope(OPTIONS) -> cache
  v = fc(x, 16, bias=false, name="v") -> heads(2) -> cache
  return attention(q, k, v, causal=true, name="a") -> merge_heads -> fc(3, name="head")
}
"""


def kinds(module: ModuleOp) -> list[str]:
    return [layer.name.removeprefix("simdc.") for layer in network_of(module).layers()]


def folded(module: ModuleOp) -> ModuleOp:
    made = module.clone()
    for old, new in zip(network_of(module).body.block.args, network_of(made).body.block.args, strict=True):
        new.name_hint = old.name_hint
    FoldViewsPass().apply(make_context(), made)
    made.verify()
    return made


@pytest.mark.parametrize("options", ["", "interleaved=true", "rotary=4"])
@pytest.mark.parametrize("batch", [1, 2])
def test_heads_are_turned_where_they_lie(options: str, batch: int) -> None:
    module = parse_dsl(LAYER.replace("OPTIONS", options), "n.dsl", batch)
    made = folded(module)
    assert kinds(module).count("transpose") == 4
    assert "transpose" not in kinds(made)
    ropes = [op for op in network_of(made).layers() if isinstance(op, RopeOp)]
    assert [shape_of(op.result) for op in ropes] == [(batch, 5, 4, 8), (batch, 5, 2, 8)]
    inputs, parameters = random_inputs(module, 1), initial_parameters(module)
    expected = execute(module, inputs, parameters).returned[0]
    np.testing.assert_allclose(execute(made, inputs, parameters).returned[0], expected, atol=1e-12)
    # No layer is lost: it stands there or is named as part of another.
    told = {name.data for layer in network_of(made).layers() if layer.folded for name in layer.folded.data}
    names = [{layer.layer.data for layer in network_of(each).layers()} for each in (module, made)]
    assert names[1] | told == names[0]


def test_gradients_are_turned_back_where_they_lie() -> None:
    """Each of the two ropes has a transpose before it in the forward pass and one behind it in the backward pass."""
    step = derived(parse_dsl(LAYER.replace("OPTIONS", ""), "n.dsl", 2), loss=("mse",))
    made = folded(step)
    assert (kinds(step).count("rope"), kinds(step).count("transpose")) == (4, 8)
    assert (kinds(made).count("rope"), kinds(made).count("transpose")) == (4, 0)
    inputs, parameters = random_inputs(step, 2), initial_parameters(step)
    before, after = (execute(each, inputs, parameters).results for each in (step, made))
    updated = [name for name in after if name.endswith(".grad_weight")]
    assert len(updated) == 4
    for name in updated:
        np.testing.assert_allclose(after[name][0], before[name][0], atol=1e-12, err_msg=name)


def product(order: tuple[int, ...], *, other: str, images: bool = False) -> ModuleOp:
    """A product of what is turned in heads, [2, 3, 5, 4], and `other` readers of it."""
    net = ModuleBuilder("n", 2, "n.py")
    x, y = net.input("x", (5, 3, 4) if order == (0, 2, 1, 3) else (3, 4, 5)), net.input("y", (3, 4, 6))
    shape = (2, 5, 2) if images else (5, 2)
    cos, sin = (net.fixed("r", role, shape) for role in ("cos", "sin"))
    turn = net.append(TransposeOp("turn", x, permutation=order), "turn")
    rope = net.append(RopeOp("rope", turn, cos, sin, rotary=4), "rope")
    results = [net.append(MatMulOp("product", rope, y), "product")]
    if other == "rope":
        results.append(rope)
    elif other == "turn":
        results.append(turn)
    return net.finish(results)


@pytest.mark.parametrize("images", [False, True])
def test_positions_of_each_image(*, images: bool) -> None:
    module = product((0, 2, 1, 3), other="", images=images)
    made = folded(module)
    assert kinds(made) == ["rope", "matmul"]
    inputs = random_inputs(module, 3)
    parameters = {f"r.{role}": np.random.default_rng(4).normal(size=(2, 5, 2)[not images :]) for role in ("cos", "sin")}
    expected = execute(module, inputs, parameters).returned[0]
    np.testing.assert_allclose(execute(made, inputs, parameters).returned[0], expected, atol=1e-12)


@pytest.mark.parametrize(("order", "other"), [((0, 2, 1, 3), "rope"), ((0, 2, 1, 3), "turn"), ((0, 1, 3, 2), "")])
def test_what_stays(order: tuple[int, ...], other: str) -> None:
    """Where somebody else reads heads, turned or not, a copy is made anyway; and another transpose makes no heads."""
    made = folded(product(order, other=other))
    assert kinds(made) == ["transpose", "rope", "matmul"]
    (rope,) = (op for op in network_of(made).layers() if isinstance(op, RopeOp))
    assert rope.tokens_first is None
