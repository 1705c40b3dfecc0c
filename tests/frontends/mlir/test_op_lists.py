"""Every op of the dialects is read, or refused with a reason; docs/mlir-ops.md says so.

`programs/op_names.txt` has the ops that the bindings of torch-mlir (2026-11) and of JAX 0.10 name: of linalg, tensor,
tm_tensor, TOSA, scf, StableHLO and CHLO.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simdc.frontends.mlir import dialects, parse_foreign_module
from simdc.frontends.mlir.importer import CALLS, TERMINATORS
from simdc.frontends.mlir.reader import FUNCTIONS, REASONS
from simdc.ir.network import network_of
from tests.frontends.mlir.hlo_text import module, op, run

NAMES = (Path(__file__).parent / "programs/op_names.txt").read_text().split()
PARTS = ("linalg.index", "linalg.yield", "tensor.yield", "scf.forall.in_parallel", "scf.reduce", "scf.reduce.return",
         "tensor.parallel_insert_slice")  # fmt: skip
"""Ops that stand in bodies of others."""
A, B = np.random.default_rng(1).normal(size=(2, 3)), np.random.default_rng(2).normal(size=3)


def test_every_op_is_read_or_refused_with_a_reason() -> None:
    dialects.load()
    known = {*FUNCTIONS, *REASONS, *CALLS, *TERMINATORS, *PARTS}
    assert [name for name in NAMES if name not in known] == []
    assert not FUNCTIONS.keys() & REASONS.keys()
    assert all(function.__doc__ for function in FUNCTIONS.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [("add", A + B), ("maximum", np.maximum(A, B)), ("divide", A / B), ("subtract", A - B)],
)
def test_sides_of_chlo_broadcast(name: str, expected: np.ndarray) -> None:
    text = module("a:2x3xf32 b:3xf32", "2x3xf32", op(f"chlo.broadcast_{name}", "%a, %b", "2x3xf32 3xf32", "2x3xf32"))
    np.testing.assert_array_equal(run(text, A, B), expected)


def test_comparisons_and_choices_of_chlo_broadcast() -> None:
    less = op("chlo.broadcast_compare", "%a, %b", "2x3xf32 3xf32", "2x3xi1",
              "comparison_direction = #chlo<comparison_direction LT>", "%c")  # fmt: skip
    text = module("a:2x3xf32 b:3xf32", "2x3xf32", less,
                  op("chlo.broadcast_select", "%c, %b, %a", "2x3xi1 3xf32 2x3xf32", "2x3xf32"))  # fmt: skip
    np.testing.assert_array_equal(run(text, A, B), np.where(A < B, B, A))


def numbers(name: str, *values: int) -> str:
    return f'{name} = "stablehlo.constant"() <{{value = dense<{list(values)}> : tensor<{len(values)}xi64>}}> : () -> tensor<{len(values)}xi64>'  # noqa: E501


def test_borders_and_slices_whose_numbers_are_known() -> None:
    zero = '%z = "stablehlo.constant"() <{value = dense<0.5> : tensor<f32>}> : () -> tensor<f32>'
    padded = op("stablehlo.dynamic_pad", "%a, %z, %l, %h, %i", "2x3xf32 f32 2xi64 2xi64 2xi64", "4x6xf32", to="%p")
    cut = op("stablehlo.real_dynamic_slice", "%p, %f, %t, %s", "4x6xf32 2xi64 2xi64 2xi64", "2x3xf32")
    text = module("a:2x3xf32", "2x3xf32", zero, numbers("%l", 1, 0), numbers("%h", 1, 1), numbers("%i", 0, 1),
                  padded, numbers("%f", 0, 0), numbers("%t", 4, 6), numbers("%s", 2, 2), cut)  # fmt: skip
    whole = np.full((4, 6), 0.5)
    whole[1:3, :5:2] = A
    np.testing.assert_array_equal(run(text, A), whole[::2, ::2])


@pytest.mark.parametrize(("lhs", "rhs"), [("2x3", "3x4"), ("3", "3x4"), ("2x3", "3"), ("3", "3")])
def test_products_of_the_last_dimension_and_the_first(lhs: str, rhs: str) -> None:
    random = np.random.default_rng(3)
    a, b = (random.normal(size=[int(size) for size in shape.split("x")]) for shape in (lhs, rhs))
    expected = np.asarray(a @ b)
    kind = "x".join([*map(str, expected.shape), "f32"])
    text = module(f"a:{lhs}xf32 b:{rhs}xf32", kind, op("stablehlo.dot", "%a, %b", f"{lhs}xf32 {rhs}xf32", kind))
    np.testing.assert_allclose(run(text, a, b).reshape(expected.shape), expected, rtol=1e-12)


def test_products_of_tosa_with_the_second_side_transposed() -> None:
    a, b = np.random.default_rng(4).normal(size=(2, 4, 5)), np.random.default_rng(5).normal(size=(2, 6, 5))
    text = module("a:2x4x5xf32 b:2x6x5xf32", "2x4x6xf32",
                  op("tosa.matmul_t", "%a, %b", "2x4x5xf32 2x6x5xf32", "2x4x6xf32"))  # fmt: skip
    np.testing.assert_allclose(run(text, a, b), a @ b.transpose(0, 2, 1), rtol=1e-12)


def test_a_composite_is_its_decomposition() -> None:
    text = """module {
      func.func @main(%a: tensor<2x3xf32>) -> tensor<2x3xf32> {
        %y = "stablehlo.composite"(%a) <{decomposition = @twice, name = "own.twice"}>
          : (tensor<2x3xf32>) -> tensor<2x3xf32>
        return %y : tensor<2x3xf32>
      }
      func.func private @twice(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
        %s = "stablehlo.add"(%x, %x) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
        return %s : tensor<2x3xf32>
      }
    }"""
    np.testing.assert_array_equal(run(text, A), 2 * A)


def test_linalg_with_maps_and_no_name() -> None:
    """`contract`: sums of products over d2, the right side transposed."""
    maps = ", ".join(f"affine_map<(d0, d1, d2) -> ({each})>" for each in ("d0, d2", "d1, d2", "d0, d1"))
    text = module("a:4x5xf32 b:6x5xf32 c:4x6xf32", "4x6xf32", f"""
        %y = "linalg.contract"(%a, %b, %c) <{{indexing_maps = [{maps}], operandSegmentSizes = array<i32: 2, 1>}}> ({{
           ^bb0(%p: f32, %q: f32, %s: f32):
             %m = "arith.mulf"(%p, %q) : (f32, f32) -> f32
             %t = "arith.addf"(%s, %m) : (f32, f32) -> f32
             "linalg.yield"(%t) : (f32) -> ()
        }}) : (tensor<4x5xf32>, tensor<6x5xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>""")  # fmt: skip
    random = np.random.default_rng(6)
    a, b, c = random.normal(size=(4, 5)), random.normal(size=(6, 5)), random.normal(size=(4, 6))
    np.testing.assert_allclose(run(text, a, b, c), a @ b.T + c, rtol=1e-12)
    (layer,) = network_of(parse_foreign_module(text, "m.mlir", None)).layers()
    assert layer.name == "simdc.contraction"


def test_a_tensor_of_no_elements_is_nothing() -> None:
    """Joined with others it adds nothing; a border around it is all there is."""
    cut = op("stablehlo.slice", "%a", "2x3xf32", "0x3xf32", "limit_indices = array<i64: 1, 3>, "
             "start_indices = array<i64: 1, 0>, strides = array<i64: 1, 1>", "%n")  # fmt: skip
    joined = op("stablehlo.concatenate", "%n, %a", "0x3xf32 2x3xf32", "2x3xf32", "dimension = 0 : i64", "%j")
    zero = '%z = "stablehlo.constant"() <{value = dense<0.5> : tensor<f32>}> : () -> tensor<f32>'
    wide = op("stablehlo.pad", "%n, %z", "0x3xf32 f32", "2x3xf32", "edge_padding_high = array<i64: 1, 0>, "
              "edge_padding_low = array<i64: 1, 0>, interior_padding = array<i64: 0, 0>", "%w")  # fmt: skip
    text = module("a:2x3xf32", "2x3xf32", cut, joined, zero, wide,
                  op("stablehlo.add", "%j, %w", "2x3xf32 2x3xf32", "2x3xf32"))  # fmt: skip
    np.testing.assert_array_equal(run(text, A), A + 0.5)
