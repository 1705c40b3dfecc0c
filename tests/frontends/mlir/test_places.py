"""Rows that StableHLO picks and writes at places which several numbers name, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from simdc.frontends.mlir import parse_foreign_module
from simdc.frontends.mlir_text import parse_mlir
from simdc.ir.network import network_of
from simdc.ir.ops.at_place import PutAtOp
from tests.frontends.mlir.hlo_text import module, op, run

TABLE, PLACES = np.arange(24.0).reshape(4, 3, 2), np.array([[1, 2], [3, 0]])
ROWS = np.array([[-7.0, 90], [5, 60]])


def test_two_numbers_name_a_row() -> None:
    fields = ("dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0, 1], "
              "start_index_map = [0, 1], index_vector_dim = 1>, slice_sizes = array<i64: 1, 1, 2>")  # fmt: skip
    text = module("t:4x3x2xf32 i:2x2xi32", "2x2xf32",
                  op("stablehlo.gather", "%t, %i", "4x3x2xf32 2x2xi32", "2x2xf32", fields))  # fmt: skip
    np.testing.assert_array_equal(run(text, TABLE, PLACES), TABLE[[1, 3], [2, 0]])


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "minimum", None])
def test_rows_are_written_or_joined_with_what_is_there(name: str | None) -> None:
    made = f'%r = "stablehlo.{name}"(%p, %q) : (tensor<f32>, tensor<f32>) -> tensor<f32>' if name else ""
    text = module("t:4x3x2xf32 i:2x2xi32 u:2x2xf32", "4x3x2xf32", f"""
        %y = "stablehlo.scatter"(%t, %i, %u) <{{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1],
           inserted_window_dims = [0, 1], scatter_dims_to_operand_dims = [0, 1], index_vector_dim = 1>}}> ({{
           ^bb0(%p: tensor<f32>, %q: tensor<f32>):
             {made}
             "stablehlo.return"({"%r" if name else "%q"}) : (tensor<f32>) -> ()
           }}) : (tensor<4x3x2xf32>, tensor<2x2xi32>, tensor<2x2xf32>) -> tensor<4x3x2xf32>""")  # fmt: skip
    expected, at = TABLE.copy(), ([1, 3], [2, 0])
    expected[at] = ROWS if name is None else getattr(np, name)(expected[at], ROWS)
    np.testing.assert_array_equal(run(text, TABLE, PLACES, ROWS), expected)


CUT = op("stablehlo.dynamic_slice", "%t, %i, %zero", "5x8xf32 i32 i32", "3x4xf32", "slice_sizes = array<i64: 3, 4>")
PUT = op("stablehlo.dynamic_update_slice", "%t, %u, %i, %zero", "5x8xf32 3x4xf32 i32 i32", "5x8xf32")
ZERO = '%zero = "stablehlo.constant"() <{value = dense<2> : tensor<i32>}> : () -> tensor<i32>'
WHOLE, BOX = np.arange(40.0).reshape(5, 8), -np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize(("start", "row"), [(-4, 0), (1, 1), (2, 2), (99, 2)])
@pytest.mark.parametrize("where", ["an input", "made", "known"])
def test_a_box_begins_where_numbers_say(start: int, row: int, where: str) -> None:
    """Row `start`, at most the last of those from which on three are left, and column 2."""
    made = {
        "an input": "",
        "made": op("stablehlo.add", "%j, %zero", "i32 i32", "i32", to="%i"),
        "known": f'%i = "stablehlo.constant"() <{{value = dense<{start}> : tensor<i32>}}> : () -> tensor<i32>',
    }[where]
    numbers = {"an input": " i:i32", "made": " j:i32", "known": ""}[where]
    given = [np.array([start - 2.0 if where == "made" else start])] if numbers else []
    text = module(f"t:5x8xf32{numbers}", "3x4xf32", ZERO, made, CUT)
    np.testing.assert_array_equal(run(text, WHOLE, *given), WHOLE[row : row + 3, 2:6])
    expected = WHOLE.copy()
    expected[row : row + 3, 2:6] = BOX
    text = module(f"t:5x8xf32 u:3x4xf32{numbers}", "5x8xf32", ZERO, made, PUT)
    np.testing.assert_array_equal(run(text, WHOLE, BOX, *given), expected)


def test_a_box_put_into_one_number_at_a_known_place_is_a_border() -> None:
    one = '%t = "stablehlo.constant"() <{value = dense<1.0> : tensor<5x8xf32>}> : () -> tensor<5x8xf32>'
    start = '%i = "stablehlo.constant"() <{value = dense<1> : tensor<i32>}> : () -> tensor<i32>'
    text = module("u:3x4xf32", "5x8xf32", ZERO, one, start, PUT)
    expected = np.ones((5, 8))
    expected[1:4, 2:6] = BOX
    np.testing.assert_array_equal(run(text, BOX), expected)


def test_only_the_box_is_priced() -> None:
    text = module("t:5x8xf32 u:3x4xf32 i:i32", "5x8xf32", ZERO, PUT)
    (layer,) = network_of(parse_foreign_module(text, "m.mlir", None)).layers()
    assert isinstance(layer, PutAtOp)
    assert list(layer.kernel().bounds.values()) == [12]


@pytest.mark.parametrize(("result", "line"), [("3x4xf32", CUT), ("5x8xf32", PUT)])
def test_ir_of_a_box_is_read_again(result: str, line: str) -> None:
    module_ = parse_foreign_module(module("t:5x8xf32 u:3x4xf32 i:i32", result, ZERO, line), "m.mlir", None)
    again = parse_mlir(str(module_), "m.mlir", None)
    assert str(again) == str(module_)


def test_a_whole_box_is_no_layer() -> None:
    """Whatever the numbers say, all of it fits in one way."""
    cut = op("stablehlo.dynamic_slice", "%t, %i, %i", "5x8xf32 i32 i32", "5x8xf32",
             "slice_sizes = array<i64: 5, 8>", "%s")  # fmt: skip
    put = op("stablehlo.dynamic_update_slice", "%t, %s, %i, %i", "5x8xf32 5x8xf32 i32 i32", "5x8xf32", to="%p")
    same = op("stablehlo.negate", "%p", "5x8xf32", "5x8xf32")
    text = module("t:5x8xf32 i:i32", "5x8xf32", cut, put, same)
    assert len(list(network_of(parse_foreign_module(text, "m.mlir", None)).layers())) == 1
    np.testing.assert_array_equal(run(text, WHOLE, np.array([3.0])), -WHOLE)


def test_a_box_of_constants_is_worked_out() -> None:
    """Nothing is data there, so that it is a constant like its source."""
    held = '%t = "stablehlo.constant"() <{value = dense_resource<t> : tensor<5x8xf32>}> : () -> tensor<5x8xf32>'
    # The second of 0, 1, 2: a number that is not looked at.
    count = '%n = "stablehlo.iota"() <{iota_dimension = 0 : i64}> : () -> tensor<3xi32>'
    one = op("stablehlo.slice", "%n", "3xi32", "1xi32", "limit_indices = array<i64: 2>, "
             "start_indices = array<i64: 1>, strides = array<i64: 1>", "%o")  # fmt: skip
    start = op("stablehlo.reshape", "%o", "1xi32", "i32", to="%i")
    cut = CUT.replace("%y =", "%c =")
    text = module("u:3x4xf32", "3x4xf32", ZERO, held, count, one, start, cut,
                  op("stablehlo.add", "%u, %c", "3x4xf32 3x4xf32", "3x4xf32"))  # fmt: skip
    layers = network_of(parse_foreign_module(text, "m.mlir", None)).layers()
    assert [layer.name for layer in layers] == ["simdc.add"]
