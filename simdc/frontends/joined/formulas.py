"""What a result is, as a sum of products of the elements of what it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TypeAlias

from xdsl.ir import SSAValue

from simdc.cost.kernel import Affine, Instruction, affine
from simdc.ir.base import shape_of
from simdc.ir.nest_splitting import groups_of
from simdc.ir.nest_text import substituted

from .algebra import Leaf, Polynomial, TooLong, add, atom, called, gathered, number
from .readings import Layer, Pieces, Reading, SeenAs, through_views

LOWEST = -3e38
"""What single precision has for minus infinity, or less."""
GATHERING = ("add", "max", "min")


Readings: TypeAlias = "Mapping[SSAValue, Layer]"


def bounds_of(value: SSAValue) -> dict[str, int]:
    """How often the loops of `place_in` run."""
    return {f"i{place}": size for place, size in enumerate(shape_of(value))}


def formula_of(value: SSAValue, index: Sequence[Affine], readings: Readings, bounds: Mapping[str, int]) -> Polynomial:
    """The element of `value` at `index`, in which each loop of `bounds` runs so often; what is not in `readings` is
    taken as it is. Raises TooLong."""
    return _Formulas(readings).of(value, index, bounds)


class _Formulas:
    """What was worked out is kept: of `y = x * x`, `z = y * y`, ... each is looked at once."""

    def __init__(self, readings: Readings):
        self._readings = readings
        self._found: dict[tuple[object, ...], Polynomial] = {}

    def of(self, value: SSAValue, index: Sequence[Affine], bounds: Mapping[str, int]) -> Polynomial:
        base, at = through_views(value, index)
        reading = self._readings.get(base)
        if reading is None:
            return atom(Leaf(base, at))
        key = base, at, tuple(bounds[name] for each in at for name, _ in each.terms)
        if key not in self._found:
            match reading:
                case Pieces():
                    self._found[key] = self._of_piece(reading, at, bounds)
                case SeenAs():
                    self._found[key] = self.of(reading.source, _index_before(reading, at, bounds), bounds)
                case Reading():
                    self._found[key] = self._of_code(reading, at, bounds)
        return self._found[key]

    def _of_code(self, reading: Reading, at: tuple[Affine, ...], bounds: Mapping[str, int]) -> Polynomial:
        given = {
            each.terms[0][0]: here
            for each, here, size in zip(reading.access.index, at, reading.access.shape, strict=True)
            if size > 1
        }
        free = {name for each in given.values() for name, _ in each.terms}
        inner = [(f"r{len(free)}_{place}", loop.bound) for place, loop in enumerate(reading.gathered)]
        given |= {loop.name: affine(name) for loop, (name, _) in zip(reading.gathered, inner, strict=True)}
        given |= {loop.name: affine() for loop in reading.loops if loop.name not in given}
        known = {
            name: self.of(each, tuple(substituted(one, given) for one in access.index), {**bounds, **dict(inner)})
            for name, (each, access) in reading.tensors.items()
        }
        return _gathered(reading, known, inner) if inner else _run(reading.code, known, reading.result)

    def _of_piece(self, pieces: Pieces, at: tuple[Affine, ...], bounds: Mapping[str, int]) -> Polynomial:
        """The element of the piece that all points lie in. Raises TooLong where they lie in several."""
        place = at[pieces.axis]
        first, last = place.constant, place.constant + sum(step * (bounds[name] - 1) for name, step in place.terms)
        start = 0
        for part in pieces.parts:
            count = shape_of(part)[pieces.axis]
            if start <= first and last < start + count:
                own = affine(*place.terms, constant=first - start)
                return self.of(part, (*at[: pieces.axis], own, *at[pieces.axis + 1 :]), bounds)
            start += count
        raise TooLong


def _index_before(view: SeenAs, at: tuple[Affine, ...], bounds: Mapping[str, int]) -> tuple[Affine, ...]:
    """The index of an element in what is seen. Raises TooLong where that is no sum of multiples of loops."""
    own = shape_of(view.source)
    found = [affine()] * len(own)
    for group in groups_of(own, view.shape):
        # [8, 2] seen as [16], number 2*i + 1 there: i and 1.
        steps = [prod(view.shape[each] for each in group.second[n + 1 :]) for n in range(len(group.second))]
        parts = [(at[place], step) for place, step in zip(group.second, steps, strict=True)]
        terms = [(name, step * times) for each, step in parts for name, times in each.terms]
        whole = affine(*terms, constant=sum(each.constant * step for each, step in parts))
        for place in reversed(group.first[1:]):
            whole, found[place] = _divided(whole, own[place], bounds)
        found[group.first[0]] = whole
    return tuple(found)


def _divided(whole: Affine, by: int, bounds: Mapping[str, int]) -> tuple[Affine, Affine]:
    """Quotient and rest. Raises TooLong."""
    inner = [(name, step) for name, step in whole.terms if step % by]
    rest = affine(*inner, constant=whole.constant % by)
    if any(step < 0 for _, step in inner) or rest.constant + sum(s * (bounds[n] - 1) for n, s in inner) >= by:
        raise TooLong
    outer = [(name, step // by) for name, step in whole.terms if step % by == 0]
    return affine(*outer, constant=whole.constant // by), rest


def _gathered(reading: Reading, known: Mapping[str, Polynomial], bounds: Sequence[tuple[str, int]]) -> Polynomial:
    """A result that code adds to, or keeps the larger of, at each step."""
    result = reading.result
    how, step = _step(reading.code, result)
    start = next((each.sources[0] for each in reading.start if each.dest == result), 0.0)
    found = gathered(how, bounds, _run(reading.code, known, step) if step in _made(reading.code) else known[step])
    if isinstance(start, str):
        before = known[start]
    elif _is_neutral(how, start):
        return found
    else:
        before = number(start)
    return add(before, found) if how == "add" else called(how, (before, found))


def _is_neutral(how: str, start: float) -> bool:
    return start == 0 if how == "add" else start <= LOWEST if how == "max" else start >= -LOWEST


def _step(code: Sequence[Instruction], result: str) -> tuple[str, str]:
    """How one joins what is gathered with what was there, and what that is. Raises TooLong for any other code."""
    makers = {each.dest: each for each in code}
    last = makers[result]
    if last.opcode == "move" and isinstance(last.sources[0], str):
        last = makers.get(last.sources[0], last)
    others = [each for each in last.sources if each != result]
    alone = len(others) == 1 and isinstance(others[0], str) and len(last.sources) == 2
    if last.opcode not in GATHERING or not alone or _reads(code, str(others[0]), result):
        raise TooLong
    return last.opcode, str(others[0])


def _reads(code: Sequence[Instruction], symbol: str, name: str) -> bool:
    """Whether what makes a symbol goes back to `name`."""
    waiting, seen = [symbol], set[str]()
    makers = {each.dest: each for each in code}
    while waiting:
        one = waiting.pop()
        if one == name:
            return True
        if one in makers and one not in seen:
            seen.add(one)
            waiting += [each for each in makers[one].sources if isinstance(each, str)]
    return False


def _made(code: Sequence[Instruction]) -> set[str]:
    return {each.dest for each in code}


def _run(code: Sequence[Instruction], known: Mapping[str, Polynomial], result: str) -> Polynomial:
    """What code leaves under a name. What that does not need may be anything."""
    found = dict(known)
    needed, wanted = list[Instruction](), {result}
    for step in reversed(code):
        if step.dest in wanted:
            needed.append(step)
            wanted = (wanted - {step.dest}) | {each for each in step.sources if isinstance(each, str)}
    for step in reversed(needed):
        sources = [found[each] if isinstance(each, str) else number(each) for each in step.sources]
        found[step.dest] = called(step.opcode, sources)
    return found[result]
