"""The distinct points at which a unit of the machine is priced, and where each admitted machine finds its own.

The cost of a convolution does not depend on the SIMD array: 10 systolic arrays x 8 SIMD arrays are 80 machines, and 10
points of one unit and 8 of the other are priced.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
from numpy.typing import NDArray

from simdc.named import NamedTuple

from . import dependence
from .admitted import Admitted, axis_values
from .space import Space

Indices = NDArray[np.int64]


class Points(NamedTuple):
    """`columns` [points] has the value of each field that the unit's cost depends on; `kernel` [points] numbers the
    element widths. Points are numbered row-major over the components: machine (c0, c1, ...) has point
    `sum(places[i][ci])`. `order` lists them such that equal widths stand side by side, and of these what is priced
    together."""

    unit: str
    columns: dict[str, NDArray[np.generic]]
    places: tuple[Indices, ...]
    order: Indices
    kernel: Indices

    @property
    def length(self) -> int:
        return len(self.order)


def unit_points(
    space: Space, admitted: Admitted, unit: str, *, energy: bool, separable: bool, together: Callable[[str], bool]
) -> Points:
    """What does not separate is priced at every field, each unit on its own all the same. Points that are equal in the
    fields for which `together` holds are priced together."""
    used: dict[int, tuple[str, ...]] = {}
    for number, axis in enumerate(space.axes):
        paths = tuple(path for path in axis.paths if not separable or dependence.concerns(path, unit, energy=energy))
        if paths:
            used[number] = paths
    firsts: list[Indices] = []
    ranks: list[Indices] = []
    for component in admitted.components:
        mine = [place for place, axis in enumerate(component.axes) if axis in used]
        _, first, rank = np.unique(component.options[:, mine], axis=0, return_index=True, return_inverse=True)
        firsts.append(np.asarray(first, np.int64))
        ranks.append(np.asarray(rank, np.int64).reshape(-1))
    counts = [len(first) for first in firsts]
    # Components of 3 and 2 combinations: strides 2 and 1, so combination 2 of one and 1 of the other is point 5.
    strides = [prod(counts[number + 1 :]) for number in range(len(counts))]
    options = _options(admitted, firsts, used)
    columns = {
        path: axis_values(space.axes[number], path)[options[number]] for number, paths in used.items() for path in paths
    }
    kernel = _key(columns, prod(counts), dependence.shapes_kernels)
    group = _key(columns, prod(counts), together)
    places = tuple(rank * stride for rank, stride in zip(ranks, strides, strict=True))
    return Points(unit, columns, places, np.lexsort((group, kernel)), kernel)


def _options(admitted: Admitted, firsts: list[Indices], used: dict[int, tuple[str, ...]]) -> dict[int, Indices]:
    """The option of each axis at every point."""
    counts = [len(first) for first in firsts]
    found: dict[int, Indices] = {}
    for number, (component, first) in enumerate(zip(admitted.components, firsts, strict=True)):
        before, after = prod(counts[:number]), prod(counts[number + 1 :])
        for place, axis in enumerate(component.axes):
            if axis in used:
                # 3 and 2: the first component's a a b b c c stands beside the second's x y x y x y.
                found[axis] = np.tile(np.repeat(component.options[first, place], after), before)
    return found


def _key(columns: dict[str, NDArray[np.generic]], length: int, chosen: Callable[[str], bool]) -> Indices:
    """A number for each point, equal where the values of all chosen fields are."""
    key = np.zeros(length, np.int64)
    for path, values in columns.items():
        if chosen(path):
            distinct, inverse = np.unique(values, return_inverse=True)
            key = key * len(distinct) + inverse.reshape(-1)
    return key
