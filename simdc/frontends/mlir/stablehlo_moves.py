"""StableHLO's borders and the gradients of its windows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from xdsl.ir import Operation
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction
from simdc.ir.base import shape_of
from simdc.ir.ops.max_pool import MaxPoolGradOp, MaxPoolOp

from .asked import block_of, listed_like, operand
from .body import Body
from .functions import Symbol
from .linalg import permuted
from .module_text import integers, name_of
from .problems import Unpriced
from .reader import Reader, reads, result_bits
from .sums import numbered
from .tensors import apart, bordered, sliced
from .values import Filled, Made, Read, Seen, Value, plain
from .whole_numbers import whole_numbers
from .written import WrittenNest, emit

NUMBER = re.compile(r"index_vector_dim = (\d+)")


@reads("stablehlo.pad", "stablehlo.dynamic_pad")
def pad(reader: Reader, op: Operation) -> Sequence[Value]:
    """The border of the reader's window; else `pad`. Places between elements first, then what is cut, then the
    border."""
    names = ("edge_padding_low", "edge_padding_high", "interior_padding")
    if len(op.operands) > 2:
        given = [whole_numbers(reader, each) for each in op.operands[2:5]]
        if None in given:
            raise Unpriced("its border depends on data")
    else:
        given = [integers(op, name) for name in names]
    low, high, between = (each or () for each in given)
    number = reader.number(operand(op, 1))
    value = reader.value(operand(op, 0))
    if not len(low) == len(high) == len(value.shape) >= len(between):
        raise Unpriced(f"its border has {len(low)} and {len(high)} numbers for {len(value.shape)} dimensions")
    for axis, count in enumerate(between):
        if count:
            value = apart(reader, value, axis, count, number)
    if min((*low, *high), default=0) < 0:
        first = [max(0, -each) for each in low]
        sizes = [whole + min(0, a) + min(0, b) for whole, a, b in zip(value.shape, low, high, strict=True)]
        value = sliced(value, first, sizes, [1] * len(sizes), tuple(sizes))
    return [bordered(reader.network, value, [max(0, each) for each in low], [max(0, each) for each in high], number)]


@reads("stablehlo.select_and_scatter")
def select_and_scatter(reader: Reader, op: Operation) -> Sequence[Value]:
    """`max_pool` and `max_pool_grad`, or two programs where windows lie side by side: the gradient of pooling by the
    largest element."""
    first = block_of(op, 0).first_op
    added = block_of(op, 1).first_op
    if first is None or added is None or name_of(first) != "stablehlo.compare" or name_of(added) != "stablehlo.add":
        raise Unpriced("it selects otherwise than the largest element, or does not add up")
    image, gradient = reader.seen(operand(op, 0)), reader.seen(operand(op, 1))
    rank = len(image.shape)
    taps = listed_like(op, "window_dimensions", (1,) * rank)
    stride = listed_like(op, "window_strides", (1,) * rank)
    border = listed_like(op, "padding", (0,) * 2 * rank)
    if (
        not any(border)
        and all(a * b == c for a, b, c in zip(gradient.shape, taps, image.shape, strict=True))
        and (tuple(stride) == tuple(taps))
    ):
        return [_side_by_side(reader, image, gradient, taps, result_bits(op))]
    spatial = [place for place in range(rank) if taps[place] > 1 or stride[place] > 1]
    if rank != 4 or len(spatial) > 2:
        raise Unpriced("its windows overlap along other than two dimensions of four")
    wide = (spatial + [place for place in range(3, 0, -1) if place not in spatial])[:2] if len(spatial) < 2 else spatial
    return [_overlapping(reader, op, (image, gradient), sorted(wide), (taps, stride, border))]


def _side_by_side(reader: Reader, image: Seen, gradient: Seen, taps: Sequence[int], bits: int | None) -> Value:
    """Windows that share nothing: their largest element, then the gradient where it stands. Of equal ones each gets
    it, which costs the same."""
    rank, network = len(taps), reader.network
    parts = [(f"o{place}", f"k{place}") for place in range(rank)]
    bounds = {f"o{place}": size for place, size in enumerate(gradient.shape)}
    bounds |= {f"k{place}": size for place, size in enumerate(taps)}
    index = numbered(bounds)
    cut = tuple(bounds[each] for pair in parts for each in pair)
    apart = network.reshaped(image, cut)
    every = tuple(index[each] for pair in parts for each in pair)
    kept = tuple(index[f"o{place}"] for place in range(rank))
    sizes = tuple(bounds.values())

    def largest(symbols: Sequence[Symbol]) -> Body:
        return Body((Instruction("max", "t0", (symbols[1], symbols[0])),), ("t0",))

    def handed(symbols: Sequence[Symbol]) -> Body:
        image, most, gradient, *_ = symbols
        return Body((Instruction("conditional_move", "t0", (image, most, gradient, 0.0)),), ("t0",))

    most = Made(gradient.shape, kept, Filled(gradient.shape, float("-inf")), bits)
    (top,) = emit(network, WrittenNest(sizes, (Read(apart, every),), (most,), largest))
    reads_ = (Read(apart, every), Read(top, kept), Read(gradient, kept))
    (found,) = emit(network, WrittenNest(sizes, reads_, (Made(cut, every, Filled(cut, None), bits),), handed))
    assert isinstance(found, Seen)
    return network.reshaped(found, image.shape)


def _overlapping(
    reader: Reader, op: Operation, sides: tuple[Seen, Seen], spatial: Sequence[int], window: tuple[Sequence[int], ...]
) -> Value:
    """Our own layers, on images [n, c, h, w]: where the module's lie in another way they are copied."""
    network = reader.network
    taps, stride, border = window
    low, high = [0] * 4, [0] * 4
    whole, gradient_ = sides
    if whole.padding == float("-inf"):
        # A border that no maximum looks at is the pool's own; around the gradient it is one of zeros.
        low = [-each.constant for each in whole.index]
        high = [full - own - first for full, own, first in zip(whole.shape, whole.own, low, strict=True)]
        sides = plain(whole.base, whole.own), gradient_
    order = [*(place for place in range(4) if place not in spatial), *spatial]
    image, gradient = (network.tensor(permuted(each, order)) for each in sides)
    fields = {
        "kernel_size": [taps[place] for place in spatial],
        "stride": [stride[place] for place in spatial],
        "padding": [border[2 * place + side] + (low, high)[side][place] for side in (0, 1) for place in spatial],
    }
    try:
        pool = MaxPoolOp(network.unused(), image, **fields)
        most = network.add(pool)
        made = MaxPoolGradOp.of(network.unused(), pool, gradient)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    assert shape_of(most) == shape_of(gradient)
    back = plain(network.add(made, result_bits(op)), tuple(shape_of(made.result)))
    turned = permuted(back, [order.index(place) for place in range(4)])
    found = bordered(reader.network, turned, low, high, 0.0)
    assert isinstance(found, Seen)
    return found
