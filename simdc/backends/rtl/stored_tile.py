"""A tile of an operand as it lies in DRAM and in a buffer: a box in one piece, the array's side last."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simdc.backends.execute.buffers import box, cut, real_values
from simdc.backends.simulate.walk import Tile
from simdc.cost.kernel import Operand

from .beats import Numbers
from .nested_sums import NestedSum, strides
from .unplayable import require


class StoredTile:
    """The box that a tile of `operand` takes, with the dimension along which `side` runs innermost."""

    def __init__(self, operand: Operand, side: str, tile: Tile, bounds: Mapping[str, int], *, stores_padding: bool):
        self.operand, self.tile = operand, tile
        self.reach = box(operand, tile.values)
        self.stored = self.reach if stores_padding else cut(self.reach, operand.shape)
        self.inside = cut(box(operand, real_values(tile, bounds)), operand.shape)
        along = [number for number, (terms, _) in enumerate(operand.index) if side in dict(terms)]
        require(len(along) == 1, f"'{side}' moves {len(along)} dimensions of {operand.name}, not one")
        self.inner = along[0]
        require(dict(operand.index[self.inner].terms)[side] == 1, f"'{side}' steps through {operand.name}")
        require(
            self.stored[self.inner].start == self.reach[self.inner].start,
            f"'{side}' begins outside of {operand.name}",
        )
        self._order = [d for d in range(len(self.stored)) if d != self.inner] + [self.inner]

    @property
    def elements(self) -> int:
        return int(np.prod([len(side) for side in self.stored], dtype=np.int64))

    def values(self, tensor: Numbers) -> Numbers:
        """What of the tensor is in the tile, zeros in the padding, in the order in which it lies."""
        boxed = np.zeros([len(side) for side in self.stored], dtype=np.int64)
        where = tuple(
            slice(part.start - side.start, part.stop - side.start)
            for part, side in zip(self.inside, self.stored, strict=True)
        )
        boxed[where] = tensor[tuple(slice(part.start, part.stop) for part in self.inside)]
        return boxed.transpose(self._order)

    def boxed(self, flat: Numbers) -> Numbers:
        """Elements in the order in which they lie, with the tensor's dimensions in theirs."""
        lengths = [len(self.stored[d]) for d in self._order]
        return flat.reshape(lengths).transpose(np.argsort(self._order))

    def address(self, unit: int) -> NestedSum:
        """Where the loops find an element, `unit` for each; below zero or beyond the end it is padding."""
        apart = dict(zip(self._order, strides([len(self.stored[d]) for d in self._order]), strict=True))
        steps: dict[str, int] = {}
        initial = 0
        for d, (terms, constant) in enumerate(self.operand.index):
            first = constant + sum(step * self.tile.values[loop].start for loop, step in terms)
            initial += (first - self.stored[d].start) * apart[d] * unit
            for loop, step in terms:
                steps[loop] = steps.get(loop, 0) + step * apart[d] * unit
        return NestedSum(initial, steps)

    def guards(self) -> list[tuple[NestedSum, int]]:
        """For each dimension of which a part of the reach is not stored: the position in it, and its length."""
        found: list[tuple[NestedSum, int]] = []
        for d, (reach, stored) in enumerate(zip(self.reach, self.stored, strict=True)):
            if d != self.inner and reach != stored:
                terms, constant = self.operand.index[d]
                first = constant + sum(step * self.tile.values[loop].start for loop, step in terms)
                found.append((NestedSum(first - stored.start, dict(terms)), len(stored)))
        return found
