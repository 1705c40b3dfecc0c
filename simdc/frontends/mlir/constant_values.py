"""Values of what a module makes of constants alone, worked out where somebody asks: masks, tables of positions."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from itertools import product
from math import prod

import numpy as np

from simdc.cost.kernel import Affine
from simdc.frontends.joined.numbers import Numbers, run

from .body import Body
from .values import Filled, Made, ModuleConstant, Seen, Value

MAX_ELEMENTS = 2**22
"""Of an array that is worked out: a mask of 2,048 x 2,048 numbers."""
MOST_STEPS = 2**12
"""Of loops that are summed over: a running sum over 4,096 positions."""


class ConstantValues:
    """Arrays by the labels of constants. What the text does not hold, such as weights that a printer left out, or no
    array here can be made of, stands for itself by numbers that are drawn: what holds for them holds for any."""

    def __init__(self) -> None:
        self._makers: dict[str, Callable[[], Numbers]] = {}
        self._reads: dict[str, frozenset[str]] = {}
        self._found: dict[str, Numbers] = {}

    def learn(self, label: str, reads: Iterable[Value], make: Callable[[], Numbers]) -> None:
        """`make` is asked for the elements, in the order of memory, once somebody wants them; it needs `reads`."""
        bases = [value.base for value in reads if isinstance(value, Seen)]
        self._makers[label] = make
        self._reads[label] = frozenset(base.label for base in bases if isinstance(base, ModuleConstant))

    def hold(self, label: str, numbers: Callable[[], object], *, truth: bool) -> None:
        """Numbers that stand in the text. Truth is 1, and not the -1 that one signed bit is read as."""
        change = np.abs if truth else np.positive
        self.learn(label, (), lambda: change(np.asarray(numbers(), np.float64)))

    def count(self, label: str, count: int) -> None:
        """The numbers 0, 1, ..."""
        self.learn(label, (), lambda: np.arange(count, dtype=np.float64))

    def join(self, label: str, values: Sequence[Value], axis: int) -> None:
        """Constants one after the other."""
        self.learn(label, values, lambda: np.concatenate([self.seen(each) for each in values], axis))

    def is_known(self, label: str) -> bool:
        """Whether the values follow from the module, and nothing of them is drawn."""
        waiting, seen = [label], set[str]()
        while waiting:
            one = waiting.pop()
            if one not in self._makers:
                return False
            if one not in seen:
                seen.add(one)
                waiting += self._reads[one]
        return True

    def of(self, label: str, count: int) -> Numbers | None:
        """All `count` elements; None where they are too many."""
        if count > MAX_ELEMENTS:
            return None
        if label not in self._found:
            maker = self._makers.get(label)
            drawn = np.random.default_rng(zlib.crc32(label.encode()))
            self._found[label] = drawn.normal(size=count) if maker is None else maker().reshape(-1)
        return self._found[label]

    def seen(self, value: Value) -> Numbers:
        """A constant as it is looked at."""
        if isinstance(value, Filled):
            return np.full(value.shape, value.number or 0.0)
        assert isinstance(value.base, ModuleConstant)
        elements = self.of(value.base.label, prod(value.own))
        if elements is None:
            # Nobody asks for it: what is made of it stands for itself.
            return np.random.default_rng(zlib.crc32(value.base.label.encode())).normal(size=value.shape)
        names = [f"v{place}" for place in range(len(value.shape))]
        places = [_positions(each, names, value.shape) for each in value.index]
        if value.padding is None:
            return np.broadcast_to(elements.reshape(value.own)[tuple(places)], value.shape)
        # Beside the ends of the base lies the border.
        inside = [(at >= 0) & (at < size) for at, size in zip(places, value.own, strict=True)]
        within = tuple(np.clip(at, 0, size - 1) for at, size in zip(places, value.own, strict=True))
        found = np.where(reduce(np.logical_and, inside), elements.reshape(value.own)[within], value.padding)
        return np.broadcast_to(found, value.shape)

    def made(
        self, bounds: Sequence[int], tensors: Mapping[str, tuple[Seen, tuple[Affine, ...]]], made: Made, body: Body
    ) -> Numbers:
        """The only result of a nest, from the tensors that its body reads by name. Loops that do not move the result
        are gone through step by step, with what the step before has left in it."""
        names = [f"d{loop}" for loop in range(len(bounds))]

        def at(value: Value, index: Sequence[Affine]) -> Numbers:
            return self.seen(value)[tuple(_positions(each, names, bounds) for each in index)]

        given = {name: at(value, index) for name, (value, index) in tensors.items()}
        order = [int(each.terms[0][0][1:]) for each in made.index if each.terms]
        summed = summed_loops(bounds, [made])
        found = at(made.start, made.index) if summed else np.zeros(())
        for step in product(*(range(bounds[loop]) for loop in summed)):
            here = {name: _slice(each, dict(zip(summed, step, strict=True))) for name, each in given.items()}
            symbol = body.results[0]
            found = run(body.code, {**here, "y0": found})[symbol] if isinstance(symbol, str) else np.asarray(symbol)
        left = [1 if loop in summed else bound for loop, bound in enumerate(bounds)]
        rest = [loop for loop in range(len(bounds)) if loop not in order]
        return np.transpose(np.broadcast_to(found, left), [*order, *rest]).reshape(made.shape)


def can_walk(bounds: Sequence[int], made: Made) -> bool:
    """Whether somebody may ask for what a nest makes: it has not too many points, nor steps of a sum."""
    return prod(bounds) <= MAX_ELEMENTS and prod(bounds[loop] for loop in summed_loops(bounds, [made])) <= MOST_STEPS


def summed_loops(bounds: Sequence[int], makes: Sequence[Made]) -> list[int]:
    """The loops that are run more than once and move no result."""
    moving = {name for made in makes for each in made.index for name, _ in each.terms}
    return [loop for loop, bound in enumerate(bounds) if bound > 1 and f"d{loop}" not in moving]


def _slice(array: Numbers, step: Mapping[int, int]) -> Numbers:
    """At one step of some loops; an array that one of them does not move has a single element there."""
    index = [slice(None)] * array.ndim
    for axis, number in step.items():
        first = number if array.shape[axis] > 1 else 0
        index[axis] = slice(first, first + 1)
    return array[tuple(index)]


def _positions(expression: Affine, names: Sequence[str], bounds: Sequence[int]) -> np.ndarray:
    """The expression at all points of loops, to be broadcast over them."""
    found = np.full((1,) * len(bounds), expression.constant, dtype=np.int64)
    for name, step in expression.terms:
        place = names.index(name)
        shape = tuple(bounds[place] if each == place else 1 for each in range(len(bounds)))
        found = found + step * np.arange(bounds[place]).reshape(shape)
    return found
