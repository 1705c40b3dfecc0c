"""`linalg`'s products, convolutions and pools, whose names say how their operands lie."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf

from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine
from simdc.ir.base import shape_of
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.max_pool import MaxPoolOp

from .asked import listed_like
from .body import Body
from .functions import LaneCode, Symbol
from .linalg import from_maps
from .maps import maps_of
from .module_text import attribute, element_bits, name_of, segments, shape_of_type
from .network import ForeignNetwork
from .problems import Unpriced
from .reader import Reader, reads
from .sums import Sliding, multiply_add, numbered, product, slid
from .values import Filled, Made, Read, Seen, Value, plain
from .written import WrittenNest, emit

PRODUCTS = {
    "matmul": ("mk", "kn", "mn"),
    "quantized_matmul": ("mk", "kn", "mn"),
    "matmul_transpose_a": ("km", "kn", "mn"),
    "matmul_transpose_b": ("mk", "nk", "mn"),
    "batch_matmul": ("bmk", "bkn", "bmn"),
    "quantized_batch_matmul": ("bmk", "bkn", "bmn"),
    "batch_matmul_transpose_a": ("bkm", "bkn", "bmn"),
    "batch_matmul_transpose_b": ("bmk", "bnk", "bmn"),
    "batch_reduce_matmul": ("bmk", "bkn", "mn"),
    "matvec": ("mk", "k", "m"),
    "vecmat": ("k", "kn", "n"),
    "batch_matvec": ("bmk", "bk", "bm"),
    "batch_vecmat": ("bk", "bkn", "bn"),
    "dot": ("k", "k", ""),
    "mmt4d": ("mkij", "nklj", "mnil"),
    "batch_mmt4d": ("bmkij", "bnklj", "bmnil"),
}
SPATIAL = "dhw"
CONVOLUTION = re.compile(r"(depthwise_)?conv_([123])d(?:_([a-z]+)_([a-z]+?))?(_q)?")
POOL = re.compile(r"pooling_([a-z]+)_(sum|max|min)(_unsigned)?")


def has_maps(op: Operation) -> bool:
    """Whether a product has maps and a body of its own."""
    is_whole = bool(op.regions) and bool(op.regions[0].blocks) and len(segments(op, 2)[0]) == 2
    return is_whole and attribute(op, "indexing_maps") is not None


@reads(*(f"linalg.{name}" for name in PRODUCTS))
def matrix_product(reader: Reader, op: Operation) -> Sequence[Value]:
    """A sum of products for the array: by maps of its own, where it has some, else by its name."""
    short = name_of(op).partition(".")[2]
    inputs, outputs = segments(op, 2, (2, 1))
    if has_maps(op):
        return from_maps(reader, op, maps_of(attribute(op, "indexing_maps")))
    sides = (reader.value(inputs[0]), reader.value(inputs[1]))
    made = reader.value(outputs[0]), element_bits(outputs[0].type)
    return product(reader.network, PRODUCTS[short], sides, made)


@reads(*(f"linalg.{name}" for name in (
    "conv_1d", "conv_2d", "conv_3d", "conv_1d_ncw_fcw", "conv_1d_nwc_wcf", "conv_2d_nchw_fchw", "conv_2d_nchw_fchw_q",
    "conv_2d_nhwc_hwcf", "conv_2d_nhwc_hwcf_q", "conv_2d_nhwc_fhwc", "conv_2d_nhwc_fhwc_q", "conv_2d_ngchw_fgchw",
    "conv_2d_ngchw_gfchw", "conv_2d_ngchw_gfchw_q", "conv_2d_nhwgc_gfhwc", "conv_2d_nhwgc_gfhwc_q",
    "conv_3d_ncdhw_fcdhw", "conv_3d_ndhwc_dhwcf", "conv_3d_ndhwc_dhwcf_q", "depthwise_conv_1d_ncw_cw",
    "depthwise_conv_1d_nwc_wc", "depthwise_conv_1d_nwc_wcm", "depthwise_conv_2d_nchw_chw", "depthwise_conv_2d_nhwc_hwc",
    "depthwise_conv_2d_nhwc_hwc_q", "depthwise_conv_2d_nhwc_hwcm", "depthwise_conv_2d_nhwc_hwcm_q",
    "depthwise_conv_3d_ncdhw_cdhw", "depthwise_conv_3d_ndhwc_dhwc", "depthwise_conv_3d_ndhwc_dhwcm")))  # fmt: skip
def convolution(reader: Reader, op: Operation) -> Sequence[Value]:
    """`conv2d` of images [n, c, h, w], in groups where it is depthwise; a sum of products for the array in any other
    layout."""
    found = CONVOLUTION.fullmatch(name_of(op).partition(".")[2])
    assert found is not None
    depthwise, rank = found[1] is not None, int(found[2])
    spatial = SPATIAL[3 - rank :]
    image, kernel = found[3] or spatial, found[4] or spatial
    inputs, outputs = segments(op, 2, (2, 1))
    sides = reader.seen(inputs[0]), reader.seen(inputs[1])
    start, shape = reader.value(outputs[0]), shape_of_type(outputs[0].type)
    stride, dilation = (listed_like(op, name, (1,) * rank) for name in ("strides", "dilations"))
    taps = {each: sides[1].shape[kernel.index(each)] for each in spatial}
    # The result lies as the image, f in the place of c; channels that stay by themselves keep their letter.
    made = image if depthwise else image.replace("c", "f")
    made += "m" if depthwise and "m" in kernel else ""
    windows = {
        each: Sliding(shape[made.index(each)], taps[each], stride[n], dilation[n]) for n, each in enumerate(spatial)
    }
    bits = element_bits(outputs[0].type)
    if (image, kernel) in (("nchw", "fchw"), ("nchw", "chw")) and len(inputs) == 2:
        native = conv2d(reader, sides, start, windows, bits)
        if native is not None:
            return [native]
    return emit(reader.network, written_convolution(sides, (image, kernel, made), windows, shape, start, bits))


def written_convolution(
    sides: tuple[Seen, Seen],
    letters: tuple[str, str, str],
    windows: dict[str, Sliding],
    shape: tuple[int, ...],
    start: Value,
    bits: int | None,
) -> WrittenNest:
    """A convolution as loops; in `letters` a window's spatial dimension stands for its places, its capital for taps."""
    image, kernel, made = letters
    bounds = dict(zip(made, shape, strict=True))
    bounds |= {each.upper(): window.taps for each, window in windows.items()}
    for names, side in ((image, sides[0]), (kernel, sides[1])):
        bounds |= {each: size for each, size in zip(names, side.shape, strict=True) if each not in windows}
    index = numbered(bounds)
    at = {each: slid(index, each, each.upper(), window) for each, window in windows.items()}
    taps = {each: index[each.upper()] for each in windows}
    read: tuple[Affine, ...] = tuple((at | {k: v for k, v in index.items() if k not in at})[each] for each in image)
    weight = tuple((index | taps)[each] for each in kernel)
    result = Made(shape, tuple(index[each] for each in made), start, bits)
    reads_ = (Read(sides[0], read), Read(sides[1], weight))
    return WrittenNest(tuple(bounds.values()), reads_, (result,), multiply_add)


