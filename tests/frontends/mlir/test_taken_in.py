"""What becomes part of another layer or of none: bounds on both sides, channels by themselves, statistics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simdc.backends.execute import execute
from simdc.cost.kernel import Instruction
from simdc.frontends.mlir import parse_foreign_module
from simdc.frontends.mlir.body import Body
from simdc.frontends.mlir.clipped import Bounds, bounds_of
from simdc.frontends.mlir.statistics import subtracted, under_roots
from simdc.ir.context import make_context
from simdc.ir.network import network_of
from simdc.ir.ops.activation.piecewise import ClipOp
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.relu import ReluOp
from simdc.passes.tidy import TidyPass

KIND = "tensor<2x8xf32>"
X = np.linspace(-8, 8, 16).reshape(2, 8)


def number(name: str, value: float, kind: str = KIND) -> str:
    return f'%{name} = "stablehlo.constant"() <{{value = dense<{value:e}> : {kind}}}> : () -> {kind}'


def call(to: str, op: str, *operands: str, kind: str = KIND) -> str:
    kinds = ", ".join([kind] * len(operands))
    return f'%{to} = "stablehlo.{op}"({", ".join("%" + each for each in operands)}) : ({kinds}) -> {kind}'


def module(*lines: str, kind: str = KIND, result: str = KIND) -> str:
    body = "\n".join(lines)
    return f"module {{ func.func @main(%x: {kind}) -> {result} {{\n{body}\nreturn %y : {result} }} }}"


SIX = [number("zero", 0.0), number("six", 6.0)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([call("a", "maximum", "x", "zero"), call("y", "minimum", "a", "six")], np.clip(X, 0, 6)),
        ([call("a", "minimum", "six", "x"), call("y", "maximum", "zero", "a")], np.clip(X, 0, 6)),
        ([call("y", "clamp", "zero", "x", "six")], np.clip(X, 0, 6)),
        ([call("y", "minimum", "x", "six")], np.minimum(X, 6)),
        ([call("y", "maximum", "x", "six")], np.maximum(X, 6)),
    ],
)
def test_bounds_on_both_sides_are_one_layer(lines: list[str], expected: np.ndarray) -> None:
    read = parse_foreign_module(module(*SIX, *lines), "m.mlir", None)
    (layer,) = network_of(read).layers()
    assert isinstance(layer, ClipOp)
    np.testing.assert_array_equal(execute(read, [X], {}).returned[0], expected)


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        # The rectifier is read twice.
        ([call("a", "maximum", "x", "zero"), call("b", "minimum", "a", "six"), call("y", "add", "a", "b")], 3),
        # Both cut off below.
        ([call("a", "maximum", "x", "zero"), call("y", "maximum", "a", "six")], 2),
        # What is at most 0 and then at least 6 is 6.
        ([call("a", "minimum", "x", "zero"), call("y", "maximum", "a", "six")], 2),
    ],
)
def test_bounds_that_are_not_one_layer(lines: list[str], count: int) -> None:
    assert len(list(network_of(parse_foreign_module(module(*SIX, *lines), "m.mlir", None)).layers())) == count


def test_a_rectifier_stays_one() -> None:
    read = parse_foreign_module(module(SIX[0], call("y", "maximum", "x", "zero")), "m.mlir", None)
    assert [type(layer) for layer in network_of(read).layers()] == [ReluOp]


def test_bounds_of_a_body() -> None:
    high, low = Instruction("max", "a", ("x0", 1.0)), Instruction("min", "b", (2.0, "a"))
    assert bounds_of(Body((high, low), ("b",))) == Bounds(1.0, 2.0)
    assert bounds_of(Body((high, low), ("a",))) is None
    assert bounds_of(Body((high, low._replace(sources=(0.5, "a"))), ("b",))) is None
    assert bounds_of(Body((high, low._replace(sources=(2.0, "x0"))), ("b",))) is None
    assert bounds_of(Body((high._replace(sources=("x0", float("inf"))),), ("a",))) is None
    assert bounds_of(Body((high._replace(opcode="add"),), ("a",))) is None


def depthwise(weight: str, kind: str, *before: str) -> str:
    # 2 channels of 4 x 4, windows of 3 x 3 that move two at a time: 1 x 1.
    made = "tensor<1x2x1x1xf32>"
    return module(
        f'%w = "arith.constant"() <{{value = dense_resource<w> : {kind}}}> : () -> {kind}',
        *before,
        f"%z = arith.constant dense<0.0> : {made}",
        f'%y = "linalg.depthwise_conv_2d_nchw_chw"(%x, %{weight}, %z) <{{dilations = dense<1> : tensor<2xi64>, '
        f"strides = dense<2> : tensor<2xi64>, operandSegmentSizes = array<i32: 2, 1>}}> ({{\n"
        f"^bb0(%a: f32, %b: f32, %c: f32):\n%d = arith.mulf %a, %b : f32\n%e = arith.addf %c, %d : f32\n"
        f'"linalg.yield"(%e) : (f32) -> ()}}) : (tensor<1x2x4x4xf32>, tensor<2x3x3xf32>, {made}) -> {made}',
        kind="tensor<1x2x4x4xf32>",
        result=made,
    )


@pytest.mark.parametrize("collapsed", [False, True])
def test_channels_by_themselves_are_the_convolution_in_groups(collapsed: bool) -> None:
    kind = "tensor<2x1x3x3xf32>" if collapsed else "tensor<2x3x3xf32>"
    view = f'%v = "tensor.collapse_shape"(%w) <{{reassociation = [[0, 1], [2], [3]]}}> : ({kind}) -> tensor<2x3x3xf32>'
    text = depthwise("v", kind, view) if collapsed else depthwise("w", kind)
    read = parse_foreign_module(text, "m.mlir", None)
    (layer,) = network_of(read).layers()
    assert isinstance(layer, Conv2DOp)
    assert (layer.groups.value.data, layer.stride.get_values()) == (2, (2, 2))
    x, w = np.arange(32.0).reshape(1, 2, 4, 4), np.arange(18.0).reshape(2, 1, 3, 3) - 7
    (found,) = execute(read, [x], {"w": w}).returned
    expected = (x[0, :, :3, :3] * w[:, 0]).sum((1, 2))
    np.testing.assert_array_equal(found.reshape(2), expected)


def test_channels_whose_weights_are_turned_have_loops_of_their_own() -> None:
    turned = '%t = "stablehlo.transpose"(%w) <{permutation = array<i64: 0, 2, 1>}> : (K) -> K'.replace(
        "K", "tensor<2x3x3xf32>"
    )
    read = parse_foreign_module(depthwise("t", "tensor<2x3x3xf32>", turned), "m.mlir", None)
    assert [layer.name for layer in network_of(read).layers()] == ["simdc.contraction"]


CHANNELS = "tensor<4xf32>"
IMAGE = "tensor<1x4x5x5xf32>"


def batch_norm(*order: str) -> str:
    """A convolution 3 -> 4 of 1 x 1, and (y - mean) / sqrt(variance + 1e-5) * scale + shift, both of 4."""
    weights = [
        f'%{name} = "stablehlo.constant"() <{{value = dense_resource<{name}> : {kind}}}> : () -> {kind}'
        for name, kind in [
            ("w", "tensor<4x3x1x1xf32>"),
            *((each, CHANNELS) for each in ("mean", "variance", "scale", "shift")),
        ]
    ]
    conv = (
        '%c = "stablehlo.convolution"(%x, %w) <{batch_group_count = 1 : i64, dimension_numbers = '
        "#stablehlo.conv<[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]>, feature_group_count = 1 : i64}> "
        f": (tensor<1x3x5x5xf32>, tensor<4x3x1x1xf32>) -> {IMAGE}"
    )
    root = [
        number("tiny", 1e-5, CHANNELS),
        call("v", "add", "variance", "tiny", kind=CHANNELS),
        call("r", "rsqrt", "v", kind=CHANNELS),
    ]
    wide = [
        f'%{each}_ = "stablehlo.broadcast_in_dim"(%{each}) <{{broadcast_dimensions = array<i64: 1>}}> '
        f": ({CHANNELS}) -> {IMAGE}"
        for each in ("mean", "r", "scale", "shift")
    ]
    steps = [
        call("m", "subtract", "c", "mean_", kind=IMAGE),
        call("n", "multiply", "m", "r_", kind=IMAGE),
        call("s", "multiply", "n", "scale_", kind=IMAGE),
        call("y", "add", "s", "shift_", kind=IMAGE),
    ]
    return module(*weights, conv, *root, *wide, *steps, kind="tensor<1x3x5x5xf32>", result=IMAGE)


def test_means_and_variances_are_no_parameters() -> None:
    # 4 * 3 weights, 4 scales and 4 shifts; the statistics, 8 numbers, are gathered.
    network = network_of(parse_foreign_module(batch_norm(), "m.mlir", None))
    assert network.parameters.value.data == 12 + 4 + 4


def test_a_weight_under_a_root_is_one_where_it_is_no_number_for_each_channel() -> None:
    wide = module(
        '%w = "stablehlo.constant"() <{value = dense_resource<w> : tensor<2x8xf32>}> : () -> tensor<2x8xf32>',
        call("r", "sqrt", "w"),
        call("y", "multiply", "x", "r"),
    )
    assert network_of(parse_foreign_module(wide, "m.mlir", None)).parameters.value.data == 16


def test_what_is_under_a_root_and_what_is_subtracted() -> None:
    body = Body(
        (
            Instruction("add", "t0", ("x1", 1e-5)),
            Instruction("inv_sqrt", "t1", ("t0",)),
            Instruction("sub", "t2", ("x0", "x2")),
            Instruction("mul", "t3", ("t2", "t1")),
            Instruction("sub", "t4", ("x3", "t3")),
        ),
        ("t4",),
    )
    assert under_roots(body) == {"x1"}
    # x3 - ... does not subtract x3 from what changes.
    assert subtracted(body, "x0") == {"x2"}


def test_statistics_in_one_op_with_what_they_normalise() -> None:
    # examples/mlir/block.mlir: 32 * 16 * 9 weights and a table of 32 * 48; 32 means and 32 variances.
    text = (Path(__file__).resolve().parents[3] / "examples/mlir/block.mlir").read_text(encoding="utf-8")
    network = network_of(parse_foreign_module(text, "block.mlir", None))
    assert network.parameters.value.data == 32 * 16 * 9 + 32 * 48


@pytest.mark.parametrize("is_weight", [True, False])
def test_only_weights_that_come_with_the_module_take_in_a_scale(is_weight: bool) -> None:
    """Those of a training step are data, new ones in each step: somebody must scale what they give."""
    image, kernel = "tensor<1x2x4x4xf32>", "tensor<2x2x1x1xf32>"
    text = (
        f"module {{ func.func @main(%x: {image}, %w: {kernel}) -> {image} {{\n"
        f'%a = "stablehlo.convolution"(%x, %w) <{{batch_group_count = 1 : i64, feature_group_count = 1 : i64, '
        "dimension_numbers = #stablehlo.conv<[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]>}> "
        f": ({image}, {kernel}) -> {image}\n"
        f"{number('two', 2.0, image)}\n{call('y', 'multiply', 'a', 'two', kind=image)}\nreturn %y : {image} }} }}"
    )
    read = parse_foreign_module(text, "m.mlir", None, ["w"] if is_weight else [])
    TidyPass().apply(make_context(), read)
    assert len(list(network_of(read).layers())) == (1 if is_weight else 2)
    if not is_weight:
        x, w = np.arange(32.0).reshape(1, 2, 4, 4), np.arange(4.0).reshape(2, 2, 1, 1)
        expected = 2 * np.einsum("nchw,oc->nohw", x, w[..., 0, 0])
        np.testing.assert_array_equal(execute(read, [x, w], {}).returned[0], expected)
