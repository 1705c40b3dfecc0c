"""What convolutions and pools say about their windows, and images of one dimension as images of one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xdsl.ir import SSAValue

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Constant
from simdc.frontends.onnx.graph import Node
from simdc.frontends.onnx.problems import Unsupported
from simdc.ir.base import shape_of
from simdc.ir.free import ReshapeOp


class Window(NamedTuple):
    """Height and width of each; `padding` is top, left, bottom, right."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    dilation: tuple[int, int]


def read_window(node: Node, size: Sequence[int], kernel: Sequence[int]) -> Window:
    """The window over an image of `size`, one or two numbers. An image of one dimension is one row."""
    rank = len(size)
    if rank not in (1, 2):
        raise Unsupported(f"it has {rank} spatial dimensions, and simdc knows one and two")
    if len(kernel) != rank:
        raise Unsupported(f"its window has {len(kernel)} dimensions and its image {rank}")
    stride, dilation = entries(node, "strides", rank), entries(node, "dilations", rank)
    pads = node.integers("pads") or (0,) * (2 * rank)
    if len(pads) != 2 * rank:
        raise Unsupported(f"pads {list(pads)} do not fit {rank} spatial dimensions")
    mode = node.text("auto_pad", "NOTSET")
    if mode == "VALID":
        pads = (0,) * (2 * rank)
    elif mode in ("SAME_UPPER", "SAME_LOWER"):
        pads = _same(size, kernel, stride, dilation, upper=mode == "SAME_UPPER")
    elif mode not in ("NOTSET", ""):
        raise Unsupported(f"auto_pad '{mode}' is unknown")
    if rank == 1:
        return Window((1, kernel[0]), (1, stride[0]), (0, pads[0], 0, pads[1]), (1, dilation[0]))
    return Window(
        (kernel[0], kernel[1]), (stride[0], stride[1]), (pads[0], pads[1], pads[2], pads[3]), (dilation[0], dilation[1])
    )


def entries(node: Node, name: str, rank: int, default: int = 1) -> tuple[int, ...]:
    """One number for each dimension of the image."""
    found = node.integers(name) or (default,) * rank
    if len(found) != rank:
        raise Unsupported(f"{name} {list(found)} do not fit {rank} spatial dimensions")
    return found


def _same(
    size: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], *, upper: bool
) -> tuple[int, ...]:
    """Padding that gives ceil(size / stride) positions; of an odd number the larger half goes to the end if `upper`."""
    before: list[int] = []
    after: list[int] = []
    for length, k, step, apart in zip(size, kernel, stride, dilation, strict=True):
        total = max(0, (-(-length // step) - 1) * step + (k - 1) * apart + 1 - length)
        small, large = total // 2, total - total // 2
        before.append(small if upper else large)
        after.append(large if upper else small)
    return (*before, *after)


def as_image(build: Build, x: SSAValue) -> SSAValue:
    """[n, c, l] as [n, c, 1, l]: another shape of the same data."""
    shape = shape_of(x)
    if len(shape) != 3:
        return x
    return build.add(ReshapeOp(build.part("image"), x, (*shape[:2], 1, shape[2])))


def as_image_weight(weight: Constant) -> Constant:
    """[oc, ic, k] as [oc, ic, 1, k]."""
    shape = weight.shape
    return weight.reshaped((*shape[:2], 1, shape[2])) if len(shape) == 3 else weight


def as_row(build: Build, x: SSAValue, rank: int) -> SSAValue:
    """The result of a layer on images back to `rank` dimensions."""
    shape = shape_of(x)
    return x if rank == 4 else build.add(ReshapeOp(build.part("row"), x, (*shape[:2], shape[3])))
