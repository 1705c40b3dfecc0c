"""What element-wise ops compute, against numpy, and what their types change."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from simdc.errors import SimdcError
from simdc.frontends.mlir.functions import LaneCode
from simdc.frontends.mlir.special import ARC_ERROR, arc_tangent
from tests.frontends.mlir.hlo_text import module, op, run

X = np.array([-0.95, -0.5, -1e-3, 1e-3, 0.25, 0.5, 0.9, 0.999])
ANY = np.array([-40.0, -2.5, -1.0, -0.5, 0.5, 1.0, 2.5, 40.0])


@pytest.mark.parametrize(
    ("name", "expected", "x"),
    [
        ("chlo.tan", np.tan, X),
        ("stablehlo.tan", np.tan, X),
        ("chlo.atan", np.arctan, ANY),
        ("chlo.asin", np.arcsin, X),
        ("chlo.acos", np.arccos, X),
        ("chlo.sinh", np.sinh, X),
        ("chlo.cosh", np.cosh, X),
        ("chlo.asinh", np.arcsinh, ANY),
        ("chlo.acosh", np.arccosh, abs(ANY) + 1),
        ("chlo.atanh", np.arctanh, X),
        ("chlo.erfc", np.vectorize(math.erfc), ANY),
        ("stablehlo.cbrt", np.cbrt, ANY),
        ("stablehlo.round_nearest_even", np.round, ANY),
        ("stablehlo.round_nearest_afz", lambda x: np.sign(x) * np.floor(abs(x) + 0.5), ANY),
    ],
)
def test_functions_of_one(name: str, expected: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> None:
    text = module("a:8xf32", "8xf32", op(name, "%a", "8xf32", "8xf32"))
    np.testing.assert_allclose(run(text, x), expected(x), atol=1e-6, rtol=1e-6)


def test_an_arc_tangent_is_as_near_as_it_says() -> None:
    for x in [*np.linspace(-1, 1, 400), *np.linspace(1, 50, 400)]:
        found = arc_tangent(LaneCode(), float(x))
        assert isinstance(found, float)
        assert abs(found - math.atan(x)) <= ARC_ERROR


def test_an_angle_knows_its_quarter() -> None:
    y, x = np.array([1.0, 1, -1, -1, 2, -2, 0]), np.array([3.0, -3, 3, -3, -0.5, -0.5, -1])
    text = module("y_:7xf32 x:7xf32", "7xf32", op("stablehlo.atan2", "%y_, %x", "7xf32 7xf32", "7xf32"))
    np.testing.assert_allclose(run(text, y, x), np.arctan2(y, x), atol=1e-6)


def test_what_is_finite() -> None:
    text = module("a:4xf32", "4xi1", op("stablehlo.is_finite", "%a", "4xf32", "4xi1"))
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(run(text, np.array([1.0, np.inf, -np.inf, np.nan])), [1, 0, 0, 0])


def test_whole_numbers_divide_without_a_rest() -> None:
    text = module("a:4xi32 b:4xi32", "4xi32", op("stablehlo.divide", "%a, %b", "4xi32 4xi32", "4xi32"))
    np.testing.assert_array_equal(run(text, np.array([7.0, -7, 8, 1]), np.array([2.0, 2, 4, 3])), [3, -3, 2, 0])


def test_truth_is_one() -> None:
    """An `all` starts from a constant that is true, which one signed bit is -1 of."""
    text = module(
        "a:2x3xi1",
        "2xi1",
        '%t = "stablehlo.constant"() <{value = dense<true> : tensor<i1>}> : () -> tensor<i1>',
        """%y = "stablehlo.reduce"(%a, %t) <{dimensions = array<i64: 1>}> ({
             ^bb0(%p: tensor<i1>, %q: tensor<i1>):
               %r = "stablehlo.and"(%p, %q) : (tensor<i1>, tensor<i1>) -> tensor<i1>
               "stablehlo.return"(%r) : (tensor<i1>) -> ()
             }) : (tensor<2x3xi1>, tensor<i1>) -> tensor<2xi1>""",
    )
    np.testing.assert_array_equal(run(text, np.array([[1.0, 1, 1], [1, 0, 1]])), [1, 0])


@pytest.mark.parametrize("name", ["and", "or", "xor"])
def test_bits_of_numbers_are_refused(name: str) -> None:
    text = module("a:4xi32 b:4xi32", "4xi32", op(f"stablehlo.{name}", "%a, %b", "4xi32 4xi32", "4xi32"))
    with pytest.raises(SimdcError, match="no code for the bits of numbers"):
        run(text, np.zeros(4), np.zeros(4))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("arith.floordivsi %p, %q : i32", np.floor_divide),
        ("arith.ceildivsi %p, %q : i32", lambda p, q: -np.floor_divide(-p, q)),
    ],
)
def test_whole_divisions_of_linalg(line: str, expected: Callable[..., np.ndarray]) -> None:
    text = module(
        "a:4xi32 b:4xi32",
        "4xi32",
        "%e = tensor.empty() : tensor<4xi32>",
        f"""%y = linalg.generic {{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>,
              affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}}
            ins(%a, %b : tensor<4xi32>, tensor<4xi32>) outs(%e : tensor<4xi32>) {{
            ^bb0(%p: i32, %q: i32, %o: i32):
              %r = {line}
              linalg.yield %r : i32 }} -> tensor<4xi32>""",
    )
    p, q = np.array([7.0, -7, 8, -1]), np.array([2.0, 2, 4, 3])
    np.testing.assert_array_equal(run(text, p, q), expected(p, q))


def test_a_constant_may_be_zero() -> None:
    """A whole zero is false in Python, and is there all the same."""
    text = module(
        "a:4xf32",
        "4xf32",
        '%zero = "arith.constant"() <{value = 0 : i64}> : () -> i64',
        "%from = arith.sitofp %zero : i64 to f32",
        "%f = tensor.splat %from : tensor<4xf32>",
        op("stablehlo.multiply", "%a, %f", "4xf32 4xf32", "4xf32"),
    )
    np.testing.assert_array_equal(run(text, np.arange(4.0)), np.zeros(4))


@pytest.mark.parametrize(
    ("opcode", "number"),
    [("add", 0.0), ("sub", 0.0), ("mul", 1.0), ("div", 1.0), ("max", -math.inf), ("min", math.inf)],
)
def test_what_changes_nothing_is_no_instruction(opcode: str, number: float) -> None:
    code = LaneCode()
    assert code.put(opcode, "x", number) == "x"
    assert (code.put(opcode, number, "x") == "x") == (opcode not in ("sub", "div"))
    assert code.put(opcode, "x", 7.0) != "x"
    # One that was not left out: 7, and 0 - x or 1 / x.
    assert len(code.steps) == (2 if opcode in ("sub", "div") else 1)
