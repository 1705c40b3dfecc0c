"""`tm_tensor`, `linalg.softmax`, packed tensors and what `tensor` picks, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from simdc.errors import SimdcError
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.network import network_of
from tests.frontends.mlir.hlo_text import module, op, run

X = np.random.default_rng(1).normal(size=(3, 6))


def names(text: str) -> list[str]:
    return [layer.name for layer in network_of(parse_foreign_module(text, "m.mlir", None)).layers()]


def body(kind: str, name: str) -> str:
    """Of two numbers, `name` without its dialect; the first where there is none."""
    made = f'%s = "arith.{name}"(%p, %q) : ({kind}, {kind}) -> {kind}\n' if name else ""
    return f'({{ ^bb0(%p: {kind}, %q: {kind}): {made} "tm_tensor.yield"({"%s" if name else "%p"}) : ({kind}) -> () }})'


def scan(name: str, inclusive: str, begun: str = "0.0") -> str:
    return module("a:3x6xf32", "3x6xf32", f"""
        %e = "tensor.empty"() : () -> tensor<3x6xf32>
        %z = "arith.constant"() <{{value = dense<{begun}> : tensor<3xf32>}}> : () -> tensor<3xf32>
        %y, %last = "tm_tensor.scan"(%a, %e, %z) <{{dimension = 1 : i64, inclusive = {inclusive},
          operandSegmentSizes = array<i32: 1, 2>}}> {body("f32", name)}
          : (tensor<3x6xf32>, tensor<3x6xf32>, tensor<3xf32>) -> (tensor<3x6xf32>, tensor<3xf32>)""")  # fmt: skip


@pytest.mark.parametrize("inclusive", ["true", "false"])
def test_running_sums(inclusive: str) -> None:
    sums = X.cumsum(1)
    found = run(scan("addf", inclusive), X)
    np.testing.assert_allclose(found, sums if inclusive == "true" else sums - X, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "begun", "reason"),
    [("mulf", "0.0", "it gathers otherwise than by adding"), ("addf", "1.0", "it goes on from sums of its own"),
     ("subf", "0.0", "it joins two numbers otherwise than by one operation")],
)  # fmt: skip
def test_other_scans_are_refused(name: str, begun: str, reason: str) -> None:
    with pytest.raises(SimdcError, match=f"tm_tensor.scan, {reason}.*: line"):
        run(scan(name, "true", begun), X)


@pytest.mark.parametrize(("name", "join"), [("", None), ("addf", np.add), ("maximumf", np.maximum)])
def test_rows_that_are_written_or_joined(name: str, join: np.ufunc | None) -> None:
    text = module("t:7x4xf32 i:2x1xi32 u:2x1x4xf32", "7x4xf32", f"""
        %y = "tm_tensor.scatter"(%u, %i, %t) <{{dimension_map = array<i64: 0>, unique_indices = false,
          operandSegmentSizes = array<i32: 2, 1>}}> {body("f32", name)}
          : (tensor<2x1x4xf32>, tensor<2x1xi32>, tensor<7x4xf32>) -> tensor<7x4xf32>""")  # fmt: skip
    table, rows, ids = np.arange(28.0).reshape(7, 4), X[:2, None, :4] * 9, np.array([[5.0], [2]])
    expected = table.copy()
    for at, row in zip((5, 2), rows[:, 0], strict=True):
        expected[at] = row if join is None else join(expected[at], row)
    np.testing.assert_array_equal(run(text, table, ids, rows), expected)


def test_attention() -> None:
    kinds = "2x5x4xf32 2x6x4xf32 2x6x4xf32 2x5x4xf32"
    text = module("q:2x5x4xf32 k:2x6x4xf32 v:2x6x4xf32", "2x5x4xf32",
                  '%e = "tensor.empty"() : () -> tensor<2x5x4xf32>',
                  op("tm_tensor.attention", "%q, %k, %v, %e", kinds, "2x5x4xf32",
                     "operandSegmentSizes = array<i32: 3, 1>"))  # fmt: skip
    random = np.random.default_rng(2)
    q, k, v = (random.normal(size=(2, tokens, 4)) for tokens in (5, 6, 6))
    scores = np.exp(q @ k.transpose(0, 2, 1) / 2)
    np.testing.assert_allclose(run(text, q, k, v), scores / scores.sum(-1, keepdims=True) @ v, rtol=1e-9)
    assert names(text) == ["simdc.contraction", "simdc.softmax", "simdc.contraction"]


@pytest.mark.parametrize(("shape", "axis"), [("3x6", 1), ("3x6", 0), ("18", 0), ("2x3x3", 1)])
def test_softmax(shape: str, axis: int) -> None:
    kind = f"{shape}xf32"
    text = module(f"a:{kind}", kind, f'%e = "tensor.empty"() : () -> tensor<{kind}>',
                  op("linalg.softmax", "%a, %e", f"{kind} {kind}", kind, f"dimension = {axis} : i64"))  # fmt: skip
    x = X.reshape([int(size) for size in shape.split("x")])
    power = np.exp(x)
    np.testing.assert_allclose(run(text, x), power / power.sum(axis, keepdims=True), rtol=1e-9)


def pack(name: str, source: str, result: str, kinds: str, fields: str, padding: bool) -> str:
    held = '%p = "arith.constant"() <{value = 0.5 : f32}> : () -> f32' if padding else ""
    return module(f"a:{source}xf32", f"{result}xf32", held, f'%e = "tensor.empty"() : () -> tensor<{result}xf32>',
                  f'%y = "linalg.{name}"(%a, %e{", %p" if padding else ""}) <{{{fields}}}> : ({kinds}) -> tensor<{result}xf32>')  # noqa: E501  # fmt: skip


TILES = "inner_dims_pos = array<i64: 1, 0>, static_inner_tiles = array<i64: 4, 2>, outer_dims_perm = array<i64: 1, 0>"


def test_packed_and_back() -> None:
    """[5, 6] in tiles of 2 rows and 4 columns, columns outermost: [2, 3] tiles of [4, 2]. What lies beyond is 1/2."""
    x = np.random.default_rng(3).normal(size=(5, 6))
    wide = np.full((6, 8), 0.5)
    wide[:5, :6] = x
    expected = wide.reshape(3, 2, 2, 4).transpose(2, 0, 3, 1)
    segments = "operandSegmentSizes = array<i32: 1, 1, 1, 0>, "
    text = pack("pack", "5x6", "2x3x4x2", "tensor<5x6xf32>, tensor<2x3x4x2xf32>, f32", segments + TILES, True)
    np.testing.assert_array_equal(run(text, x), expected)
    back = pack("unpack", "2x3x4x2", "5x6", "tensor<2x3x4x2xf32>, tensor<5x6xf32>", TILES, False)
    np.testing.assert_array_equal(run(back, expected), x)


def test_a_pack_is_moved() -> None:
    even = "inner_dims_pos = array<i64: 1>, static_inner_tiles = array<i64: 3>"
    text = pack("pack", "5x6", "5x2x3", "tensor<5x6xf32>, tensor<5x2x3xf32>", even, False)
    x = np.random.default_rng(3).normal(size=(5, 6))
    np.testing.assert_array_equal(run(text, x), x.reshape(5, 2, 3))
    with pytest.raises(SimdcError, match="its tiles reach beyond the end, and nothing says what stands there"):
        run(pack("pack", "5x6", "2x3x4x2", "tensor<5x6xf32>, tensor<2x3x4x2xf32>", TILES, False), x)


@pytest.mark.parametrize("result", ["2x4x6", "2x4x1x6"])
def test_what_lies_behind_places_is_picked(result: str) -> None:
    text = module("t:3x6xf32 i:2x4x1xi32", f"{result}xf32", op(
        "tensor.gather", "%t, %i", "3x6xf32 2x4x1xi32", f"{result}xf32", "gather_dims = array<i64: 0>"))  # fmt: skip
    ids = np.random.default_rng(4).integers(0, 3, (2, 4, 1)).astype(float)
    found = run(text, X, ids)
    np.testing.assert_array_equal(found.reshape(2, 4, 6), X[ids[..., 0].astype(int)])


def test_what_lies_behind_places_is_written() -> None:
    text = module("r:2x1x3xf32 t:3x6xf32 i:2x1xi32", "3x6xf32", op(
        "tensor.scatter", "%r, %t, %i", "2x3x1xf32 3x6xf32 2x1xi32".replace("2x3x1", "2x3x1"), "3x6xf32",
        "scatter_dims = array<i64: 1>, unique").replace(", unique", ""))  # fmt: skip
    text = text.replace("2x1x3xf32", "2x3x1xf32")
    rows, expected = X[:2, :3, None], X.copy()
    for at, row in zip((4, 1), rows[..., 0], strict=True):
        expected[:, at] = row
    np.testing.assert_array_equal(run(text, rows, X, np.array([[4.0], [1]])), expected)


@pytest.mark.parametrize(
    "name", ["tensor.generate", "tensor.insert", "linalg.winograd_filter_transform", "scf.forall", "affine.for"]
)
def test_what_is_refused_by_name(name: str) -> None:
    with pytest.raises(SimdcError, match=rf"{name}, .+: line 2") as refused:
        run(module("a:3x6xf32", "3x6xf32", op(name, "%a", "3x6xf32", "3x6xf32")), X)
    assert "there is no layer for it" not in str(refused.value)


def test_a_slice_with_gaps_into_one_number() -> None:
    """Columns 1, 3 and 5 of zeros."""
    text = module("a:3x3xf32", "3x7xf32", """
        %z = "arith.constant"() <{value = dense<0.5> : tensor<3x7xf32>}> : () -> tensor<3x7xf32>
        %y = "tensor.insert_slice"(%a, %z) <{operandSegmentSizes = array<i32: 1, 1, 0, 0, 0>,
          static_offsets = array<i64: 0, 1>, static_sizes = array<i64: 3, 3>, static_strides = array<i64: 1, 2>}>
          : (tensor<3x3xf32>, tensor<3x7xf32>) -> tensor<3x7xf32>""")  # fmt: skip
    expected = np.full((3, 7), 0.5)
    expected[:, 1:6:2] = X[:, :3]
    np.testing.assert_array_equal(run(text, X[:, :3]), expected)


def test_running_sums_of_constants_alone_take_no_time() -> None:
    # As a Llama counts which of its tokens belong to one text.
    held = '%c = "arith.constant"() <{value = dense_resource<c> : tensor<3x6xf32>}> : () -> tensor<3x6xf32>\n%y,'
    added = '%r = "stablehlo.add"(%a, %y) : (tensor<3x6xf32>, tensor<3x6xf32>) -> tensor<3x6xf32>\nreturn %r'
    text = scan("addf", "true").replace('"tm_tensor.scan"(%a,', '"tm_tensor.scan"(%c,').replace("return %y", added)
    text = text.replace("%y,", held)
    assert names(text) == ["simdc.add"]
