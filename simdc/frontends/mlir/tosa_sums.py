"""TOSA's convolutions, pools and products. Its images are [n, h, w, c]; those that an op before turned round are read
as they lay, so that transposes around a convolution cost nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, prod

from xdsl.ir import Operation
from xdsl.utils.exceptions import VerifyException

from simdc.ir.ops.average_pool import AveragePoolOp

from .asked import listed_like, operand
from .linalg import called, permuted, pointwise, spread
from .linalg_named import conv2d, gathered, max_pool, written_convolution
from .module_text import name_of
from .problems import Unpriced
from .reader import Reader, reads, result_bits, result_shape
from .sums import Sliding, product, slid_over
from .tensors import bordered
from .values import Filled, ModuleConstant, Seen, Value, names_for, plain
from .written import emit

TO_CHANNELS_FIRST, TO_CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
ONE_TO_ONE = (2, 3, 0, 1)
"""Weights [h, w, c, 1] of channels by themselves as [c, 1, h, w]."""


@reads("tosa.matmul")
def matmul(reader: Reader, op: Operation) -> Sequence[Value]:
    """A sum of products for the array."""
    sides = reader.value(operand(op, 0)), reader.value(operand(op, 1))
    return product(reader.network, ("bmk", "bkn", "bmn"), sides, (Filled(result_shape(op), 0.0), result_bits(op)))


@reads("tosa.matmul_t")
def matmul_transposed(reader: Reader, op: Operation) -> Sequence[Value]:
    """A sum of products for the array."""
    sides = reader.value(operand(op, 0)), reader.value(operand(op, 1))
    return product(reader.network, ("bmk", "bnk", "bmn"), sides, (Filled(result_shape(op), 0.0), result_bits(op)))


@reads("tosa.conv2d", "tosa.conv3d", "tosa.depthwise_conv2d")
def convolution(reader: Reader, op: Operation) -> Sequence[Value]:
    """`conv2d` where the image lies as [n, c, h, w]; else a sum of products for the array. The bias starts the sums;
    zero points cost nothing."""
    short, shape, bits = name_of(op).partition(".")[2], result_shape(op), result_bits(op)
    spatial = "dhw" if short == "conv3d" else "hw"
    image, weight = reader.seen(operand(op, 0)), reader.seen(operand(op, 1))
    border = listed_like(op, "pad", (0,) * 2 * len(spatial))
    stride, dilation = (listed_like(op, name, (1,) * len(spatial)) for name in ("stride", "dilation"))
    if not len(image.shape) == len(weight.shape) == len(shape) == len(spatial) + 2:
        raise Unpriced(f"it makes {list(shape)} of {list(image.shape)} and {list(weight.shape)}")
    kernel = "hwcm" if short == "depthwise_conv2d" else f"f{spatial}c"
    windows = {
        each: Sliding(shape[1 + n], weight.shape[kernel.index(each)], stride[n], dilation[n], border[2 * n])
        for n, each in enumerate(spatial)
    }
    bias = reader.value(operand(op, 2))
    order = ONE_TO_ONE if short == "depthwise_conv2d" else TO_CHANNELS_FIRST
    if short == "conv2d" or (short == "depthwise_conv2d" and weight.shape[3] == 1):
        native = _channels_first(reader, (image, permuted(weight, order), bias), windows, border, shape, bits)
        if native is not None:
            return [native]
    image = slid_over(reader.network, image, {1 + n: windows[each] for n, each in enumerate(spatial)})
    windows = {each: window.inside for each, window in windows.items()}
    if short != "depthwise_conv2d":
        made = f"n{spatial}f"
        start = spread(bias, shape, [len(shape) - 1])
        nest = written_convolution((image, weight), (f"n{spatial}c", kernel, made), windows, shape, start, bits)
        return emit(reader.network, nest)
    apart = (*shape[:3], image.shape[3], shape[3] // image.shape[3])
    sums = Filled(apart, 0.0)
    nest = written_convolution((image, weight), ("nhwc", kernel, "nhwcm"), windows, apart, sums, bits)
    (found,) = emit(reader.network, nest)
    assert isinstance(found, Seen)
    whole = reader.network.reshaped(found, shape)
    if isinstance(bias, Filled) and not bias.number:
        return [whole]
    shifted = [whole, spread(bias, shape, [3])]
    return pointwise(reader.network, shifted, shape, bits, called("add"))


def _channels_first(
    reader: Reader,
    sides: tuple[Seen, Value, Value],
    windows: dict[str, Sliding],
    border: Sequence[int],
    shape: tuple[int, ...],
    bits: int | None,
) -> Value | None:
    """Our own layer, where the image lies as [n, c, h, w]; None where it does not. Weights are seen as [f, c, h, w], of
    one channel each where there are fewer than the image has."""
    image, taps, bias = sides
    turned = permuted(image, TO_CHANNELS_FIRST)
    assert isinstance(turned, Seen)
    assert isinstance(taps, Seen)
    if not any(border):
        turned = _uncut(turned, windows)
    if any(border):
        if not turned.is_plain:
            return None
        top, bottom, left, right = border
        wide = bordered(reader.network, turned, [0, 0, top, left], [0, 0, bottom, right], 0.0)
        assert isinstance(wide, Seen)
        turned = wide
    if isinstance(taps.base, ModuleConstant) and not taps.is_plain:
        # Weights that come with the module are laid down as the layer wants them, before it runs.
        label = reader.network.label(f"{taps.base.label}.turned")
        taps = plain(ModuleConstant(label, taps.shape, taps.base.bits, frozenset((taps.base.label,))), taps.shape)
    if taps.shape[1] < image.shape[3]:
        taps = reader.network.reshaped(taps, (taps.shape[0], *taps.shape[2:]))
    first = tuple(shape[place] for place in TO_CHANNELS_FIRST)
    made = conv2d(reader, (turned, taps), spread(bias, first, [1]), windows, bits)
    return None if made is None else permuted(made, TO_CHANNELS_LAST)


def _uncut(image: Seen, windows: Mapping[str, Sliding]) -> Seen:
    """The image before rows and columns at its end were cut off that no window reaches: TOSA wants sizes that strides
    divide."""
    # 56 rows, a window of 1 every 2: 28 places, the last at row 54. 55 rows have as many.
    rank = len(image.shape)
    if image.padding is not None or len(image.own) != rank or image.own[: rank - 2] != image.shape[: rank - 2]:
        return image
    # Of one element the position is 0, whatever says so.
    sides = zip(image.index, names_for(rank), image.own, strict=True)
    straight = all(each == name or (size == 1 and not each.constant) for each, name, size in sides)
    sizes = zip(windows.values(), image.own[rank - 2 :], strict=True)
    fits = [(own - each.dilation * (each.taps - 1) - 1) // each.stride + 1 == each.places for each, own in sizes]
    return plain(image.base, image.own) if straight and all(fits) else image


@reads("tosa.max_pool2d", "tosa.avg_pool2d")
def pool(reader: Reader, op: Operation) -> Sequence[Value]:
    """`max_pool` where the image lies as [n, c, h, w], `average_pool` with a border; else programs for the lanes: the
    largest element, or the mean without the border."""
    image, shape, bits = reader.seen(operand(op, 0)), result_shape(op), result_bits(op)
    if not len(image.shape) == len(shape) == 4:
        raise Unpriced(f"it makes {list(shape)} of {list(image.shape)}")
    taps, stride = (listed_like(op, name, (1, 1)) for name in ("kernel", "stride"))
    border = listed_like(op, "pad", (0,) * 4)
    is_max = name_of(op).endswith("max_pool2d")
    if any(border) and not is_max:
        return [_mean_without_border(reader, image, (taps, stride, border), shape, bits)]
    low, high = [border[0], border[2]], [border[1], border[3]]
    windows = {each: Sliding(shape[1 + n], taps[n], stride[n]) for n, each in enumerate("hw")}
    if is_max:
        first = permuted(image, TO_CHANNELS_FIRST)
        assert isinstance(first, Seen)
        if not any(border) or first.is_plain:
            wide = bordered(reader.network, first, [0, 0, *low], [0, 0, *high], -inf)
            assert isinstance(wide, Seen)
            wanted = tuple(shape[place] for place in TO_CHANNELS_FIRST)
            native = max_pool(reader.network, wide, (taps, stride, (1, 1)), wanted, bits)
            if native is not None:
                return [permuted(native, TO_CHANNELS_LAST)]
        last = bordered(reader.network, image, [0, *low, 0], [0, *high, 0], -inf)
        assert isinstance(last, Seen)
        return emit(reader.network, gathered(last, "nhwc", windows, shape, Filled(shape, -inf), bits, "max"))
    sums = emit(reader.network, gathered(image, "nhwc", windows, shape, Filled(shape, 0.0), bits, "add"))
    return pointwise(reader.network, [*sums, Filled((), 1.0 / prod(taps))], shape, bits, called("mul"))


def _mean_without_border(
    reader: Reader, image: Seen, window: tuple[Sequence[int], ...], shape: tuple[int, ...], bits: int | None
) -> Value:
    """Our own layer on images [n, c, h, w], copied there where they lie in another way: windows differ in size."""
    network = reader.network
    taps, stride, (top, bottom, left, right) = window
    source = network.tensor(permuted(image, TO_CHANNELS_FIRST))
    fields = {"kernel_size": taps, "stride": stride, "padding": (top, left, bottom, right), "exclude_padding": True}
    try:
        made = AveragePoolOp(network.unused(), source, **fields)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    first = plain(network.add(made, bits), tuple(shape[place] for place in TO_CHANNELS_FIRST))
    return permuted(first, TO_CHANNELS_LAST)
