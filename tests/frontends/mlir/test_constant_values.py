"""Values that follow from a module: tables of positions that have each angle twice, and causal masks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from random import Random

import numpy as np
import pytest
from xdsl.dialects.builtin import StringAttr

from simdc.backends.execute import execute
from simdc.cost.kernel import Affine, Instruction, affine
from simdc.frontends.mlir import parse_foreign_module
from simdc.frontends.mlir.body import Body
from simdc.frontends.mlir.constant_arrays import rows_at, rows_behind, sums_so_far, with_border
from simdc.frontends.mlir.constant_values import ConstantValues
from simdc.frontends.mlir.values import Filled, Made, ModuleConstant, Seen
from simdc.ir.base import shape_of
from simdc.ir.context import first_invalid, make_context
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


def numbers(direction: str) -> list[str]:
    """Compares numbers of queries and keys."""
    return [
        op("stablehlo.iota", "", "", "4x4xi32", "iota_dimension = 0 : i64", "%q"),
        op("stablehlo.iota", "", "", "4x4xi32", "iota_dimension = 1 : i64", "%i"),
        op("stablehlo.compare", "%q, %i", "4x4xi32 4x4xi32", "4x4xi1",
           f"comparison_direction = #stablehlo<comparison_direction {direction}>", "%sees"),
    ]  # fmt: skip


def packed(begins: str) -> list[str]:
    """Texts in one row, as transformers writes it: a key is seen by those behind it in its own text. Which text a token
    is of is a running sum of where one `begins`, and both are picked by token."""
    window = "window_dimensions = array<i64: 1, 4>, padding = dense<[[0, 0], [3, 0]]> : tensor<2x2xi64>"
    named = (
        "dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0, 1], start_index_map = [0, 1], "
        "index_vector_dim = 2>, slice_sizes = array<i64: 1, 1>"
    )
    lines = [
        f'%begins = "stablehlo.constant"() <{{value = dense<{begins}> : tensor<1x4xi64>}}> : () -> tensor<1x4xi64>',
        '%nothing = "stablehlo.constant"() <{value = dense<0> : tensor<i64>}> : () -> tensor<i64>',
        f'%text = "stablehlo.reduce_window"(%begins, %nothing) <{{{window}}}> ({{\n'
        "^bb0(%one: tensor<i64>, %two: tensor<i64>):\n"
        + op("stablehlo.add", "%one, %two", "i64 i64", "i64", to="%both")
        + '\n"stablehlo.return"(%both) : (tensor<i64>) -> ()\n'
        "}) : (tensor<1x4xi64>, tensor<i64>) -> tensor<1x4xi64>",
        op("stablehlo.iota", "", "", "4x4x2xi64", "iota_dimension = 0 : i64", "%rows"),
        op("stablehlo.iota", "", "", "4x4x2xi64", "iota_dimension = 1 : i64", "%columns"),
        op("stablehlo.iota", "", "", "4x4x2xi64", "iota_dimension = 2 : i64", "%second"),
        # [0, row] and [0, column]: places in a tensor of one row.
        op("stablehlo.multiply", "%rows, %second", "4x4x2xi64 4x4x2xi64", "4x4x2xi64", to="%at_row"),
        op("stablehlo.multiply", "%columns, %second", "4x4x2xi64 4x4x2xi64", "4x4x2xi64", to="%at_column"),
        op("stablehlo.gather", "%text, %at_row", "1x4xi64 4x4x2xi64", "4x4xi64", named, "%mine"),
        op("stablehlo.gather", "%text, %at_column", "1x4xi64 4x4x2xi64", "4x4xi64", named, "%its"),
        op("stablehlo.compare", "%mine, %its", "4x4xi64 4x4xi64", "4x4xi1",
           "comparison_direction = #stablehlo<comparison_direction EQ>", "%same"),
    ]  # fmt: skip
    behind = [each.replace("%sees", "%behind") for each in numbers("GE")]
    return [*lines, *behind, op("stablehlo.and", "%same, %behind", "4x4xi1 4x4xi1", "4x4xi1", to="%sees")]


def masked(sees: Sequence[str], low: str = "-1.0e+09") -> str:
    """A softmax of scores of 2 heads, 4 queries and 4 keys, a mask added where what is seen is not true."""
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
        *sees,
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
    ("sees", "low", "is_causal"),
    [
        (numbers("GE"), "-1.0e+09", True),
        (numbers("GT"), "-1.0e+09", False),
        (numbers("LE"), "-1.0e+09", False),
        (numbers("GE"), "-1.0", False),
        (packed("[[1, 0, 0, 0]]"), "-1.0e+09", True),
        (packed("[[1, 0, 1, 0]]"), "-1.0e+09", False),
    ],
)
def test_a_mask_that_follows_from_the_module(sees: list[str], low: str, is_causal: bool) -> None:
    found = parse_foreign_module(masked(sees, low), "m.mlir", None)
    assert first_invalid(found) is None
    marks = [op.attributes.get(CAUSAL) for op in network_of(found).body.block.ops if isinstance(op, ParameterOp)]
    assert marks == [StringAttr("added") if is_causal else None]
    TidyPass().apply(make_context(), found)
    (softmax,) = (op for op in network_of(found).layers() if isinstance(op, SoftmaxOp))
    assert (softmax.causal is not None, softmax.mask is not None) == (is_causal, not is_causal)


def reach(expression: Affine, bounds: dict[str, int]) -> int:
    """How many positions an index needs from 0 on."""
    return 1 + expression.constant + sum(step * (bounds[name] - 1) for name, step in expression.terms)


@pytest.mark.parametrize("seed", range(30))
def test_a_nest_of_constants_holds_what_a_walk_over_its_loops_makes(seed: int) -> None:
    random, draw = Random(seed), np.random.default_rng(seed)
    names = [f"d{loop}" for loop in range(random.randint(1, 4))]
    bounds = {name: random.randint(1, 4) for name in names}
    kept = random.sample(names, random.randint(0, len(names)))
    values, tensors, arrays = ConstantValues(), {}, {}
    for place in range(2):
        # Two positions less than are read, and a border before them.
        index = tuple(
            affine(
                *((name, random.randint(1, 2)) for name in random.sample(names, min(len(names), random.randint(0, 2))))
            )
            for _ in range(random.randint(1, 3))
        )
        own = tuple(max(1, reach(each, bounds) - random.choice((0, 0, 2))) for each in index)
        label = f"t{place}"
        array = draw.integers(-3, 4, own).astype(np.float64)
        values.hold(label, array.__array__, truth=False)
        border = draw.integers(1, 9) / 1.0
        arrays[f"x{place}"] = array, index, border
        seen = Seen(ModuleConstant(label, own), own, tuple(reach(each, bounds) for each in index),
                    tuple(affine(f"v{axis}") for axis in range(len(index))), border)  # fmt: skip
        tensors[f"x{place}"] = seen, index
    opcode, first = random.choice((("add", 0.5), ("max", -9.0)))
    code = (Instruction("mul", "t", ("x0", "x1")), Instruction(opcode, "s", ("y0", "t")))
    made = Made(
        tuple(bounds[name] for name in kept),
        tuple(map(affine, kept)),
        Filled(tuple(bounds[name] for name in kept), first),
    )
    summed = any(bounds[name] > 1 for name in names if name not in kept)
    body = Body(code, ("s",)) if summed else Body(code[:1], ("t",))
    found = values.made(tuple(bounds.values()), tensors, made, body)

    wanted = np.full(made.shape, first)
    for point in product(*map(range, bounds.values())):
        at = dict(zip(names, point, strict=True))
        parts = []
        for array, index, border in arrays.values():
            place = tuple(each.constant + sum(step * at[name] for name, step in each.terms) for each in index)
            inside = all(here < size for here, size in zip(place, array.shape, strict=True))
            parts.append(array[place] if inside else border)
        here = tuple(at[name] for name in kept)
        term = parts[0] * parts[1]
        wanted[here] = term if not summed else wanted[here] + term if opcode == "add" else max(wanted[here], term)
    np.testing.assert_array_equal(found, wanted)


def test_what_moves_elements_of_constants() -> None:
    table = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    # Place 7 is beyond the last.
    np.testing.assert_array_equal(rows_at(table, np.array([2.0, 7.0]), axis=0), [[5, 6], [5, 6]])
    np.testing.assert_array_equal(rows_behind(table, np.array([[2.0, 0.0], [-1.0, 1.0]])), [5, 2])
    np.testing.assert_array_equal(sums_so_far(table, 0, exclusive=False), [[1, 2], [4, 6], [9, 12]])
    np.testing.assert_array_equal(sums_so_far(table, 0, exclusive=True), [[0, 0], [1, 2], [4, 6]])
    np.testing.assert_array_equal(with_border(table[:1], (1, 0), (0, 1), 8.0), [[8, 8, 8], [1, 2, 8]])
