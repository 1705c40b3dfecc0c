"""TOSA: each op against numpy, and what transposes around a convolution cost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simdc.backends.execute import execute
from simdc.cost.kernel import Contraction
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.base import LayerOp
from simdc.ir.context import make_context
from simdc.ir.network import ParameterOp, network_of
from simdc.passes.tidy import TidyPass
from tests.frontends.mlir.hlo_text import module, op, run

A, B = (np.arange(24.0).reshape(2, 3, 4) - 9) / 4, np.arange(3.0).reshape(1, 3, 1) + 1
ZERO = '%z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>'
SHIFT = '%s = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>'


def shape_of(name: str, *numbers: int) -> str:
    count = len(numbers)
    held = f"values = dense<{list(numbers)}> : tensor<{count}xindex>"
    return op("tosa.const_shape", "", "", f"!tosa.shape<{count}>", held, name)


def layers(text: str) -> list[LayerOp]:
    return list(network_of(parse_foreign_module(text, "m.mlir", None)).layers())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("add", A + B),
        ("sub", A - B),
        ("maximum", np.maximum(A, B)),
        ("minimum", np.minimum(A, B)),
        ("greater", A > B),
        ("greater_equal", A >= B),
        ("equal", A == B),
    ],
)
def test_sides_broadcast(name: str, expected: np.ndarray) -> None:
    text = module("a:2x3x4xf32 b:1x3x1xf32", "2x3x4xf32",
                  op(f"tosa.{name}", "%a, %b", "2x3x4xf32 1x3x1xf32", "2x3x4xf32"))  # fmt: skip
    np.testing.assert_array_equal(run(text, A, B), expected)


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        ("abs", "", abs(A)),
        ("sigmoid", "", 1 / (1 + np.exp(-A))),
        ("clamp", "min_val = -1.0 : f32, max_val = 0.75 : f32", np.clip(A, -1, 0.75)),
        ("clamp", "min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32", np.maximum(A, 0)),
        ("reverse", "axis = 1 : i32", A[:, ::-1]),
    ],
)
def test_functions_of_one(name: str, fields: str, expected: np.ndarray) -> None:
    text = module("a:2x3x4xf32", "2x3x4xf32", op(f"tosa.{name}", "%a", "2x3x4xf32", "2x3x4xf32", fields))
    np.testing.assert_allclose(run(text, A), expected, atol=1e-6)
    if "E+38" in fields:
        assert [layer.name for layer in layers(text)] == ["simdc.relu"]


def test_a_cast_takes_the_nearest_whole_number() -> None:
    text = module("a:4xf32", "4xi32", op("tosa.cast", "%a", "4xf32", "4xi32"))
    np.testing.assert_array_equal(run(text, np.array([0.5, 1.5, -1.4, 2.6])), [0, 2, -1, 3])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("sum", A.sum(1)), ("max", A.max(1)), ("min", A.min(1)), ("product", A.prod(1))],
)
def test_reductions_keep_their_dimension(name: str, expected: np.ndarray) -> None:
    text = module("a:2x3x4xf32", "2x1x4xf32",
                  op(f"tosa.reduce_{name}", "%a", "2x3x4xf32", "2x1x4xf32", "axis = 1 : i32"))  # fmt: skip
    np.testing.assert_allclose(run(text, A), expected[:, None])


def test_where_the_largest_stands() -> None:
    text = module("a:2x3x4xf32", "2x4xi32", op("tosa.argmax", "%a", "2x3x4xf32", "2x4xi32", "axis = 1 : i32"))
    np.testing.assert_array_equal(run(text, A * [[[1], [-1], [0]]]), (A * [[[1], [-1], [0]]]).argmax(1))


def test_borders_cuts_and_tiles() -> None:
    text = module(
        "a:2x3x4xf32", "4x4x9xf32", ZERO,
        shape_of("%b", 0, 0, 1, 0, 0, 2), shape_of("%f", 0, 0, 1), shape_of("%n", 2, 4, 3), shape_of("%c", 2, 1, 3),
        op("tosa.pad", "%a, %b, %z", "2x3x4xf32 !tosa.shape<6> 1xf32", "2x4x6xf32", to="%p"),
        op("tosa.slice", "%p, %f, %n", "2x4x6xf32 !tosa.shape<3> !tosa.shape<3>", "2x4x3xf32", to="%q"),
        op("tosa.tile", "%q, %c", "2x4x3xf32 !tosa.shape<3>", "4x4x9xf32"),
    )  # fmt: skip
    expected = np.tile(np.pad(A, ((0, 0), (1, 0), (0, 2)))[:, :, 1:4], (2, 1, 3))
    np.testing.assert_array_equal(run(text, A), expected)


def test_rows_picked_and_written() -> None:
    table, ids = np.arange(12.0).reshape(1, 4, 3), np.array([[2, 0]])
    text = module("t:1x4x3xf32 i:1x2xi32", "1x2x3xf32", op("tosa.gather", "%t, %i", "1x4x3xf32 1x2xi32", "1x2x3xf32"))
    np.testing.assert_array_equal(run(text, table, ids), table[:, [2, 0]])
    text = module("t:1x4x3xf32 i:1x2xi32 r:1x2x3xf32", "1x4x3xf32",
                  op("tosa.scatter", "%t, %i, %r", "1x4x3xf32 1x2xi32 1x2x3xf32", "1x4x3xf32"))  # fmt: skip
    expected = table.copy()
    expected[0, [2, 0]] = 7
    np.testing.assert_array_equal(run(text, table, ids, np.full((1, 2, 3), 7.0)), expected)


def windows(x: np.ndarray, taps: int, stride: int, gather: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Of images [n, h, w, c] what `gather` makes of each window [n, taps, taps, c]."""
    places = range(0, x.shape[1] - taps + 1, stride)
    return np.stack([np.stack([gather(x[:, i : i + taps, j : j + taps]) for j in places], 1) for i in places], 1)


