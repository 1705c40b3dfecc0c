"""Random nodes of many operators, each size and attribute drawn on its own, and what they must compute.

python -m tests.frontends.onnx.random_nodes 1500        # counts per operator, and every difference
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, NamedTuple

import numpy as np
import onnx

from tests.frontends.onnx.models import model, node
from tests.oracles import onnx_windows as windows

Array = np.ndarray


class Case(NamedTuple):
    """A node on data `x` and constants, and what it gives: None asks ONNX's reference evaluator."""

    operator: str
    x: Array
    constants: list[Array | None]
    attributes: dict[str, Any]
    expected: Callable[[], Array | None] | None = None
    opset: int = 18

    @property
    def proto(self) -> onnx.ModelProto:
        named = {f"w{place}": value for place, value in enumerate(self.constants) if value is not None}
        inputs = ["x", *(f"w{place}" if value is not None else "" for place, value in enumerate(self.constants))]
        body = node(self.operator, inputs, ["y"], **self.attributes)
        return model([body], {"x": self.x.shape}, named, opset=self.opset)


def values(random: Random, *shape: int, low: float = -2.0) -> Array:
    return np.random.default_rng(random.getrandbits(32)).uniform(low, 2.0, shape).astype(np.float32)


def some(random: Random, count: int, low: int, high: int) -> list[int]:
    return [random.randint(low, high) for _ in range(count)]


def shape_of(random: Random, low: int = 2, high: int = 4) -> list[int]:
    return some(random, random.randint(low, high), 1, 5)


def window(random: Random, *, pool: bool) -> tuple[int, list[int], list[int], dict[str, Any]]:
    """Rank, size and kernel of an image and the attributes of a window on it. Pools pad by less than their kernel."""
    rank = random.choice((1, 2, 2, 3))
    kernel, stride, dilation = some(random, rank, 1, 3), some(random, rank, 1, 3), some(random, rank, 1, 3)
    reach = [windows.extent(k, d) for k, d in zip(kernel, dilation, strict=True)]
    size = [each - random.choice((0, 0, 0, 1)) + random.randint(0, 6 if rank < 3 else 2) for each in reach]
    attributes: dict[str, Any] = {"strides": stride}
    if random.random() < 0.6:
        attributes["dilations"] = dilation
    mode = random.choice(("NOTSET", "NOTSET", "", "SAME_UPPER", "SAME_LOWER", "VALID"))
    if mode:
        attributes["auto_pad"] = mode
    if mode in ("NOTSET", "", "VALID") and random.random() < 0.7:
        # Beside VALID they mean nothing.
        attributes["pads"] = [random.randint(0, kernel[side % rank] - 1 if pool else 2) for side in range(2 * rank)]
    return rank, [max(1, each) for each in size], kernel, attributes


def conv(random: Random) -> Case:
    _, size, kernel, attributes = window(random, pool=False)
    groups, inner, outer = random.choice((1, 1, 2, 3)), random.randint(1, 2), random.randint(1, 2)
    x, weight = (
        values(random, random.randint(1, 2), groups * inner, *size),
        values(random, groups * outer, inner, *kernel),
    )
    bias = values(random, groups * outer) if random.random() < 0.5 else None
    attributes = {**attributes, "group": groups}
    return Case("Conv", x, [weight, bias], attributes, partial(windows.conv, x, weight, bias, attributes))


def conv_transpose(random: Random) -> Case:
    _, size, kernel, attributes = window(random, pool=False)
    groups, inner, outer = random.choice((1, 1, 2, 3)), random.randint(1, 2), random.randint(1, 2)
    x, weight = (
        values(random, random.randint(1, 2), groups * inner, *size),
        values(random, groups * inner, outer, *kernel),
    )
    bias = values(random, groups * outer) if random.random() < 0.5 else None
    attributes = {**attributes, "group": groups}
    if random.random() < 0.4:
        attributes["output_padding"] = [random.randint(0, step - 1) for step in attributes["strides"]]
    expected = partial(windows.conv_transpose, x, weight, bias, attributes)
    return Case("ConvTranspose", x, [weight, bias], attributes, expected)


