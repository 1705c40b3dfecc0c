"""Tensors that do not depend on the network's inputs: weights, and what shapes are computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Constant:
    """A tensor of known `shape`. Its values are read only when somebody asks: a cost needs no weights.

    `element` is ONNX's number of the element type. `sources` are the weights of the file that it is made of, each with
    its number of elements. `array()` raises SimdcError where the file has no values.
    """

    __slots__ = ("_array", "_read", "element", "name", "shape", "sources")

    def __init__(
        self, name: str, shape: Sequence[int], element: int, sources: Mapping[str, int], read: Callable[[], Array]
    ):
        self.name = name
        self.shape = tuple(shape)
        self.element = element
        self.sources = dict(sources)
        self._read = read
        self._array: Array | None = None

    @property
    def elements(self) -> int:
        return prod(self.shape)

    def array(self) -> Array:
        if self._array is None:
            self._array = self._read()
        return self._array

    def ints(self) -> tuple[int, ...]:
        """The values as whole numbers, a scalar as one."""
        return tuple(int(value) for value in self.array().reshape(-1))

    def number(self) -> float:
        """The value of a constant with one element."""
        return float(self.array().reshape(-1)[0])

    def mapped(self, shape: Sequence[int], function: Callable[[Array], Array]) -> Constant:
        """Another constant of `shape`, computed from this one when it is read."""
        return Constant(self.name, shape, self.element, self.sources, lambda: function(self.array()))

    def reshaped(self, shape: Sequence[int]) -> Constant:
        target = tuple(shape)
        return self if target == self.shape else self.mapped(target, lambda array: array.reshape(target))

    def transposed(self, permutation: Sequence[int]) -> Constant:
        order = tuple(permutation)
        return self.mapped([self.shape[axis] for axis in order], lambda array: array.transpose(order))

    def broadcast(self, shape: Sequence[int]) -> Constant:
        target = tuple(shape)
        return self if target == self.shape else self.mapped(target, lambda array: np.broadcast_to(array, target))


def combined(shape: Sequence[int], function: Callable[..., Array], *parts: Constant) -> Constant:
    """A constant computed from several."""
    sources = {name: size for part in parts for name, size in part.sources.items()}
    first = parts[0]
    return Constant(first.name, shape, first.element, sources, lambda: function(*(part.array() for part in parts)))


def known(name: str, array: Array, element: int, sources: Mapping[str, int] | None = None) -> Constant:
    """A constant whose values are at hand."""
    return Constant(name, array.shape, element, sources or {}, lambda: array)
