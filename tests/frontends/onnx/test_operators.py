"""Every operator of the table against the reference evaluator of the package `onnx`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import pytest

from simdc.frontends.onnx import OPERATORS, operators
from simdc.frontends.onnx.own_bodies import BODIES
from tests.frontends.onnx.models import check_against_reference, ints, kinds, model, node, random

assert operators  # importing it fills the table


class Case(NamedTuple):
    """A node on `x`, and the layers that it becomes."""

    name: str
    proto: onnx.ModelProto
    layers: list[str]
    low: float = -2.0
    oracle: onnx.ModelProto | None = None


CASES: list[Case] = []


def case(
    name: str,
    operator: str,
    shape: tuple[int, ...],
    layers: str,
    *weights: np.ndarray | None,
    opset: int = 17,
    others: dict[str, tuple[int, ...]] | None = None,
    first: bool = True,
    results: int = 1,
    low: float = -2.0,
    oracle: list[onnx.NodeProto] | None = None,
    **attributes: object,
) -> None:
    """`operator` with `x` of `shape`, the `others` and constants as inputs; `first` False puts a constant before x.

    The reference evaluator has gaps of its own. Where it does, `oracle` are nodes (opset 17) that mean the same and
    that it gets right.
    """
    constants = {f"w{place}": value for place, value in enumerate(weights) if value is not None}
    names = [f"w{place}" if value is not None else "" for place, value in enumerate(weights)]
    data = ["x", *(others or {})]
    outputs = [f"y{place}" for place in range(results)] if results > 1 else ["y"]
    body = node(operator, data + names if first else names + data, outputs, **attributes)
    proto = model([body], {"x": shape, **(others or {})}, constants, opset=opset)
    other = None if oracle is None else model(oracle, {"x": shape, **(others or {})}, constants, opset=17)
    CASES.append(Case(f"{operator}-{name}", proto, layers.split(), low, other))


def graph(
    name: str,
    nodes: list[onnx.NodeProto],
    layers: str,
    weights: dict[str, np.ndarray],
    others: dict[str, tuple[int, ...]] | None = None,
) -> None:
    """Several nodes, for operators on truth values: from an IMAGE `x` and `others` to `y`."""
    used = {each: value for each, value in weights.items() if any(each in node.input for node in nodes)}
    CASES.append(Case(name, model(nodes, {"x": IMAGE, **(others or {})}, used), layers.split()))


def number(name: str, value: int) -> onnx.NodeProto:
    return node("Constant", [], [name], value_ints=[value])


IMAGE, BIG = (2, 3, 5, 4), (2, 4, 9, 8)
F = random

# Convolutions.
case("plain", "Conv", IMAGE, "conv2d", F(6, 3, 3, 3), F(6))
case("no-bias", "Conv", IMAGE, "conv2d", F(6, 3, 3, 2), pads=[1, 0, 2, 1], strides=[2, 1])
case("depthwise", "Conv", BIG, "conv2d", F(8, 1, 3, 3), group=4, pads=[1, 1, 1, 1])
case("grouped", "Conv", BIG, "conv2d", F(6, 2, 1, 1), F(6), group=2)
case("dilated", "Conv", BIG, "conv2d", F(2, 4, 3, 3), dilations=[2, 2], pads=[2, 2, 2, 2])
case("same-upper", "Conv", BIG, "conv2d", F(2, 4, 3, 3), auto_pad="SAME_UPPER", strides=[2, 2])
case("same-lower", "Conv", BIG, "conv2d", F(2, 4, 2, 2), auto_pad="SAME_LOWER")
case("valid", "Conv", BIG, "conv2d", F(2, 4, 2, 2), auto_pad="VALID", kernel_shape=[2, 2])
case("1d", "Conv", (2, 3, 9), "reshape conv2d reshape", F(4, 3, 3), F(4), pads=[1, 0], strides=[2])
case("plain", "ConvTranspose", BIG, "conv_transpose2d", F(4, 3, 3, 3), F(3), strides=[2, 2], pads=[1, 1, 1, 1])
case("more", "ConvTranspose", BIG, "conv_transpose2d", F(4, 2, 2, 2), strides=[2, 2], output_padding=[1, 0])
case(
    "groups",
    "ConvTranspose",
    BIG,
    "conv_transpose2d",
    F(4, 3, 2, 3),
    group=2,
    dilations=[1, 2],
    oracle=[
        node("Split", ["x"], ["x0", "x1"], axis=1),
        node("Split", ["w0"], ["v0", "v1"], axis=0),
        node("ConvTranspose", ["x0", "v0"], ["y0"], dilations=[1, 2]),
        node("ConvTranspose", ["x1", "v1"], ["y1"], dilations=[1, 2]),
        node("Concat", ["y0", "y1"], ["y"], axis=1),
    ],
)
# ONNX: total padding = stride * (size - 1) + kernel - shape = (1, 1), the larger part in front.
case(
    "shape",
    "ConvTranspose",
    BIG,
    "conv_transpose2d",
    F(4, 3, 3, 3),
    strides=[2, 2],
    output_shape=[18, 16],
    oracle=[node("ConvTranspose", ["x", "w0"], ["y"], strides=[2, 2], pads=[1, 1, 0, 0])],
)
case("1d", "ConvTranspose", (2, 3, 9), "reshape conv_transpose2d reshape", F(3, 4, 3), strides=[2])

# Matrices.
case("transB", "Gemm", (3, 5), "linear", F(4, 5), F(4), transB=1)
case("plain", "Gemm", (3, 5), "linear", F(5, 4))
case("factors", "Gemm", (3, 5), "linear", F(5, 4), F(1, 4), alpha=0.5, beta=2.0)
case("scalar-bias", "Gemm", (3, 5), "linear", F(5, 4), F(1))
case("matrix-bias", "Gemm", (3, 5), "linear add", F(5, 4), F(3, 4), beta=0.5)
case("transA", "Gemm", (3, 5), "transpose linear", F(4, 3), transA=1, transB=1)
case("weight", "MatMul", (3, 5), "linear", F(5, 4))
case("rows", "MatMul", (2, 3, 5), "reshape linear reshape", F(5, 4))
case("column", "MatMul", (2, 3, 5), "reshape linear reshape", F(5))
case("row", "MatMul", (5,), "reshape linear reshape", F(5, 4))
# A weight that a view alone reads lies in its shape from the start.
case("row-first", "MatMul", (5, 4), "matmul reshape", F(5), first=False)

# Element by element.
for operator, layer, low in (
    ("Relu", "relu", -2.0),
    ("Sigmoid", "sigmoid", -2.0),
    ("Tanh", "tanh", -2.0),
    ("Erf", "erf", -2.0),
    ("HardSwish", "hard_swish", -5.0),
    ("Exp", "exp", -2.0),
    ("Log", "log", 0.1),
    ("Sqrt", "sqrt", 0.1),
    ("Abs", "abs", -2.0),
    ("Neg", "negate", -2.0),
    ("Reciprocal", "reciprocal", 0.5),
    ("Softplus", "softplus", -2.0),
    ("Mish", "mish", -5.0),
):
    case("image", operator, IMAGE, layer, low=low, opset=18)
    case("matrix", operator, (3, 4), layer, low=low, opset=18)
case("plain", "LeakyRelu", IMAGE, "leaky_relu", alpha=0.3)
case("plain", "Elu", IMAGE, "elu", alpha=0.7)
case("plain", "HardSigmoid", IMAGE, "hard_sigmoid", alpha=0.3, beta=0.4)
case("erf", "Gelu", IMAGE, "gelu", opset=20)
case("tanh", "Gelu", IMAGE, "gelu", opset=20, approximate="tanh")
case("plain", "Swish", IMAGE, "silu", opset=24)
case("inputs", "Clip", IMAGE, "clip", np.array(-0.5, np.float32), np.array(1, np.float32))
case("attributes", "Clip", IMAGE, "clip", opset=7, min=-0.5, max=1.0)
case("lower", "Clip", IMAGE, "relu", np.array(0, np.float32))
case("upper", "Clip", IMAGE, "clip", None, np.array(1, np.float32))
case("none", "Clip", IMAGE, "reshape")
case("crossed", "Clip", IMAGE, "clip", np.array(1, np.float32), np.array(-0.5, np.float32))
case("channels", "PRelu", IMAGE, "prelu", F(3, 1, 1))
case("one", "PRelu", IMAGE, "prelu", F(1))
case("last", "PRelu", IMAGE, "prelu", F(4))
for operator, layer in (("Add", "add"), ("Sub", "subtract"), ("Mul", "multiply"), ("Div", "divide")):
    case("tensors", operator, IMAGE, layer, others={"b": IMAGE})
    case("broadcast", operator, IMAGE, layer, others={"b": (2, 3, 1, 1)})
    case("channel", operator, IMAGE, layer, F(3, 1, 1))
    case("number", operator, IMAGE, "scalar", np.array(0.7, np.float32))
    case("number-first", operator, IMAGE, "scalar", np.array([0.7], np.float32), first=False, low=0.5)
case("number", "Pow", IMAGE, "scalar", np.array(3, np.float32))
case("tensors", "Pow", IMAGE, "power", others={"b": IMAGE}, low=0.2)
for operator, layer in (("Max", "maximum"), ("Min", "minimum"), ("Sum", "add")):
    case("three", operator, IMAGE, f"{layer} {layer}", others={"b": IMAGE, "c": IMAGE})
    case("number", operator, IMAGE, "scalar", np.array(0.3, np.float32))
case("two", "Mean", IMAGE, "add scalar", others={"b": IMAGE})

# Pools.
case("plain", "MaxPool", BIG, "max_pool", kernel_shape=[3, 3], strides=[2, 2])
case("uneven", "MaxPool", BIG, "max_pool", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])
case("ceil", "MaxPool", BIG, "max_pool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
case("dilated", "MaxPool", BIG, "max_pool", kernel_shape=[2, 2], dilations=[2, 3])
case("same", "MaxPool", BIG, "max_pool", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
case("whole", "MaxPool", BIG, "global_max_pool", kernel_shape=[9, 8])
case("1d", "MaxPool", (2, 3, 9), "reshape max_pool reshape", kernel_shape=[3], strides=[2])
case(
    "cube",
    "MaxPool",
    (2, 3, 5, 4, 4),
    "reshape max_pool reshape",
    kernel_shape=[3, 1, 1],
    oracle=[
        node("Constant", [], ["flat"], value_ints=[2, 3, 5, 16]),
        node("Reshape", ["x", "flat"], ["f"]),
        node("MaxPool", ["f"], ["m"], kernel_shape=[3, 1]),
        node("Constant", [], ["cube"], value_ints=[2, 3, 3, 4, 4]),
        node("Reshape", ["m", "cube"], ["y"]),
    ],
)
case("cube", "AveragePool", (2, 3, 2, 5, 4), "reshape average_pool reshape", kernel_shape=[1, 1, 2], strides=[1, 1, 2])
case("plain", "AveragePool", BIG, "average_pool", kernel_shape=[2, 2], strides=[2, 2])
case("outside", "AveragePool", BIG, "average_pool", kernel_shape=[3, 3], pads=[1, 0, 1, 1])
case("inside", "AveragePool", BIG, "average_pool", kernel_shape=[3, 3], pads=[1, 0, 1, 1], count_include_pad=1)
case("whole", "AveragePool", BIG, "global_average_pool", kernel_shape=[9, 8])
case("image", "GlobalAveragePool", BIG, "global_average_pool")
case("row", "GlobalAveragePool", (2, 3, 9), "reshape global_average_pool reshape")
case("image", "GlobalMaxPool", BIG, "global_max_pool")
case("spatial", "ReduceMean", BIG, "global_average_pool", axes=[2, 3])
case("dropped", "ReduceMean", BIG, "global_average_pool flatten", axes=[-1, -2], keepdims=0)
case("input", "ReduceMean", BIG, "global_average_pool", ints(2, 3), opset=18)
case("channels", "ReduceMean", BIG, "reduce_mean", axes=[1])
case("columns", "ReduceMean", (3, 4), "reduce_mean", axes=[1], keepdims=0)
case("old", "ReduceSum", BIG, "reduce_sum", opset=11, axes=[1])
case("input", "ReduceSum", BIG, "reduce_sum", ints(-1, 1), keepdims=0)
case("all", "ReduceSum", IMAGE, "reduce_sum")
case("none", "ReduceSum", IMAGE, "reshape", noop_with_empty_axes=1)
case("image", "ReduceMax", BIG, "global_max_pool", axes=[2, 3])
case("dropped", "ReduceMax", BIG, "global_max_pool flatten", ints(2, 3), keepdims=0, opset=18)
for operator, layers in (
    ("ReduceMax", "reduce_max"),
    ("ReduceMin", "reduce_min"),
    ("ReduceProd", "reduce_product"),
    ("ReduceL1", "abs reduce_sum"),
    ("ReduceL2", "scalar reduce_sum sqrt"),
    ("ReduceSumSquare", "scalar reduce_sum"),
    ("ReduceLogSum", "reduce_sum log"),
    ("ReduceLogSumExp", "exp reduce_sum log"),
):
    case("channels", operator, BIG, layers, axes=[1], keepdims=0, low=0.1)
    case("is_tiled", operator, BIG, layers, ints(-1, 0), opset=18, low=0.1)
for operator, layer in (("ArgMax", "arg_max"), ("ArgMin", "arg_min")):
    case("channels", operator, BIG, layer, axis=1)
    case("dropped", operator, (3, 4), layer, axis=-1, keepdims=0)
    case("last", operator, IMAGE, layer, axis=2, select_last_index=1)

# Comparisons and choices.
for operator, layer in (
    ("Equal", "equal"),
    ("Less", "less"),
    ("LessOrEqual", "less_or_equal"),
    ("Greater", "less"),
    ("GreaterOrEqual", "less_or_equal"),
):
    case("tensors", operator, IMAGE, layer, others={"b": IMAGE})
    case("broadcast", operator, IMAGE, layer, others={"b": (3, 1, 1)})
    case("number", operator, IMAGE, "scalar", np.array(0.3, np.float32))
    case("number-first", operator, IMAGE, "scalar", np.array(0.3, np.float32), first=False)
POSITIVE = [node("Greater", ["x", "zero"], ["p"]), node("Less", ["x", "one"], ["q"])]
LIMITS = {"zero": np.array(0, np.float32), "one": np.array([1], np.float32)}
for operator, layer in (("And", "minimum"), ("Or", "maximum")):
    graph(f"{operator}-tensors", [*POSITIVE, node(operator, ["p", "q"], ["y"])], f"scalar scalar {layer}", LIMITS)
graph("Not-tensor", [POSITIVE[0], node("Not", ["p"], ["y"])], "scalar scalar", LIMITS)
graph("Where-tensors", [POSITIVE[0], node("Where", ["p", "x", "b"], ["y"])], "scalar select", LIMITS, {"b": (3, 1, 1)})
graph("Where-number", [POSITIVE[0], node("Where", ["p", "x", "zero"], ["y"])], "scalar select", LIMITS)
graph("Where-first-number", [POSITIVE[0], node("Where", ["p", "one", "x"], ["y"])], "scalar select", LIMITS)
graph("Where-numbers", [POSITIVE[0], node("Where", ["p", "one", "zero"], ["y"])], "scalar select", LIMITS)
MASK = {"mask": np.tri(5, 4).astype(bool), "low": np.array(-np.inf, np.float32), "no": np.array([False])}
graph("Where-mask", [node("Where", ["mask", "x", "low"], ["y"])], "select", MASK)
graph("Where-never", [node("Where", ["no", "low", "x"], ["y"])], "reshape", MASK)
graph("Where-never-repeated", [node("Where", ["no", "x", "b"], ["y"])], "reshape expand", MASK, {"b": (5, 1)})

# Normalizations.
case("image", "BatchNormalization", IMAGE, "batch_norm", F(3), F(3), F(3), F(3, low=0.5), epsilon=1e-3)
case("matrix", "BatchNormalization", (4, 3), "batch_norm", F(3), F(3), F(3), F(3, low=0.5))
case(
    "old",
    "BatchNormalization",
    IMAGE,
    "batch_norm",
    F(3),
    F(3),
    F(3),
    F(3, low=0.5),
    opset=9,
    oracle=[node("BatchNormalization", ["x", "w0", "w1", "w2", "w3"], ["y"])],
)
# The evaluator runs over as many channels as there are images.
case("plain", "LRN", (4, 4, 5, 4), "local_response_norm", size=3, alpha=0.1, beta=0.5, bias=1.5)
case("image", "InstanceNormalization", IMAGE, "instance_norm", F(3), F(3), epsilon=1e-3)
case("row", "InstanceNormalization", (2, 3, 9), "reshape instance_norm reshape", F(3), F(3))
GROUPED = (2, 6, 4, 5)
case("row", "GroupNormalization", (2, 6, 9), "reshape instance_norm reshape", F(3), F(3), opset=18, num_groups=3)
case("groups", "GroupNormalization", GROUPED, "reshape instance_norm reshape", F(3), F(3), opset=18, num_groups=3)
case(
    "channels",
    "GroupNormalization",
    GROUPED,
    "group_norm",
    F(6),
    F(6),
    opset=21,
    num_groups=2,
)
case("rows", "LayerNormalization", (2, 4, 6), "layer_norm", F(6), F(6), opset=17)
case("images", "LayerNormalization", (2, 3, 4, 6), "layer_norm", F(3, 4, 6), opset=20, axis=1, epsilon=0.01)
case("whole", "LayerNormalization", (2, 4, 6), "reshape layer_norm reshape", F(2, 4, 6), F(2, 4, 6), opset=17, axis=-3)
case("last", "Softmax", (3, 4), "softmax")
case("channels", "Softmax", IMAGE, "softmax", axis=1)
case(
    "joint",
    "Softmax",
    IMAGE,
    "flatten softmax reshape",
    opset=11,
    axis=1,
    oracle=[
        node("Flatten", ["x"], ["f"]),
        node("Softmax", ["f"], ["s"]),
        node("Shape", ["x"], ["n"]),
        node("Reshape", ["s", "n"], ["y"]),
    ],
)
case("log", "LogSoftmax", (3, 4), "log_softmax")
case("five", "Softmax", (2, 2, 3, 2, 3), "softmax", axis=-2)
case("row", "Softmax", (5,), "reshape softmax reshape")
case("rows", "RMSNormalization", (2, 4, 6), "rms_norm", F(6), opset=23)
case("images", "RMSNormalization", (2, 3, 4, 6), "rms_norm", F(3, 4, 6), opset=23, axis=1, epsilon=0.01)

# Movement.
case("channels", "Concat", IMAGE, "concat", others={"b": (2, 5, 5, 4)}, axis=1)
case("rows", "Concat", IMAGE, "concat", others={"b": IMAGE, "c": IMAGE}, axis=-2)
case("constant", "Concat", IMAGE, "concat", F(2, 1, 5, 4), axis=1)
case("equal", "Split", BIG, "slice slice", axis=1, results=2)
case("sizes", "Split", BIG, "slice slice", ints(1, 3), axis=1, results=2)
case("attribute", "Split", BIG, "slice slice", axis=-3, split=[3, 1], results=2, opset=11)
case("count", "Split", (2, 3, 9), "slice slice", axis=2, num_outputs=2, results=2, opset=18)
case("one", "Slice", BIG, "slice", ints(1), ints(3), ints(1))
case("two", "Slice", BIG, "slice slice", ints(1, -5), ints(2**62, -1), ints(2, 3), ints(2, 1))
case("nothing", "Slice", BIG, "reshape", ints(0), ints(2**62), ints(2))
case("attributes", "Slice", BIG, "slice", opset=9, starts=[0, 2], ends=[4, 5], axes=[1, 2])
case("one", "Gather", BIG, "slice reshape", np.array(-1, np.int64), axis=1)
case("any-order", "Gather", BIG, "slice slice slice concat", ints(3, 0, 1, 2, 1), axis=1)
case("repeated", "Gather", BIG, "slice slice concat", ints(2, 2), axis=2)
case("matrix", "Gather", (3, 4), "slice slice concat reshape", np.array([[0, 2], [1, 3]]), axis=1)
case("all", "Gather", (3, 4), "reshape", np.array([[0, 1], [2, 3]]), axis=1)
case("every-second", "Gather", BIG, "slice", ints(0, 2), axis=1)
case("image", "Transpose", IMAGE, "transpose", perm=[0, 2, 3, 1])
case("shuffle", "Transpose", (2, 3, 2, 4, 5), "transpose", perm=[0, 2, 1, 3, 4])
case("default", "Transpose", (3, 4), "transpose")
case("for-nothing", "Transpose", (2, 3, 1, 1), "reshape", perm=[0, 2, 3, 1])
case("border", "Pad", IMAGE, "pad", ints(0, 0, 1, 0, 0, 0, 2, 3))
case("value", "Pad", IMAGE, "pad", ints(0, 0, 1, 1, 0, 0, 1, 1), np.array(0.5, np.float32))
case("attributes", "Pad", IMAGE, "pad", opset=9, pads=[0, 1, 0, 0, 0, 0, 0, 2], value=1.5)
case(
    "crop",
    "Pad",
    IMAGE,
    "slice",
    opset=9,
    pads=[0, 0, -1, 0, 0, 0, -1, 0],
    oracle=[
        number("one", 1),
        number("last", -1),
        number("rows", 2),
        node("Slice", ["x", "one", "last", "rows"], ["y"]),
    ],
)
case(
    "crop-and-pad",
    "Pad",
    IMAGE,
    "slice pad",
    opset=9,
    pads=[0, 0, -2, 0, 0, 0, 0, 2],
    oracle=[
        number("two", 2),
        number("end", 99),
        number("zero", 0),
        node("Slice", ["x", "two", "end", "two"], ["s"]),
        node("Cast", ["zero"], ["z"], to=1),
        node("Squeeze", ["z"], ["fill"]),
        node("Constant", [], ["pads"], value_ints=[0, 0, 0, 0, 0, 0, 0, 2]),
        node("Pad", ["s", "pads", "fill"], ["y"]),
    ],
)
case("axes", "Pad", IMAGE, "pad", ints(1, 2), np.array(0, np.float32), ints(3), opset=18)
case(
    "nearest",
    "Resize",
    BIG,
    "resize",
    None,
    np.array([1, 1, 2, 2], np.float32),
    mode="nearest",
    coordinate_transformation_mode="asymmetric",
    nearest_mode="floor",
)
case("linear", "Resize", BIG, "resize", None, None, ints(2, 4, 18, 16), mode="linear")
case(
    "corners",
    "Resize",
    BIG,
    "resize",
    None,
    None,
    ints(2, 4, 5, 11),
    mode="linear",
    coordinate_transformation_mode="align_corners",
)
case("same", "Resize", BIG, "reshape", None, np.ones(4, np.float32))
case("nearest", "Upsample", BIG, "resize", np.array([1, 1, 2, 3], np.float32), opset=9)
case("DCR", "DepthToSpace", (2, 8, 2, 3), "reshape transpose reshape", blocksize=2)
case("CRD", "DepthToSpace", (2, 8, 2, 3), "reshape transpose reshape", blocksize=2, mode="CRD")
case("plain", "SpaceToDepth", (2, 2, 4, 6), "reshape transpose reshape", blocksize=2)

# Picked or written at places that are data: where the largest numbers stand.
case("many-runs", "Gather", (2, 3), "gather", ints(*[1] * 300), axis=1)
graph(
    "Gather-by-data",
    [node("ArgMax", ["x"], ["i"], axis=3, keepdims=0), node("Gather", ["table", "i"], ["y"])],
    "arg_max gather",
    {"table": F(4, 6)},
)
graph(
    "Gather-from-data",
    [node("ArgMax", ["x"], ["i"], axis=2, keepdims=0), node("Gather", ["x", "i"], ["y"], axis=2)],
    "arg_max gather",
    {},
)
graph(
    "GatherElements-by-data",
    [node("ArgMax", ["x"], ["i"], axis=1), node("GatherElements", ["x", "i"], ["y"], axis=1)],
    "arg_max gather_elements",
    {},
)
graph(
    "GatherND-by-data",
    [node("ArgMax", ["x"], ["i"], axis=3), node("GatherND", ["table", "i"], ["y"])],
    "arg_max gather_nd",
    {"table": F(4, 7)},
)
graph(
    "GatherND-batch",
    [
        node("ArgMax", ["x"], ["a"], axis=1, keepdims=0),
        node("Unsqueeze", ["a", "last"], ["i"]),
        node("GatherND", ["x", "i"], ["y"], batch_dims=1),
    ],
    "arg_max reshape gather_nd",
    {"last": ints(-1)},
)
graph(
    "ScatterElements-by-data",
    [node("ArgMax", ["x"], ["i"], axis=1), node("ScatterElements", ["x", "i", "u"], ["y"], axis=1)],
    "arg_max scatter_elements",
    {},
    {"u": (2, 1, 5, 4)},
)
graph(
    "ScatterND-added",
    [node("ArgMax", ["x"], ["i"], axis=3), node("ScatterND", ["table", "i", "u"], ["y"], reduction="add")],
    "arg_max scatter_nd",
    {"table": F(4, 7)},
    {"u": (2, 3, 5, 7)},
)
case("known", "ScatterElements", (3, 4), "scatter_elements", np.array([[2, 0], [1, 1]]), F(2, 2), axis=1)
case("known", "ScatterND", (3, 4), "scatter_nd", np.array([[2], [0]]), F(2, 4))

case("last", "TopK", (3, 6), "top_k", ints(2), results=2)
case("smallest", "TopK", (2, 5, 3), "top_k", ints(3), results=2, axis=1, largest=0)
case("attribute", "TopK", (3, 6), "top_k", opset=9, results=2, k=3, axis=0)

# Positions and masks.
for name in ("Sin", "Cos", "Floor", "Ceil", "Round", "Sign"):
    case("plain", name, IMAGE, name.lower())
case("plain", "CumSum", IMAGE, "cumulative_sum", np.array(2))
case("exclusive", "CumSum", (3, 4), "cumulative_sum", np.array(-1), exclusive=1)
case("from-the-end", "CumSum", (3, 4), "reduce_sum cumulative_sum subtract", np.array(1), reverse=1)
case("lower", "Trilu", (2, 3, 4), "select", upper=0)
case("upper", "Trilu", (3, 4), "select", np.array(1))
case("number", "Mod", IMAGE, "scalar floor scalar subtract", np.array(0.7, np.float32), fmod=0)
case("tensor", "Mod", (3, 4), "divide floor multiply subtract", F(3, 4, low=0.3), fmod=0)
for name, values in (("truth", [0, 1]), ("scaled", [0, 3]), ("both", [-1, 2])):
    layers = {"truth": "equal", "scaled": "equal scalar", "both": "equal scalar scalar"}[name]
    graph(
        f"OneHot-{name}",
        [node("ArgMax", ["x"], ["i"], axis=2, keepdims=0), node("OneHot", ["i", "depth", "values"], ["y"], axis=1)],
        f"arg_max reshape {layers}",
        {"depth": np.array(5), "values": np.array(values, np.float32)},
    )
graph("IsNaN", [node("IsNaN", ["x"], ["n"]), node("Cast", ["n"], ["y"], to=1)], "is_nan reshape", {})
for name, fields in (("both", {}), ("above", {"detect_negative": 0}), ("below", {"detect_positive": 0})):
    body = [node("IsInf", ["x"], ["n"], **fields), node("Cast", ["n"], ["y"], to=1)]
    graph(f"IsInf-{name}", body, "is_inf reshape", {})

# Another shape or name for the same data.
case("flat", "Reshape", IMAGE, "flatten", ints(2, -1))
case("zero", "Reshape", IMAGE, "reshape", ints(0, 0, -1))
case("groups", "Reshape", BIG, "reshape", ints(2, 2, 2, 9, 8))
case("plain", "Flatten", IMAGE, "flatten")
case("all", "Flatten", IMAGE, "reshape", axis=3)
case("axes", "Squeeze", (2, 3, 1, 1), "flatten", ints(2, 3))
case("attribute", "Squeeze", (2, 3, 1, 1), "flatten", opset=11, axes=[-1, -2])
case("all", "Squeeze", (2, 3, 1, 1), "flatten")
case("axes", "Unsqueeze", (2, 3), "reshape", ints(2, -1))
case("attribute", "Unsqueeze", (2, 3), "reshape", opset=11, axes=[0])
case("plain", "Identity", IMAGE, "reshape")
case("float", "Cast", IMAGE, "reshape", to=1)
case("inference", "Dropout", IMAGE, "dropout", np.array(0.3, np.float32))
case("attribute", "Dropout", IMAGE, "dropout", opset=7, ratio=0.3)
case("same", "Expand", IMAGE, "reshape", ints(1, 3, 5, 4))
case("rows", "Expand", (2, 3, 1, 4), "expand", ints(5, 1))
case("more", "Expand", (3, 1), "reshape expand", ints(2, 3, 4))
case("one", "Tile", (2, 1, 4), "expand", ints(1, 3, 1))
case("long", "Tile", (2, 3, 4), "reshape expand reshape", ints(1, 2, 3))
case("nothing", "Tile", (2, 3), "reshape", ints(1, 1))
case("scores", "Einsum", (1, 3, 2, 4), "matmul", others={"k": (1, 5, 2, 4)}, equation="bqhd,bkhd->bhqk")
case("stacks", "Einsum", (2, 3, 4), "matmul", others={"k": (2, 4, 5)}, equation="bij,bjk->bik")
case("dots", "Einsum", (2, 1, 3, 4), "matmul", others={"k": (6, 4, 5)}, equation="...ij,...jk->...ik")
case("weight", "Einsum", (2, 3, 4), "linear", random(4, 5), equation="btd,de->bte")
case("heads", "Einsum", (2, 3, 4), "linear reshape", random(4, 2, 5), equation="btd, dhe -> bthe")
case("experts", "Einsum", (2, 3, 4), "matmul", random(6, 4, 5), equation="btd,edh->beth")
case("two sums", "Einsum", (3, 2, 4, 5), "matmul", random(6, 4, 5), equation="ibnd,hnd->ibh")
case("no arrow", "Einsum", (2, 3), "matmul", others={"k": (3, 4)}, equation="ij,jk")
case("outer", "Einsum", (2, 3), "reshape reshape multiply", others={"k": (2, 4)}, equation="bi,bj->bij")
case("factor", "Einsum", (3, 2), "reshape multiply", others={"k": (3, 2, 4)}, equation="bh,bhd->bhd")
case("turned", "Einsum", (2, 3), "reshape transpose multiply", others={"k": (4, 2, 3)}, equation="bh,dbh->bhd")
case("alone", "Einsum", (2, 3), "reduce_sum reshape multiply", others={"k": (3, 4)}, equation="Bi,ij->ij")
case("three", "Einsum", (2, 3), "matmul matmul", others={"k": (3, 4), "l": (2, 4)}, equation="bi,ij,bj->b")
case("sum", "Einsum", (2, 3, 4), "reduce_sum transpose", equation="bij->jb")
case("order", "Einsum", (2, 3, 4), "transpose", equation="cab")


@pytest.mark.parametrize("each", CASES, ids=[each.name for each in CASES])
def test_operator_computes_what_the_reference_computes(each: Case, tmp_path: Path) -> None:
    inputs = {
        value.name: random(*[size.dim_value for size in value.type.tensor_type.shape.dim], seed=number, low=each.low)
        for number, value in enumerate(each.proto.graph.input)
    }
    network = check_against_reference(each.proto, tmp_path, inputs, oracle=each.oracle)
    assert kinds(network) == each.layers


def test_every_operator_of_the_table_has_a_case() -> None:
    """CastLike has no evaluator of its own to compare with: it is Cast with another way to name the type. Quantization
    is no layer and rounds nothing here: test_quantization, test_quantized, which has the bodies of ours, too. The
    evaluator knows recurrent layers in one direction only: test_recurrent. Rotary positions: test_rotary.
    Attention: test_attention."""
    elsewhere = {"CastLike", "QuantizeLinear", "DequantizeLinear", "LSTM", "GRU", "RNN", *BODIES}
    elsewhere |= {"DynamicQuantizeLinear", "com.microsoft::MatMulNBits"}
    elsewhere |= {"RotaryEmbedding", "com.microsoft::RotaryEmbedding"}
    several = ("Attention", "MultiHeadAttention", "GroupQueryAttention")
    elsewhere |= {"Attention", *(f"com.microsoft::{kind}" for kind in several)}
    # test_row_norms:
    elsewhere |= {"SimplifiedLayerNormalization", "com.microsoft::SimplifiedLayerNormalization"}
    elsewhere |= {"com.microsoft::SkipLayerNormalization", "com.microsoft::SkipSimplifiedLayerNormalization"}
    assert {node.op_type for each in CASES for node in each.proto.graph.node} | elsewhere == OPERATORS.keys()