def pool(random: Random) -> Case:
    _, size, kernel, attributes = window(random, pool=True)
    attributes = {**attributes, "kernel_shape": kernel}
    if random.random() < 0.4:
        attributes["ceil_mode"] = 1
    x = values(random, random.randint(1, 2), random.randint(1, 3), *size)
    if random.random() < 0.5:
        return Case("MaxPool", x, [], attributes, partial(windows.max_pool, x, attributes))
    if random.random() < 0.5:
        attributes["count_include_pad"] = random.randint(0, 1)
    return Case("AveragePool", x, [], attributes, partial(windows.average_pool, x, attributes), opset=19)


def gemm(random: Random) -> Case:
    rows, inner, columns = some(random, 3, 1, 5)
    turned = [random.randint(0, 1) for _ in "AB"]
    x = values(random, *((inner, rows) if turned[0] else (rows, inner)))
    weight = values(random, *((columns, inner) if turned[1] else (inner, columns)))
    addend = random.choice((None, (columns,), (1, columns), (rows, 1), (rows, columns), (1,), ()))
    factors = {"alpha": random.choice((1.0, 0.5)), "beta": random.choice((1.0, 2.0, 0.0))}
    constants = [weight, None if addend is None else values(random, *addend)]
    return Case("Gemm", x, constants, {"transA": turned[0], "transB": turned[1], **factors})


def matmul(random: Random) -> Case:
    x = values(random, *shape_of(random, 1, 4))
    columns = [random.randint(1, 5)] if x.ndim == 1 or random.random() < 0.5 else []
    return Case("MatMul", x, [values(random, x.shape[-1], *columns)], {})


