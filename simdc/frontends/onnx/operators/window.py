"""What convolutions and pools say about their windows, and images of one dimension as images of one row."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from simdc.cost.numbers import ceil_div
from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Constant
from simdc.frontends.onnx.graph import Node
from simdc.frontends.onnx.problems import Unsupported
from simdc.ir.base import shape_of
from simdc.ir.ops.free import ReshapeOp
from simdc.named import NamedTuple


class Window(NamedTuple):
    """Height and width of each, depth before them in a volume; `padding` is top, left, bottom, right."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]


class WindowAxis(NamedTuple):
    """A window along one dimension of an image of `size`."""

    size: int
    kernel: int
    stride: int
    before: int
    after: int
    dilation: int

    @property
    def extent(self) -> int:
        """Positions from the first to the last that the window reads."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def passes_by(self) -> bool:
        """Whether each position is a window of its own, so that the dimension stays as it is."""
        return (self.kernel, self.stride, self.before, self.after) == (1, 1, 0, 0)


def read_window(node: Node, size: Sequence[int], kernel: Sequence[int]) -> Window:
    """The window over an image of `size`, up to three numbers. An image of one dimension is one row."""
    return window_of(read_axes(node, size, kernel))


def window_of(axes: Sequence[WindowAxis]) -> Window:
    if len(axes) not in (1, 2, 3):
        raise Unsupported(f"it has {len(axes)} spatial dimensions, and simdc knows one, two and three")
    sides = (WindowAxis(1, 1, 1, 0, 0, 1), *axes) if len(axes) == 1 else axes
    return Window(
        tuple(side.kernel for side in sides),
        tuple(side.stride for side in sides),
        (*(side.before for side in sides), *(side.after for side in sides)),
        tuple(side.dilation for side in sides),
    )


def read_axes(node: Node, size: Sequence[int], kernel: Sequence[int]) -> list[WindowAxis]:
    """The window along each dimension of an image of `size`."""
    rank = len(size)
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
    return list(map(WindowAxis, size, kernel, stride, pads[:rank], pads[rank:], dilation))


def side_by_side(axes: Sequence[WindowAxis]) -> list[WindowAxis]:
    """Neighbouring dimensions that a window passes by, read as one: 8 x 7 x 7 under a window of 5 x 1 x 1 is 8 x 49
    under 5 x 1."""
    joined: list[WindowAxis] = []
    for axis in axes:
        if joined and joined[-1].passes_by and axis.passes_by:
            axis = axis._replace(size=joined.pop().size * axis.size)
        joined.append(axis)
    return joined


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
        total = max(0, (ceil_div(length, step) - 1) * step + (k - 1) * apart + 1 - length)
        small, large = total // 2, total - total // 2
        before.append(small if upper else large)
        after.append(large if upper else small)
    return (*before, *after)


def as_image(build: Build, x: SSAValue) -> SSAValue:
    """[n, c, l] as [n, c, 1, l]: another shape of the same data."""
    shape = shape_of(x)
    if len(shape) != 3:
        return x
    return build.add(ReshapeOp(build.part("image"), x, shape=(*shape[:2], 1, shape[2])))


def as_image_weight(weight: Constant) -> Constant:
    """[oc, ic, k] as [oc, ic, 1, k]."""
    shape = weight.shape
    return weight.reshaped((*shape[:2], 1, shape[2])) if len(shape) == 3 else weight


def as_row(build: Build, x: SSAValue, rank: int) -> SSAValue:
    """The result of a layer on images back to `rank` dimensions."""
    shape = shape_of(x)
    return x if rank == len(shape) else build.add(ReshapeOp(build.part("row"), x, shape=(*shape[:2], shape[3])))
