"""Sizes that modules leave open: what `--bind` gives, what follows from it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simdc.backends.execute import execute
from simdc.cli import main
from simdc.errors import SimdcError
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.base import shape_of
from simdc.ir.network import network_of

MAP = "affine_map<(d0, d1) -> (d0, d1)>"
EACH = f'{{indexing_maps = [{MAP}, {MAP}], iterator_types = ["parallel", "parallel"]}}'
SQUARES = f"""
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %y = linalg.generic {EACH} ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {{
    ^bb0(%a: f32, %b: f32):
      %m = arith.mulf %a, %a : f32
      linalg.yield %m : f32
  }} -> tensor<?x4xf32>
"""
X = np.arange(12.0).reshape(3, 4)


def module(arguments: str, result: str, body: str) -> str:
    return f"module {{ func.func @main({arguments}) -> {result} {{\n{body}\nreturn %y : {result} }} }}"


def run(text: str, bind: dict[str, int], *inputs: np.ndarray) -> np.ndarray:
    (found,) = execute(parse_foreign_module(text, "m.mlir", None, None, bind), list(inputs), {}).returned
    return found


def test_loops_run_as_far_as_what_is_bound() -> None:
    text = module("%x: tensor<?x4xf32>", "tensor<?x4xf32>", SQUARES)
    np.testing.assert_array_equal(run(text, {"x.0": 3}, X), X * X)
    network = network_of(parse_foreign_module(text, "m.mlir", 7, None, {"x.0": 7}))
    assert [shape_of(value) for value in network.body.block.args] == [(7, 4)]
    assert network.batch.value.data == 7


@pytest.mark.parametrize(("other", "size"), [(3, 3), (5, 1)])
def test_sizes_that_are_compared(other: int, size: int) -> None:
    """As PyTorch broadcasts: as many rows as %x where %z has as many, else one."""
    body = """
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %n = tensor.dim %x, %c0 : tensor<?x4xf32>
      %m = tensor.dim %z, %c0 : tensor<?x4xf32>
      %is = arith.cmpi eq, %n, %m : index
      %k = arith.select %is, %n, %c1 : index
      %c = "tensor.extract_slice"(%x, %k) <{static_offsets = array<i64: 0, 0>,
            static_sizes = array<i64: -9223372036854775808, 4>, static_strides = array<i64: 1, 1>,
            operandSegmentSizes = array<i32: 1, 0, 1, 0>}> : (tensor<?x4xf32>, index) -> tensor<?x4xf32>
      %y = "stablehlo.negate"(%c) : (tensor<?x4xf32>) -> tensor<?x4xf32>
    """
    text = module("%x: tensor<?x4xf32>, %z: tensor<?x4xf32>", "tensor<?x4xf32>", body)
    np.testing.assert_array_equal(run(text, {"x.0": 3, "z.0": other}, X, np.ones((other, 4))), -X[:size])


def test_sizes_that_go_against_what_is_asserted() -> None:
    body = """
      %c0 = arith.constant 0 : index
      %n = tensor.dim %x, %c0 : tensor<?x4xf32>
      %m = tensor.dim %z, %c0 : tensor<?x4xf32>
      %is = arith.cmpi eq, %n, %m : index
      "cf.assert"(%is) <{msg = "sizes differ"}> : (i1) -> ()
      %y = "stablehlo.add"(%x, %x) : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
    """
    text = module("%x: tensor<?x4xf32>, %z: tensor<?x4xf32>", "tensor<?x4xf32>", body)
    np.testing.assert_array_equal(run(text, {"x.0": 3, "z.0": 3}, X, X), X + X)
    with pytest.raises(SimdcError, match=r"cf\.assert, what it asserts is not so: 'sizes differ': line 7"):
        parse_foreign_module(text, "m.mlir", None, None, {"x.0": 3, "z.0": 5})


def test_shapes_that_are_worked_out() -> None:
    """[n, 4] to [n, 2, 2] and [2n, 2], one row before and one behind; its second to (2n + 1)th row are what it was."""
    body = """
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %zero = arith.constant 7.0 : f32
      %u = tensor.cast %x : tensor<?x4xf32> to tensor<?x?xf32>
      %s = tensor.cast %u : tensor<?x?xf32> to tensor<?x4xf32>
      %w = "tensor.expand_shape"(%s) <{reassociation = [[0 : i64], [1 : i64, 2 : i64]],
            static_output_shape = array<i64: -9223372036854775808, 2, 2>}> : (tensor<?x4xf32>) -> tensor<?x2x2xf32>
      %v = "tensor.collapse_shape"(%w) <{reassociation = [[0 : i64, 1 : i64], [2 : i64]]}>
            : (tensor<?x2x2xf32>) -> tensor<?x2xf32>
      %p = "tensor.pad"(%v, %c1, %c1) <{static_low = array<i64: -9223372036854775808, 0>,
            static_high = array<i64: -9223372036854775808, 0>, operandSegmentSizes = array<i32: 1, 1, 1>}> ({
          ^bb0(%i: index, %j: index): "tensor.yield"(%zero) : (f32) -> ()
        }) : (tensor<?x2xf32>, index, index) -> tensor<?x2xf32>
      %m = tensor.dim %p, %c0 : tensor<?x2xf32>
      %k = arith.subi %m, %c1 : index
      %c = "tensor.extract_slice"(%p, %c1, %k) <{static_offsets = array<i64: -9223372036854775808, 0>,
            static_sizes = array<i64: -9223372036854775808, 2>, static_strides = array<i64: 1, 1>,
            operandSegmentSizes = array<i32: 1, 1, 1, 0>}> : (tensor<?x2xf32>, index, index) -> tensor<?x2xf32>
      %y = "math.absf"(%c) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    """.replace("math.absf", "stablehlo.abs")
    text = module("%x: tensor<?x4xf32>", "tensor<?x2xf32>", body)
    expected = np.concatenate([X.reshape(6, 2), np.full((1, 2), 7.0)])
    np.testing.assert_array_equal(run(text, {"x.0": 3}, X), expected)


def test_shapes_of_stablehlo() -> None:
    """A bias for each of n rows of a product, where the shape is put together of numbers."""
    body = """
      %n = "stablehlo.get_dimension_size"(%x) <{dimension = 0 : i64}> : (tensor<?x4xf32>) -> tensor<i32>
      %o = "stablehlo.reshape"(%n) : (tensor<i32>) -> tensor<1xi32>
      %f = "stablehlo.constant"() <{value = dense<5> : tensor<1xi32>}> : () -> tensor<1xi32>
      %s = "stablehlo.concatenate"(%o, %f) <{dimension = 0 : i64}> : (tensor<1xi32>, tensor<1xi32>) -> tensor<2xi32>
      %d = "stablehlo.dot_general"(%x, %w) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1],
            rhs_contracting_dimensions = [0]>}> : (tensor<?x4xf32>, tensor<4x5xf32>) -> tensor<?x5xf32>
      %r = "stablehlo.dynamic_broadcast_in_dim"(%b, %s) <{broadcast_dimensions = array<i64: 1>}>
            : (tensor<5xf32>, tensor<2xi32>) -> tensor<?x5xf32>
      %a = "stablehlo.add"(%d, %r) : (tensor<?x5xf32>, tensor<?x5xf32>) -> tensor<?x5xf32>
      %y = "stablehlo.transpose"(%a) <{permutation = array<i64: 1, 0>}> : (tensor<?x5xf32>) -> tensor<5x?xf32>
    """
    text = module("%x: tensor<?x4xf32>, %w: tensor<4x5xf32>, %b: tensor<5xf32>", "tensor<5x?xf32>", body)
    w, b = np.arange(20.0).reshape(4, 5), np.arange(5.0) * 100
    np.testing.assert_array_equal(run(text, {"x.0": 3}, X, w, b), (X @ w + b).T)


def test_a_batch_goes_through_a_convolution() -> None:
    body = """
      %y = "stablehlo.convolution"(%x, %w) <{dimension_numbers = #stablehlo.conv<[b, f, 0]x[o, i, 0]->[b, f, 0]>,
            feature_group_count = 1 : i64, batch_group_count = 1 : i64}>
            : (tensor<?x2x4xf32>, tensor<3x2x3xf32>) -> tensor<?x3x2xf32>
    """
    text = module("%x: tensor<?x2x4xf32>, %w: tensor<3x2x3xf32>", "tensor<?x3x2xf32>", body)
    (layer,) = network_of(parse_foreign_module(text, "m.mlir", None, ["w"], {"x.0": 6})).layers()
    assert shape_of(layer.results[0]) == (6, 3, 2)


def test_a_function_that_is_called_twice_has_other_sizes_each_time() -> None:
    text = """module {
      func.func private @f(%a: tensor<?x4xf32>) -> tensor<?x4xf32> {
        %r = "stablehlo.negate"(%a) : (tensor<?x4xf32>) -> tensor<?x4xf32>
        return %r : tensor<?x4xf32>
      }
      func.func @main(%x: tensor<?x4xf32>, %z: tensor<?x4xf32>) -> tensor<?x4xf32> {
        %p = func.call @f(%x) : (tensor<?x4xf32>) -> tensor<?x4xf32>
        %q = func.call @f(%z) : (tensor<?x4xf32>) -> tensor<?x4xf32>
        %y = "stablehlo.concatenate"(%p, %q) <{dimension = 0 : i64}>
            : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
        return %y : tensor<?x4xf32>
      }
    }"""  # fmt: skip
    z = X[:2] + 100
    np.testing.assert_array_equal(run(text, {"x.0": 3, "z.0": 2}, X, z), -np.concatenate([X, z]))


@pytest.mark.parametrize(
    ("bind", "message"),
    [
        ({}, r"leaves sizes of its arguments open: x\.0, z\.0, z\.1; give them: --bind x\.0=N --bind z\.0=N"),
        ({"x.0": 3, "z.1": 4}, r"open: z\.0; give them: --bind z\.0=N; or export the module with static shapes"),
        ({"x.1": 3}, r"--bind x\.1: no size is called that; did you mean"),
        ({"height": 3}, r"--bind height: no size is called that; open sizes are x\.0, z\.0, z\.1"),
        ({"x.0": 3, "z.0": 0, "z.1": 4}, r"the size bound to 'z\.0' must be 1 or more, got 0"),
    ],
)  # fmt: skip
def test_what_must_be_bound(bind: dict[str, int], message: str) -> None:
    text = module("%x: tensor<?x4xf32>, %z: tensor<?x?xf32>", "tensor<?x4xf32>", SQUARES)
    with pytest.raises(SimdcError, match=message):
        parse_foreign_module(text, "m.mlir", None, None, bind)


def test_a_module_without_open_sizes_takes_none() -> None:
    text = module("%x: tensor<3x4xf32>", "tensor<3x4xf32>", SQUARES.replace("?", "3"))
    with pytest.raises(SimdcError, match=r"--bind x\.0: no size is called that; the module leaves none open"):
        parse_foreign_module(text, "m.mlir", None, None, {"x.0": 3})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('"stablehlo.sort"(%x) : (tensor<?x4xf32>) -> tensor<?x4xf32>',
         r"stablehlo\.sort, its open sizes \(dimension 0\) do not follow from those that are bound; .*: line 2"),
        ("tensor.cast %x : tensor<?x4xf32> to tensor<5x4xf32>", r"cast, it takes \[3, 4\] for \[5, 4\]: line 2"),
        ("tensor.cast %x : tensor<?x4xf32> to tensor<?x5xf32>", "dimension 1 is 5 by its type and 4 by what is bound"),
        ("tensor.empty(%k) : tensor<?x4xf32>", "tensor.empty, a number depends on data: line 2"),
    ],
)  # fmt: skip
def test_what_stays_open_is_refused_with_its_place(line: str, message: str) -> None:
    result = line.rpartition(" ")[2]
    text = module("%x: tensor<?x4xf32>, %k: index", result, f"%y = {line}")
    with pytest.raises(SimdcError, match=message):
        parse_foreign_module(text, "m.mlir", None, None, {"x.0": 3})


def test_by_the_command_and_written_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The module keeps its open sizes, and has its costs."""
    path, annotated = tmp_path / "m.mlir", tmp_path / "priced.mlir"
    path.write_text(module("%x: tensor<?x4xf32>", "tensor<?x4xf32>", SQUARES))
    assert main([str(path), "--hw", "HI3", "--bind", "x.0=64", "--layers", "--annotate", str(annotated)]) == 0
    assert "64" in capsys.readouterr().out
    written = annotated.read_text()
    assert written.count("tensor<?x4xf32>") >= 4
    assert "simdc.cost" in written
    assert "tensor<64x4xf32>" not in written
