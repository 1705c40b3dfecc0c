"""StableHLO's element-wise ops, reductions and what another place in memory is said of."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from xdsl.ir import Block, Operation, SSAValue

from simdc.cost.kernel import affine

from .asked import axis_of, block_of, operand, operands
from .body import ARCS, HLO, Body, direction_of, function_of, number_of, read_body
from .functions import LaneCode, Symbol
from .linalg import called, compared, elementwise, permuted, pointwise, spread
from .module_text import attribute, element_bits, integers, name_of, shape_of_type, text_of
from .problems import Unpriced
from .reader import Reader, reads, refuses, result_bits, result_shape
from .tensors import numbers_from_zero, sliced
from .values import Filled, Made, Read, Value, plain
from .whole_numbers import whole_numbers
from .written import WrittenNest, emit


@reads(*(f"stablehlo.{name}" for name in HLO), *(f"chlo.{name}" for name in ("erf", "square", "is_inf", *ARCS)))
def element_op(reader: Reader, op: Operation) -> Sequence[Value]:
    """A layer of that name (`add`, `clip`, `relu`), or a program for the lanes."""
    function = function_of(op, name_of(op).partition(".")[2])
    return elementwise(reader, list(op.operands), result_shape(op), result_bits(op), function=function)


@reads("stablehlo.compare")
def compare(reader: Reader, op: Operation) -> Sequence[Value]:
    """A program for the lanes."""
    word = direction_of(op)

    def code(written: LaneCode, lhs: Symbol, rhs: Symbol) -> Symbol:
        return written.compare(word, lhs, rhs)

    sides = [operand(op, 0), operand(op, 1)]
    return elementwise(reader, sides, result_shape(op), result_bits(op), code)


@reads("stablehlo.iota", "stablehlo.dynamic_iota")
def iota(reader: Reader, op: Operation) -> Sequence[Value]:
    """A parameter: numbers that are known before the network runs."""
    shape = result_shape(op)
    axis = axis_of(op, "iota_dimension", shape)
    numbers = numbers_from_zero(reader.network, reader.network.step, shape[axis], result_bits(op))
    return [plain(numbers, (shape[axis],)).through(shape, [affine(f"v{axis}")])]


@reads("stablehlo.transpose", "tosa.transpose")
def transpose(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: the reader's index goes through it; else a copy."""
    return [permuted(reader.value(operand(op, 0)), integers(op, "permutation") or integers(op, "perms") or ())]


