"""Rotary positions between heads and products: the network computes what it did, and no transpose is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import IntegerType, ModuleOp, StringAttr
from xdsl.ir import SSAValue

from simdc.backends.execute import execute, initial_parameters
from simdc.frontends.dsl import parse_dsl
from simdc.ir.base import LayerOp, make_tensor_type, shape_of, width_bits
from simdc.ir.builder import ModuleBuilder
from simdc.ir.network import NetworkOp, ParameterOp, network_of
from simdc.ir.ops.cache import CacheOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.ops.relu import ReluOp
from simdc.ir.ops.rope import RopeOp
from simdc.ir.ops.transpose import TransposeOp
from simdc.ir.stored_width import give_width
from simdc.passes.fold_views import FoldViewsPass
from simdc.passes.pipeline import make_context
from simdc.passes.turned_heads import turn_before_heads
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


def fold(network: NetworkOp) -> None:
    module = network.parent_op()
    assert isinstance(module, ModuleOp)
    FoldViewsPass().apply(make_context(), module)


def folded(module: ModuleOp, how: Callable[[NetworkOp], None] = fold) -> ModuleOp:
    made = module.clone()
    for old, new in zip(network_of(module).body.block.args, network_of(made).body.block.args, strict=True):
        new.name_hint = old.name_hint
    how(network_of(made))
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


# The transposes are moved by themselves first: what products fold afterwards hides what stood where.


def turned(module: ModuleOp) -> ModuleOp:
    made = folded(module, turn_before_heads)
    inputs = random_inputs(module, 3)
    shapes = {
        op.label.data: shape_of(op.result) for op in network_of(module).body.block.ops if isinstance(op, ParameterOp)
    }
    parameters = {name: np.random.default_rng(4).normal(size=shape) for name, shape in shapes.items()}
    for before, after in zip(*(execute(each, inputs, parameters).returned for each in (module, made)), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-12)
    return made


class Layers:
    """A network of `batch`, written op by op; rope of 5 tokens and 4 features."""

    def __init__(self, batch: int = 2):
        self.net = ModuleBuilder("n", batch, "n.py")

    def add(self, make: Callable[..., LayerOp], name: str, *operands: SSAValue, **fields: Any) -> SSAValue:
        return self.net.append(make(name, *operands, **fields), name)

    def rope(self, x: SSAValue, *, images: bool = False) -> SSAValue:
        shape = (2, 5, 2) if images else (5, 2)
        cos, sin = (self.net.fixed("rope", role, shape) for role in ("cos", "sin"))
        return self.add(RopeOp, "rope", x, cos, sin, rotary=4)

    def product(self, x: SSAValue, *, name: str = "product") -> SSAValue:
        """Of [..., d] and a matrix [d, 6]."""
        return self.add(MatMulOp, name, x, self.net.fixed(name, "matrix", (shape_of(x)[-1], 6)))


def widths(module: ModuleOp) -> dict[str, object]:
    return {op.layer.data: op.attributes.get("stored_bits") for op in network_of(module).layers()}


@pytest.mark.parametrize("images", [False, True])
def test_a_transpose_moves_behind(*, images: bool) -> None:
    """Also to a product behind views. What is stored in 8 bits is the last of the two, whichever that is."""
    made = Layers()
    turn = made.add(TransposeOp, "turn", made.net.input("x", (5, 3, 4)), permutation=(0, 2, 1, 3))
    rope = made.rope(turn, images=images)
    give_width(rope, 8)
    wide = made.add(ReshapeOp, "wide", made.add(CacheOp, "cache", rope), shape=(2, 1, 3, 5, 4))
    module = made.net.finish([made.product(rope), made.product(wide, name="other")])
    found = turned(module)
    assert kinds(found) == ["rope", "transpose", "cache", "reshape", "matmul", "matmul"]
    assert widths(found)["turn"] == widths(module)["rope"]
    assert "transpose" not in kinds(folded(module))


def test_a_transpose_moves_before() -> None:
    """The product may be behind a view, the reader of both anything."""
    made = Layers()
    product = made.add(ReshapeOp, "view", made.product(made.net.input("x", (3, 5, 6)), name="p"), shape=(2, 3, 5, 6))
    rope = made.rope(product)
    turn = made.add(TransposeOp, "turn", rope, permutation=(0, 2, 1, 3))
    give_width(turn, 8)
    module = made.net.finish([turn, made.add(ReluOp, "relu", turn)])
    found = turned(module)
    assert kinds(found) == ["matmul", "reshape", "transpose", "rope", "relu"]
    assert widths(found)["rope"] == widths(module)["turn"]
    assert kinds(folded(module)) == ["matmul", "rope", "relu"]


def test_between_two_products_it_moves_behind() -> None:
    made = Layers()
    product = made.product(made.net.input("x", (5, 3, 4)), name="p")
    turn = made.add(TransposeOp, "turn", product, permutation=(0, 2, 1, 3))
    assert kinds(turned(made.net.finish([made.product(made.rope(turn))]))) == ["matmul", "rope", "transpose", "matmul"]


def test_three_dimensions() -> None:
    made = Layers(5)
    turn = made.add(TransposeOp, "turn", made.net.input("x", (3, 4)), permutation=(1, 0, 2))
    assert kinds(turned(made.net.finish([made.product(made.rope(turn))]))) == ["rope", "transpose", "matmul"]


def bits_of(module: ModuleOp) -> dict[str, int]:
    return {op.layer.data: width_bits(op.results[0]) for op in network_of(module).layers()}


def in_bits(module: ModuleOp, **bits: int) -> ModuleOp:
    for op in network_of(module).layers():
        made = op.results[0]
        made._type = make_tensor_type(IntegerType(bits[op.layer.data]), shape_of(made))  # pyright: ignore[reportPrivateUsage]
    return module


def test_what_others_read_is_as_wide_as_before() -> None:
    """A layer that is only moved makes what it reads as wide."""
    behind = Layers()
    turn = behind.add(TransposeOp, "turn", behind.net.input("x", (5, 3, 4)), permutation=(0, 2, 1, 3))
    module = in_bits(behind.net.finish([behind.product(behind.rope(turn))]), turn=16, rope=8, product=32)
    assert bits_of(turned(module)) == {"turn": 8, "rope": 8, "product": 32}
    before = Layers()
    rope = before.rope(before.product(before.net.input("x", (3, 5, 6))))
    turn = before.add(TransposeOp, "turn", rope, permutation=(0, 2, 1, 3))
    module = in_bits(before.net.finish([turn]), product=32, rope=16, turn=8)
    assert bits_of(turned(module)) == {"product": 32, "turn": 32, "rope": 8}


def test_prices_go() -> None:
    made = Layers()
    turn = made.add(TransposeOp, "turn", made.net.input("x", (5, 3, 4)), permutation=(0, 2, 1, 3))
    module = made.net.finish([made.product(made.rope(turn))])
    for op in network_of(module).layers():
        op.uncosted = StringAttr("nobody knew its price")
    priced = {op.layer.data for op in network_of(turned(module)).layers() if op.uncosted is not None}
    assert priced == {"product"}


@pytest.mark.parametrize("other", ["rope", "turn", "relu", "order", "none", "five"])
def test_a_transpose_before_that_stays(other: str) -> None:
    """Where somebody else reads heads, turned or not, a copy is made anyway; another transpose makes no heads."""
    made, shape, order = Layers(), (5, 3, 4), (0, 2, 1, 3)
    if other == "order":
        shape, order = (3, 4, 5), (0, 1, 3, 2)
    elif other == "five":
        shape, order = (3, 5, 2, 4), (0, 1, 3, 2, 4)
    turn = made.add(TransposeOp, "turn", made.net.input("x", shape), permutation=order)
    rope = made.rope(turn)
    results = [] if other == "none" else [made.product(rope)]
    more = {"rope": rope, "turn": turn, "none": rope}
    if other == "relu":
        results.append(made.add(ReluOp, "relu", rope))
    elif other in more:
        results.append(more[other])
    found = turned(made.net.finish(results))
    assert kinds(found)[:2] == ["transpose", "rope"]
    (rope_op,) = (op for op in network_of(found).layers() if isinstance(op, RopeOp))
    assert rope_op.tokens_first is None


def test_tokens_without_heads_stay() -> None:
    made = Layers(4)
    turn = made.add(TransposeOp, "turn", made.net.input("x", (5,)), permutation=(1, 0))
    assert kinds(turned(made.net.finish([made.product(made.rope(turn))]))) == ["transpose", "rope", "matmul"]


@pytest.mark.parametrize("other", ["rope", "product", "input", "order"])
def test_a_transpose_behind_that_stays(other: str) -> None:
    made = Layers()
    x = made.net.input("x", (3, 5, 6))
    product = x if other == "input" else made.product(x, name="p")
    rope = made.rope(product)
    turn = made.add(TransposeOp, "turn", rope, permutation=(0, 1, 3, 2) if other == "order" else (0, 2, 1, 3))
    found = turned(made.net.finish([turn, *{"rope": [rope], "product": [product]}.get(other, [])]))
    assert kinds(found)[-2:] == ["rope", "transpose"]
