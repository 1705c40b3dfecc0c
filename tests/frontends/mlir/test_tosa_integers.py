"""TOSA's quantized numbers, and its images of another size, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from simdc.errors import SimdcError
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.network import network_of
from tests.frontends.mlir.hlo_text import module, op, run
from tests.frontends.mlir.test_tosa import SHIFT, shape_of

NUMBERS = np.array([[-7.0, 3, 90], [100, -128, 127]])


def const(name: str, values: str, kind: str) -> str:
    return f'{name} = "tosa.const"() <{{values = dense<{values}> : tensor<{kind}>}}> : () -> tensor<{kind}>'


def rescaled(multiplier: str, shift: str, count: int, result: str, fields: str = "SINGLE_ROUND") -> str:
    numbers = [const("%m", multiplier, f"{count}xi32"), const("%s", shift, f"{count}xi8"),
               const("%i", "-3", "1xi8"), const("%o", "5", f"1x{result}")]  # fmt: skip
    return module("a:2x3xi8", f"2x3x{result}", *numbers, op(
        "tosa.rescale", "%a, %m, %s, %i, %o", f"2x3xi8 {count}xi32 {count}xi8 1xi8 1x{result}", f"2x3x{result}",
        f'rounding_mode = "{fields}", scale32 = true, per_channel = {str(count > 1).lower()}'))  # fmt: skip


def scaled(x: np.ndarray, by: np.ndarray, low: float, high: float) -> np.ndarray:
    """Half up: 2.5 to 3, -2.5 to -2."""
    return np.clip(np.floor((x + 3) * by + 0.5) + 5, low, high)


@pytest.mark.parametrize(("result", "low", "high"), [("i8", -128, 127), ("ui8", 0, 255), ("i16", -(2**15), 2**15 - 1)])
def test_one_scale_for_all(result: str, low: int, high: int) -> None:
    text = rescaled("1610612736", "30", 1, result)
    np.testing.assert_array_equal(run(text, NUMBERS), scaled(NUMBERS, np.array(1.5), low, high))


def test_a_scale_for_each_channel() -> None:
    """Three numbers that differ are a tensor of the module, whose values nobody looks at."""
    text = rescaled("[1073741824, 1610612736, 1073741824]", "[30, 30, 31]", 3, "i8")
    by = np.array([1.0, 1.5, 0.5])
    found = run(text, NUMBERS, **{"y.factor": by})
    np.testing.assert_array_equal(found, scaled(NUMBERS, by, -128, 127))


def test_rounding_twice_is_refused() -> None:
    with pytest.raises(SimdcError, match="it rounds twice: line"):
        run(rescaled("1073741824", "30", 1, "i8", "DOUBLE_ROUND"), NUMBERS)


def test_shifted_products() -> None:
    text = module("a:4xi32 b:4xi32", "4xi32", SHIFT.replace("<0>", "<3>"),
                  op("tosa.mul", "%a, %b, %s", "4xi32 4xi32 1xi8", "4xi32"))  # fmt: skip
    a, b = np.array([4.0, -4, 7, 100]), np.array([1.0, 1, 3, -9])
    np.testing.assert_array_equal(run(text, a, b), np.floor(a * b / 8 + 0.5))


def test_negation_with_zero_points() -> None:
    zeros = [const("%i", "3", "1xi8"), const("%o", "-10", "1xi8")]
    text = module("a:2x3xi8", "2x3xi8", *zeros, op("tosa.negate", "%a, %i, %o", "2x3xi8 1xi8 1xi8", "2x3xi8"))
    np.testing.assert_array_equal(run(text, NUMBERS), 3 - 10 - NUMBERS)


def test_a_table_is_picked_from() -> None:
    held = '%t = "tosa.const"() <{values = dense_resource<t> : tensor<256xi8>}> : () -> tensor<256xi8>'
    text = module("a:2x3xi8", "2x3xi8", held, op("tosa.table", "%a, %t", "2x3xi8 256xi8", "2x3xi8"))
    entries = np.random.default_rng(1).integers(-128, 128, 256).astype(float)
    np.testing.assert_array_equal(run(text, NUMBERS, t=entries), entries[NUMBERS.astype(int) + 128])
    wide = text.replace("256x", "513x").replace("2x3xi8", "2x3xi16")
    with pytest.raises(SimdcError, match="it interpolates between entries of its table"):
        run(wide, NUMBERS)


@pytest.mark.parametrize("name", ["bitwise_and", "clz", "arithmetic_right_shift", "fft2d", "variable_read", "custom"])
def test_what_is_refused_by_name(name: str) -> None:
    text = module("a:2x3xi32", "2x3xi32", op(f"tosa.{name}", "%a", "2x3xi32", "2x3xi32"))
    with pytest.raises(SimdcError, match=rf"tosa\.{name}, .+: line 2") as refused:
        run(text, NUMBERS)
    assert "there is no layer for it" not in str(refused.value)


def test_rows_of_several_tables() -> None:
    random = np.random.default_rng(2)
    tables, rows = random.normal(size=(2, 5, 3)), random.normal(size=(2, 4, 3))
    ids = np.array([[0.0, 4, 2, 1], [3, 0, 1, 4]])
    picks = module("t:2x5x3xf32 i:2x4xi32", "2x4x3xf32",
                   op("tosa.gather", "%t, %i", "2x5x3xf32 2x4xi32", "2x4x3xf32"))  # fmt: skip
    expected = np.stack([table[each.astype(int)] for table, each in zip(tables, ids, strict=True)])
    np.testing.assert_array_equal(run(picks, tables, ids), expected)
    puts = module("t:2x5x3xf32 i:2x4xi32 r:2x4x3xf32", "2x5x3xf32",
                  op("tosa.scatter", "%t, %i, %r", "2x5x3xf32 2x4xi32 2x4x3xf32", "2x5x3xf32"))  # fmt: skip
    written = tables.copy()
    for n, each in enumerate(ids):
        written[n, each.astype(int)] = rows[n]
    np.testing.assert_array_equal(run(puts, tables, ids, rows), written)


def transposed(pads: tuple[int, int, int, int], shape: str, bias: str) -> str:
    zeros = [const("%zi", "0.0", "1xf32"), const("%zw", "0.0", "1xf32")]
    return module(f"x:2x4x5x3xf32 w:6x3x2x3xf32 b:{bias}xf32", f"{shape}xf32", *zeros, op(
        "tosa.transpose_conv2d", "%x, %w, %b, %zi, %zw", f"2x4x5x3xf32 6x3x2x3xf32 {bias}xf32 1xf32 1xf32",
        f"{shape}xf32", f"out_pad = array<i64: {', '.join(map(str, pads))}>, stride = array<i64: 2, 3>"))  # fmt: skip


@pytest.mark.parametrize(
    ("pads", "size", "bias"),
    [((0, 0, 0, 0), (9, 14), 6), ((-1, -1, 0, -2), (7, 12), 6), ((-1, 1, 0, 2), (9, 16), 1),
     ((0, 0, -1, 0), (9, 13), 6)],
)  # fmt: skip
def test_transposed_convolutions(pads: tuple[int, int, int, int], size: tuple[int, int], bias: int) -> None:
    random = np.random.default_rng(3)
    x, w, b = random.normal(size=(2, 4, 5, 3)), random.normal(size=(6, 3, 2, 3)), random.normal(size=bias)
    # Room around for whatever is cut or added.
    wide = np.zeros((2, 9 + 8, 14 + 8, 6)) + b
    for row, column in np.ndindex(4, 5):
        box = wide[:, 4 + 2 * row : 7 + 2 * row, 4 + 3 * column : 6 + 3 * column]
        box += np.einsum("nc,fijc->nijf", x[:, row, column], w)
    top, left = 4 - pads[0], 4 - pads[2]
    expected = wide[:, top : top + size[0], left : left + size[1]]
    text = transposed(pads, f"2x{size[0]}x{size[1]}x6", str(bias))
    np.testing.assert_allclose(run(text, x, w, b), expected, rtol=1e-12, atol=1e-12)


def test_a_border_that_no_window_reaches_is_refused() -> None:
    with pytest.raises(SimdcError, match="rows above or columns on the left that no window reaches"):
        parse_foreign_module(transposed((1, 0, 0, 0), "2x10x14x6", "6"), "m.mlir", None)


def resized(
    size: tuple[int, int], scale: tuple[int, ...], offset: tuple[int, int], mode: str, kind: str = "f32"
) -> str:
    made = f"1x{size[0]}x{size[1]}x2"
    return module(f"x:1x3x4x2x{kind}", f"{made}x{kind}", shape_of("%s", *scale), shape_of("%o", *offset),
                  shape_of("%b", 0, 0), op("tosa.resize", "%x, %s, %o, %b",
                                           f"1x3x4x2x{kind} !tosa.shape<4> !tosa.shape<2> !tosa.shape<2>",
                                           f"{made}x{kind}", f'mode = "{mode}"').replace("tensor<!", "!"))  # fmt: skip


def places(made: int, up: int, down: int, offset: int) -> np.ndarray:
    return (np.arange(made) * down + offset) / up


@pytest.mark.parametrize(
    ("size", "scale", "offset"),
    [((6, 8), (2, 1, 2, 1), (0, 0)), ((6, 8), (4, 2, 4, 2), (-1, -1)), ((5, 7), (4, 2, 6, 3), (0, 0)),
     ((3, 4), (1, 1, 1, 1), (0, 0))],
)  # fmt: skip
@pytest.mark.parametrize("mode", ["NEAREST_NEIGHBOR", "BILINEAR"])
def test_images_of_another_size(
    size: tuple[int, int], scale: tuple[int, ...], offset: tuple[int, int], mode: str
) -> None:
    """The place `(o * d + offset) / n` of the specification: the nearest pixel, half up, or what lies between two."""
    x = np.random.default_rng(4).normal(size=(1, 3, 4, 2))
    rows, columns = places(size[0], *scale[:2], offset[0]), places(size[1], *scale[2:], offset[1])
    if mode == "NEAREST_NEIGHBOR":
        near = [np.clip(np.floor(each + 0.5).astype(int), 0, most) for each, most in ((rows, 2), (columns, 3))]
        expected = x[:, near[0]][:, :, near[1]]
    else:
        expected = x
        for axis, (each, most) in enumerate(((rows, 2), (columns, 3)), start=1):
            low = np.floor(each).astype(int)
            weight = (each - low).reshape([-1 if at == axis else 1 for at in range(4)])
            below, above = (expected.take(np.clip(low + more, 0, most), axis) for more in (0, 1))
            expected = below * (1 - weight) + above * weight
    np.testing.assert_allclose(run(resized(size, scale, offset, mode), x), expected, rtol=1e-12, atol=1e-12)


def test_places_without_a_word_are_refused() -> None:
    with pytest.raises(SimdcError, match="its places lie neither half a pixel from the border"):
        run(resized((6, 8), (2, 1, 2, 1), (1, 0), "NEAREST_NEIGHBOR"), np.ones((1, 3, 4, 2)))
    with pytest.raises(SimdcError, match="whole numbers that it makes of neighbours are not divided"):
        run(resized((6, 8), (2, 1, 2, 1), (0, 0), "BILINEAR", "i8"), np.ones((1, 3, 4, 2)))


def test_an_image_that_was_turned_is_read_as_it_lay() -> None:
    """[n, c, h, w] with a transpose before and one behind is one layer."""
    text = resized((6, 8), (2, 1, 2, 1), (0, 0), "NEAREST_NEIGHBOR")
    before = op("tosa.transpose", "%p", "1x2x3x4xf32", "1x3x4x2xf32", "perms = array<i32: 0, 2, 3, 1>", "%x")
    after = op("tosa.transpose", "%z", "1x6x8x2xf32", "1x2x6x8xf32", "perms = array<i32: 0, 3, 1, 2>")
    text = text.replace("%x: tensor<1x3x4x2xf32>", "%p: tensor<1x2x3x4xf32>").replace("{\n", f"{{\n{before}\n", 1)
    text = text.replace('%y = "tosa.resize"', '%z = "tosa.resize"').replace("\nreturn", f"\n{after}\nreturn")
    text = text.replace("-> tensor<1x6x8x2xf32> {", "-> tensor<1x2x6x8xf32> {").replace(
        "return %y : tensor<1x6x8x2xf32>", "return %y : tensor<1x2x6x8xf32>")  # fmt: skip
    layers = list(network_of(parse_foreign_module(text, "m.mlir", None)).layers())
    assert [layer.name for layer in layers] == ["simdc.resize"]
