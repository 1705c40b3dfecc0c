"""Tensors that do not depend on the network's inputs: weights, and what shapes are computed from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from simdc.errors import SimdcError

Array = NDArray[Any]
MAX_SETTINGS = 4096
"""Elements that are read for a setting: a shape is a handful, a list of positions a few hundred."""
FLOATS = frozenset((1, 10, 11, 16, 17, 18, 19, 20, 23))
"""ONNX's numbers of the element types that hold fractions."""


class ValueOrigin(IntEnum):
    """Where values come from, the strongest claim to be trained last."""

    COMPUTED = 0
    """From whole numbers and truth values alone, or by a function of positions: a mask, a table."""
    STATED = 1
    """By a node of the graph, Constant or ConstantOfShape."""
    DERIVED = 2
    """By the exporter, from the program's parameters or from nothing but its text: a transposed weight, ones."""
    STORED = 3
    """As a tensor of fractions among the file's weights, or computed from such."""
    GIVEN = 4
    """The user says that it is a weight."""


class Constant:
    """A tensor of known `shape`. Its values are read only when somebody asks: a cost needs no weights.

    `element` is ONNX's number of the element type. `sources` are the weights of the file that it is made of, each with
    its number of elements. `largest` is how many elements the largest tensor has that is read or made on the way to its
    values. `bits` is the width of an element in the file where that is not the type's: a dequantized weight has the
    width of the whole numbers that it is made of. `array()` raises SimdcError where the file has no values.
    """

    __slots__ = (
        "_array",
        "_read",
        "bits",
        "element",
        "largest",
        "name",
        "origin",
        "shape",
        "sources",
        "view_of",
        "views",
    )

    def __init__(
        self,
        name: str,
        shape: Sequence[int],
        element: int,
        sources: Mapping[str, int],
        read: Callable[[], Array],
        origin: ValueOrigin = ValueOrigin.COMPUTED,
        largest: int = 0,
    ):
        self.name = name
        self.shape = tuple(shape)
        self.element = element
        self.sources = dict(sources)
        self.origin = origin
        self.largest = max(largest, prod(self.shape))
        self.bits: int | None = None
        self.view_of: tuple[Constant, tuple[int, ...]] | None = None
        self.views: dict[tuple[int, ...], Constant] = {}
        self._read = read
        self._array: Array | None = None

    @property
    def elements(self) -> int:
        return prod(self.shape)

    def array(self) -> Array:
        if self._array is None:
            self._array = self._read()
        return self._array

    def settings(self) -> Array:
        """The values in one row, as sizes, positions or numbers that say how a node computes. Raises SimdcError where
        more than MAX_SETTINGS elements would have to be read or made for it."""
        if self.largest > MAX_SETTINGS:
            what = f"has {self.elements} elements" if self.elements == self.largest else "is computed"
            large = "" if self.elements == self.largest else f" from {self.largest} elements"
            raise SimdcError(
                f"'{self.name}' {what}{large}; simdc reads sizes and positions from at most {MAX_SETTINGS}"
            )
        return self.array().reshape(-1)

    def ints(self) -> tuple[int, ...]:
        """The values as whole numbers, a scalar as one. Raises SimdcError."""
        try:
            return tuple(int(value) for value in self.settings())
        except (ValueError, OverflowError, TypeError) as error:
            raise SimdcError(f"'{self.name}' does not hold whole numbers: {error}") from None

    def number(self) -> float:
        """The value of a constant with one element. Raises SimdcError."""
        try:
            return float(self.settings()[0])
        except (ValueError, TypeError, IndexError) as error:
            raise SimdcError(f"'{self.name}' holds no number: {error}") from None

    def mapped(self, shape: Sequence[int], function: Callable[[Array], Array]) -> Constant:
        """Another constant of `shape`, computed from this one when it is read."""
        made = Constant(
            self.name, shape, self.element, self.sources, lambda: function(self.array()), self.origin, self.largest
        )
        made.bits = self.bits
        return made

    def given(self) -> Constant:
        """The same, as the user says that it is a weight."""
        return Constant(self.name, self.shape, self.element, self.sources, self.array, ValueOrigin.GIVEN, self.largest)

    def reshaped(self, shape: Sequence[int]) -> Constant:
        target = tuple(shape)
        return self if target == self.shape else self.mapped(target, lambda array: array.reshape(target))

    def transposed(self, permutation: Sequence[int]) -> Constant:
        """Turned alike it is the same constant, so that layers which share a weight share a parameter: a table that
        gives tokens their features is the weight of the last layer, too, by way of a transpose."""
        source, turned = self.view_of or (self, tuple(range(len(self.shape))))
        order = tuple(turned[axis] for axis in permutation)
        if order == tuple(range(len(order))):
            return source
        if order not in source.views:
            made = source.mapped([source.shape[axis] for axis in order], lambda array: array.transpose(order))
            made.view_of = source, order
            source.views[order] = made
        return source.views[order]

    def broadcast(self, shape: Sequence[int]) -> Constant:
        target = tuple(shape)
        return self if target == self.shape else self.mapped(target, lambda array: np.broadcast_to(array, target))


Value: TypeAlias = SSAValue | Constant
"""What a name of the graph stands for: a tensor that a layer makes, or one that is known."""


def combined(shape: Sequence[int], function: Callable[..., Array], *parts: Constant) -> Constant:
    """A constant computed from several."""
    sources = {name: size for part in parts for name, size in part.sources.items()}
    first = parts[0]

    def read() -> Array:
        return function(*(part.array() for part in parts))

    largest = max(part.largest for part in parts)
    return Constant(first.name, shape, first.element, sources, read, origin_of(parts), largest)


def known(
    name: str,
    array: Array,
    element: int,
    sources: Mapping[str, int] | None = None,
    origin: ValueOrigin = ValueOrigin.COMPUTED,
) -> Constant:
    """A constant whose values are at hand."""
    return Constant(name, array.shape, element, sources or {}, lambda: array, origin)


def origin_of(parts: Iterable[Constant]) -> ValueOrigin:
    """Of what is computed from `parts`. Single numbers do not make a tensor trained: a mask is chosen between 0 and the
    lowest number by truth values."""
    found = list(parts)
    tensors = [part for part in found if part.elements > 1]
    return max((part.origin for part in tensors or found), default=ValueOrigin.COMPUTED)
