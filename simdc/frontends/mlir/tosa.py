"""TOSA's element-wise ops, reductions and moves. Operands broadcast as in numpy; what is a shape comes by an op."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from xdsl.ir import Operation, SSAValue

from simdc.cost.kernel import affine
from simdc.ir.ops.reduce_extreme import ArgMaxOp
from simdc.ir.ops.scatter import GatherNdOp, ScatterNdOp

from .asked import operand, operands
from .body import Body, number_of
from .constants import refuse_known
from .functions import LaneCode, Symbol
from .gathers import picked
from .linalg import called, compared, pointwise, spread
from .module_text import attribute, element_kind, integer, integers, name_of
from .problems import Unpriced
from .reader import Reader, reads, result_bits, result_shape
from .tensors import bordered, sliced
from .values import Filled, Made, Read, Value, plain
from .written import WrittenNest, emit

LARGEST = 3.4e38
"""A clamp to as much, or to less than minus that, is none."""
OF_ONE = {
    **{each: each for each in ("abs", "ceil", "floor", "exp", "log", "reciprocal", "tanh", "erf", "sin", "cos")},
    "rsqrt": "inv_sqrt",
    "sigmoid": "logistic",
    "logical_not": "not",
}
OF_TWO = {
    **{each: each for each in ("add", "sub", "mul", "pow")},
    "maximum": "max",
    "minimum": "min",
    "intdiv": "divide_whole",
    "logical_and": "and",
    "logical_or": "or",
    "logical_xor": "xor",
}
COMPARED = {"equal": "eq", "greater": "gt", "greater_equal": "ge"}
REDUCED = {
    "sum": ("add", 0.0),
    "product": ("mul", 1.0),
    "max": ("max", -inf),
    "min": ("min", inf),
    "all": ("min", 1.0),
    "any": ("max", 0.0),
}


def listed(value: SSAValue) -> tuple[int, ...]:
    """The whole numbers of a shape or another constant that an op reads. Raises Unpriced."""
    found = integers(value.owner, "values") if isinstance(value.owner, Operation) else None
    if found is None:
        raise Unpriced("a shape depends on data")
    return found


def broadcast(value: Value, shape: tuple[int, ...]) -> Value:
    """As large as the result: from the last dimension on, as in numpy."""
    missing = len(shape) - len(value.shape)
    if missing < 0:
        raise Unpriced(f"{list(value.shape)} does not become {list(shape)}")
    return spread(value, shape, range(missing, len(shape)))


def together(reader: Reader, op: Operation, operands: Sequence[SSAValue], function: str) -> Sequence[Value]:
    shape = result_shape(op)
    values = [broadcast(reader.value(each), shape) for each in operands]
    return pointwise(reader.network, values, shape, result_bits(op), called(function))


@reads("tosa.const_shape")
def const_shape(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: its readers look at the numbers."""
    return [Filled((), None)]


@reads(*(f"tosa.{name}" for name in OF_ONE))
def of_one(reader: Reader, op: Operation) -> Sequence[Value]:
    """A program for the lanes."""
    return together(reader, op, op.operands[:1], OF_ONE[name_of(op).partition(".")[2]])


@reads(*(f"tosa.{name}" for name in OF_TWO))
def of_two(reader: Reader, op: Operation) -> Sequence[Value]:
    """A layer of that name, or a program for the lanes."""
    if len(op.operands) > 2 and reader.number(operand(op, 2)):
        return _shifted(reader, op, int(reader.number(operand(op, 2))))
    return together(reader, op, op.operands[:2], OF_TWO[name_of(op).partition(".")[2]])


def _shifted(reader: Reader, op: Operation, shift: int) -> Sequence[Value]:
    """Products less their last bits, to the nearest whole number, half up."""
    shape = result_shape(op)

    def code(written: LaneCode, x: Symbol, y: Symbol) -> Symbol:
        less = written.put("mul", written.put("mul", x, y), 0.5**shift)
        return written.call("floor", (written.put("add", less, 0.5),))

    values = [broadcast(reader.value(each), shape) for each in op.operands[:2]]
    return pointwise(reader.network, values, shape, result_bits(op), code)


@reads("tosa.select")
def select(reader: Reader, op: Operation) -> Sequence[Value]:
    """A program for the lanes."""
    return together(reader, op, op.operands, "select")


@reads(*(f"tosa.{name}" for name in COMPARED))
def compare(reader: Reader, op: Operation) -> Sequence[Value]:
    """A program for the lanes."""
    word, shape = COMPARED[name_of(op).partition(".")[2]], result_shape(op)
    values = [broadcast(reader.value(each), shape) for each in op.operands]
    return pointwise(reader.network, values, shape, result_bits(op), compared(word))


@reads("tosa.clamp")
def clamp(reader: Reader, op: Operation) -> Sequence[Value]:
    """`clip` or `relu`."""
    low, high = (number_of(attribute(op, f"{name}_val")) for name in ("min", "max"))

    def code(written: LaneCode, x: Symbol) -> Symbol:
        above = written.put("max", x, low) if low > -LARGEST else x
        return written.put("min", above, high) if high < LARGEST else above

    return pointwise(reader.network, [reader.value(operand(op, 0))], result_shape(op), result_bits(op), code)


