"""The execution of the dialect against the reference evaluator of ONNX: one node at a time, random shapes and values.

Each case is made twice from the same numbers: an ONNX model of one node, and an op of ours in a network of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

import numpy as np
import pytest
from xdsl.dialects.builtin import IntegerType, ModuleOp, TensorType
from xdsl.ir import Block, SSAValue

from simdc.backends.execute import execute
from simdc.ir.base import LayerOp
from simdc.ir.network import NetworkOp, ReturnOp
from simdc.ir.ops.average_pool import AveragePoolOp, GlobalAveragePoolOp
from simdc.ir.ops.batch_norm import BatchNormOp
from simdc.ir.ops.broadcast import AddOp
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.free import FlattenOp
from simdc.ir.ops.linear import LinearOp
from simdc.ir.ops.local_response_norm import LocalResponseNormOp
from simdc.ir.ops.max_pool import MaxPoolOp
from simdc.ir.ops.pad import SliceOp
from simdc.ir.ops.relu import ReluOp
from simdc.ir.ops.softmax import SoftmaxOp

onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")

Array = np.ndarray
CASES = 12


class Node(NamedTuple):
    """An ONNX operator with its inputs, and the same from the dialect: `build` takes the values of `given`, which are
    the inputs unless our op wants them in another form."""

    operator: str
    inputs: list[Array]
    attributes: dict[str, Any]
    build: Callable[..., LayerOp]
    given: list[Array] | None = None
    constants: tuple[Array, ...] = ()
    """Integer inputs of the ONNX operator that are properties of ours."""


def by_onnx(node: Node) -> Array:
    """In float64 throughout. The result has as many dimensions as the first input, but for what is flat."""
    helper = onnx.helper
    names = [f"x{number}" for number in range(len(node.inputs))]
    integers = [f"i{number}" for number in range(len(node.constants))]
    extents = [f"d{number}" for number in range(2 if node.operator == "Flatten" else node.inputs[0].ndim)]
    graph = helper.make_graph(
        [helper.make_node(node.operator, [*names, *integers], ["y"], **node.attributes)],
        "one",
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.DOUBLE, value.shape)
            for name, value in zip(names, node.inputs, strict=True)
        ],
        [helper.make_tensor_value_info("y", onnx.TensorProto.DOUBLE, extents)],
        [onnx.numpy_helper.from_array(value, name) for name, value in zip(integers, node.constants, strict=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    onnx.checker.check_model(model)
    return reference.ReferenceEvaluator(model).run(None, dict(zip(names, node.inputs, strict=True)))[0]


def by_us(node: Node) -> Array:
    given = node.inputs if node.given is None else node.given
    block = Block(arg_types=[TensorType(IntegerType(32), value.shape) for value in given])
    op = node.build(*block.args)
    block.add_ops([op, ReturnOp(op.results[0])])
    for number, argument in enumerate(block.args):
        argument.name_hint = f"x{number}"
    network = NetworkOp("one", "inference", given[0].shape[0], 0, block)
    return execute(ModuleOp([network]), given, {}).returned[0]


def values(random: Random, *shape: int) -> Array:
    return np.random.default_rng(random.getrandbits(32)).normal(size=shape)


def window(random: Random, channels: int) -> tuple[list[Array], list[int], list[int], list[int], list[int]]:
    """An image, and kernel, stride, dilation and padding (top, left, bottom, right: the order of both) of a window that
    fits it."""
    kernel, stride, dilation = ([random.randint(1, top) for _ in "hw"] for top in (3, 3, 2))
    padding = [random.randint(0, kernel[side % 2] - 1) for side in range(4)]
    size = [(k - 1) * d + 1 + random.randint(0, 6) for k, d in zip(kernel, dilation, strict=True)]
    return [values(random, random.randint(1, 3), channels, *size)], kernel, stride, dilation, padding


def conv(random: Random) -> Node:
    groups = random.choice((1, 1, 2, 3))
    into, out = groups * random.randint(1, 3), groups * random.randint(1, 3)
    inputs, kernel, stride, dilation, padding = window(random, into)
    inputs.append(values(random, out, into // groups, *kernel))
    if random.random() < 0.5:
        inputs.append(values(random, out))
    attributes = {"kernel_shape": kernel, "strides": stride, "dilations": dilation, "pads": padding, "group": groups}

    def build(x: SSAValue, weight: SSAValue, bias: SSAValue | None = None) -> LayerOp:
        return Conv2DOp("l", x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)

    return Node("Conv", inputs, attributes, build)


def linear(random: Random) -> Node:
    n, into, out = (random.randint(1, 7) for _ in range(3))
    inputs = [values(random, n, into), values(random, out, into)]
    if random.random() < 0.5:
        inputs.append(values(random, out))
    return Node("Gemm", inputs, {"transB": 1}, lambda x, weight, bias=None: LinearOp("l", x, weight, bias))


def shape(random: Random, low: int = 1) -> list[int]:
    return [random.randint(1, 5) for _ in range(random.randint(low, 4))]


def relu(random: Random) -> Node:
    return Node("Relu", [values(random, *shape(random))], {}, lambda x: ReluOp("l", x))


def add(random: Random) -> Node:
    same = shape(random)
    return Node("Add", [values(random, *same), values(random, *same)], {}, lambda x, y: AddOp("l", x, y))


def max_pool(random: Random) -> Node:
    inputs, kernel, stride, _, padding = window(random, random.randint(1, 4))
    attributes = {"kernel_shape": kernel, "strides": stride, "pads": padding}
    return Node(
        "MaxPool", inputs, attributes, lambda x: MaxPoolOp("l", x, kernel_size=kernel, stride=stride, padding=padding)
    )


def average_pool(random: Random) -> Node:
    """Ours divides by the size of the window, border included."""
    inputs, kernel, stride, _, padding = window(random, random.randint(1, 4))
    attributes = {"kernel_shape": kernel, "strides": stride, "pads": padding, "count_include_pad": 1}

    def build(x: SSAValue) -> LayerOp:
        return AveragePoolOp("l", x, kernel_size=kernel, stride=stride, padding=padding)

    return Node("AveragePool", inputs, attributes, build)


def global_average_pool(random: Random) -> Node:
    return Node(
        "GlobalAveragePool", [values(random, 2, *shape(random)[:1], 3, 4)], {}, lambda x: GlobalAveragePoolOp("l", x)
    )


def batch_norm(random: Random) -> Node:
    """ONNX is given the variance, our op the inverse deviation that it is computed to when a network is loaded."""
    sizes = [random.randint(1, 4) for _ in range(4)]
    channels, epsilon = sizes[1], random.choice((2**-16, 2**-10, 0.125))
    x, scale, shift, mean = values(random, *sizes), *(values(random, channels) for _ in range(3))
    variance = values(random, channels) ** 2
    inverse = 1.0 / np.sqrt(variance + epsilon)
    return Node(
        "BatchNormalization",
        [x, scale, shift, mean, variance],
        {"epsilon": epsilon},
        lambda *values: BatchNormOp("l", *values),
        given=[x, mean, inverse, scale, shift],
    )


def local_response_norm(random: Random) -> Node:
    size = random.randint(1, 6)
    # Attributes of ONNX are single precision; these are exact in it, and so is alpha / size.
    alpha, bias = size * random.randint(1, 64) / 64, random.randint(4, 16) / 8
    beta = random.choice((0.5, 0.75, 1.0))
    # As many images as channels: the evaluator goes through the channels by the number of images (onnx 1.23).
    channels = random.randint(1, 7)
    x = values(random, channels, channels, 2, 3)
    attributes = {"size": size, "alpha": alpha, "beta": beta, "bias": bias}
    return Node(
        "LRN", [x], attributes, lambda x: LocalResponseNormOp("l", x, size=size, alpha=alpha, beta=beta, bias=bias)
    )


def softmax(random: Random) -> Node:
    x = 5.0 * values(random, random.randint(1, 4), random.randint(1, 9))
    return Node("Softmax", [x], {"axis": 1}, lambda x: SoftmaxOp("l", x))


def concat(random: Random) -> Node:
    sizes = shape(random, 2)
    parts = [values(random, sizes[0], random.randint(1, 4), *sizes[2:]) for _ in range(random.randint(1, 4))]
    return Node("Concat", parts, {"axis": 1}, lambda *parts: ConcatOp("l", *parts))


def slices(random: Random) -> Node:
    sizes = [random.randint(2, 7) for _ in range(random.randint(2, 4))]
    axis, step = random.randrange(len(sizes)), random.randint(1, 3)
    first = random.randrange(sizes[axis])
    count = random.randint(1, -(-(sizes[axis] - first) // step))
    bounds = tuple(np.array([number]) for number in (first, first + (count - 1) * step + 1, axis, step))
    return Node(
        "Slice",
        [values(random, *sizes)],
        {},
        lambda x: SliceOp("l", x, axis=axis, first=first, count=count, step=step),
        constants=bounds,
    )


def flatten(random: Random) -> Node:
    return Node("Flatten", [values(random, *shape(random, 2))], {"axis": 1}, lambda x: FlattenOp("l", x))


NODES: Sequence[Callable[[Random], Node]] = (
    conv, linear, relu, add, max_pool, average_pool, global_average_pool, batch_norm, local_response_norm, softmax,
    concat, slices, flatten,
)  # fmt: skip


@pytest.mark.parametrize("make", NODES, ids=lambda make: make.__name__)
def test_one_node(make: Callable[[Random], Node]) -> None:
    random = Random(make.__name__)
    for _ in range(CASES):
        node = make(random)
        expected, found = by_onnx(node), by_us(node)
        assert found.shape == expected.shape, node.attributes
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=str(node.attributes))


def test_a_wrong_result_is_noticed() -> None:
    """The comparison itself: a padding on the other side is another result."""
    random = Random(1)
    x, weight = values(random, 1, 1, 4, 4), values(random, 1, 1, 2, 2)
    attributes = {"kernel_shape": [2, 2], "pads": [1, 0, 0, 0]}
    node = Node("Conv", [x, weight], attributes, lambda x, weight: Conv2DOp("l", x, weight, padding=[0, 0, 1, 0]))
    assert not np.allclose(by_us(node), by_onnx(node))
