"""A tile of an operand in vector memory: a row for each position, or for each vector of those along the lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from simdc.backends.execute.buffers import box, cut, positions, real_values
from simdc.backends.simulate.walk import Tile
from simdc.cost.kernel import Affine, Operand
from simdc.cost.numbers import ceil_div

from . import lanes_machine as built
from .beats import Numbers
from .nested_sums import NestedSum, strides
from .unplayable import require

Elements = NDArray[np.int64]


class VectorTile:
    """`lanes` lanes, along which the loop `lanes_loop` runs; None where it has a single value."""

    def __init__(self, operand: Operand, lanes_loop: str | None, lanes: int, tile: Tile, bounds: Mapping[str, int]):
        self.operand, self._lanes, self._tile, self._bounds = operand, lanes, tile, bounds
        self.reach = box(operand, tile.values)
        along = [d for d, (terms, _) in enumerate(operand.index) if lanes_loop in dict(terms)]
        require(len(along) <= 1, f"'{lanes_loop}' moves {len(along)} dimensions of {operand.name}")
        self.lane_dimension = along[0] if along else None
        # 3*p + l, l to 2 along the lanes: p is a dimension of its own. `_apart` has p and its step.
        self._apart: tuple[str, int] | None = None
        vectors, parts = 1, 1
        if lanes_loop is not None and self.lane_dimension is not None:
            terms = dict(operand.index[self.lane_dimension].terms)
            others = [(loop, step) for loop, step in terms.items() if loop != lanes_loop]
            plain = (
                terms[lanes_loop] == 1 and len(others) <= 1 and all(step >= bounds[lanes_loop] for _, step in others)
            )
            require(plain, f"the lanes step or share a dimension of {operand.name}")
            if others:
                (self._apart,) = others
                parts = len(tile.values[self._apart[0]])
            vectors = ceil_div(len(tile.values[lanes_loop]), lanes)
            self._lane_values = tile.values[lanes_loop]
        self._vectors = vectors
        lengths = [parts if d == self.lane_dimension else len(side) for d, side in enumerate(self.reach)]
        self._strides = [step * self._vectors for step in strides(lengths)]
        self.rows = int(np.prod(lengths, dtype=np.int64)) * self._vectors

    def address(self, base: int) -> NestedSum:
        """The row that the loops stand at; a step of the loop on the lanes is a vector."""
        steps: dict[str, int] = {}
        for d, (terms, _) in enumerate(self.operand.index):
            for loop, step in terms:
                if d == self.lane_dimension:
                    step = self._strides[d] if self._apart is not None and loop == self._apart[0] else 1
                else:
                    step = step * self._strides[d]
                steps[loop] = steps.get(loop, 0) + step
        return NestedSum(base, steps)

    def parts(self) -> tuple[NestedSum, int] | None:
        """Where the lanes lie along one part of a dimension after the other: the position of lane 0, and how many there
        are. The last part may have fewer than lanes."""
        if self._apart is None or self.lane_dimension is None:
            return None
        expression = self.operand.index[self.lane_dimension]
        loop, step = self._apart
        steps = {loop: step, **{other: self._lanes for other, _ in expression.terms if other != loop}}
        return NestedSum(self._first(expression), steps), self.operand.shape[self.lane_dimension]

    def address_of(self, view: Operand, base: int) -> NestedSum:
        """The row that another index into the same tensor stands at, which must be in this box."""
        initial, steps = base, dict[str, int]()
        for d, expression in enumerate(view.index):
            if d == self.lane_dimension:
                plain = expression == self.operand.index[d] and self._apart is None
                require(plain, f"{view.name} looks across lanes")
                steps[expression.terms[0][0]] = 1
                continue
            initial += (self._first(expression) - self.reach[d].start) * self._strides[d]
            for loop, step in expression.terms:
                steps[loop] = steps.get(loop, 0) + step * self._strides[d]
        return NestedSum(initial, steps)

    def guards(self) -> list[tuple[NestedSum, int]]:
        """For each dimension in which real positions lie outside of the tensor: the position, and its length."""
        found: list[tuple[NestedSum, int]] = []
        reach = box(self.operand, real_values(self._tile, self._bounds))
        for d, (side, extent) in enumerate(zip(reach, self.operand.shape, strict=True)):
            if d != self.lane_dimension and side and (side.start < 0 or side.stop > extent):
                terms, _ = self.operand.index[d]
                found.append((NestedSum(self._first(self.operand.index[d]), dict(terms)), extent))
        return found

    def lane_range(self) -> tuple[int, int]:
        """Of the tile's values along the lanes, those that stand inside of the tensor."""
        if self.lane_dimension is None:
            return 0, built.NOWHERE
        first = self.reach[self.lane_dimension].start
        if self._apart is not None:
            return 0, built.NOWHERE
        return max(0, -first), self.operand.shape[self.lane_dimension] - first

    def _first(self, expression: Affine) -> int:
        return expression.constant + sum(step * self._tile.values[loop].start for loop, step in expression.terms)

    def _lane_places(self, here: Numbers, first: int) -> tuple[Numbers, Numbers]:
        """Rows and lanes of positions in the dimension along the lanes. What lies between is in no lane."""
        if self._apart is None or self.lane_dimension is None:
            return (here - first) // self._lanes, (here - first) % self._lanes
        loop, step = self._apart
        part, within = np.divmod(here - self.operand.index[self.lane_dimension].constant, step)
        part, within = part - self._tile.values[loop].start, within - self._lane_values.start
        ours = (part >= 0) & (part < len(self._tile.values[loop])) & (within >= 0) & (within < len(self._lane_values))
        rows = part * self._strides[self.lane_dimension] + within // self._lanes
        return np.where(ours, rows, 0), np.where(ours, within % self._lanes, built.NO_LANE)

    def elements(self, base: int, tensor_at: int, *, stores_padding: bool, stored: bool) -> Elements:
        """[elements, 3]: place in DRAM, row and lane of all that a transfer moves. What is `stored` has places only
        where the tile computed something."""
        shape = self.operand.shape
        sides = self.reach if stores_padding else cut(self.reach, shape)
        count = prod(len(side) for side in sides)
        grid = np.indices([len(side) for side in sides]).reshape(len(sides), count)
        at = [here + side.start for here, side in zip(grid, sides, strict=True)]
        rows = np.full(count, base, dtype=np.int64)
        lanes = np.full(count, built.NOWHERE, dtype=np.int64)
        for d, (here, reach) in enumerate(zip(at, self.reach, strict=True)):
            if d == self.lane_dimension:
                row, lanes = self._lane_places(here, reach.start)
                rows += row
            else:
                rows += (here - reach.start) * self._strides[d]
        real = np.ones(count, dtype=np.bool_)
        values = real_values(self._tile, self._bounds)
        for here, extent, expression, within in zip(
            at, shape, self.operand.index, cut(box(self.operand, values), shape), strict=True
        ):
            real &= (here >= 0) & (here < extent)
            allowed: Sequence[int] | NDArray[np.intp] = positions(expression, values) if stored else within
            real &= np.isin(here, np.array(allowed, dtype=np.int64))
        inside = [np.clip(here, 0, extent - 1) for here, extent in zip(at, shape, strict=True)]
        flat = np.ravel_multi_index(inside, shape) if sides else np.zeros(1, dtype=np.int64)
        places = np.where(real, tensor_at + flat, built.NOWHERE)
        return np.stack([places, rows, lanes], axis=1)
