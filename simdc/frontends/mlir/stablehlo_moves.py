"""StableHLO's borders, picked rows and scattered gradients."""

from __future__ import annotations

import re
from collections.abc import Sequence

from xdsl.ir import Operation
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction
from simdc.ir.base import shape_of
from simdc.ir.ops.gather import ScatterAddOp
from simdc.ir.ops.max_pool import MaxPoolGradOp, MaxPoolOp
from simdc.ir.ops.scatter import GatherNdOp, ScatterNdOp

from .body import Body
from .constants import refuse_known
from .functions import Symbol
from .gathers import picked
from .linalg import permuted
from .module_text import attribute, integers, lists_of, name_of
from .problems import Unpriced
from .reader import Reader, reads, result_bits, result_shape
from .sums import numbered
from .tensors import bordered, sliced
from .values import Filled, Made, Read, Seen, Value, plain
from .written import WrittenNest, emit

NUMBER = re.compile(r"index_vector_dim = (\d+)")


@reads("stablehlo.pad")
def pad(reader: Reader, op: Operation) -> Sequence[Value]:
    """Places between elements first, then what is cut, then the border."""
    low, high, between = (
        integers(op, name) or () for name in ("edge_padding_low", "edge_padding_high", "interior_padding")
    )
    number = reader.number(op.operands[1])
    value = reader.value(op.operands[0])
    for axis, count in enumerate(between):
        if count:
            value = _apart(reader, value, axis, count, number)
    if min((*low, *high), default=0) < 0:
        first = [max(0, -each) for each in low]
        sizes = [whole + min(0, a) + min(0, b) for whole, a, b in zip(value.shape, low, high, strict=True)]
        value = sliced(value, first, sizes, [1] * len(sizes), tuple(sizes))
    return [bordered(reader, value, [max(0, each) for each in low], [max(0, each) for each in high], number)]


def _apart(reader: Reader, value: Value, axis: int, count: int, number: float) -> Value:
    """`count` elements of a number between neighbours along `axis`."""
    # a b with one between: a 0 b 0, as [2, 1] with a column behind, without the last.
    shape = value.shape
    if isinstance(value, Filled):
        value = reader.network.written_out(value)
    column = reader.network.reshaped(value, (*shape[: axis + 1], 1, *shape[axis + 1 :]))
    after = [count if place == axis + 1 else 0 for place in range(len(shape) + 1)]
    wide = bordered(reader, column, [0] * len(after), after, number)
    assert isinstance(wide, Seen)
    long = reader.network.reshaped(wide, (*shape[:axis], shape[axis] * (count + 1), *shape[axis + 1 :]))
    left = (*shape[:axis], shape[axis] * (count + 1) - count, *shape[axis + 1 :])
    return sliced(long, [0] * len(left), left, [1] * len(left), left)


def _lists(op: Operation, name: str) -> tuple[dict[str, list[int]], int | None]:
    vector = NUMBER.search(str(attribute(op, name)))
    return lists_of(op, name), None if vector is None else int(vector[1])


def _leading(found: dict[str, list[int]], names: tuple[str, str], ids: Seen, vector: int | None) -> int:
    """How many of the first dimensions are named by numbers that lie side by side; 0 where it is otherwise."""
    removed, mapped = (found.get(name, []) for name in names)
    is_last = vector == len(ids.shape) - 1 and ids.shape[-1] == len(mapped)
    is_first = removed == mapped == list(range(len(mapped))) and not found.get("operand_batching_dims")
    is_first = is_first and not found.get("input_batching_dims")
    return len(mapped) if is_last and is_first else 0


def _row_axis(found: dict[str, list[int]], names: tuple[str, str], ids: tuple[int, ...], vector: int | None) -> int:
    """The dimension that numbers are of; they name one dimension alone, which falls away."""
    removed, mapped = (found.get(name, []) for name in names)
    lone = vector is None or vector == len(ids) or ids[vector] == 1
    if len(mapped) != 1 or removed != mapped or not lone or found.get("operand_batching_dims"):
        raise Unpriced("it picks or places in a way that is not by rows")
    return mapped[0]


