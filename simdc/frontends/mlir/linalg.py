"""`linalg` on tensors: every op is loops, index maps and a body; named ones leave out what their name says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from xdsl.ir import Block, Operation, SSAValue
from xdsl.ir.affine import AffineMap

from simdc.cost.kernel import Affine, affine
from simdc.named import NamedTuple

from .asked import block_of, operand
from .body import Body, read_body, read_place
from .functions import LaneCode, Symbol
from .gathers import elements_picked, rows_picked, turned_round
from .maps import index_of, maps_of, reversed_loops, terms_of
from .module_text import attribute, element_bits, integer, integers, name_of, segments, shape_of_type
from .network import ForeignNetwork
from .problems import Unpriced
from .reader import Reader, reads
from .tensors import numbers_from_zero
from .values import Filled, Made, Read, Value, plain
from .written import WrittenNest, emit


@reads("linalg.generic")
def generic(reader: Reader, op: Operation) -> Sequence[Value]:
    """A sum of products for the array, a layer of its own, or a program for the lanes; a gather where its body reads
    elements at other places."""
    inputs, _ = segments(op, 2)
    maps, bits = maps_of(attribute(op, "indexing_maps")), element_bits(op.results[0].type)
    rows = rows_picked(reader, op, inputs, maps, bits)
    if rows is None:
        rows = turned_round(reader, op, loop_bounds(maps, [shape_of_type(each.type) for each in op.operands]), bits)
    return from_maps(reader, op, maps) if rows is None else [rows]


def from_maps(reader: Reader, op: Operation, maps: Sequence[AffineMap]) -> Sequence[Value]:
    """An op whose region is its body."""
    inputs, outputs = segments(op, 2, (0, 1))
    if len(maps) != len(op.operands) or any(each.num_symbols for each in maps):
        raise Unpriced(f"{len(op.operands)} operands and {len(maps)} indexing maps")
    shapes = [shape_of_type(value.type) for value in op.operands]
    bounds = loop_bounds(maps, shapes)
    block = block_of(op, 0)
    backwards = reversed_loops(maps)
    reads_ = [Read(reader.value(each), index_of(at, bounds, backwards)) for each, at in zip(inputs, maps, strict=False)]
    makes: list[Made] = []
    for each, at in zip(outputs, maps[len(inputs) :], strict=True):
        start = _start(reader, each, block, len(inputs) + len(makes))
        makes.append(Made(shape_of_type(each.type), index_of(at, bounds, backwards), start, element_bits(each.type)))
    counted = sorted({dimension for inner in block.walk() for dimension in _asked(inner)})
    extracts = [inner for inner in block.ops if name_of(inner) == "tensor.extract"]
    if backwards & set(counted) or (backwards and extracts):
        raise Unpriced(f"it asks for the number of d{min(backwards)}, which runs backwards")
    every = tuple(affine(f"d{loop}") if size > 1 else affine() for loop, size in enumerate(bounds))
    for loop in counted:
        numbers = numbers_from_zero(reader.network, f"{reader.network.step}.d{loop}", bounds[loop], 32)
        reads_.append(Read(plain(numbers, (bounds[loop],)), (every[loop],)))
    have = _Have(len(inputs), tuple(counted), ())
    for each in extracts:
        places = _places(reader, each, bounds, reads_, have)
        reads_.append(Read(elements_picked(reader.network, reader.value(each.operands[0]), places), every))
        have = have._replace(taken=(*have.taken, each.results[0]))

    def body(symbols: Sequence[Symbol]) -> Body:
        names, loops, given, rest = have.split(symbols)
        return read_body(block, [*names, *rest][: len(block.args)], reader.number, loops.__getitem__, given)

    return emit(reader.network, WrittenNest(bounds, tuple(reads_), tuple(makes), body))


class _Have(NamedTuple):
    """What symbols stand for: inputs, then numbers of loops, then elements that were picked, then results."""

    inputs: int
    counted: tuple[int, ...]
    taken: tuple[SSAValue, ...]

    def split(
        self, symbols: Sequence[Symbol]
    ) -> tuple[Sequence[Symbol], dict[int, Symbol], dict[SSAValue, Symbol], Sequence[Symbol]]:
        loops, taken = self.inputs + len(self.counted), self.inputs + len(self.counted) + len(self.taken)
        return (
            symbols[: self.inputs],
            dict(zip(self.counted, symbols[self.inputs : loops], strict=True)),
            dict(zip(self.taken, symbols[loops:taken], strict=True)),
            symbols[taken:],
        )


def _places(reader: Reader, extract: Operation, bounds: tuple[int, ...], reads_: Sequence[Read], have: _Have) -> Value:
    """The number of the element that each iteration picks, in a tensor of the loops."""
    block = extract.parent
    assert block is not None
    shape = shape_of_type(extract.operands[0].type)
    steps = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
    if len(extract.operands) != 1 + len(steps):
        raise Unpriced(f"it picks from {len(steps)} dimensions by {len(extract.operands) - 1} numbers")
    wanted = list(zip(extract.operands[1:], steps, strict=True))

    def body(symbols: Sequence[Symbol]) -> Body:
        names, loops, given, _ = have.split(symbols)
        known = {**dict(zip(block.args, names, strict=False)), **given}
        return read_place(block, known, reader.number, loops.__getitem__, wanted)

    index = tuple(affine(f"d{loop}") if size > 1 else affine() for loop, size in enumerate(bounds))
    made = Made(bounds, index, Filled(bounds, None), 32)
    (places,) = emit(reader.network, WrittenNest(bounds, tuple(reads_), (made,), body))
    return places


def _asked(op: Operation) -> list[int]:
    """The loop whose number the op is, if it is one."""
    if name_of(op) != "linalg.index":
        return []
    return [integer(op, "dim", 0)]


def _start(reader: Reader, value: SSAValue, block: Block, place: int) -> Value:
    """What a result holds at first; nothing that matters where the body does not look."""
    if place >= len(block.args) or block.args[place].first_use is None:
        return Filled(shape_of_type(value.type), None)
    return reader.value(value)


def loop_bounds(maps: Sequence[AffineMap], shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Of each loop the size of a dimension that it indexes alone. Raises Unpriced."""
    found: dict[int, int] = {}
    if len(maps) != len(shapes):
        raise Unpriced(f"{len(shapes)} operands and {len(maps)} indexing maps")
    for each, shape in zip(maps, shapes, strict=True):
        if len(each.results) != len(shape):
            raise Unpriced("an indexing map has another rank than its tensor")
        for expression, size in zip(each.results, shape, strict=True):
            terms = terms_of(expression)
            if list(terms.values()) == [1] and -1 not in terms:
                (loop,) = terms
                if found.setdefault(loop, size) != size:
                    raise Unpriced(f"d{loop} runs to {found[loop]} and to {size}")
    missing = [loop for loop in range(maps[0].num_dims if maps else 0) if loop not in found]
    if missing:
        raise Unpriced(f"no tensor says how far d{missing[0]} runs")
    return tuple(found[loop] for loop in range(len(found)))


