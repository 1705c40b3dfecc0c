"""Rows that StableHLO picks and writes at places which several numbers name, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

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