def conv2d(
    reader: Reader, sides: tuple[Seen, Seen], start: Value, windows: dict[str, Sliding], bits: int | None
) -> Value | None:
    """Our own layer, which others may fold into; None where the image or the sums' start are seen in another way."""
    image, weight = sides
    network = reader.network
    groups = 1
    whole = weight
    if len(weight.shape) == 3:
        # Weights [c, h, w], of each channel its own: [c, 1, h, w] in c groups.
        groups, *window = weight.shape
        whole = network.reshaped(weight, (groups, 1, *window))
    border = border_of(image)
    bias = _bias(reader, start)
    if border is None or not (weight.is_plain or whole.is_plain) or bias is None or image.padding not in (None, 0.0):
        return None
    operands = [network.base(image), network.tensor(whole), *bias]
    stride, dilation = ([windows[each][field] for each in "hw"] for field in (2, 3))
    try:
        op = Conv2DOp(network.unused(), *operands, stride=stride, padding=border, dilation=dilation, groups=groups)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    return plain(network.add(op, bits), shape_of(op.result))


def border_of(image: Seen) -> tuple[int, ...] | None:
    """Top, left, bottom and right of the border around an image [n, c, h, w] that is else as it lies."""
    if image.is_plain:
        return (0, 0, 0, 0)
    if image.padding is None or len(image.own) != 4 or image.own[:2] != image.shape[:2]:
        return None
    before = [-each.constant for each in image.index]
    after = [whole - own - low for whole, own, low in zip(image.shape, image.own, before, strict=True)]
    return (*before[2:], *after[2:]) if min((*before, *after)) >= 0 else None