@reads("linalg.fill")
def fill(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: what sums start from, or a number everywhere."""
    return [reader.value(operand(op, 0)).through(shape_of_type(operand(op, 1).type), ())]


@reads("linalg.transpose")
def transpose(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: the reader's index goes through it; else a copy."""
    order = integers(op, "permutation") or ()
    return [permuted(reader.value(operand(op, 0)), order)]


def permuted(value: Value, order: Sequence[int]) -> Value:
    """Dimension i of what is seen is dimension `order[i]`. Raises Unpriced for what is no order of its dimensions."""
    if sorted(order) != list(range(len(value.shape))):
        raise Unpriced(f"{list(order)} is no order of {len(value.shape)} dimensions")
    shape = tuple(value.shape[place] for place in order)
    return value.through(shape, [affine(f"v{list(order).index(place)}") for place in range(len(order))])


@reads("linalg.broadcast")
def broadcast(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: the reader's index goes through it; else a copy."""
    added = integers(op, "dimensions") or ()
    shape = shape_of_type(operand(op, 1).type)
    kept = [place for place in range(len(shape)) if place not in added]
    return [spread(reader.value(operand(op, 0)), shape, kept)]


def spread(value: Value, shape: tuple[int, ...], places: Sequence[int]) -> Value:
    """Dimension i of the value is dimension `places[i]` of `shape`; one of a single element is repeated. Raises
    Unpriced where that is none, or has another size."""
    known = len(places) == len(value.shape) and all(0 <= place < len(shape) for place in places)
    if not known or any(size not in (1, shape[at]) for size, at in zip(value.shape, places, strict=True)):
        raise Unpriced(f"{list(value.shape)} along dimensions {list(places)} does not become {list(shape)}")
    sizes = zip(value.shape, places, strict=True)
    return value.through(shape, [affine(f"v{place}") if size > 1 else affine() for size, place in sizes])


@reads("linalg.copy")
def copy(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: the same tensor."""
    return [reader.value(operand(op, 0))]


def elementwise(reader: Reader, operands: Sequence[SSAValue], shape: tuple[int, ...], bits: int | None,
                code: Callable[..., Symbol] | None = None, function: str = "id") -> Sequence[Value]:  # fmt: skip
    """A function of the elements at the same place; `code` writes it where it has no name."""
    values = [reader.value(each) for each in operands]
    return pointwise(reader.network, values, shape, bits, code or called(function))


def called(function: str) -> Callable[..., Symbol]:
    """Code of a function by its name."""

    def code(written: LaneCode, *own: Symbol) -> Symbol:
        return written.call(function, own)

    return code


def compared(word: str) -> Callable[..., Symbol]:
    """Code of a comparison: eq, ne, lt, le, gt or ge."""

    def code(written: LaneCode, lhs: Symbol, rhs: Symbol) -> Symbol:
        return written.compare(word, lhs, rhs)

    return code


def pointwise(
    network: ForeignNetwork, values: Sequence[Value], shape: tuple[int, ...], bits: int | None,
    code: Callable[..., Symbol],
) -> Sequence[Value]:  # fmt: skip
    """What `code` makes of the elements of `values` at the same place; a value of shape () is the same everywhere."""
    index: tuple[Affine, ...] = tuple(affine(f"d{place}") if size > 1 else affine() for place, size in enumerate(shape))
    other = next((value.shape for value in values if value.shape not in ((), shape)), None)
    if other is not None:
        raise Unpriced(f"it reads {list(other)} for a result of {list(shape)}")

    def body(symbols: Sequence[Symbol]) -> Body:
        written = LaneCode()
        result = code(written, *symbols[: len(values)])
        return Body(tuple(written.steps), (result,))

    reads_ = tuple(Read(value, index if value.shape else ()) for value in values)
    makes = (Made(shape, index, Filled(shape, None), bits),)
    return emit(network, WrittenNest(shape or (1,), reads_, makes, body))


ELEMENTWISE = ("add", "sub", "mul", "div", "exp", "log", "sqrt", "max", "min", "select", "abs", "ceil", "floor", "tanh",
               "erf", "round", "reciprocal", "square", "rsqrt", "negf", "powf", "div_unsigned")  # fmt: skip
CALLED = {"rsqrt": "inv_sqrt", "negf": "neg", "powf": "pow", "div_unsigned": "divide_whole"}


@reads(*(f"linalg.{name}" for name in ELEMENTWISE))
def named_elementwise(reader: Reader, op: Operation) -> Sequence[Value]:
    """A layer of the same name, or a program for the lanes."""
    inputs, outputs = segments(op, 2, (0, 1))
    short = name_of(op).partition(".")[2]
    shape, bits = shape_of_type(outputs[0].type), element_bits(outputs[0].type)
    return elementwise(reader, inputs, shape, bits, function=CALLED.get(short, short))


@reads("linalg.contract", "linalg.elementwise")
def with_maps(reader: Reader, op: Operation) -> Sequence[Value]:
    """As `linalg.generic`."""
    return from_maps(reader, op, maps_of(attribute(op, "indexing_maps")))


@reads("linalg.reduce", "linalg.map")
def with_region(reader: Reader, op: Operation) -> Sequence[Value]:
    """A program for the lanes, as `linalg.generic`. `dimensions` fall away; without such every element is by itself."""
    inputs, _ = segments(op, 2, (1, 1))
    gone = integers(op, "dimensions") or ()
    rank = len(shape_of_type(inputs[0].type))
    whole = AffineMap.identity(rank)
    kept = AffineMap(rank, 0, tuple(whole.results[place] for place in range(rank) if place not in gone))
    return from_maps(reader, op, [*[whole] * len(inputs), *[kept] * (len(op.operands) - len(inputs))])
