"""Networks in which every layer occurs that works on tokens: tables whose rows are picked, and what goes with them."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from simdc.frontends.dsl import parse_dsl
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_table import layer_table
from simdc.ir.ops.activation.rounding import IsInfOp, IsNanOp
from simdc.ir.ops.at_place import PutAtOp, SliceAtOp
from simdc.ir.ops.boxes import GatherBoxesOp, ScatterBoxesOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.gather import GatherOp
from simdc.ir.ops.linear import LinearOp
from simdc.ir.ops.reverse import ReverseOp
from simdc.ir.ops.scatter import GatherElementsOp, GatherNdOp, ScatterElementsOp, ScatterNdOp

# Numbers of rows are those of largest elements: whole, and the same after a small step of the input.
EVERY_TOKEN = """
network tokens(x: 3x5, y: 4x3) {
  ids = argmax(x, axis=1)
  e = embed(ids, 3, 4) -> learned_positions
  a = gather(transpose(x, [0, 2, 1]), argmax(y, axis=2), axis=2) -> reduce_sum([2]) -> reshape([20])
  b = gather(y, argmax(y, axis=2) -> reduce_sum(1) -> scalar("mul", 0.0), axis=2, name="single") -> reshape([BATCHx4])
  r = reshape(x, [3, 5, 1]) -> expand([3, 5, 6]) -> mul(reshape(y, [3, 1, 4]) -> slice(3, 0, 1))
  r = cache(r)
  r = rope(r, name="turned") -> rope(rotary=4, interleaved=true, base=10.0) -> rope(rotary=2) -> reduce_mean([1, 3])
  b = concat(b, reshape(r, [5]))
  g = swiglu(y, sigmoid(y)) -> geglu(y) -> geglu(scalar(y, "add", 1.0), approximate="tanh")
  g = cache_append(g, sigmoid(y) -> slice(1, 1, 2), axis=1) -> top_k(2, axis=1)
  g = mul(g, top_k(y, 2, axis=1, smallest=true, result="indices")) -> flatten
  h = cumulative_sum(y, axis=1) -> cumulative_sum(axis=2, exclusive=true) -> flatten
  b = concat(b, g, h)
  return concat(reshape(e, [20]), a, b) -> fc(3, name="head")
}
"""


def every_token(batch: int = 2) -> ModuleOp:
    return parse_dsl(EVERY_TOKEN.replace("BATCHx4", str(4 * batch)), "tokens.dsl", batch)


def placed(batch: int = 2) -> ModuleOp:
    """Elements and rows that are picked, and written over, at places where largest numbers stand."""
    net = ModuleBuilder("placed", batch, "test")
    layers = layer_table()
    x, y = net.input("x", (4, 4)), net.input("y", (4, 1))
    ids = layers["argmax"].add(net, [x], {"axis": 2, "keepdims": True}, "ids")
    picked = net.append(GatherElementsOp("picked", x, ids, axis=2), "picked")
    rows = net.append(GatherNdOp("rows", x, ids, batch_dims=1), "rows")
    put = net.append(ScatterElementsOp("put", ids, y, x, axis=2), "put")
    added = net.append(ScatterElementsOp("added", ids, picked, put, axis=2, reduction="add"), "added")
    wide = layers["mul"].add(net, [rows, y], {}, "wide")
    # One row only: of several at one place nobody says which the gradient is of.
    cut = {"axis": 1, "first": 2, "count": 1}
    one, row = layers["slice"].add(net, [ids], cut, "one"), layers["slice"].add(net, [wide], cut, "row")
    over = net.append(ScatterNdOp("over", one, row, added, batch_dims=1), "over")
    more = net.append(ScatterNdOp("more", ids, rows, over, batch_dims=1, reduction="add"), "more")
    finite = net.append(IsInfOp("ends", net.append(IsNanOp("none", more), "none")), "ends")
    below = net.append(IsInfOp("below", finite, negative=True), "below")
    more = layers["add"].add(net, [more, below], {}, "same")
    flat = layers["flatten"].add(net, [more], {}, "flat")
    return net.finish([layers["fc"].add(net, [flat], {"features": 3}, "head")])


def boxes(batch: int = 2) -> ModuleOp:
    """Boxes that are cut out, and written or added somewhere else, where largest numbers say."""
    net = ModuleBuilder("boxes", batch, "test")
    value = net.input("x", (4, 4))
    ids = layer_table()["argmax"].add(net, [value], {"axis": 2}, "ids")
    for at in range(4):
        one = net.append(SliceAtOp(f"one{at}", ids, [], first=(0, at), sizes=(1, 1)), f"one{at}")
        start = net.append(ReshapeOp(f"start{at}", one, shape=(1,)), f"start{at}")
        cut = SliceAtOp(f"cut{at}", value, [start, start], first=(0, -1, -1), sizes=(batch, 2, 3))
        put = PutAtOp(f"put{at}", value, net.append(cut, f"cut{at}"), [start], first=(0, at % 2, -1))
        value = net.append(put, f"put{at}")
    # Numbers [batch, 4] are four places of a single number: rows 0 to 2 of each image, two columns, and once again.
    fields = {"sizes": (1, 2, 2), "axes": (1,), "vector": 2, "batch": (0,), "ids_batch": (0,), "offsets": (1, 3)}
    picked = net.append(GatherBoxesOp("picked", value, ids, **fields), "picked")
    turned = net.append(ReverseOp("turned", picked, axes=(1, 3)), "turned")
    added = net.append(ScatterBoxesOp("added", ids, turned, value, reduction="add", **fields), "added")
    row = {"sizes": (1, 1, 4), "axes": (0, 1), "vector": 0, "dropped": (0, 1), "offsets": (0,)}
    start = net.append(SliceAtOp("corner", ids, [], first=(0, 1), sizes=(1, 2)), "corner")
    place = net.append(ReshapeOp("place", start, shape=(2,)), "place")
    line = net.append(GatherBoxesOp("line", value, place, **row), "line")
    over = net.append(ScatterBoxesOp("over", place, line, added, **row), "over")
    flat = layer_table()["flatten"].add(net, [over], {}, "flat")
    return net.finish([layer_table()["fc"].add(net, [flat], {"features": 3}, "head")])


def tied(batch: int = 2, *, again: bool = False) -> ModuleOp:
    """A table of 5 rows that gives tokens their features, once or twice, and is the weight of the last layer."""
    net = ModuleBuilder("tied", batch, "test")
    layers = layer_table()
    x = net.input("x", (5, 6))
    ids = layers["argmax"].add(net, [x], {"axis": 1}, "ids")
    table = net.parameter("table", "weight", (5, 4))
    value: SSAValue = net.append(GatherOp("embed", table, ids), "embed")
    if again:
        later = layers["argmax"].add(net, [x], {"axis": 1, "keepdims": False}, "later")
        more = net.append(GatherOp("embed2", table, later), "embed2")
        value = layers["add"].add(net, [value, more], {}, "both")
    rows = layers["tanh"].add(net, [value], {}, "tanh")
    rows = layers["reduce_sum"].add(net, [rows], {"axes": 1}, "sum")
    flat = layers["flatten"].add(net, [x], {}, "flat")
    some = layers["slice"].add(net, [flat], {"axis": 1, "first": 3, "count": 4}, "some")
    rows = layers["add"].add(net, [rows, some], {}, "more")
    return net.finish([net.append(LinearOp("head", rows, table), "head")])
