"""StableHLO's element-wise ops, reductions and what another place in memory is said of."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Block, Operation

from simdc.cost.kernel import Instruction, Loop, affine
from simdc.ir.nest_text import Access, Nest
from simdc.ir.ops.program import ProgramOp

from .body import ARCS, HLO, Body, direction_of, function_of, read_body
from .functions import LaneCode, Symbol
from .linalg import elementwise, permuted, spread
from .module_text import element_bits, integer, integers, name_of, shape_of_type, text_of
from .problems import Unpriced
from .reader import Reader, reads, result_bits, result_shape
from .tensors import numbers_from_zero, sliced
from .values import Made, Read, Seen, Value, plain
from .written import WrittenNest, emit

COLLECTIVES = ("all_reduce", "all_gather", "reduce_scatter", "all_to_all", "collective_permute", "collective_broadcast")


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


@reads(*(f"stablehlo.{name}" for name in COLLECTIVES))
def collective(reader: Reader, op: Operation) -> Sequence[Value]:
    """What it reads and writes in DRAM; nothing of the way between devices."""
    short = name_of(op).partition(".")[2]
    network = reader.network
    found: list[Value] = []
    for place, each in enumerate(op.operands):
        value, shape = reader.seen(each), result_shape(op, place)
        larger = max(value.shape, shape, key=lambda sizes: (len(sizes), sizes))
        if value.shape != shape and larger != value.shape and short != "all_gather":
            raise Unpriced("its results are of other sizes")
        found.append(_moved(reader, value, shape, result_bits(op, place)))
    network.note(
        f"'{network.step}' ({short}) is priced as what it reads and writes in DRAM: no network between devices"
    )
    return found


def _moved(reader: Reader, value: Seen, shape: tuple[int, ...], bits: int | None) -> Value:
    """A result of `shape`; as many elements are read as there are, repeated where the result has more."""
    network, whole = reader.network, shape or (1,)
    source = network.tensor(value)
    loops = tuple(Loop(f"d{place}", size) for place, size in enumerate(whole))
    index = tuple(affine(loop.name) for loop in loops)
    own = value.shape or (1,)
    read = tuple(each if size == full else affine() for each, size, full in zip(index, own, whole, strict=True))
    nest = Nest(loops, (Access(own, read),), (Access(whole, index),))
    op = ProgramOp.make(network.unused(), [source], nest, [whole], (Instruction("move", "y0", ("x0",)),))
    return plain(network.add(op, bits), whole, shape)