IMAGE = np.sin(np.arange(2 * 5 * 5 * 4)).reshape(2, 5, 5, 4)
WEIGHT = np.cos(np.arange(6 * 3 * 3 * 4)).reshape(6, 3, 3, 4)
CONV = "pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>"
KINDS = "2x5x5x4xf32 6x3x3x4xf32 6xf32 1xf32 1xf32"


def expected_convolution(bias: np.ndarray) -> np.ndarray:
    wide = np.pad(IMAGE, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return windows(wide, 3, 2, lambda part: np.einsum("nhwc,ohwc->no", part, WEIGHT)) + bias


def test_a_convolution_of_images_as_they_lie() -> None:
    bias = np.arange(6.0)
    text = module("x:2x5x5x4xf32 w:6x3x3x4xf32 b:6xf32", "2x3x3x6xf32", ZERO,
                  op("tosa.conv2d", "%x, %w, %b, %z, %z", KINDS, "2x3x3x6xf32", CONV))  # fmt: skip
    np.testing.assert_allclose(run(text, IMAGE, WEIGHT, bias), expected_convolution(bias), atol=1e-6)
    (layer,) = layers(text)
    kernel = layer.kernel()
    assert isinstance(kernel, Contraction)
    assert kernel.useful_macs == 2 * 3 * 3 * 6 * 36


def test_transposes_around_a_convolution_cost_nothing() -> None:
    text = module(
        "x:2x4x5x5xf32 w:6x4x3x3xf32 b:6xf32", "2x6x3x3xf32", ZERO,
        op("tosa.transpose", "%x", "2x4x5x5xf32", "2x5x5x4xf32", "perms = array<i32: 0, 2, 3, 1>", "%p"),
        op("tosa.transpose", "%w", "6x4x3x3xf32", "6x3x3x4xf32", "perms = array<i32: 0, 2, 3, 1>", "%q"),
        op("tosa.conv2d", "%p, %q, %b, %z, %z", KINDS, "2x3x3x6xf32", CONV, "%r"),
        op("tosa.transpose", "%r", "2x3x3x6xf32", "2x6x3x3xf32", "perms = array<i32: 0, 3, 1, 2>"),
    )  # fmt: skip
    found = run(text, IMAGE.transpose(0, 3, 1, 2), WEIGHT.transpose(0, 3, 1, 2), np.arange(6.0))
    np.testing.assert_allclose(found, expected_convolution(np.arange(6.0)).transpose(0, 3, 1, 2), atol=1e-6)
    assert [layer.name for layer in layers(text)] == ["simdc.conv2d"]


def test_channels_by_themselves() -> None:
    weight = np.cos(np.arange(3 * 3 * 4 * 2)).reshape(3, 3, 4, 2)
    fields = "pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>"
    text = module("x:2x5x5x4xf32 w:3x3x4x2xf32 b:8xf32", "2x3x3x8xf32", ZERO,
                  op("tosa.depthwise_conv2d", "%x, %w, %b, %z, %z",
                     "2x5x5x4xf32 3x3x4x2xf32 8xf32 1xf32 1xf32", "2x3x3x8xf32", fields))  # fmt: skip
    expected = windows(IMAGE, 3, 1, lambda part: np.einsum("nhwc,hwcm->ncm", part, weight).reshape(2, 8))
    np.testing.assert_allclose(run(text, IMAGE, weight, np.arange(8.0)), expected + np.arange(8.0), atol=1e-6)


@pytest.mark.parametrize("name", ["max", "avg"])
@pytest.mark.parametrize("border", [0, 1])
def test_pools(name: str, border: int) -> None:
    """A mean counts what lies inside the image alone."""
    side = (5 + 2 * border - 3) // 2 + 1
    made = f"2x{side}x{side}x4xf32"
    fields = "kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>, pad = array<i64: "
    fields += ", ".join([str(border)] * 4) + ">"
    zeros = (", %z, %z", " 1xf32 1xf32") if name == "avg" else ("", "")
    text = module("x:2x5x5x4xf32", made, ZERO,
                  op(f"tosa.{name}_pool2d", f"%x{zeros[0]}", f"2x5x5x4xf32{zeros[1]}", made, fields))  # fmt: skip
    wide = np.pad(IMAGE, ((0, 0), (border,) * 2, (border,) * 2, (0, 0)), constant_values=np.nan)
    gather = np.nanmax if name == "max" else np.nanmean
    np.testing.assert_allclose(run(text, IMAGE), windows(wide, 3, 2, lambda p: gather(p, axis=(1, 2))), atol=1e-6)


def test_a_product_has_a_batch() -> None:
    w = np.arange(40.0).reshape(2, 4, 5)
    text = module("a:2x3x4xf32 w:2x4x5xf32", "2x3x5xf32", ZERO,
                  op("tosa.matmul", "%a, %w, %z, %z", "2x3x4xf32 2x4x5xf32 1xf32 1xf32", "2x3x5xf32"))  # fmt: skip
    np.testing.assert_allclose(run(text, A, w), A @ w)


def numbers(name: str, shape: str) -> str:
    return (
        f'%{name} = "tosa.const"() <{{values = dense_resource<{name}> : tensor<{shape}xf32>}}> : () -> '
        f"tensor<{shape}xf32>"
    )


def test_a_batch_norm_behind_a_convolution_that_strides_over_a_cut_image() -> None:
    # torch-mlir cuts 6 rows to 5, since TOSA wants 5 - 1 to be a multiple of the stride.
    image, cut, made, turned = "1x6x6x2xf32", "1x5x5x2xf32", "1x3x3x4xf32", "1x4x3x3xf32"
    text = module(
        "a:1x2x6x6xf32",
        turned,
        numbers("w", "4x1x1x2"),
        numbers("b", "4"),
        numbers("m", "1x4x1x1"),
        numbers("s", "1x4x1x1"),
        ZERO,
        SHIFT,
        op("tosa.transpose", "%a", "1x2x6x6xf32", image, "perms = array<i32: 0, 2, 3, 1>", "%l"),
        shape_of("%from", 0, 0, 0, 0),
        shape_of("%to", 1, 5, 5, 2),
        op("tosa.slice", "%l, %from, %to", f"{image} !tosa.shape<4> !tosa.shape<4>", cut, "", "%c"),
        op("tosa.conv2d", "%c, %w, %b, %z, %z", f"{cut} 4x1x1x2xf32 4xf32 1xf32 1xf32", made,
           "pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>", "%k"),
        op("tosa.transpose", "%k", made, turned, "perms = array<i32: 0, 3, 1, 2>", "%n"),
        op("tosa.sub", "%n, %m", f"{turned} 1x4x1x1xf32", turned, "", "%d"),
        op("tosa.mul", "%d, %s, %s0", f"{turned} 1x4x1x1xf32 1xi8", turned, "", "%y"),
    ).replace("%s0", "%shift").replace(SHIFT, SHIFT.replace("%s =", "%shift ="))  # fmt: skip
    found = parse_foreign_module(text, "m.mlir", None)
    TidyPass().apply(make_context(), found)
    assert [layer.name for layer in network_of(found).layers()] == ["simdc.conv2d"]
    draw = np.random.default_rng(0)
    a, w, bias = draw.normal(size=(1, 2, 6, 6)), draw.normal(size=(4, 2)), draw.normal(size=4)
    labels = [each.label.data for each in network_of(found).body.block.ops if isinstance(each, ParameterOp)]
    values = {label: bias if label == "b" else w.reshape(4, 2, 1, 1) for label in labels}
    (y,) = execute(found, [a], values).returned
    np.testing.assert_allclose(y, np.einsum("nchw,fc->nfhw", a[:, :, ::2, ::2], w) + bias.reshape(4, 1, 1), atol=1e-6)


def test_a_bias_behind_a_product_that_is_seen_in_another_shape() -> None:
    text = module(
        "a:1x3x4xf32",
        "3x5xf32",
        numbers("w", "1x4x5"),
        numbers("b", "1x5"),
        ZERO,
        op("tosa.matmul", "%a, %w, %z, %z", "1x3x4xf32 1x4x5xf32 1xf32 1xf32", "1x3x5xf32", "", "%p"),
        shape_of("%flat", 3, 5),
        op("tosa.reshape", "%p, %flat", "1x3x5xf32 !tosa.shape<2>", "3x5xf32", "", "%r"),
        op("tosa.add", "%r, %b", "3x5xf32 1x5xf32", "3x5xf32"),
    )
    assert [layer.name for layer in layers(text) if layer.UNIT is not None] == ["simdc.contraction"]


def test_channels_by_themselves_between_transposes() -> None:
    image, made, turned = "1x5x5x3xf32", "1x4x4x3xf32", "1x3x4x4xf32"
    text = module(
        "a:1x3x5x5xf32",
        turned,
        numbers("w", "2x2x3x1"),
        numbers("b", "3"),
        ZERO,
        op("tosa.transpose", "%a", "1x3x5x5xf32", image, "perms = array<i32: 0, 2, 3, 1>", "%l"),
        op("tosa.depthwise_conv2d", "%l, %w, %b, %z, %z", f"{image} 2x2x3x1xf32 3xf32 1xf32 1xf32", made,
           "pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>", "%k"),
        op("tosa.transpose", "%k", made, turned, "perms = array<i32: 0, 3, 1, 2>"),
    )  # fmt: skip
    found = parse_foreign_module(text, "m.mlir", None)
    assert [layer.name for layer in network_of(found).layers()] == ["simdc.conv2d"]
    draw = np.random.default_rng(0)
    a, w, bias = draw.normal(size=(1, 3, 5, 5)), draw.normal(size=(3, 1, 2, 2)), draw.normal(size=3)
    labels = [each.label.data for each in network_of(found).body.block.ops if isinstance(each, ParameterOp)]
    (y,) = execute(found, [a], {label: bias if label == "b" else w for label in labels}).returned
    parts = [a[:, :, i : i + 4, j : j + 4] * w[:, 0, i, j].reshape(3, 1, 1) for i in (0, 1) for j in (0, 1)]
    np.testing.assert_allclose(y, sum(parts) + bias.reshape(3, 1, 1), atol=1e-6)
