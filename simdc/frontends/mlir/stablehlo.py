"""StableHLO's element-wise ops, reductions and what another place in memory is said of."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Block, Operation

from simdc.cost.kernel import affine

from .body import ARCS, HLO, Body, direction_of, function_of, read_body
from .functions import LaneCode, Symbol
from .linalg import elementwise, permuted, spread
from .module_text import element_bits, integer, integers, name_of, shape_of_type, text_of
from .problems import Unpriced
from .reader import Reader, reads, result_bits, result_shape
from .tensors import numbers_from_zero, sliced
from .values import Made, Read, Value, plain
from .written import WrittenNest, emit


@reads(*(f"stablehlo.{name}" for name in HLO), *(f"chlo.{name}" for name in ("erf", "square", "is_inf", *ARCS)))
def element_op(reader: Reader, op: Operation) -> Sequence[Value]:
    function = function_of(op, name_of(op).partition(".")[2])
    return elementwise(reader, list(op.operands), result_shape(op), result_bits(op), function=function)


@reads("stablehlo.compare")
def compare(reader: Reader, op: Operation) -> Sequence[Value]:
    word = direction_of(op)

    def code(written: LaneCode, lhs: Symbol, rhs: Symbol) -> Symbol:
        return written.compare(word, lhs, rhs)

    return elementwise(reader, list(op.operands), result_shape(op), result_bits(op), code)


@reads("stablehlo.iota", "stablehlo.dynamic_iota")
def iota(reader: Reader, op: Operation) -> Sequence[Value]:
    """Numbers that are known before the network runs."""
    shape, axis = result_shape(op), integer(op, "iota_dimension", 0)
    numbers = numbers_from_zero(reader.network, reader.network.step, shape[axis], result_bits(op))
    return [plain(numbers, (shape[axis],)).through(shape, [affine(f"v{axis}")])]


@reads("stablehlo.transpose", "tosa.transpose")
def transpose(reader: Reader, op: Operation) -> Sequence[Value]:
    return [permuted(reader.value(op.operands[0]), integers(op, "permutation") or integers(op, "perms") or ())]


@reads("stablehlo.broadcast_in_dim", "stablehlo.dynamic_broadcast_in_dim")
def broadcast_in_dim(reader: Reader, op: Operation) -> Sequence[Value]:
    return [spread(reader.value(op.operands[0]), result_shape(op), integers(op, "broadcast_dimensions") or ())]


@reads("stablehlo.slice")
def cut(reader: Reader, op: Operation) -> Sequence[Value]:
    first, limits, steps = (integers(op, name) or () for name in ("start_indices", "limit_indices", "strides"))
    sizes = [-(-(limit - start) // step) for start, limit, step in zip(first, limits, steps, strict=True)]
    return [sliced(reader.value(op.operands[0]), first, sizes, steps, result_shape(op))]


@reads("stablehlo.reduce")
def reduce(reader: Reader, op: Operation) -> Sequence[Value]:
    count = len(op.operands) // 2
    gone = integers(op, "dimensions") or ()
    whole = shape_of_type(op.operands[0].type)
    loops = tuple(affine(f"d{place}") if size > 1 else affine() for place, size in enumerate(whole))
    kept = tuple(each for place, each in enumerate(loops) if place not in gone)
    values = [reader.value(each) for each in op.operands[:count]]
    shapes = [result_shape(op, place) for place in range(count)]
    makes = [
        Made(shape, kept, reader.value(each).through(shape, ()), element_bits(each.type))
        for shape, each in zip(shapes, op.operands[count:], strict=True)
    ]
    block = op.regions[0].block
    if all(whole[place] == 1 for place in gone):
        return [_of_single_elements(value, shape, gone) for value, shape in zip(values, shapes, strict=True)]

    def body(symbols: Sequence[Symbol]) -> Body:
        return accumulated(reader, block, symbols, count)

    reads_ = tuple(Read(value, loops) for value in values)
    return emit(reader.network, WrittenNest(whole, reads_, tuple(makes), body))


def accumulated(reader: Reader, block: Block, symbols: Sequence[Symbol], count: int) -> Body:
    """The body of a reduction: what is gathered stands before what is read."""
    return read_body(block, [*symbols[count:], *symbols[:count]], reader.number, _no_loop)


def _of_single_elements(value: Value, shape: tuple[int, ...], gone: Sequence[int]) -> Value:
    """What is gathered of one element is that element, as sums start where they change nothing."""
    left = iter(range(len(shape)))
    index = [affine() if place in gone else affine(f"v{next(left)}") for place in range(len(value.shape))]
    return value.through(shape, index)


def _no_loop(place: int) -> Symbol:
    raise Unpriced(f"it asks for the number of loop {place}")


@reads("stablehlo.custom_call")
def custom_call(reader: Reader, op: Operation) -> Sequence[Value]:
    target = text_of(op, "call_target_name") or "?"
    if target in ("Sharding", "SPMDFullToShardShape", "SPMDShardToFullShape", "annotate_device_placement"):
        return [reader.value(each) for each in op.operands]
    raise Unpriced(f"nobody knows what the custom call '{target}' computes")


REFUSED = {
    "stablehlo.rng": "random numbers are drawn by no layer",
    "stablehlo.rng_bit_generator": "random numbers are drawn by no layer",
    "stablehlo.fft": "there is no Fourier transform",
    "stablehlo.cholesky": "there is no solver",
    "stablehlo.triangular_solve": "there is no solver",
    "stablehlo.complex": "numbers are real",
    "stablehlo.real": "numbers are real",
    "stablehlo.imag": "numbers are real",
    "stablehlo.bitcast_convert": "the lanes have no code for the bits of numbers",
    "stablehlo.popcnt": "the lanes have no code for the bits of numbers",
    "stablehlo.count_leading_zeros": "the lanes have no code for the bits of numbers",
    "stablehlo.shift_left": "the lanes have no code for the bits of numbers",
    "stablehlo.shift_right_logical": "the lanes have no code for the bits of numbers",
    "stablehlo.shift_right_arithmetic": "the lanes have no code for the bits of numbers",
    "stablehlo.infeed": "what comes from outside is an argument of the function",
    "stablehlo.outfeed": "what goes outside is a result of the function",
    "stablehlo.send": "there is no network between devices",
    "stablehlo.recv": "there is no network between devices",
    "stablehlo.partition_id": "there is one device, of which nobody says the number",
    "stablehlo.replica_id": "there is one device, of which nobody says the number",
    "stablehlo.map": "its body is called for scalars: lower it to element-wise ops",
    "stablehlo.dynamic_conv": "its border depends on data",
    "stablehlo.batch_norm_training": "it is to be decomposed: stablehlo-legalize-deprecated-ops, or the framework's",
    "stablehlo.batch_norm_inference": "it is to be decomposed: stablehlo-legalize-deprecated-ops, or the framework's",
    "stablehlo.batch_norm_grad": "it is to be decomposed: stablehlo-legalize-deprecated-ops, or the framework's",
}
"""Why an op has no layer, by its name."""


@reads(*REFUSED)
def refused(reader: Reader, op: Operation) -> Sequence[Value]:
    raise Unpriced(REFUSED[name_of(op)])