REDUCTIONS = ("Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp")
UNARY = ("Relu", "Sigmoid", "Tanh", "Exp", "Abs", "Neg", "Softplus", "HardSwish", "Elu", "LeakyRelu", "Mish")
BINARY = ("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
NORMS = ("BatchNormalization", "InstanceNormalization", "GroupNormalization", "LayerNormalization")


def reduction(random: Random) -> Case:
    kind = random.choice(REDUCTIONS)
    x = values(random, *shape_of(random), low=0.1)
    axes = random.sample(range(-x.ndim, 0), random.randint(1, x.ndim))
    axes = [axis + x.ndim if random.random() < 0.5 else axis for axis in axes]
    keep = random.randint(0, 1) if len(axes) < x.ndim else 1
    attributes: dict[str, Any] = {"keepdims": keep}
    opset = random.choice((11, 13, 18))
    if opset == 18 or (kind == "Sum" and opset == 13):
        return Case(f"Reduce{kind}", x, [np.array(axes, np.int64)], attributes, opset=opset)
    return Case(f"Reduce{kind}", x, [], {**attributes, "axes": axes}, opset=opset)


def place(random: Random) -> Case:
    x = np.round(values(random, *shape_of(random)))
    attributes = {"axis": random.randrange(-x.ndim, x.ndim), "keepdims": random.randint(0, 1)}
    attributes["select_last_index"] = random.randint(0, 1)
    return Case(random.choice(("ArgMax", "ArgMin")), x, [], attributes)


def unary(random: Random) -> Case:
    kind = random.choice(UNARY)
    attributes = {"alpha": random.choice((0.3, 1.5))} if kind in ("Elu", "LeakyRelu") else {}
    return Case(kind, values(random, *shape_of(random, 1)), [], attributes)


def binary(random: Random) -> Case:
    kind = random.choice(BINARY)
    x = values(random, *shape_of(random), low=0.2)
    other = [random.choice((1, size)) for size in x.shape][random.randint(0, x.ndim - 1) :]
    return Case(kind, x, [values(random, *random.choice((other, other, [])), low=0.2)], {})


def pad(random: Random) -> Case:
    x = values(random, *shape_of(random))
    axes = random.sample(range(x.ndim), random.randint(1, x.ndim))
    pads = [random.choice((0, 1, 2)) for _ in range(2 * len(axes))]
    value = np.array(random.choice((0.0, 1.5)), np.float32)
    return Case("Pad", x, [np.array(pads, np.int64), value, np.array(axes, np.int64)], {})


def cut(random: Random) -> Case:
    x = values(random, *shape_of(random))
    axes = random.sample(range(x.ndim), random.randint(1, x.ndim))
    starts = [random.randint(0, x.shape[axis] - 1) for axis in axes]
    ends = [random.randint(start + 1, x.shape[axis] + 2) for axis, start in zip(axes, starts, strict=True)]
    if random.random() < 0.5:
        # Counted from the end; beyond the end there is nothing to count.
        starts = [start - x.shape[axis] for axis, start in zip(axes, starts, strict=True)]
        ends = [end - x.shape[axis] if end < x.shape[axis] else end for axis, end in zip(axes, ends, strict=True)]
    numbers = (starts, ends, [axis - random.choice((0, x.ndim)) for axis in axes], some(random, len(axes), 1, 3))
    return Case("Slice", x, [np.array(each, np.int64) for each in numbers], {})


def concat(random: Random) -> Case:
    x = values(random, *shape_of(random))
    axis = random.randrange(-x.ndim, x.ndim)
    others = [list(x.shape) for _ in range(random.randint(1, 3))]
    for other in others:
        other[axis] = random.randint(1, 4)
    return Case("Concat", x, [values(random, *other) for other in others], {"axis": axis})


def transpose(random: Random) -> Case:
    x = values(random, *shape_of(random, 2, 5))
    return Case("Transpose", x, [], {"perm": random.sample(range(x.ndim), x.ndim)} if random.random() < 0.9 else {})


def gather(random: Random) -> Case:
    x = values(random, *shape_of(random))
    axis = random.randrange(-x.ndim, x.ndim)
    shape = random.choice(((1,), (3,), (4,), (2, 2), ()))
    places = np.array([random.randrange(-x.shape[axis], x.shape[axis]) for _ in range(int(np.prod(shape)))], np.int64)
    return Case("Gather", x, [places.reshape(shape)], {"axis": axis})


def repeat(random: Random) -> Case:
    x = values(random, *(random.choice((1, 1, 2, 3)) for _ in range(random.randint(1, 3))))
    if random.random() < 0.5:
        return Case("Tile", x, [np.array(some(random, x.ndim, 1, 3), np.int64)], {})
    target = [size if size > 1 else random.randint(1, 4) for size in x.shape]
    return Case("Expand", x, [np.array([*some(random, random.randint(0, 1), 1, 3), *target], np.int64)], {})


def softmax(random: Random) -> Case:
    x = values(random, *shape_of(random))
    return Case(random.choice(("Softmax", "LogSoftmax")), x, [], {"axis": random.randrange(-x.ndim, x.ndim)})


def norm(random: Random) -> Case:
    groups, each = some(random, 2, 1, 3)
    x = values(random, random.randint(1, 3), groups * each, *some(random, random.choice((1, 2)), 2, 4))
    channels, epsilon = x.shape[1], random.choice((1e-5, 0.01))
    factors: list[Array | None] = [values(random, channels), values(random, channels)]
    kind = random.choice(NORMS)
    if kind == "BatchNormalization":
        statistics = [values(random, channels), values(random, channels, low=0.5)]
        return Case(kind, x, [*factors, *statistics], {"epsilon": epsilon})
    if kind == "InstanceNormalization":
        return Case(kind, x, factors, {"epsilon": epsilon})
    if kind == "GroupNormalization":
        return Case(kind, x, factors, {"epsilon": epsilon, "num_groups": groups}, opset=21)
    axis = random.randrange(-x.ndim, x.ndim)
    own = x.shape[axis:]
    return Case(kind, x, [values(random, *own), values(random, *own)], {"epsilon": epsilon, "axis": axis})


def resize(random: Random) -> Case:
    x = values(random, random.randint(1, 2), random.randint(1, 3), *some(random, 2, 1, 5))
    sizes = np.array([*x.shape[:2], *some(random, 2, 1, 7)], np.int64)
    attributes: dict[str, Any] = {"mode": random.choice(("nearest", "linear"))}
    attributes["coordinate_transformation_mode"] = random.choice(("asymmetric", "half_pixel", "align_corners"))
    if attributes["mode"] == "nearest":
        attributes["nearest_mode"] = random.choice(("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"))
    return Case("Resize", x, [None, None, sizes], attributes)


NODES: tuple[Callable[[Random], Case], ...] = (
    conv, conv, conv_transpose, conv_transpose, pool, pool, gemm, matmul, reduction, place, unary, binary, pad, cut,
    concat, transpose, gather, repeat, softmax, norm, resize,
)  # fmt: skip
