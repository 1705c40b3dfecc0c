"""Convolutions and pools of one and two dimensions as the text of ONNX's operators defines them, one window at a time.

The package's own reference evaluator is wrong or fails on transposed convolutions in groups, uneven padding, pools with
padding and ceil mode; its shape inference knows neither dilation under SAME nor windows that begin behind the image.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray


class Side(NamedTuple):
    """A window along one dimension: padding before and behind, and the number of its positions."""

    before: int
    behind: int
    positions: int


def extent(kernel: int, dilation: int) -> int:
    return (kernel - 1) * dilation + 1


def sides(size: Sequence[int], kernel: Sequence[int], attributes: Mapping[str, Any]) -> list[Side]:
    rank = len(size)
    stride, dilation = (attributes.get(name, [1] * rank) for name in ("strides", "dilations"))
    pads, mode = attributes.get("pads", [0] * 2 * rank), attributes.get("auto_pad", "NOTSET")
    found: list[Side] = []
    for axis in range(rank):
        length, step, reach = size[axis], stride[axis], extent(kernel[axis], dilation[axis])
        if mode.startswith("SAME"):
            positions = -(-length // step)
            total = max(0, (positions - 1) * step + reach - length)
            # "In case of odd number, add the extra padding at the end for SAME_UPPER and at the beginning for
            # SAME_LOWER."
            before = total // 2 if mode == "SAME_UPPER" else total - total // 2
            found.append(Side(before, total - before, positions))
            continue
        before, behind = (0, 0) if mode == "VALID" else (pads[axis], pads[axis + rank])
        room = length + before + behind - reach
        positions = (-(-room // step) if attributes.get("ceil_mode") else room // step) + 1
        # "Sliding windows that would start in the right padded region are ignored."
        if attributes.get("ceil_mode") and (positions - 1) * step >= length + before:
            positions -= 1
        found.append(Side(before, behind, max(0, positions)))
    return found


def _windows(
    x: Array, kernel: Sequence[int], attributes: Mapping[str, Any], fill: float, placed: Sequence[Side]
) -> Iterator[tuple[tuple[int, ...], Array]]:
    """(position, what the window sees there): x is padded by `fill`, far enough for windows of ceil mode."""
    rank = len(kernel)
    stride, dilation = (attributes.get(name, [1] * rank) for name in ("strides", "dilations"))
    far = [extent(*each) + step for *each, step in zip(kernel, dilation, stride, strict=True)]
    margins = [(side.before, side.behind + more) for side, more in zip(placed, far, strict=True)]
    padded = np.pad(x, [(0, 0), (0, 0), *margins], constant_values=fill)
    for position in np.ndindex(*(side.positions for side in placed)):
        begins = [place * step for place, step in zip(position, stride, strict=True)]
        cut = [slice(b, b + extent(k, d), d) for b, k, d in zip(begins, kernel, dilation, strict=True)]
        yield position, padded[:, :, *cut]


def conv(x: Array, weight: Array, bias: Array | None, attributes: Mapping[str, Any]) -> Array:
    groups, kernel = attributes.get("group", 1), weight.shape[2:]
    placed = sides(x.shape[2:], kernel, attributes)
    result = np.zeros((x.shape[0], weight.shape[0], *(side.positions for side in placed)))
    inner, outer = x.shape[1] // groups, weight.shape[0] // groups
    for position, seen in _windows(x, kernel, attributes, 0.0, placed):
        for group in range(groups):
            part = seen[:, group * inner : (group + 1) * inner, None]
            kernels = weight[group * outer : (group + 1) * outer].swapaxes(0, 1)
            total = (part * kernels).sum(axis=(1, *range(3, part.ndim)))
            result[:, group * outer : (group + 1) * outer, *position] = total
    return result if bias is None else result + bias.reshape(-1, *(1,) * len(kernel))


def max_pool(x: Array, attributes: Mapping[str, Any]) -> Array:
    kernel = attributes["kernel_shape"]
    placed = sides(x.shape[2:], kernel, attributes)
    result = np.zeros((*x.shape[:2], *(side.positions for side in placed)))
    for position, seen in _windows(x, kernel, attributes, -np.inf, placed):
        result[:, :, *position] = seen.max(axis=tuple(range(2, seen.ndim)))
    return result


def average_pool(x: Array, attributes: Mapping[str, Any]) -> Array:
    """Padding counts if the node says so; what a window of ceil mode sees behind the padding never does."""
    kernel = attributes["kernel_shape"]
    placed = sides(x.shape[2:], kernel, attributes)
    counted = np.ones((1, 1, *x.shape[2:]))
    if attributes.get("count_include_pad"):
        counted = np.pad(counted, [(0, 0), (0, 0), *((s.before, s.behind) for s in placed)], constant_values=1.0)
        inside = [Side(0, 0, side.positions) for side in placed]
    else:
        inside = placed
    counts = {at: seen.sum() for at, seen in _windows(counted, kernel, attributes, 0.0, inside)}
    result = np.zeros((*x.shape[:2], *(side.positions for side in placed)))
    for position, seen in _windows(x, kernel, attributes, 0.0, placed):
        with np.errstate(invalid="ignore"):
            result[:, :, *position] = seen.sum(axis=tuple(range(2, seen.ndim))) / counts[position]
    return result


def conv_transpose(x: Array, weight: Array, bias: Array | None, attributes: Mapping[str, Any]) -> Array | None:
    """None where SAME asks for more positions than the windows reach: the text does not say what lies there."""
    rank, groups, kernel, size = x.ndim - 2, attributes.get("group", 1), weight.shape[2:], x.shape[2:]
    stride, dilation = (attributes.get(name, [1] * rank) for name in ("strides", "dilations"))
    extra, pads = attributes.get("output_padding", [0] * rank), attributes.get("pads", [0] * 2 * rank)
    mode = attributes.get("auto_pad", "NOTSET")
    before, shape = [0] * rank, [0] * rank
    for axis in range(rank):
        whole = stride[axis] * (size[axis] - 1) + extra[axis] + extent(kernel[axis], dilation[axis])
        if mode.startswith("SAME"):
            shape[axis] = size[axis] * stride[axis]
            total = whole - shape[axis]
            before[axis] = total // 2 if mode == "SAME_UPPER" else total - total // 2
            if total < 0:
                return None
        else:
            given = (0, 0) if mode == "VALID" else (pads[axis], pads[axis + rank])
            before[axis], shape[axis] = given[0], whole - sum(given)
    inner, outer = x.shape[1] // groups, weight.shape[1]
    result = np.zeros((x.shape[0], outer * groups, *(max(0, length) for length in shape)))
    for group in range(groups):
        for place in np.ndindex(*size):
            for tap in np.ndindex(*kernel):
                at = [p * s + t * d - b for p, s, t, d, b in zip(place, stride, tap, dilation, before, strict=True)]
                if all(0 <= index < length for index, length in zip(at, shape, strict=True)):
                    values = x[:, group * inner : (group + 1) * inner, *place]
                    kernels = weight[group * inner : (group + 1) * inner, :, *tap]
                    result[:, group * outer : (group + 1) * outer, *at] += values @ kernels
    return result if bias is None else result + bias.reshape(-1, *(1,) * rank)
