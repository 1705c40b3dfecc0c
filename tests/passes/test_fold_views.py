"""Views folded into products: the network computes what it did, and what is moved is gone."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from random import Random

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import SSAValue

from simdc.backends.execute.network import execute
from simdc.frontends.dsl import parse_dsl
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.network import network_of
from simdc.ir.ops.expand import ExpandOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.ops.pad import SliceOp
from simdc.ir.ops.transpose import TransposeOp
from simdc.passes.fold_views import FoldViewsPass
from simdc.passes.pipeline import make_context

SHAPES = [(2, 12, 8), (4, 6), (3, 4, 2, 6), (1, 8, 36), (24, 1, 4), (2, 3, 1, 8)]


class Drawn:
    """A network of views and products, written op by op."""

    def __init__(self, random: Random):
        self.random, self.count = random, 0
        self.net = ModuleBuilder("drawn", 1, "drawn.py")

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def add(self, make: Callable[[str], LayerOp], kind: str) -> SSAValue:
        name = self.name(kind)
        return self.net.append(make(name), name)

    def view(self, x: SSAValue) -> SSAValue:
        """One view of x, of a kind that is drawn."""
        random, shape = self.random, shape_of(x)
        kind = random.choice(("reshape", "transpose", "slice", "expand"))
        if kind == "transpose" and len(shape) > 1:
            order = random.sample(range(len(shape)), len(shape))
            return self.add(lambda name: TransposeOp(name, x, permutation=order), kind)
        if kind == "slice":
            axis = random.randrange(len(shape))
            count = random.choice([d for d in range(1, shape[axis] + 1) if shape[axis] % d == 0])
            first = random.randint(0, shape[axis] // count - 1) * count
            if random.random() < 0.3:
                first = random.randint(0, shape[axis] - count)
            return self.add(lambda name: SliceOp(name, x, axis=axis, first=first, count=count), kind)
        if kind == "expand" and 1 in shape:
            axis, times = shape.index(1), random.choice((2, 3))
            wide = (*shape[:axis], times, *shape[axis + 1 :])
            return self.add(lambda name: ExpandOp(name, x, shape=wide), kind)
        return self.add(lambda name: ReshapeOp(name, x, shape=self.other_shape(prod(shape))), "reshape")

    def other_shape(self, elements: int) -> tuple[int, ...]:
        sizes: list[int] = []
        while elements > 1 and len(sizes) < 4:
            size = self.random.choice([d for d in range(1, elements + 1) if elements % d == 0])
            sizes.append(size)
            elements //= size
        return (*sizes, elements) if elements > 1 or not sizes else tuple(sizes)

    def matrices(self, x: SSAValue, rows: int | None) -> SSAValue:
        """x read as a stack of matrices, whose second last size is `rows` where that is given."""
        elements = prod(shape_of(x))
        if rows is None:
            last = self.random.choice([d for d in (1, 2, 3, 4, 6, 8) if elements % d == 0])
            outer = self.random.choice([d for d in (1, 2, 3, 4) if (elements // last) % d == 0])
            shape = (outer, elements // last // outer, last)
        else:
            shape = (1, rows, elements // rows)
        return self.add(lambda name: ReshapeOp(name, x, shape=shape), "reshape")


def drawn(seed: int) -> ModuleOp | None:
    """None where the sides do not go together."""
    random = Random(seed)
    made = Drawn(random)
    lhs, rhs = (made.net.input(name, random.choice(SHAPES)) for name in ("x", "y"))
    for _ in range(random.randint(0, 4)):
        lhs = made.view(lhs)
    for _ in range(random.randint(0, 4)):
        rhs = made.view(rhs)
    lhs = made.matrices(lhs, None)
    depth = shape_of(lhs)[-1]
    if prod(shape_of(rhs)) % depth or prod(shape_of(lhs)) > 5000 or prod(shape_of(rhs)) > 5000:
        return None
    rhs = made.matrices(rhs, depth)
    result = made.add(lambda name: MatMulOp(name, lhs, rhs), "product")
    for _ in range(random.randint(0, 3)):
        result = made.view(result)
    return made.net.finish((result,))


def kinds(module: ModuleOp) -> list[str]:
    return [layer.name.removeprefix("simdc.") for layer in network_of(module).layers()]


def test_the_folded_network_computes_what_it_did() -> None:
    folded = tried = 0
    for seed in range(400):
        module = drawn(seed)
        if module is None:
            continue
        tried += 1
        inputs = {
            argument.name_hint or "": np.random.default_rng(seed).integers(-3, 4, shape_of(argument)).astype(float)
            for argument in network_of(module).body.block.args
        }
        expected = execute(module, inputs, {}).returned[0]
        before = kinds(module)
        names = {layer.layer.data for layer in network_of(module).layers()}
        FoldViewsPass().apply(make_context(), module)
        module.verify()
        assert (execute(module, inputs, {}).returned[0] == expected).all(), seed
        after = kinds(module)
        folded += len(before) - len(after)
        # No layer is lost: it stands there or is named as part of another.
        there = {layer.layer.data for layer in network_of(module).layers()}
        told = {name.data for layer in network_of(module).layers() if layer.folded for name in layer.folded.data}
        assert there | told == names, seed
    assert tried > 200
    assert folded > 200


def attention() -> ModuleOp:
    """4 query heads of 8 features, 2 of keys, cut out of one projection of 6 tokens, keys turned and repeated."""
    net = ModuleBuilder("attention", 1, "n.py")
    qkv = net.input("qkv", (6, 4 * 8 + 2 * 2 * 8))

    def part(name: str, first: int, heads: int) -> SSAValue:
        cut = net.append(SliceOp(f"{name}.cut", qkv, axis=2, first=first, count=heads * 8), f"{name}.cut")
        apart = net.append(ReshapeOp(f"{name}.apart", cut, shape=(1, 6, heads, 8)), f"{name}.apart")
        return net.append(TransposeOp(f"{name}.heads", apart, permutation=(0, 2, 1, 3)), f"{name}.heads")

    def shared(name: str, x: SSAValue) -> SSAValue:
        wide = net.append(ReshapeOp(f"{name}.one", x, shape=(1, 2, 1, 6, 8)), f"{name}.one")
        more = net.append(ExpandOp(f"{name}.more", wide, shape=(1, 2, 2, 6, 8)), f"{name}.more")
        return net.append(ReshapeOp(f"{name}.all", more, shape=(1, 4, 6, 8)), f"{name}.all")

    q, k, v = part("q", 0, 4), shared("k", part("k", 32, 2)), shared("v", part("v", 48, 2))
    turned = net.append(TransposeOp("k.turned", k, permutation=(0, 1, 3, 2)), "k.turned")
    scores = net.append(MatMulOp("scores", q, turned), "scores")
    context = net.append(MatMulOp("context", scores, v), "context")
    back = net.append(TransposeOp("back", context, permutation=(0, 2, 1, 3)), "back")
    return net.finish((net.append(ReshapeOp("merged", back, shape=(1, 6, 32)), "merged"),))


def test_attention_moves_nothing() -> None:
    module = attention()
    x = np.random.default_rng(1).integers(-3, 4, (1, 6, 64)).astype(float)
    expected = execute(module, [x], {}).returned[0]
    FoldViewsPass().apply(make_context(), module)
    assert kinds(module) == ["matmul", "matmul", "reshape"]
    assert (execute(module, [x], {}).returned[0] == expected).all()
    scores, context = (op for op in network_of(module).layers() if isinstance(op, MatMulOp))
    # Eight heads of 8 lie side by side: 4 of queries, 2 of keys, 2 of values. Two query heads share one of keys.
    assert scores.index is not None
    assert scores.index.data == "1:0 6:a 4:b 2:c 8:d, 1:0 6:e 8:b+4 1:0 8:d -> 1:0 2:b 2:c 6:a 6:e"
    assert shape_of(context.result) == (1, 6, 4, 8)


def test_a_view_that_others_read_stays() -> None:
    net = ModuleBuilder("n", 1, "n.py")
    x, y = net.input("x", (4, 6)), net.input("y", (4, 5))
    turned = net.append(TransposeOp("turned", x, permutation=(0, 2, 1)), "turned")
    product = net.append(MatMulOp("product", turned, y), "product")
    module = net.finish((product, turned))
    FoldViewsPass().apply(make_context(), module)
    assert kinds(module) == ["transpose", "matmul"]
    (product_op,) = (op for op in network_of(module).layers() if isinstance(op, MatMulOp))
    assert product_op.lhs is network_of(module).body.block.args[0]
    assert product_op.folded is None


@pytest.mark.parametrize("shape", [(2, 3, 4), (5, 4)])
def test_free_views_alone_stay_layers(shape: tuple[int, ...]) -> None:
    net = ModuleBuilder("n", 1, "n.py")
    x, y = net.input("x", (prod(shape),)), net.input("y", (4, 3))
    matrix = net.append(ReshapeOp("matrix", x, shape=shape), "matrix")
    module = net.finish((net.append(MatMulOp("product", matrix, y), "product"),))
    FoldViewsPass().apply(make_context(), module)
    assert kinds(module) == ["reshape", "matmul"]
    (product,) = (op for op in network_of(module).layers() if isinstance(op, MatMulOp))
    assert product.index is None


def test_products_read_through_what_a_decoder_keeps() -> None:
    text = "network n(q: 3x8, k: 5x8) { return matmul(heads(q, 2), heads(k, 2) -> cache -> transpose([0, 1, 3, 2])) }"
    module = parse_dsl(text, "n.dsl", 1)
    FoldViewsPass().apply(make_context(), module)
    assert [op.name for op in network_of(module).layers()] == ["simdc.reshape", "simdc.reshape", "simdc.matmul"]


def test_a_product_that_reads_something_else_loses_its_price() -> None:
    net = ModuleBuilder("n", 1, "n.py")
    x, y = net.input("x", (4, 6)), net.input("y", (4, 5))
    turned = net.append(TransposeOp("turned", x, permutation=(0, 2, 1)), "turned")
    product = MatMulOp("product", turned, y)
    product.uncosted = StringAttr("nobody knew its price")
    module = net.finish((net.append(product, "product"),))
    FoldViewsPass().apply(make_context(), module)
    assert product.uncosted is None
