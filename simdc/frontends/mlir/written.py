"""A nest with a body as a foreign op writes it, and what becomes of it: nothing, another view, a sum of products, a
named layer or a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import inf

from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, Instruction, Loop, affine
from simdc.ir.nest_text import Access, Nest, nest_text
from simdc.ir.ops.contraction import ContractionOp
from simdc.ir.ops.program import ProgramOp
from simdc.named import NamedTuple

from .body import Body, as_sum_of_products
from .constant_values import can_walk, summed_loops
from .functions import Symbol
from .named import named_layer
from .network import ForeignNetwork
from .problems import Unpriced
from .statistics import note_statistics, under_roots
from .values import Filled, Made, ModuleConstant, Read, Seen, Value, plain, roots_of, substituted

NEUTRAL = {"add": 0.0, "max": -inf, "min": inf}
"""What a border may hold that a sum, or the largest or smallest element, does not look at."""


class WrittenNest(NamedTuple):
    """`body` makes code of the symbols that stand for what is read and what is made."""

    bounds: tuple[int, ...]
    reads: tuple[Read, ...]
    makes: tuple[Made, ...]
    body: Callable[[Sequence[Symbol]], Body]
    macs: int | None = None
    apart: tuple[int, ...] | None = None
    """How far elements of the first read, a tensor as it lies, are from each other in each dimension."""
    turned: tuple[int, ...] = ()
    """Dimensions of the second read that are read backwards, whole ones of its base."""


class _Named(NamedTuple):
    """The reads that have a name of their own, by it, and the symbol of each read."""

    tensors: dict[str, tuple[Seen, tuple[Affine, ...]]]
    symbols: list[Symbol]


def emit(network: ForeignNetwork, written: WrittenNest) -> list[Value]:
    """One value for each result. Raises Unpriced."""
    _check_dimensions(written)
    # Zeros between elements are the array's affair, be there one product alone for each result.
    gathers = bool(summed_loops(written.bounds, written.makes)) or written.apart is not None
    named = _names(written, gathers=gathers)
    body = written.body(named.symbols)
    if len(body.results) != len(written.makes):
        raise Unpriced(f"its body makes {len(body.results)} numbers for {len(written.makes)} results")
    used = {symbol for step in body.code for symbol in step.sources} | set(body.results)
    tensors = {name: each for name, each in named.tensors.items() if name in used}
    starts = [made.start for made in written.makes] if gathers else []
    known = [value for value, _ in tensors.values()] + [value for value in starts if isinstance(value, Seen)]
    if not gathers and not body.code:
        return [_looked_at(made, body.results[place], tensors) for place, made in enumerate(written.makes)]
    if all(value.is_constant for value in known):
        values = {name: value for name, (value, _) in tensors.items()}
        for made in written.makes:
            note_statistics(network, values, under_roots(body), max(made.shape, default=1))
        found = _constants(network, written, body, known, gathers=gathers)
        is_plain = written.apart is None and not written.turned
        if len(found) == 1 and is_plain and can_walk(written.bounds, written.makes[0]):
            _learn(network, written, body, tensors, found[0])
        return found
    if not gathers and len(written.makes) == 1:
        found = named_layer(network, body, tensors, written.makes[0])
        if found is not None:
            return [found]
    if gathers and len(written.makes) == 1 and len(tensors) == 2:
        one, two = tensors
        borders = {value.padding for value, _ in tensors.values()}
        # A loop that moves neither side repeats results: the array has no way to do that.
        moving = {loop for value, index in tensors.values() for loop in value.access(index).loops}
        every = moving >= {loop.name for loop in _loops(written)}
        if every and borders <= {None, 0.0} and as_sum_of_products(body, "y0", (one, two)):
            return [_contraction(network, written, list(tensors.values()))]
    return _program(network, written, body, tensors, gathers=gathers)


def _check_dimensions(written: WrittenNest) -> None:
    """Raise Unpriced where an index has not a place for each dimension of what it is of."""
    for value, index in written.reads:
        if len(value.shape) != len(index):
            raise Unpriced(f"it reads {list(value.shape)} by {len(index)} numbers")
    ends = {f"d{place}": bound - 1 for place, bound in enumerate(written.bounds)}
    for made in written.makes:
        known = len(made.shape) == len(made.index)
        last = [each.constant + sum(step * ends[name] for name, step in each.terms) for each in made.index]
        if not known or any(end >= size for end, size in zip(last, made.shape, strict=True)):
            raise Unpriced(f"its loops {list(written.bounds)} do not make a result of {list(made.shape)}")


def _names(written: WrittenNest, *, gathers: bool) -> _Named:
    tensors: dict[str, tuple[Seen, tuple[Affine, ...]]] = {}
    symbols: list[Symbol] = []

    def name(value: Value, index: tuple[Affine, ...]) -> Symbol:
        if isinstance(value, Filled):
            return 0.0 if value.number is None else value.number
        twin = next((known for known, each in tensors.items() if each == (value, index)), None)
        found = twin or f"x{len(tensors)}"
        tensors[found] = value, index
        return found

    symbols += [name(*read) for read in written.reads]
    symbols += [f"y{place}" if gathers else name(made.start, made.index) for place, made in enumerate(written.makes)]
    return _Named(tensors, symbols)


def _constants(
    network: ForeignNetwork, written: WrittenNest, body: Body, known: Sequence[Seen], *, gathers: bool
) -> list[Value]:
    """What is made of constants alone takes no time: it is worked out before the network runs."""
    of = roots_of(known)
    found: list[Value] = []
    for made, result in zip(written.makes, body.results, strict=True):
        if not isinstance(result, str) and not gathers:
            found.append(Filled(made.shape, result))
            continue
        shape = made.shape or (1,)
        found.append(plain(ModuleConstant(network.label(network.step), shape, made.bits, of), shape, made.shape))
    return found


def _learn(
    network: ForeignNetwork,
    written: WrittenNest,
    body: Body,
    tensors: dict[str, tuple[Seen, tuple[Affine, ...]]],
    found: Value,
) -> None:
    """Note how the values of a constant are worked out."""
    if isinstance(found, Seen) and isinstance(found.base, ModuleConstant):
        values, (made,) = network.values, written.makes
        make = partial(values.made, written.bounds, tensors, made, body)
        values.learn(found.base.label, [made.start, *(value for value, _ in tensors.values())], make)


def _looked_at(made: Made, result: Symbol, tensors: dict[str, tuple[Seen, tuple[Affine, ...]]]) -> Value:
    if not isinstance(result, str):
        return Filled(made.shape, result)
    value, index = tensors[result]
    places = {terms[0][0]: affine(f"v{place}") for place, (terms, _) in enumerate(made.index) if terms}
    return value.through(made.shape, tuple(substituted(each, places) for each in index))


def _loops(written: WrittenNest) -> tuple[Loop, ...]:
    """Those that run more than once; one, if there are none."""
    loops = [Loop(f"d{place}", bound) for place, bound in enumerate(written.bounds)]
    return tuple(loop for loop in loops if loop.bound > 1) or (loops[0] if loops else Loop("d0", 1),)


def _result_access(made: Made) -> Access:
    return Access(made.shape, made.index) if made.shape else Access((1,), (affine(),))


def _contraction(network: ForeignNetwork, written: WrittenNest, sides: list[tuple[Seen, tuple[Affine, ...]]]) -> Value:
    """What comes with the network lies in the array, the other side passes."""
    (made,) = written.makes
    if written.apart is None and not written.turned:
        sides = sorted(sides, key=lambda side: side[0].is_constant)
    accesses = [value.access(index) for value, index in sides]
    operands = [network.base(value) for value, _ in sides]
    start = made.start
    if isinstance(start, Filled) and start.number not in (None, 0.0):
        # One number for all results: an access to it looks at no index.
        start = plain(ModuleConstant(network.label(f"{network.step}.start"), (1,)), (1,), ())
    if isinstance(start, Seen):
        start = network.without_border(start)
        accesses.append(start.access(made.index))
        operands.append(network.base(start))
    if written.apart is not None:
        wide = tuple((size - 1) * step + 1 for size, step in zip(accesses[0].shape, written.apart, strict=True))
        accesses[0] = accesses[0]._replace(shape=wide)
    # Of a window of one place, which may be no dimension of the base, backwards is forwards.
    places = map(sides[1][0].dimension_of_base, written.turned)
    turned = [place for place in places if place is not None]
    nest = Nest(_loops(written), tuple(accesses), (_result_access(made),))
    try:
        fields = {"apart": written.apart, "turned": sorted(turned) or None}
        op = ContractionOp(network.unused(), *operands, nest=nest_text(nest), macs=written.macs, **fields)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    base = network.add(op, made.bits)
    return plain(base, made.shape or (1,), made.shape)


def _program(
    network: ForeignNetwork,
    written: WrittenNest,
    body: Body,
    tensors: dict[str, tuple[Seen, tuple[Affine, ...]]],
    *,
    gathers: bool,
) -> list[Value]:
    code = _with_results(body)
    if gathers:
        _check_gathering(body, len(written.makes))
    whole = code[0].opcode if len(code) == 1 else ""
    names: dict[str, str] = {}
    accesses: list[Access] = []
    operands: list[SSAValue] = []
    for name, (seen, index) in tensors.items():
        is_neutral = gathers and NEUTRAL.get(whole) == seen.padding
        value = seen if is_neutral else network.without_border(seen)
        names[name] = f"x{len(operands)}"
        operands.append(network.base(value))
        accesses.append(value.access(index))
    start: list[Instruction] = []
    for place, made in enumerate(written.makes if gathers else ()):
        if isinstance(made.start, Filled):
            start.append(Instruction("move", f"y{place}", (made.start.number or 0.0,)))
            continue
        value = network.without_border(made.start)
        start.append(Instruction("move", f"y{place}", (f"x{len(operands)}",)))
        operands.append(network.base(value))
        accesses.append(value.access(made.index))
    results = tuple(map(_result_access, written.makes))
    nest = Nest(_loops(written), tuple(accesses), results)
    shapes = [made.shape or (1,) for made in written.makes]
    try:
        op = ProgramOp.make(network.unused(), operands, nest, shapes, _renamed(code, names), start)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    if len(written.makes) == 1:
        network.add(op, written.makes[0].bits)
    else:
        network.insert(op, op.layer.data)
    return [
        plain(value, shape, made.shape) for value, shape, made in zip(op.outputs, shapes, written.makes, strict=True)
    ]


def _check_gathering(body: Body, results: int) -> None:
    read = {source for step in body.code for source in step.sources}
    missing = [place for place in range(results) if f"y{place}" not in read]
    if missing:
        raise Unpriced("it sums over loops and does not read what it has summed up")


def _with_results(body: Body) -> tuple[Instruction, ...]:
    """The code with results under their names: where a temporary is one, it has the name at once, unless what the
    result held before is read later or another result is the same."""
    code = list(body.code)
    for place, symbol in enumerate(body.results):
        name = f"y{place}"
        made = next((at for at, step in enumerate(code) if step.dest == symbol), None)
        if (
            made is None
            or any(name in step.sources for step in code[made + 1 :])
            or symbol in body.results[place + 1 :]
        ):
            code.append(Instruction("move", name, (symbol,)))
            continue
        code = [*code[:made], *_renamed(code[made:], {str(symbol): name}, made=True)]

    return tuple(code)


def _renamed(code: Sequence[Instruction], names: dict[str, str], *, made: bool = False) -> tuple[Instruction, ...]:
    def name(source: Symbol) -> Symbol:
        return names.get(source, source) if isinstance(source, str) else source

    return tuple(
        Instruction(op, names.get(dest, dest) if made else dest, tuple(map(name, sources)))
        for op, dest, sources in code
    )