def _bias(reader: Reader, start: Value) -> list[SSAValue] | None:
    """Nothing for sums that start at zero, a bias along channels, None for any other start."""
    if isinstance(start, Filled):
        return [] if start.number in (None, 0.0) else None
    channels = len(start.own) == 1 and [str(each) for each in start.index] == ["v1"] and start.padding is None
    return [reader.network.base(start)] if channels else None


@reads(*(f"linalg.pooling_{layout}_{kind}" for kind in ("sum", "max", "min", "max_unsigned", "min_unsigned")
         for layout in ("nchw", "nhwc", "ncw", "nwc", "ndhwc", "ncdhw")))  # fmt: skip
def pool(reader: Reader, op: Operation) -> Sequence[Value]:
    """`max_pool` of images [n, c, h, w]; else a program for the lanes."""
    found = POOL.fullmatch(name_of(op).partition(".")[2])
    assert found is not None
    letters, kind = found[1], {"sum": "add"}.get(found[2], found[2])
    inputs, outputs = segments(op, 2, (2, 1))
    spatial = [each for each in letters if each in SPATIAL]
    image, shape, taps = reader.seen(inputs[0]), shape_of_type(outputs[0].type), shape_of_type(inputs[1].type)
    stride, dilation = (listed_like(op, name, (1,) * len(spatial)) for name in ("strides", "dilations"))
    windows = {
        each: Sliding(shape[letters.index(each)], taps[n], stride[n], dilation[n]) for n, each in enumerate(spatial)
    }
    start, bits = reader.value(outputs[0]), element_bits(outputs[0].type)
    if (letters, kind) == ("nchw", "max"):
        native = max_pool(reader.network, image, (taps, stride, dilation), shape, bits)
        if native is not None:
            return [native]
    return emit(reader.network, gathered(image, letters, windows, shape, start, bits, kind))


def max_pool(
    network: ForeignNetwork, image: Seen, window: tuple[Sequence[int], ...], shape: tuple[int, ...], bits: int | None
) -> Value | None:
    """Our own layer, on images [n, c, h, w]; `window` has taps, steps and distances. None where the border holds what a
    maximum looks at, or the layer does not take the window."""
    border = border_of(image)
    if border is None or image.padding not in (None, -inf):
        return None
    taps, stride, dilation = window
    fields = {"kernel_size": taps, "stride": stride, "padding": border, "dilation": dilation}
    try:
        op = MaxPoolOp(network.unused(), network.base(image), **fields)
    except VerifyException:
        return None
    if shape_of(op.result) != shape:
        op.drop_all_references()
        return None
    return plain(network.add(op, bits), shape)


def gathered(
    image: Seen,
    letters: str,
    windows: dict[str, Sliding],
    shape: tuple[int, ...],
    start: Value,
    bits: int | None,
    opcode: str,
) -> WrittenNest:
    """What a window gathers by an opcode."""
    bounds = dict(zip(letters, shape, strict=True))
    bounds |= {each.upper(): window.taps for each, window in windows.items()}
    index = numbered(bounds)
    at = index | {each: slid(index, each, each.upper(), window) for each, window in windows.items()}

    def body(symbols: Sequence[Symbol]) -> Body:
        code = LaneCode()
        result = code.put(opcode, symbols[-1], symbols[0])
        return Body(tuple(code.steps), (result,))

    read = Read(image, tuple(at[each] for each in letters))
    made = Made(shape, tuple(index[each] for each in letters), start, bits)
    return WrittenNest(tuple(bounds.values()), (read,), (made,), body)