@reads("stablehlo.broadcast_in_dim", "stablehlo.dynamic_broadcast_in_dim")
def broadcast_in_dim(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: the reader's index goes through it; else a copy."""
    return [spread(reader.value(operand(op, 0)), result_shape(op), integers(op, "broadcast_dimensions") or ())]


@reads("stablehlo.slice")
def cut(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: the reader's index goes through it; else a copy."""
    first, limits, steps = (integers(op, name) or () for name in ("start_indices", "limit_indices", "strides"))
    if not len(first) == len(limits) == len(steps):
        raise Unpriced(f"it cuts from {list(first)} to {list(limits)} by steps of {list(steps)}")
    sizes = [-(-(limit - start) // step) for start, limit, step in zip(first, limits, steps, strict=True)]
    return [sliced(reader.value(operand(op, 0)), first, sizes, steps, result_shape(op))]


@reads("stablehlo.reduce")
def reduce(reader: Reader, op: Operation) -> Sequence[Value]:
    """A program for the lanes."""
    count = len(op.operands) // 2
    whole = shape_of_type(operand(op, 0).type)
    gone = integers(op, "dimensions") or ()
    if not count or len(op.operands) % 2 or not set(gone) <= set(range(len(whole))):
        raise Unpriced(f"it reduces {len(op.operands)} operands over dimensions {list(gone)} of {list(whole)}")
    loops = tuple(affine(f"d{place}") if size > 1 else affine() for place, size in enumerate(whole))
    kept = tuple(each for place, each in enumerate(loops) if place not in gone)
    values = [reader.value(each) for each in op.operands[:count]]
    shapes = [result_shape(op, place) for place in range(count)]
    left = tuple(size for place, size in enumerate(whole) if place not in gone)
    if any(value.shape != whole for value in values) or any(shape != left for shape in shapes):
        raise Unpriced(f"its results are {[list(each) for each in shapes]} of {list(whole)} without {list(gone)}")
    makes = [
        Made(shape, kept, reader.value(each).through(shape, ()), element_bits(each.type))
        for shape, each in zip(shapes, op.operands[count:], strict=True)
    ]
    block = block_of(op, 0)
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
    """Nothing where it says how tensors are shared between devices; else it is refused by its target."""
    target = text_of(op, "call_target_name") or "?"
    if target in ("Sharding", "SPMDFullToShardShape", "SPMDShardToFullShape", "annotate_device_placement"):
        return [reader.value(each) for each in op.operands]
    raise Unpriced(f"nobody knows what the custom call '{target}' computes")


SPECIAL = ("bessel_i1e", "conj", "digamma", "erf_inv", "lgamma", "mulhi", "next_after", "polygamma", "zeta")
SHIFTS = ("shift_left", "shift_right_arithmetic", "shift_right_logical")
BROADCAST = ("add", "and", "atan2", "divide", "maximum", "minimum", "multiply", "or", "power", "remainder", "subtract",
             "xor")  # fmt: skip


@reads(*(f"chlo.broadcast_{name}" for name in BROADCAST))
def broadcast_op(reader: Reader, op: Operation) -> Sequence[Value]:
    """A layer of that name, or a program for the lanes."""
    function, shape = function_of(op, name_of(op).partition("broadcast_")[2]), result_shape(op)
    return pointwise(reader.network, _aligned(reader, op, shape), shape, result_bits(op), called(function))


@reads("chlo.broadcast_compare")
def broadcast_compare(reader: Reader, op: Operation) -> Sequence[Value]:
    """A program for the lanes."""
    shape = result_shape(op)
    return pointwise(reader.network, _aligned(reader, op, shape), shape, result_bits(op), compared(direction_of(op)))


@reads("chlo.broadcast_select")
def broadcast_select(reader: Reader, op: Operation) -> Sequence[Value]:
    """A program for the lanes."""
    shape = result_shape(op)
    return pointwise(reader.network, _aligned(reader, op, shape), shape, result_bits(op), called("select"))


def _aligned(reader: Reader, op: Operation, shape: tuple[int, ...]) -> list[Value]:
    """Operands as large as the result: from the last dimension on, as in numpy."""
    values = [reader.value(each) for each in op.operands]
    return [spread(value, shape, range(len(shape) - len(value.shape), len(shape))) for value in values]


@reads("chlo.constant", "chlo.constant_like")
def constant_like(reader: Reader, op: Operation) -> Sequence[Value]:
    """A number everywhere."""
    return [Filled(result_shape(op), number_of(attribute(op, "value")))]


@reads("chlo.is_pos_inf", "chlo.is_neg_inf")
def is_infinite(reader: Reader, op: Operation) -> Sequence[Value]:
    """A program for the lanes."""
    end, shape = inf if name_of(op).endswith("pos_inf") else -inf, result_shape(op)
    values = [reader.value(operand(op, 0)), Filled((), end)]
    return pointwise(reader.network, values, shape, result_bits(op), compared("eq"))


@reads("stablehlo.broadcast")
def broadcast_before(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: the reader's index goes through it; else a copy."""
    value, shape = reader.value(operand(op, 0)), result_shape(op)
    return [spread(value, shape, range(len(shape) - len(value.shape), len(shape)))]


@reads("stablehlo.real_dynamic_slice")
def cut_by_numbers(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: the reader's index goes through it, if its numbers are known; else a copy."""
    first, limits, steps = (_numbers(reader, each) for each in operands(op, 1, 4))
    sizes = [-(-(limit - start) // step) for start, limit, step in zip(first, limits, steps, strict=True)]
    return [sliced(reader.value(operand(op, 0)), first, sizes, steps, result_shape(op))]


def _numbers(reader: Reader, value: SSAValue) -> tuple[int, ...]:
    found = whole_numbers(reader, value)
    if found is None:
        raise Unpriced("where it cuts depends on data")
    return found


refuses(
    {
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
        "stablehlo.tuple": "values stand by themselves: let the lowering take tuples apart",
        "stablehlo.get_tuple_element": "values stand by themselves: let the lowering take tuples apart",
        "stablehlo.after_all": "there is one order of ops, without tokens",
        "stablehlo.create_token": "there is one order of ops, without tokens",
        "stablehlo.async_start": "there is one order of ops",
        "stablehlo.async_done": "there is one order of ops",
        "stablehlo.uniform_quantize": "quantized types are not read: lower them to whole numbers",
        "stablehlo.uniform_dequantize": "quantized types are not read: lower them to whole numbers",
        "stablehlo.set_dimension_size": "sizes that depend on data are not known",
        "stablehlo.einsum": "it is out of use: write dot_general",
        "stablehlo.unary_einsum": "it is out of use: write dot_general",
        "stablehlo.torch_index_select": "it is out of use: write gather",
        "stablehlo.cross-replica-sum": "it is out of use: write all_reduce",
        **{
            f"chlo.{name}": "the lanes have no code for it"
            for name in (
                "bessel_i1e",
                "digamma",
                "erf_inv",
                "lgamma",
                "next_after",
                "polygamma",
                "zeta",
                "mulhi",
                "conj",
            )
        },
        **{
            f"chlo.broadcast_{name}": "the lanes have no code for it"
            for name in ("complex", "next_after", "polygamma", "zeta", *SHIFTS)
        },
        "chlo._asin_acos_kernel": "numbers are real",
        "chlo.ragged_dot": "its groups depend on data",
        "chlo.scan": "its body is called for slices: lower it to while",
        "stablehlo.map": "its body is called for scalars: lower it to element-wise ops",
        "stablehlo.dynamic_conv": "its border depends on data",
        "stablehlo.batch_norm_training": "decompose it before, as JAX and torch-mlir do",
        "stablehlo.batch_norm_inference": "decompose it before, as JAX and torch-mlir do",
        "stablehlo.batch_norm_grad": "decompose it before, as JAX and torch-mlir do",
    }
)
