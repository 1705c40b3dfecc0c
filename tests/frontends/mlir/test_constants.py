"""What is made of constants alone, whatever made it, and integer attributes of zero."""

from __future__ import annotations

import numpy as np
import pytest

from simdc.backends.execute import execute
from simdc.errors import SimdcError
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.base import shape_of
from simdc.ir.network import ParameterOp, network_of

TABLE = '%t = "stablehlo.constant"() <{value = dense_resource<table> : tensor<2x3xf32>}> : () -> tensor<2x3xf32>'


def network(body: str, result: str = "2x3xf32", argument: str = "2x3xf32") -> str:
    return (
        f"module {{ func.func @main(%x: tensor<{argument}>) -> tensor<{result}> {{\n"
        f"{body}\nreturn %y : tensor<{result}> }} }}"
    )


def layers(text: str) -> list[str]:
    return [layer.name for layer in network_of(parse_foreign_module(text, "m.mlir", None)).layers()]


def parameters(text: str) -> list[tuple[int, ...]]:
    ops = network_of(parse_foreign_module(text, "m.mlir", None)).body.block.ops
    return [shape_of(op.result) for op in ops if isinstance(op, ParameterOp)]


ADDED = '%y = "stablehlo.add"(%x, %s) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>'
TOP = """%s = "tm_tensor.topk"({read}) <{{dimension = 1 : i64}}> ({{
  ^bb0(%a: f32, %b: f32):
    %c = "arith.addf"(%a, {inner}) : (f32, f32) -> f32
    "tm_tensor.yield"(%c) : (f32) -> ()
  }}) : (tensor<2x3xf32>) -> tensor<2x3xf32>"""


def test_an_op_without_a_price_has_none_to_pay_where_it_reads_constants_alone() -> None:
    text = network("\n".join([TABLE, TOP.format(read="%t", inner="%b"), ADDED]))
    assert layers(text) == ["simdc.add"]
    # What the op makes; the table itself nobody reads while the network runs.
    assert parameters(text) == [(2, 3)]


def test_an_op_without_a_price_is_refused_where_it_reads_data_in_its_operands_or_its_body() -> None:
    with pytest.raises(SimdcError, match=r"no price for 1 op:\n  tm_tensor.topk, there is no layer for it: line 2"):
        layers(network("\n".join([TOP.format(read="%x", inner="%b"), ADDED])))
    taken = '%i = arith.constant 0 : index\n%e = "tensor.extract"(%x, %i, %i) : (tensor<2x3xf32>, index, index) -> f32'
    with pytest.raises(SimdcError, match=r"tm_tensor\.topk, there is no layer for it"):
        layers(network("\n".join([TABLE, taken, TOP.format(read="%t", inner="%e"), ADDED])))


@pytest.mark.parametrize("name", ["stablehlo.rng", "stablehlo.custom_call", "mine.table"])
def test_what_may_give_other_numbers_each_time_is_refused_of_constants_too(name: str) -> None:
    made = f'%s = "{name}"(%t) <{{call_target_name = "own"}}> : (tensor<2x3xf32>) -> tensor<2x3xf32>'
    with pytest.raises(SimdcError, match=f"no price for 1 op:\n  {name}"):
        layers(network("\n".join([TABLE, made, ADDED])))


def test_rows_of_constants_picked_by_constants_are_constants() -> None:
    rows = (
        '%i = "stablehlo.iota"() <{iota_dimension = 0 : i64}> : () -> tensor<2xi64>\n'
        '%s = "stablehlo.gather"(%t, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], '
        "collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 3>}> "
        ": (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>"
    )
    text = network("\n".join([TABLE, rows, ADDED]))
    assert layers(text) == ["simdc.add"]
    assert parameters(text) == [(2, 3)]


def test_elements_of_constants_picked_by_pairs_of_numbers_are_constants() -> None:
    # As torch-mlir writes position ids: [[row, column], ...] of a table.
    pairs = (
        '%i = "stablehlo.constant"() <{value = dense_resource<pairs> : tensor<2x3x2xi64>}> : () -> tensor<2x3x2xi64>\n'
        '%s = "stablehlo.gather"(%t, %i) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0, 1], '
        "start_index_map = [0, 1], index_vector_dim = 2>, slice_sizes = array<i64: 1, 1>}> "
        ": (tensor<2x3xf32>, tensor<2x3x2xi64>) -> tensor<2x3xf32>"
    )
    assert layers(network("\n".join([TABLE, pairs, ADDED]))) == ["simdc.add"]
    assert layers(network("\n".join([pairs.replace("%t", "%x"), ADDED]))) == ["simdc.gather_nd", "simdc.add"]


def test_numbers_of_an_axis_whose_length_was_computed() -> None:
    made = (
        '%n = "stablehlo.constant"() <{value = dense<3> : tensor<1xi64>}> : () -> tensor<1xi64>\n'
        '%k = "stablehlo.dynamic_iota"(%n) <{iota_dimension = 0 : i64}> : (tensor<1xi64>) -> tensor<3xf32>\n'
        '%s = "stablehlo.broadcast_in_dim"(%k) <{broadcast_dimensions = array<i64: 1>}> '
        ": (tensor<3xf32>) -> tensor<2x3xf32>"
    )
    text = network(f"{made}\n{ADDED}")
    assert layers(text) == ["simdc.add"]
    # Read as often as there are rows, kept once.
    assert parameters(text) == [(1, 3)]


