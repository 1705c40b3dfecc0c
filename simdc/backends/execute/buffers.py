"""On-chip buffers as arrays: what is in one is a box of a tensor, and nothing outside it can be read or written."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
from numpy.typing import NDArray

from simdc.backends.simulate.walk import Tile
from simdc.cost.kernel import Affine, Operand
from simdc.named import NamedTuple

from .arrays import Array

Values = Mapping[str, range]


class TileAddress(NamedTuple):
    """A tile of a schedule: its number in the walk, its nest (0 in a contraction) and its index along each loop."""

    number: int
    nest: int
    along: Mapping[str, int]

    def __str__(self) -> str:
        return ", ".join(f"{loop} {index}" for loop, index in self.along.items()) or "the only one"


class ScheduleError(Exception):
    """A schedule does what the machine cannot do: at `tile` with `operand`. `expected` and `got` say in words what."""

    def __init__(self, kind: str, tile: TileAddress, operand: str, expected: str, got: str):
        super().__init__(f"tile ({tile}), {operand}: expected {expected}, got {got}")
        self.kind = kind
        self.tile = tile
        self.operand = operand
        self.expected = expected
        self.got = got


def positions(expression: Affine, values: Values) -> NDArray[np.intp]:
    """Every position that the expression takes over the loop values, once, in order."""
    found = np.array([expression.constant], dtype=np.intp)
    for loop, step in expression.terms:
        found = np.unique(np.add.outer(found, step * np.arange(values[loop].start, values[loop].stop)))
    return found


def box(operand: Operand, values: Values) -> tuple[range, ...]:
    """The box around every element that the loop values index, padding included; empty where a loop has no value."""
    found = [positions(expression, values) for expression in operand.index]
    return tuple(range(int(here[0]), int(here[-1]) + 1) if here.size else range(0) for here in found)


def cut(boxed: tuple[range, ...], shape: tuple[int, ...]) -> tuple[range, ...]:
    """What of a box lies inside the tensor."""
    clipped = [range(max(0, side.start), min(side.stop, extent)) for side, extent in zip(boxed, shape, strict=True)]
    return tuple(side if side else range(0) for side in clipped)


def real_values(tile: Tile, bounds: Mapping[str, int]) -> dict[str, range]:
    """The tile's loop values without those that a machine adds by rounding channels up."""
    return {loop: range(values.start, min(values.stop, bounds[loop])) for loop, values in tile.values.items()}


class TileBuffer:
    """A tile of an operand on chip. `elements` is the room it takes, stored padding included. `values` holds what of
    it exists, which are the tensor's elements in `inside`."""

    def __init__(self, operand: Operand, tile: Tile, bounds: Mapping[str, int], *, stores_padding: bool):
        self.operand = operand
        reach = box(operand, tile.values)
        self.elements = prod(len(side) for side in (reach if stores_padding else cut(reach, operand.shape)))
        self.inside = cut(box(operand, real_values(tile, bounds)), operand.shape)
        self.values: Array = np.full([len(side) for side in self.inside], np.nan)

    @property
    def bits(self) -> int:
        return self.elements * self.operand.bits

    @property
    def slices(self) -> tuple[slice, ...]:
        """Where the buffer's elements lie in the tensor."""
        return tuple(slice(side.start, side.stop) for side in self.inside)

    def load(self, tensor: Array) -> None:
        self.values[...] = tensor[self.slices]

    def store(self, tensor: Array, values: Values) -> NDArray[np.intp]:
        """Write what the loop values index to the tensor; elements between them stay as they are there. Gives the
        flat numbers of the elements written."""
        touched = self._touched(self.operand, values)
        here = np.ix_(*(found - side.start for found, side in zip(touched, self.inside, strict=True)))
        tensor[np.ix_(*touched)] = self.values[here]
        return np.ravel_multi_index(np.ix_(*touched), self.operand.shape).ravel()

    def view(self, operand: Operand, values: Values, tile: TileAddress) -> Operand:
        """`operand` as it indexes this buffer, its loops beginning at zero. Raises ScheduleError when it would reach
        an element of the tensor that is not here."""
        for found, side in zip(self._touched(operand, values), self.inside, strict=True):
            absent = [int(position) for position in found if position not in side]
            if absent:
                raise ScheduleError(
                    "access",
                    tile,
                    operand.name,
                    f"elements {side.start} to {side.stop - 1} of a dimension, which are in the buffer",
                    f"an access to element {absent[0]}",
                )
        index = tuple(
            Affine(terms, constant + sum(step * values[loop].start for loop, step in terms) - side.start)
            for (terms, constant), side in zip(operand.index, self.inside, strict=True)
        )
        return operand._replace(shape=self.values.shape, index=index)

    def _touched(self, operand: Operand, values: Values) -> list[NDArray[np.intp]]:
        found = [positions(expression, values) for expression in operand.index]
        return [here[(here >= 0) & (here < extent)] for here, extent in zip(found, operand.shape, strict=True)]


class Traffic:
    """Bits that crossed the DRAM ports, by operand and direction."""

    def __init__(self) -> None:
        self.loaded_bits: dict[str, int] = {}
        self.stored_bits: dict[str, int] = {}

    def load(self, name: str, bits: int) -> None:
        self.loaded_bits[name] = self.loaded_bits.get(name, 0) + bits

    def store(self, name: str, bits: int) -> None:
        self.stored_bits[name] = self.stored_bits.get(name, 0) + bits
