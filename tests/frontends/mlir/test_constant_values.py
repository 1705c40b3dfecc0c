"""Values that follow from a module: tables of positions that have each angle twice, and causal masks."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects.builtin import StringAttr

from simdc.backends.execute import execute
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.base import shape_of
from simdc.ir.context import make_context
from simdc.ir.network import CAUSAL, ParameterOp, network_of
from simdc.ir.ops.rope import RopeOp
from simdc.ir.ops.softmax import SoftmaxOp
from simdc.passes.tidy import TidyPass
from tests.frontends.mlir.hlo_text import module, op

RESOURCE = '%f = "stablehlo.constant"() <{value = dense_resource<frequencies> : tensor<3xf32>}> : () -> tensor<3xf32>'


def rotation(second: str) -> str:
    """Angles of 4 tokens by 3 frequencies that the text does not hold, and `second` behind them."""
    table, whole, half = "4x6xf32", "2x4x6xf32", "2x4x3xf32"

    def cut(first: int, to: str) -> str:
        fields = (
            f"start_indices = array<i64: 0, 0, {first}>, limit_indices = array<i64: 2, 4, {first + 3}>, "
            "strides = array<i64: 1, 1, 1>"
        )
        return op("stablehlo.slice", "%x", whole, half, fields, to)

    spread = "broadcast_dimensions = array<i64: 1, 2>"
    return module(
        f"x:{whole}",
        whole,
        RESOURCE,
        op("stablehlo.iota", "", "", "4x3xf32", "iota_dimension = 0 : i64", "%t"),
        op("stablehlo.broadcast_in_dim", "%f", "3xf32", "4x3xf32", "broadcast_dimensions = array<i64: 1>", "%g"),
        op("stablehlo.multiply", "%t, %g", "4x3xf32 4x3xf32", "4x3xf32", to="%a"),
        op("stablehlo.add", "%a, %a", "4x3xf32 4x3xf32", "4x3xf32", to="%other"),
        op("stablehlo.concatenate", f"%a, {second}", "4x3xf32 4x3xf32", table, "dimension = 1 : i64", "%w"),
        op("stablehlo.cosine", "%w", table, table, to="%c"),
        op("stablehlo.sine", "%w", table, table, to="%s"),
        op("stablehlo.broadcast_in_dim", "%c", table, whole, spread, "%cos"),
        op("stablehlo.broadcast_in_dim", "%s", table, whole, spread, "%sin"),
        cut(0, "%low"),
        cut(3, "%high"),
        op("stablehlo.negate", "%high", half, half, to="%minus"),
        op("stablehlo.concatenate", "%minus, %low", f"{half} {half}", whole, "dimension = 2 : i64", "%swapped"),
        op("stablehlo.multiply", "%x, %cos", f"{whole} {whole}", whole, to="%kept"),
        op("stablehlo.multiply", "%swapped, %sin", f"{whole} {whole}", whole, to="%turned"),
        op("stablehlo.add", "%kept, %turned", f"{whole} {whole}", whole),
    )


def test_a_table_that_has_each_angle_twice_by_frequencies_that_nobody_knows() -> None:
    found = parse_foreign_module(rotation("%a"), "m.mlir", None)
    (layer,) = network_of(found).layers()
    assert isinstance(layer, RopeOp)
    assert shape_of(layer.cos) == (4, 3)
    draw = np.random.default_rng(0)
    x, angles = draw.normal(size=(2, 4, 6)), draw.normal(size=(4, 3))
    tables = [op for op in network_of(found).body.block.ops if isinstance(op, ParameterOp)]
    values = dict(zip((op.label.data for op in tables), (np.cos(angles), np.sin(angles)), strict=True))
    (y,) = execute(found, [x], values).returned
    low, high = x[..., :3], x[..., 3:]
    by_hand = [low * np.cos(angles) - high * np.sin(angles), high * np.cos(angles) + low * np.sin(angles)]
    np.testing.assert_allclose(y, np.concatenate(by_hand, axis=2), atol=1e-6)


def test_a_table_of_other_angles_in_its_second_half() -> None:
    layers = network_of(parse_foreign_module(rotation("%other"), "m.mlir", None)).layers()
    assert "simdc.rope" not in [layer.name for layer in layers]


def masked(direction: str, low: str = "-1.0e+09") -> str:
    """A softmax of scores of 2 heads, 4 queries and 4 keys, a mask added that compares their numbers."""
    scores, rows = "2x4x4xf32", "2x4xf32"
    largest = (
        '%m = "stablehlo.reduce"(%z, %inf) <{dimensions = array<i64: 2>}> ({\n'
        "^bb0(%u: tensor<f32>, %v: tensor<f32>):\n"
        + op("stablehlo.maximum", "%u, %v", "f32 f32", "f32", to="%k")
        + '\n"stablehlo.return"(%k) : (tensor<f32>) -> ()\n'
        f"}}) : (tensor<{scores}>, tensor<f32>) -> tensor<{rows}>"
    )
    total = largest.replace("%m =", "%n =").replace("%z, %inf", "%e, %zero").replace("maximum", "add")
    wide = "broadcast_dimensions = array<i64: 0, 1>"

    def number(value: str, to: str, kind: str = "4x4xf32") -> str:
        return f'{to} = "stablehlo.constant"() <{{value = dense<{value}> : tensor<{kind}>}}> : () -> tensor<{kind}>'

    return module(
        f"x:{scores}",
        scores,
        op("stablehlo.iota", "", "", "4x4xi32", "iota_dimension = 0 : i64", "%q"),
        op("stablehlo.iota", "", "", "4x4xi32", "iota_dimension = 1 : i64", "%i"),
        op("stablehlo.compare", "%q, %i", "4x4xi32 4x4xi32", "4x4xi1",
           f"comparison_direction = #stablehlo<comparison_direction {direction}>", "%sees"),
        number("0.0", "%none"),
        number(low, "%low"),
        number("0xFF800000", "%inf", "f32"),
        number("0.0", "%zero", "f32"),
        op("stablehlo.select", "%sees, %none, %low", "4x4xi1 4x4xf32 4x4xf32", "4x4xf32", to="%mask"),
        op("stablehlo.broadcast_in_dim", "%mask", "4x4xf32", scores, "broadcast_dimensions = array<i64: 1, 2>", "%b"),
        op("stablehlo.add", "%x, %b", f"{scores} {scores}", scores, to="%z"),
        largest,
        op("stablehlo.broadcast_in_dim", "%m", rows, scores, wide, "%mm"),
        op("stablehlo.subtract", "%z, %mm", f"{scores} {scores}", scores, to="%d"),
        op("stablehlo.exponential", "%d", scores, scores, to="%e"),
        total,
        op("stablehlo.broadcast_in_dim", "%n", rows, scores, wide, "%nn"),
        op("stablehlo.divide", "%e, %nn", f"{scores} {scores}", scores, to="%p"),
        op("stablehlo.multiply", "%p, %x", f"{scores} {scores}", scores),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("direction", "low", "is_causal"),
    [("GE", "-1.0e+09", True), ("GT", "-1.0e+09", False), ("LE", "-1.0e+09", False), ("GE", "-1.0", False)],
)
def test_a_mask_that_compares_numbers_of_queries_and_keys(direction: str, low: str, is_causal: bool) -> None:
    found = parse_foreign_module(masked(direction, low), "m.mlir", None)
    marks = [op.attributes.get(CAUSAL) for op in network_of(found).body.block.ops if isinstance(op, ParameterOp)]
    assert marks == [StringAttr("added") if is_causal else None]
    TidyPass().apply(make_context(), found)
    (softmax,) = (op for op in network_of(found).layers() if isinstance(op, SoftmaxOp))
    assert (softmax.causal is not None, softmax.mask is not None) == (is_causal, not is_causal)