def test_an_integer_of_zero_is_a_number_and_not_a_missing_one() -> None:
    # Columns [0] of x[d0, ...] by numbers: dimension 0 of the loops is the row.
    picked = """%zero = arith.constant 0 : index
  %ids = "arith.constant"() <{value = dense_resource<ids> : tensor<4xi64>}> : () -> tensor<4xi64>
  %e = tensor.empty() : tensor<2x4xf32>
  %y = "linalg.generic"(%ids, %e) <{
    indexing_maps = [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>],
    iterator_types = [#linalg.iterator_type<parallel>, #linalg.iterator_type<parallel>],
    operandSegmentSizes = array<i32: 1, 1>}> ({
  ^bb0(%id: i64, %old: f32):
    %row = "linalg.index"() <{dim = 0 : i64}> : () -> index
    %at = "arith.index_cast"(%id) : (i64) -> index
    %v = "tensor.extract"(%x, %row, %at) : (tensor<2x3xf32>, index, index) -> f32
    "linalg.yield"(%v) : (f32) -> ()
  }) : (tensor<4xi64>, tensor<2x4xf32>) -> tensor<2x4xf32>"""
    module = parse_foreign_module(network(picked, "2x4xf32"), "m.mlir", None)
    x, ids = np.arange(6.0).reshape(2, 3), np.array([2, 0, 0, 1])
    (found,) = execute(module, [x], {"ids": ids}).returned
    np.testing.assert_array_equal(found, x[:, ids])


def test_a_shape_of_another_number_of_elements_is_refused() -> None:
    made = '%y = "stablehlo.reshape"(%x) : (tensor<2x3xf32>) -> tensor<2x4xf32>'
    with pytest.raises(SimdcError, match=r"stablehlo.reshape, \[2, 3\] cannot be read as \[2, 4\]: line 2"):
        layers(network(made, "2x4xf32"))


LINE = '%l = "stablehlo.constant"() <{value = dense_resource<line> : tensor<2xf32>}> : () -> tensor<2xf32>'
REPEATED = (
    '%b = "stablehlo.broadcast_in_dim"(%l) <{broadcast_dimensions = array<i64: 0>}> '
    ": (tensor<2xf32>) -> tensor<2x3xf32>"
)
READ_AS_SIX = '%r = "stablehlo.reshape"(%b) : (tensor<2x3xf32>) -> tensor<6xf32>'


def test_a_constant_that_is_laid_in_another_way_takes_no_copy() -> None:
    # As angles of a rotation: those of each position twice, read as one dimension, their sines.
    sines = (
        '%q = "stablehlo.sine"(%r) : (tensor<6xf32>) -> tensor<6xf32>\n'
        '%s = "stablehlo.reshape"(%q) : (tensor<6xf32>) -> tensor<2x3xf32>'
    )
    text = network("\n".join([LINE, REPEATED, READ_AS_SIX, sines, ADDED]))
    assert layers(text) == ["simdc.add"]
    assert parameters(text) == [(2, 3)]


def test_a_constant_with_a_border_takes_no_copy_and_is_one_parameter_for_all_its_readers() -> None:
    bordered = (
        '%z = "stablehlo.constant"() <{value = dense<1.0> : tensor<f32>}> : () -> tensor<f32>\n'
        '%s = "stablehlo.pad"(%l, %z) <{edge_padding_low = array<i64: 1>, edge_padding_high = array<i64: 0>, '
        "interior_padding = array<i64: 0>}> : (tensor<2xf32>, tensor<f32>) -> tensor<3xf32>\n"
        '%w = "stablehlo.broadcast_in_dim"(%s) <{broadcast_dimensions = array<i64: 1>}> '
        ": (tensor<3xf32>) -> tensor<2x3xf32>\n"
        '%v = "stablehlo.multiply"(%x, %w) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>'
    )
    text = network("\n".join([LINE, bordered, ADDED.replace("%x, %s", "%v, %w")]))
    assert layers(text) == ["simdc.multiply", "simdc.add"]
    assert parameters(text) == [(1, 3)]


def test_a_constant_in_two_shapes_is_one_parameter_whose_values_are_given_once() -> None:
    seen = '%r = "stablehlo.reshape"(%t) : (tensor<2x3xf32>) -> tensor<3x2xf32>'
    turned = (
        '%p = "stablehlo.transpose"(%x) <{permutation = array<i64: 1, 0>}> : (tensor<2x3xf32>) -> tensor<3x2xf32>\n'
        '%q = "stablehlo.multiply"(%p, %r) : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>\n'
        '%s = "stablehlo.transpose"(%q) <{permutation = array<i64: 1, 0>}> : (tensor<3x2xf32>) -> tensor<2x3xf32>'
    )
    text = network("\n".join([TABLE, seen, turned, ADDED.replace("%x, %s", "%s, %t")]))
    assert len(parameters(text)) == 1
    module = parse_foreign_module(text, "m.mlir", None)
    x, table = np.arange(6.0).reshape(2, 3) + 1, np.arange(6.0).reshape(2, 3) ** 2
    (shape,) = parameters(text)
    (found,) = execute(module, [x], {"table": table.reshape(shape)}).returned
    np.testing.assert_array_equal(found, (x.T * table.reshape(3, 2)).T + table)


def test_a_constant_that_is_a_result_as_it_is() -> None:
    """Beside another result that is computed."""
    text = network("\n".join([TABLE, '%s = "stablehlo.negate"(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>']))
    text = text.replace("-> tensor<2x3xf32> {", "-> (tensor<2x3xf32>, tensor<2x3xf32>) {")
    text = text.replace("return %y : tensor<2x3xf32>", "return %s, %t : tensor<2x3xf32>, tensor<2x3xf32>")
    assert layers(text) == ["simdc.negate"]
    assert parameters(text) == [(2, 3)]
