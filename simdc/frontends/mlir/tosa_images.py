"""TOSA's images of another size: resizing and transposed convolutions, as our own layers on images [n, c, h, w]."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from xdsl.ir import Operation
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, affine
from simdc.ir.ops.conv_transpose import ConvTranspose2DOp
from simdc.ir.ops.resize import ResizeOp
from simdc.ir.sampling import COORDINATES

from .asked import listed_like, operand, operands
from .linalg import permuted
from .module_text import attribute, element_kind
from .network import ForeignNetwork
from .problems import Unpriced
from .reader import Reader, reads, result_bits, result_shape
from .tosa import listed
from .tosa_sums import TO_CHANNELS_FIRST, TO_CHANNELS_LAST
from .values import Filled, ModuleConstant, Seen, Value, plain

FROM_OHWI = (3, 0, 1, 2)
"""Weights [o, h, w, i] as our layer has them: [i, o, h, w]."""


@reads("tosa.transpose_conv2d")
def transpose_conv2d(reader: Reader, op: Operation) -> Sequence[Value]:
    """`conv_transpose2d`. `out_pad` cuts where it is negative; what it adds below and on the right holds the bias."""
    network, shape = reader.network, result_shape(op)
    top, bottom, left, right = listed_like(op, "out_pad", (0, 0, 0, 0))
    if max(top, left) > 0:
        raise Unpriced("its result has rows above or columns on the left that no window reaches")
    image, weight = reader.seen(operand(op, 0)), reader.seen(operand(op, 1))
    if not len(image.shape) == len(weight.shape) == len(shape) == 4:
        raise Unpriced(f"it makes {list(shape)} of {list(image.shape)} and {list(weight.shape)}")
    bias = reader.value(operand(op, 2))
    operands = [network.tensor(permuted(image, TO_CHANNELS_FIRST)), network.tensor(_turned(network, weight))]
    if not (isinstance(bias, Filled) and not bias.number):
        wide = bias.through((shape[3],), _bias_index(bias))
        operands.append(network.tensor(wide))
    padding = (max(0, -top), max(0, -left), max(0, -bottom), max(0, -right))
    fields = {"stride": listed_like(op, "stride", (1, 1)), "padding": padding}
    fields["output_padding"] = (max(0, bottom), max(0, right))
    try:
        made = ConvTranspose2DOp(network.unused(), *operands, **fields)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    first = plain(network.add(made, result_bits(op)), tuple(shape[place] for place in TO_CHANNELS_FIRST))
    return [permuted(first, TO_CHANNELS_LAST)]


def _bias_index(bias: Value) -> list[Affine]:
    """Of a bias of one number or of one for each channel."""
    return [affine("v0") if size > 1 else affine() for size in bias.shape]


def _turned(network: ForeignNetwork, weight: Seen) -> Value:
    """Weights that come with the module are laid down as the layer wants them, before it runs."""
    turned = permuted(weight, FROM_OHWI)
    if not isinstance(weight.base, ModuleConstant):
        return turned
    label = network.label(f"{weight.base.label}.turned")
    return plain(ModuleConstant(label, turned.shape, weight.base.bits, weight.base.roots), turned.shape)


@reads("tosa.resize")
def resize(reader: Reader, op: Operation) -> Sequence[Value]:
    """`resize`, by the places that its scale and offset name."""
    network, shape, image = reader.network, result_shape(op), reader.seen(operand(op, 0))
    scale, offset, _ = (listed(each) for each in operands(op, 1, 4))
    if (len(image.shape), len(shape), len(scale), len(offset)) != (4, 4, 4, 2):
        raise Unpriced(f"it makes {list(shape)} of {list(image.shape)} by scale {list(scale)}, offset {list(offset)}")
    is_linear = "BILINEAR" in str(attribute(op, "mode"))
    if is_linear and element_kind(op.results[0].type)[:1] not in ("f", "b"):
        raise Unpriced("whole numbers that it makes of neighbours are not divided")
    word = _coordinates(image.shape[1:3], shape[1:3], scale, offset)
    if word is None:
        raise Unpriced(
            "its places lie neither half a pixel from the border, nor at the corners, nor at the first pixel"
        )
    source = network.tensor(permuted(image, TO_CHANNELS_FIRST))
    fields = {"mode": "linear" if is_linear else "nearest", "coordinates": word, "rounding": "round_prefer_ceil"}
    try:
        made = ResizeOp(network.unused(), source, size=shape[1:3], **fields)
        made.kernel()
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    first = plain(network.add(made, result_bits(op)), tuple(shape[place] for place in TO_CHANNELS_FIRST))
    return [permuted(first, TO_CHANNELS_LAST)]


# 4 rows of 2 by a scale of 2/1 and offset 0: places 0, 1/2, 1, 3/2, as `asymmetric` has them.
def _coordinates(sizes: Sequence[int], made: Sequence[int], scale: Sequence[int], offset: Sequence[int]) -> str | None:
    """What our layer calls the places `(o * d + offset) / n`, None where it has no word for them."""
    axes = [
        (count, result, Fraction(down, up), Fraction(first, up))
        for count, result, up, down, first in zip(sizes, made, scale[::2], scale[1::2], offset, strict=True)
    ]
    for name, place in COORDINATES.items():
        if all(
            place(o, count, result) == o * step + first for count, result, step, first in axes for o in range(result)
        ):
            return name
    return None
