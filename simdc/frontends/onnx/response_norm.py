"""Local response normalization as exporters write it: PyTorch has no operator of it.

    x / (bias + alpha * average over a window of channels of x^2)^beta

with the channels as a dimension of an image of their own, padded, and an average pool along it. The layers that the
nodes have become are looked at, since between the nodes lie many that only compute shapes.
"""

from __future__ import annotations

from math import prod

from xdsl.ir import SSAValue

from simdc.frontends.joined.layers import LayerChain, put_in_place
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.network import NetworkOp
from simdc.ir.ops.average_pool import AveragePoolOp
from simdc.ir.ops.broadcast import DivideOp, MultiplyOp
from simdc.ir.ops.local_response_norm import LocalResponseNormOp
from simdc.ir.ops.pad import PadOp
from simdc.ir.ops.scalar import ScalarOp
from simdc.named import NamedTuple


class ChannelWindow(NamedTuple):
    """`size` channels, `before` of them before the one in the middle, of data read as [n, channels, rest]."""

    size: int
    before: int
    read_as: tuple[int, int]


def join_response_norms(network: NetworkOp) -> None:
    """Put one layer in the place of each such chain. It has the name of the division and remembers the other nodes."""
    for op in list(network.layers()):
        if isinstance(op, DivideOp):
            _join(op)


def _join(op: DivideOp) -> None:
    chain, x = LayerChain(op.rhs), op.lhs
    beta, bias, alpha = (chain.scalar(function) for function in ("pow", "add", "mul"))
    window = _window(chain)
    square = chain.take(MultiplyOp, ScalarOp)
    shape = shape_of(x)
    if beta is None or bias is None or alpha is None or window is None or not _is_square(square, x):
        return
    # ONNX's operator has the longer half of an even window behind its channel.
    if len(shape) != 4 or window.read_as != shape[:2] or window.before != (window.size - 1) // 2:
        return
    norm = LocalResponseNormOp(op.layer.data, x, size=window.size, alpha=alpha, beta=beta, bias=bias)
    put_in_place(op, norm, chain.layers)


def _window(chain: LayerChain) -> ChannelWindow | None:
    """An average along one dimension, in which zeros stand before and behind the data."""
    chain.views()
    pool = chain.take(AveragePoolOp)
    if not isinstance(pool, AveragePoolOp) or pool.exclude_padding is not None or pool.ceil_mode is not None:
        return None
    size, one = pool.kernel_size.get_values()
    top, left, bottom, right = pool.padding.get_values()
    ones = (*pool.stride.get_values(), *pool.dilation.get_values(), one)
    if set(ones) != {1} or left or right:
        return None
    n, channels, rows, _ = shape_of(pool.input)
    padded = (n * channels, rows)
    if top or bottom:
        return ChannelWindow(size, top, padded) if top + bottom == size - 1 else None
    chain.views()
    pad = chain.take(PadOp)
    if not isinstance(pad, PadOp) or pad.value.value.data != 0.0:
        return None
    before, after = pad.before.get_values(), pad.after.get_values()
    shape = shape_of(pad.input)
    axes = [axis for axis in range(len(shape)) if before[axis] or after[axis]]
    axis = axes[0] if len(axes) == 1 else None
    if axis is None or before[axis] + after[axis] != size - 1:
        return None
    read_as = (prod(shape[:axis]), shape[axis])
    # What is averaged is the padded dimension, and not another of the same image.
    if padded != (read_as[0], read_as[1] + size - 1):
        return None
    chain.views()
    return ChannelWindow(size, before[axis], read_as)


def _is_square(op: LayerOp | None, x: SSAValue) -> bool:
    if isinstance(op, MultiplyOp):
        return op.lhs is x and op.rhs is x
    return isinstance(op, ScalarOp) and op.input is x and (op.function.data, op.value.value.data) == ("pow", 2.0)