@reads("stablehlo.gather")
def gather(reader: Reader, op: Operation) -> Sequence[Value]:
    found, vector = _lists(op, "dimension_numbers")
    table, ids = reader.value(op.operands[0]), reader.seen(op.operands[1])
    several = _leading(found, ("collapsed_slice_dims", "start_index_map"), ids, vector)
    sizes, shape, offset = integers(op, "slice_sizes") or (), result_shape(op), found.get("offset_dims", [])
    if several > 1:
        refuse_known(table, ids)
        are_rows = tuple(sizes[several:]) == table.shape[several:]
        if are_rows and offset == list(range(len(ids.shape) - 1, len(shape))):
            picks = GatherNdOp(reader.network.unused(), reader.network.tensor(table), reader.network.tensor(ids))
            return [plain(reader.network.add(picks, result_bits(op)), shape or (1,), shape)]
    axis = _row_axis(found, ("collapsed_slice_dims", "start_index_map"), ids.shape, vector)
    if any(size != whole for place, (size, whole) in enumerate(zip(sizes, table.shape, strict=True)) if place != axis):
        raise Unpriced("it picks parts of rows")
    count = tuple(size for place, size in enumerate(ids.shape) if place != vector)
    if offset != [place for place in range(len(shape)) if not axis <= place < axis + len(count)]:
        raise Unpriced("it picks rows and lays them down in another order")
    return [picked(reader.network, table, reader.network.reshaped(ids, count), axis, shape, result_bits(op))]


REDUCTIONS = {
    "stablehlo.return": "none",
    "stablehlo.add": "add",
    "stablehlo.multiply": "mul",
    "stablehlo.maximum": "max",
    "stablehlo.minimum": "min",
}
"""What becomes of two numbers at one place, by the first op of the body; the second one stays where there is none."""


def _written(reader: Reader, op: Operation, sides: tuple[Value, Seen, Value], reduction: str) -> Value:
    network = reader.network
    base, ids, rows = sides
    inner = op.regions[0].block
    last = inner.last_op
    if reduction == "none" and (last is None or last.operands[0] is not inner.args[1]):
        raise Unpriced("it places something else than its rows")
    operands = [network.tensor(each) for each in (ids, rows, base)]
    try:
        made = ScatterNdOp(network.unused(), *operands, reduction=reduction)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    return plain(network.add(made, result_bits(op)), base.shape)


@reads("stablehlo.scatter")
def scatter(reader: Reader, op: Operation) -> Sequence[Value]:
    """Rows that are added where numbers say, the gradient of picking them, or that are written there."""
    found, vector = _lists(op, "scatter_dimension_numbers")
    base, ids, rows = reader.value(op.operands[0]), reader.seen(op.operands[1]), reader.value(op.operands[2])
    inner = op.regions[0].block.first_op
    reduction = REDUCTIONS.get("" if inner is None else name_of(inner))
    several = _leading(found, ("inserted_window_dims", "scatter_dims_to_operand_dims"), ids, vector)
    is_row = found.get("update_window_dims", []) == list(range(len(ids.shape) - 1, len(rows.shape)))
    if reduction is not None and several > (reduction == "add") and is_row and len(op.operands) == 3:
        return [_written(reader, op, (base, ids, rows), reduction)]
    axis = _row_axis(found, ("inserted_window_dims", "scatter_dims_to_operand_dims"), ids.shape, vector)
    if reduction != "add" or len(op.operands) != 3:
        raise Unpriced("it places otherwise than by adding up")
    count = tuple(size for place, size in enumerate(ids.shape) if place != vector)
    network, shape = reader.network, result_shape(op)
    numbers, added = network.tensor(network.reshaped(ids, count)), network.tensor(rows)
    zeros = isinstance(base, Filled) and not base.number
    whole = None if zeros else network.tensor(base)
    try:
        made = ScatterAddOp(network.unused(), numbers, added, whole, axis=axis, size=shape[axis])
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    if shape_of(made.result) != shape:
        made.drop_all_references()
        raise Unpriced("it places rows that lie in another order")
    return [plain(network.add(made, result_bits(op)), shape)]


@reads("stablehlo.select_and_scatter")
def select_and_scatter(reader: Reader, op: Operation) -> Sequence[Value]:
    """The gradient of pooling by the largest element."""
    first = op.regions[0].block.first_op
    added = op.regions[1].block.first_op
    if first is None or added is None or name_of(first) != "stablehlo.compare" or name_of(added) != "stablehlo.add":
        raise Unpriced("it selects otherwise than the largest element, or does not add up")
    image, gradient = reader.seen(op.operands[0]), reader.seen(op.operands[1])
    rank = len(image.shape)
    taps = integers(op, "window_dimensions") or (1,) * rank
    stride = integers(op, "window_strides") or (1,) * rank
    border = integers(op, "padding") or (0,) * 2 * rank
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
    found = bordered(reader, turned, low, high, 0.0)
    assert isinstance(found, Seen)
    return found
