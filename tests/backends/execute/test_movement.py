"""Data movement, pools at borders, normalization and products of activations: forward against ONNX's own reference,
gradients against central differences and against torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from xdsl.dialects.builtin import f32

from simdc.backends.execute import execute, run_kernel
from simdc.ir.base import LayerOp, make_tensor_type, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.network import ParameterOp
from simdc.ir.ops.average_pool import AveragePoolOp
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.conv_transpose import ConvTranspose2DOp
from simdc.ir.ops.instance_norm import InstanceNormOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.ops.max_pool import GlobalMaxPoolOp, MaxPoolOp
from simdc.ir.ops.pad import PadOp, SliceOp
from simdc.ir.ops.reduce import ReduceMeanOp, ReduceSumOp
from simdc.ir.ops.resize import ResizeGradOp, ResizeOp
from simdc.ir.ops.softmax import SoftmaxOp
from simdc.ir.ops.transpose import TransposeOp
from simdc.ir.sampling import COORDINATES, ROUNDINGS
from tests.backends.execute.movement_networks import every_move
from tests.backends.execute.reference import check_against_torch
from tests.backends.execute.test_gradients import pipeline
from tests.backends.execute.training import (
    check_gradients,
    derived,
    random_parameters,
)
from tests.ir.tensors import tensor

Array = NDArray[np.float64]
OPSET = 19


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def onnx_result(kind: str, inputs: Sequence[Array], attributes: dict[str, Any]) -> Array:
    """What ONNX's reference evaluator makes of a model with one node."""
    pytest.importorskip("onnx")
    from onnx import helper
    from onnx.helper import np_dtype_to_tensor_dtype
    from onnx.reference import ReferenceEvaluator

    names = [f"x{number}" if value.size else "" for number, value in enumerate(inputs)]
    given = {name: value for name, value in zip(names, inputs, strict=True) if name}
    node = helper.make_node(kind, names, ["y"], **attributes)
    described = [
        helper.make_tensor_value_info(name, np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for name, value in given.items()
    ]
    result = helper.make_tensor_value_info("y", np_dtype_to_tensor_dtype(np.dtype(np.float64)), None)
    graph = helper.make_graph([node], "g", described, [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    (found,) = ReferenceEvaluator(model).run(None, given)  # pyright: ignore
    return found


def result_of(op: LayerOp, arguments: Sequence[Array]) -> Array:
    """The op's result as it is executed, after a look at what its kernel computes."""
    op.verify()
    net = ModuleBuilder("n", 1, "test")
    values = [
        net.append(ParameterOp.make(f"p{number}", make_tensor_type(f32, array.shape)), f"p{number}")
        for number, array in enumerate(arguments)
    ]
    op = op.clone()
    op.operands = values
    module = net.finish([net.append(op, "op")])
    (result,) = execute(module, {}, {f"p{number}": array for number, array in enumerate(arguments)}).returned
    np.testing.assert_allclose(run_kernel(op, arguments).results[0], result, rtol=1e-9, atol=1e-12)
    return result


IMAGE = (2, 4, 5, 6)
X = values(*IMAGE)
NOTHING = np.zeros(0)


def whole(*numbers: int) -> Any:
    return np.array(numbers, dtype=np.int64)


def image() -> Any:
    return tensor(*IMAGE)


MOVES: list[tuple[LayerOp, list[Array], str, list[Any], dict[str, Any]]] = [
    (ConcatOp("c", image(), image(), axis=axis), [X, X + 1], "Concat", [X, X + 1], {"axis": axis})
    for axis in (0, 1, 2, 3)
]
MOVES += [
    (
        SliceOp("s", image(), axis=2, first=1, count=2, step=2),
        [X],
        "Slice",
        [X, whole(1), whole(4), whole(2), whole(2)],
        {},
    ),
    (SliceOp("s", image(), axis=0, first=1, count=1), [X], "Slice", [X, whole(1), whole(2), whole(0)], {}),
    (PadOp("p", image(), before=(0, 0, 1, 2), after=(0, 0, 0, 3)), [X], "Pad", [X, whole(0, 0, 1, 2, 0, 0, 0, 3)], {}),
    (
        PadOp("p", image(), before=(1, 2, 0, 1), after=(0, 1, 1, 1), value=-2.5),
        [X],
        "Pad",
        [X, whole(1, 2, 0, 1, 0, 1, 1, 1), np.array(-2.5)],
        {},
    ),
    (ReduceMeanOp("r", image(), axes=(2, 3), keepdims=True), [X], "ReduceMean", [X, whole(2, 3)], {"keepdims": 1}),
    (ReduceMeanOp("r", image(), axes=(1,)), [X], "ReduceMean", [X, whole(1)], {"keepdims": 0}),
    (ReduceSumOp("r", image(), axes=(0, 3)), [X], "ReduceSum", [X, whole(0, 3)], {"keepdims": 0}),
    (
        ReduceSumOp("r", image(), axes=range(4), keepdims=True),
        [X],
        "ReduceSum",
        [X, whole(0, 1, 2, 3)],
        {"keepdims": 1},
    ),
    (GlobalMaxPoolOp("g", image()), [X], "GlobalMaxPool", [X], {}),
    (
        InstanceNormOp("i", image(), tensor(4), tensor(4), epsilon=1e-3),
        [X, X[0, :, 0, 0], X[1, :, 0, 0]],
        "InstanceNormalization",
        [X, X[0, :, 0, 0], X[1, :, 0, 0]],
        {"epsilon": 1e-3},
    ),
    (
        ConvTranspose2DOp("t", image(), tensor(4, 3, 3, 3), stride=(2, 3), padding=(1, 1, 1, 1), output_padding=(1, 2)),
        [X, values(4, 3, 3, 3)],
        "ConvTranspose",
        [X, values(4, 3, 3, 3)],
        {"strides": [2, 3], "pads": [1, 1, 1, 1], "output_padding": [1, 2]},
    ),
    (MatMulOp("m", tensor(5, 6), tensor(6, 3)), [X[0, 0], X[0, 1].T[:, :3]], "MatMul", [X[0, 0], X[0, 1].T[:, :3]], {}),
]
MOVES += [(SoftmaxOp("s", image(), axis=axis), [X], "Softmax", [X], {"axis": axis}) for axis in (0, 1, 2, 3)]
MOVES += [
    (
        TransposeOp("t", tensor(*shape), permutation=order),
        [values(*shape)],
        "Transpose",
        [values(*shape)],
        {"perm": order},
    )
    for shape, order in [
        ((2, 3, 4, 5), (0, 2, 3, 1)),
        ((2, 3, 4, 5), (0, 1, 3, 2)),
        ((4, 5), (1, 0)),
        ((2, 3, 4, 2, 3), (0, 2, 1, 3, 4)),
        ((1, 2, 2, 2, 3, 2), (0, 3, 4, 1, 5, 2)),
    ]
]


@pytest.mark.parametrize(
    ("op", "arguments", "kind", "inputs", "attributes"), MOVES, ids=lambda v: getattr(v, "name", "")
)
def test_op_against_onnx(
    op: LayerOp, arguments: list[Array], kind: str, inputs: list[Array], attributes: dict[str, Any]
) -> None:
    np.testing.assert_allclose(result_of(op, arguments), onnx_result(kind, inputs, attributes), rtol=1e-6, atol=1e-9)


SIZES = [(10, 12), (5, 18), (15, 3), (8, 7), (1, 1), (3, 6), (9, 11)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("mode", ["linear", *ROUNDINGS])
def test_resize_against_onnx_and_its_gradient_against_it(mode: str, coordinates: str, size: tuple[int, int]) -> None:
    word, rounding = ("linear", "floor") if mode == "linear" else ("nearest", mode)
    op = ResizeOp("r", image(), size=size, mode=word, coordinates=coordinates, rounding=rounding)
    attributes = {"mode": word, "coordinate_transformation_mode": coordinates, "nearest_mode": rounding}
    found = result_of(op, [X])
    expected = onnx_result("Resize", [X, NOTHING, NOTHING, whole(*IMAGE[:2], *size)], attributes)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    gradient, direction = values(*found.shape, seed=1), values(*IMAGE, seed=2)
    back = result_of(ResizeGradOp.of("g", op, tensor(*found.shape)), [gradient])
    # Resizing is linear: <g, A d> = <A^T g, d>.
    assert (back * direction).sum() == pytest.approx((gradient * result_of(op, [direction])).sum(), rel=1e-9)


def test_resizing_that_takes_rows_first() -> None:
    """12 x 12 to 24 x 24 with aligned corners: the first and the last position are the input's own, each of the 22
    between has weights of its own. That would be 23 * 23 phases; it is 23 for rows and 23 for columns."""
    x = values(1, 2, 12, 12)
    op = ResizeOp("r", tensor(*x.shape), size=(24, 24), mode="linear", coordinates="align_corners")
    assert len(op.kernel().nests) == 46
    attributes = {"mode": "linear", "coordinate_transformation_mode": "align_corners"}
    expected = onnx_result("Resize", [x, NOTHING, NOTHING, whole(1, 2, 24, 24)], attributes)
    np.testing.assert_allclose(result_of(op, [x]), expected, atol=1e-9)


@st.composite
def pools(draw: st.DrawFn) -> tuple[tuple[int, ...], dict[str, Any], dict[str, Any]]:
    """Shape of an image, arguments of a pool, and the same as ONNX's attributes. Padding stays below the window, as
    frameworks demand."""
    kernel, stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3))), draw(st.tuples(*[st.integers(1, 3)] * 2))
    dilation = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    pad = [draw(st.integers(0, kernel[i % 2] // 2)) for i in range(4)]
    size = [draw(st.integers((kernel[i] - 1) * dilation[i] + 1, 8)) for i in (0, 1)]
    ceil_mode = draw(st.booleans())
    fields = {"stride": stride, "padding": pad, "dilation": dilation, "ceil_mode": ceil_mode}
    attributes = {"kernel_shape": kernel, "strides": stride, "pads": pad, "ceil_mode": int(ceil_mode)}
    return (1, 2, *size), {"kernel_size": kernel, **fields}, {**attributes, "dilations": dilation}


@given(pools())
@settings(max_examples=40, deadline=None)
def test_max_pool_against_torch(drawn: tuple[tuple[int, ...], dict[str, Any], dict[str, Any]]) -> None:
    """torch pads both sides alike, so the border is made before; ceil mode then only differs where a window begins in
    the padding on the right or below, which torch cannot tell from image."""
    torch = pytest.importorskip("torch")
    shape, fields, _ = drawn
    x, (top, left, bottom, right) = values(*shape), fields["padding"]
    fields = {**fields, "padding": (top, left, top, left)} if fields["ceil_mode"] else fields
    bottom, right = fields["padding"][2:]
    found = result_of(MaxPoolOp("p", tensor(*shape), **fields), [x])
    if fields["ceil_mode"]:
        image, margin = torch.tensor(x), (top, left)
    else:
        image, margin = (
            torch.tensor(np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=-np.inf)),
            0,
        )
    expected = torch.nn.functional.max_pool2d(
        image, fields["kernel_size"], fields["stride"], margin, fields["dilation"], fields["ceil_mode"]
    )
    np.testing.assert_allclose(found, expected.numpy())


@given(pools(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_average_pool_against_torch(
    drawn: tuple[tuple[int, ...], dict[str, Any], dict[str, Any]], count_include_pad: bool
) -> None:
    torch = pytest.importorskip("torch")
    shape, fields, _ = drawn
    top, left, *_ = fields["padding"]
    shape = (*shape[:2], *(max(shape[2 + i], fields["kernel_size"][i]) for i in (0, 1)))
    x = values(*shape)
    fields = {**fields, "padding": (top, left, top, left), "dilation": (1, 1)}
    found = result_of(AveragePoolOp("p", tensor(*shape), **fields, exclude_padding=not count_include_pad), [x])
    expected = torch.nn.functional.avg_pool2d(
        torch.tensor(x), fields["kernel_size"], fields["stride"], (top, left), fields["ceil_mode"], count_include_pad
    )
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-12)


@given(pools(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_average_pool_against_onnx(
    drawn: tuple[tuple[int, ...], dict[str, Any], dict[str, Any]], count_include_pad: bool
) -> None:
    """Uneven padding and dilation, without ceil mode."""
    shape, fields, attributes = drawn
    x = values(*shape)
    op = AveragePoolOp("p", tensor(*shape), **{**fields, "ceil_mode": False}, exclude_padding=not count_include_pad)
    attributes = {**attributes, "ceil_mode": 0, "count_include_pad": int(count_include_pad)}
    np.testing.assert_allclose(result_of(op, [x]), onnx_result("AveragePool", [x], attributes), atol=1e-9)


@st.composite
def transposed_convolutions(draw: st.DrawFn) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Shape of an image, and arguments that fit it."""
    groups = draw(st.integers(1, 3))
    kernel, stride = (draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(2))
    dilation = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    size = [draw(st.integers(1, 4)) for _ in range(2)]
    extent = [(size[i] - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1 for i in (0, 1)]
    before = [draw(st.integers(0, min(3, extent[i] - 1))) for i in (0, 1)]
    after = [draw(st.integers(0, min(3, extent[i] - 1 - before[i]))) for i in (0, 1)]
    arguments = {
        "channels": groups * draw(st.integers(1, 2)),
        "kernel": [*kernel],
        "stride": [*stride],
        "pad": [*before, *after],
        "output_pad": [draw(st.integers(0, step - 1)) for step in stride],
        "dilation": [*dilation],
        "groups": groups,
        "bias": draw(st.booleans()),
    }
    return (groups * draw(st.integers(1, 2)), *size), arguments


@given(transposed_convolutions())
@settings(max_examples=40, deadline=None)
def test_transposed_convolution_against_torch(drawn: tuple[tuple[int, ...], dict[str, Any]]) -> None:
    """torch cuts both sides alike, so what padding cuts off is cut here. (The evaluator of ONNX cannot: it fails on
    groups and on uneven padding.)"""
    torch = pytest.importorskip("torch")
    (channels, *size), given = drawn
    weight = values(channels, given["channels"] // given["groups"], *given["kernel"])
    x, bias = values(2, channels, *size), values(given["channels"])
    op = ConvTranspose2DOp(
        "t",
        tensor(*x.shape),
        tensor(*weight.shape),
        tensor(*bias.shape),
        stride=given["stride"],
        padding=given["pad"],
        output_padding=given["output_pad"],
        dilation=given["dilation"],
        groups=given["groups"],
    )
    top, left, bottom, right = given["pad"]
    full = torch.nn.functional.conv_transpose2d(
        *map(torch.tensor, (x, weight, bias)),
        stride=given["stride"],
        output_padding=given["output_pad"],
        dilation=given["dilation"],
        groups=given["groups"],
    ).numpy()
    expected = full[:, :, top : full.shape[2] - bottom, left : full.shape[3] - right]
    found = result_of(op, [x, weight, bias])
    assert shape_of(op.result) == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-9)


# Gradients.


@given(transposed_convolutions(), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_gradients_of_a_transposed_convolution(drawn: tuple[tuple[int, ...], dict[str, Any]], seed: int) -> None:
    check_gradients(pipeline(drawn[0], ("conv_transpose", drawn[1])), seed, entries=6)


@given(pools(), st.booleans(), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_gradients_of_pools_at_borders(
    drawn: tuple[tuple[int, ...], dict[str, Any], dict[str, Any]], count_include_pad: bool, seed: int
) -> None:
    (_, *shape), fields, _ = drawn
    window = {"kernel": [*fields["kernel_size"]], "stride": [*fields["stride"]], "pad": fields["padding"]}
    window["ceil_mode"] = fields["ceil_mode"]
    average = ("avgpool", {**window, "count_include_pad": count_include_pad})
    check_gradients(pipeline(tuple(shape), average), seed, entries=5)
    maximum = ("maxpool", {**window, "dilation": [*fields["dilation"]]})
    check_gradients(pipeline(tuple(shape), maximum), seed, entries=5)


@pytest.mark.parametrize(
    "layer",
    [
        ("slice", {"axis": 1, "first": 1, "count": 2}),
        ("slice", {"axis": -1, "first": 1, "count": 2, "step": 2}),
        ("slice", {"axis": 2, "first": 0, "count": 2, "step": 3}),
        ("pad", {"pad": [1, 0, 2, 3], "value": 1.5}),
        ("pad", {"pad": 0}),
        ("transpose", {"permutation": [0, 3, 1, 2]}),
        ("reshape", {"shape": [8, 12]}),
        ("channel_shuffle", {"groups": 2}),
        ("upsample", {"factor": [2, 3]}),
        ("upsample", {"factor": 2, "mode": "linear"}),
        ("resize", {"size": [3, 7], "mode": "linear", "coordinates": "align_corners"}),
        ("resize", {"size": [3, 7]}),
        ("reduce_mean", {"axes": [2, -1]}),
        ("reduce_mean", {"axes": 1, "keepdims": True}),
        ("reduce_sum", {"axes": [1, 3]}),
        ("reduce_max", {"axes": [2, -1]}),
        ("reduce_max", {"axes": [0, 1, 2, 3], "keepdims": True}),
        ("reduce_min", {"axes": 1, "keepdims": True}),
        ("reduce_product", {"axes": [1, 3]}),
        ("reduce_product", {"axes": 2, "keepdims": True}),
        ("global_maxpool", {}),
        ("instance_norm", {}),
        ("layer_norm", {}),
        ("layer_norm", {"axis": 1, "bias": False, "epsilon": 0.1}),
        ("layer_norm", {"axis": 2}),
        ("layer_norm", {"freeze": True}),
        ("softmax", {}),
        ("softmax", {"axis": -1}),
    ],
    ids=lambda layer: layer[0],
)
def test_gradients_of_layers(layer: tuple[str, dict[str, Any]]) -> None:
    check_gradients(pipeline((4, 6, 4), layer), 1, entries=8)


def test_gradients_of_instance_norm_on_sequences() -> None:
    layers = (("reshape", {"shape": [4, 10]}), ("instance_norm", {"epsilon": 0.01}))
    check_gradients(pipeline((2, 5, 4), *layers), 2)


def test_gradients_of_a_network_with_all_of_them() -> None:
    check_gradients(every_move(), 1, entries=5)


def test_gradients_of_that_network_against_torch() -> None:
    inference = every_move()
    module = derived(inference, input_grad=True)
    check_against_torch(inference, module, random_parameters(module, 3), 4)