@reads("tosa.cast")
def cast(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing, or a program for the lanes: real numbers to the nearest whole ones."""
    kind, made = (element_kind(each.type) for each in (operand(op, 0), op.results[0]))
    is_real = kind[:1] in ("f", "b")
    if made == "i1" and kind != "i1":
        values = [reader.value(operand(op, 0)), Filled((), 0.0)]
        return pointwise(reader.network, values, result_shape(op), result_bits(op), compared("ne"))
    return together(reader, op, op.operands[:1], "round" if is_real and made[:1] not in ("f", "b") else "id")


@reads(*(f"tosa.reduce_{name}" for name in REDUCED))
def reduce(reader: Reader, op: Operation) -> Sequence[Value]:
    """A program for the lanes. The dimension stays, of one element."""
    opcode, start = REDUCED[name_of(op).partition("reduce_")[2]]
    value, axis, shape = reader.value(operand(op, 0)), integer(op, "axis", 0), result_shape(op)
    whole = value.shape
    if not 0 <= axis < len(whole) or len(shape) != len(whole):
        raise Unpriced(f"it makes {list(shape)} of {list(whole)} along dimension {axis}")
    if whole[axis] == 1:
        return [value]
    loops = tuple(affine(f"d{place}") if size > 1 else affine() for place, size in enumerate(whole))
    kept = tuple(affine() if place == axis else each for place, each in enumerate(loops))

    def body(symbols: Sequence[Symbol]) -> Body:
        code = LaneCode()
        result = code.put(opcode, symbols[-1], symbols[0])
        return Body(tuple(code.steps), (result,))

    made = Made(shape, kept, Filled(shape, start), result_bits(op))
    return emit(reader.network, WrittenNest(whole, (Read(value, loops),), (made,), body))


@reads("tosa.pad")
def pad(reader: Reader, op: Operation) -> Sequence[Value]:
    """The border of the reader's window; else `pad`."""
    border = listed(operand(op, 1))
    number = reader.number(operand(op, 2)) if len(op.operands) > 2 else 0.0
    return [bordered(reader.network, reader.value(operand(op, 0)), border[::2], border[1::2], number)]


@reads("tosa.slice")
def cut(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: the reader's index goes through it; else a copy."""
    first, sizes = listed(operand(op, 1)), listed(operand(op, 2))
    return [sliced(reader.value(operand(op, 0)), first, sizes, [1] * len(sizes), result_shape(op))]


@reads("tosa.tile")
def tile(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing, or a copy. A dimension of s elements r times is [1, s] seen as [r, s]."""
    value, counts, shape = reader.value(operand(op, 0)), listed(operand(op, 1)), result_shape(op)
    if len(counts) != len(value.shape):
        raise Unpriced(f"it repeats {list(value.shape)} {list(counts)} times")
    apart = tuple(each for size, count in zip(value.shape, counts, strict=True) for each in (count, size))
    wide = spread(value, apart, range(1, len(apart), 2))
    return [Filled(shape, wide.number) if isinstance(wide, Filled) else reader.network.reshaped(wide, shape)]


@reads("tosa.gather")
def gather(reader: Reader, op: Operation) -> Sequence[Value]:
    """`gather`, or `gather_nd`: rows of tables [n, rows, row] by numbers [n, picked]."""
    table, ids, shape = reader.value(operand(op, 0)), reader.seen(operand(op, 1)), result_shape(op)
    network = reader.network
    if isinstance(table, Filled):
        return [Filled(shape, table.number)]
    if table.shape[0] > 1:
        refuse_known(table, ids)
        numbers, rows = network.tensor(network.reshaped(ids, (*ids.shape, 1))), network.tensor(table)
        made = GatherNdOp(network.unused(), rows, numbers, batch_dims=1)
        return [plain(network.add(made, result_bits(op)), shape)]
    rows, numbers = network.reshaped(table, table.shape[1:]), network.reshaped(ids, ids.shape[1:])
    found = picked(network, rows, numbers, 0, shape[1:], result_bits(op))
    return [network.reshaped(found, shape) if not isinstance(found, Filled) else found]


@reads("tosa.argmax")
def argmax(reader: Reader, op: Operation) -> Sequence[Value]:
    """`argmax`."""
    network, shape = reader.network, result_shape(op)
    source = network.tensor(reader.value(operand(op, 0)))
    made = ArgMaxOp(network.unused(), source, axis=integer(op, "axis", 0))
    return [plain(network.add(made, result_bits(op)), shape or (1,), shape)]


@reads("tosa.scatter")
def scatter(reader: Reader, op: Operation) -> Sequence[Value]:
    """`scatter_nd`: rows of tables [n, rows, row], written over by numbers [n, written]."""
    table, ids, rows = (reader.seen(each) for each in operands(op, 0, 3))
    shape, network = result_shape(op), reader.network
    refuse_known(table, ids, rows)
    alone = shape[0] == 1
    own = slice(1 if alone else 0, None)
    numbers = network.tensor(network.reshaped(ids, (*ids.shape[own], 1)))
    data, updates = (network.tensor(network.reshaped(each, each.shape[own])) for each in (table, rows))
    made = ScatterNdOp(network.unused(), numbers, updates, data, batch_dims=0 if alone else 1)
    return [network.reshaped(plain(network.add(made, result_bits(op)), shape[own]), shape)]
