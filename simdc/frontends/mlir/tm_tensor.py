"""torch-mlir's `tm_tensor`: running sums, rows that are written, attention; and `linalg.softmax`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import sqrt

from xdsl.ir import Block, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.ir.ops.cumulative import CumulativeSumOp
from simdc.ir.ops.scatter import ScatterNdOp
from simdc.ir.ops.softmax import SoftmaxOp

from .asked import block_of, operand
from .constant_arrays import sums_so_far
from .constants import folded, refuse_known
from .module_text import element_bits, integer, integers, name_of, segments, shape_of_type
from .network import ForeignNetwork
from .problems import Unpriced
from .reader import Reader, reads, result_bits, result_shape
from .sums import product
from .values import Filled, Seen, Value, plain

JOINED = {
    **dict.fromkeys(("arith.addf", "arith.addi"), "add"),
    **dict.fromkeys(("arith.mulf", "arith.muli"), "mul"),
    **dict.fromkeys(("arith.maximumf", "arith.maxnumf", "arith.maxsi"), "max"),
    **dict.fromkeys(("arith.minimumf", "arith.minnumf", "arith.minsi"), "min"),
}
"""What becomes of two numbers, by the only op of a body."""


def _join(block: Block) -> str:
    """What a body makes of its two arguments; `none` where it keeps the first. Raises Unpriced."""
    last = block.last_op
    made = last.operands[0] if last is not None and last.operands else None
    if made is block.args[0]:
        return "none"
    owner = made.owner if made is not None else None
    if isinstance(owner, Operation) and set(owner.operands) == set(block.args[:2]) and name_of(owner) in JOINED:
        return JOINED[name_of(owner)]
    raise Unpriced("it joins two numbers otherwise than by one operation")


@reads("tm_tensor.scan")
def scan(reader: Reader, op: Operation) -> Sequence[Value]:
    """`cumulative_sum` along a dimension; nobody may read its last sums by themselves."""
    (source, *_), outputs = segments(op, 2, (1, 2))
    if _join(block_of(op, 0)) != "add":
        raise Unpriced("it gathers otherwise than by adding")
    begun = reader.value(outputs[1])
    if op.results[1].first_use is not None or not isinstance(begun, Filled) or begun.number:
        raise Unpriced("it goes on from sums of its own, or its last sums are read by themselves")
    network, exclusive = reader.network, not integer(op, "inclusive", 1)
    data, axis = reader.value(source), integer(op, "dimension", 0)
    sums = partial(sums_so_far, axis=axis, exclusive=bool(exclusive))
    known = folded(network, [data], result_shape(op), result_bits(op), sums)
    if known is not None:
        return [known, Filled(result_shape(op, 1), None)]
    given = network.tensor(data)
    try:
        made = CumulativeSumOp(network.unused(), given, axis=axis, exclusive=exclusive)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    return [plain(network.add(made, result_bits(op)), result_shape(op)), Filled(result_shape(op, 1), None)]


@reads("tm_tensor.scatter")
def scatter(reader: Reader, op: Operation) -> Sequence[Value]:
    """`scatter_nd`: rows behind the first dimensions, each at the place that a row of numbers names."""
    (rows, places, *_), (whole, *_) = segments(op, 2, (2, 1))
    refuse_known(*(reader.value(each) for each in (rows, places, whole)))
    network, shape = reader.network, result_shape(op)
    named = shape_of_type(places.type)[-1]
    order = integers(op, "dimension_map")
    if order is not None and tuple(order) != tuple(range(named)):
        raise Unpriced("its numbers name other than the first dimensions in their order")
    # Rows [2, 1, 4] of a tensor [7, 4]: what their numbers name has one position.
    updates = network.reshaped(reader.seen(rows), (*shape_of_type(places.type)[:-1], *shape[named:]))
    operands = [network.tensor(each) for each in (reader.value(places), updates, reader.value(whole))]
    try:
        made = ScatterNdOp(network.unused(), *operands, reduction=_join(block_of(op, 0)))
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    return [plain(network.add(made, result_bits(op)), shape)]


@reads("tm_tensor.attention")
def attention(reader: Reader, op: Operation) -> Sequence[Value]:
    """Two sums of products and a `softmax` between them: of queries, keys and values [batch, tokens, features], and a
    mask."""
    inputs, (target, *_) = segments(op, 2, (3, 1))
    query, key, value, *mask = (reader.value(each) for each in inputs)
    network, bits = reader.network, element_bits(target.type)
    shape = (*query.shape[:-1], key.shape[-2])
    batch = "abc"[: len(query.shape) - 2]
    letters = f"{batch}qe", f"{batch}ke", f"{batch}qk"
    (scores,) = product(network, letters, (query, key), (Filled(shape, 0.0), bits))
    extras = [network.tensor(each) for each in mask]
    weights = _softmax(network, scores, len(shape) - 1, bits, scale=1 / sqrt(query.shape[-1]), extras=extras)
    letters = f"{batch}qk", f"{batch}ke", f"{batch}qe"
    return product(network, letters, (weights, value), (Filled(result_shape(op), 0.0), bits))


@reads("linalg.softmax")
def softmax(reader: Reader, op: Operation) -> Sequence[Value]:
    """`softmax`."""
    value, axis = reader.value(operand(op, 0)), integer(op, "dimension", 0)
    if len(value.shape) > 1:
        return [_softmax(reader.network, value, axis, result_bits(op))]
    wide = _softmax(reader.network, reader.network.reshaped(reader.seen(operand(op, 0)), (1, *value.shape)), 1, None)
    return [reader.network.reshaped(wide, value.shape)]


def _softmax(
    network: ForeignNetwork,
    value: Value,
    axis: int,
    bits: int | None,
    *,
    scale: float = 1.0,
    extras: Sequence[SSAValue] = (),
) -> Seen:
    source = network.tensor(value)
    try:
        made = SoftmaxOp(network.unused(), source, list(extras), axis=axis, scale=scale)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    return plain(network.add(made, bits), value.shape)
