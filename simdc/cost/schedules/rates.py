"""One tiling on many machines that differ in bandwidths, latencies, clock and prices: in nothing that shapes a tile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from simdc.cost.axis import ONE
from simdc.cost.batch import machines_like
from simdc.cost.capacity import check
from simdc.cost.exact.tiled import tile
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import ArrayKernel
from simdc.cost.result import Cost
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.tiling import Tiling

from .evaluate import number_type

MACHINES = ONE._replace(
    larger=cast("Callable[[int, int], int]", np.maximum), smaller=cast("Callable[[int, int], int]", np.minimum)
)
"""Tiles are Python's numbers, cycles are arrays."""


def price_rates(
    kernel: ArrayKernel,
    tiling: Tiling,
    dearest: Hardware,
    rates: Mapping[str, NDArray[np.generic]],
    rule: MachineRule = GENESYS,
) -> Cost:
    """A `Cost` with an array in place of each number that depends on `rates`, arrays of the values of fields by path;
    `dearest` has the largest of each. It is equal to that of one machine after the other. Raises TilingError as
    `ExactModel.evaluate`."""
    # No other machine of the batch has a larger rate, so none has larger intermediate numbers.
    kind = number_type(kernel, dearest, rule)
    # Prices are not whole, and stay what they are.
    whole = {path: np.issubdtype(each.dtype, np.integer) for path, each in rates.items()}
    machines = machines_like(
        dearest, {path: each.astype(kind) if whole[path] else each for path, each in rates.items()}
    )
    tiled = tile(kernel, tiling.order, tiling.sizes, machines, MACHINES, rule)
    fault = tiled.fault()
    if fault is not None:
        raise fault()
    check(tiled.needs(), tiling)
    if tiled.is_closed:
        return tiled.cost()
    return _one_by_one(
        [
            tile(kernel, tiling.order, tiling.sizes, each, rule=rule).cost()
            for each in _machines(dearest, {path: values.tolist() for path, values in rates.items()})
        ]
    )


def _machines(like: Hardware, rates: Mapping[str, Sequence[object]]) -> Iterator[Hardware]:
    for values in zip(*rates.values(), strict=True):
        yield machines_like(like, dict(zip(rates, values, strict=True)))


def _one_by_one(costs: Sequence[Cost]) -> Cost:
    """With an array in place of each number."""
    first, ops = costs[0], [name for name, _ in costs[0].ops]
    parts: dict[str, Any] = {
        part: type(getattr(first, part))(*map(np.array, zip(*(getattr(cost, part) for cost in costs), strict=True)))
        for part in ("cycles", "dram_bits", "sram_bits", "busy")
    }
    counts = zip(*([number for _, number in cost.ops] for cost in costs), strict=True)
    together: Any = tuple(zip(ops, map(np.array, counts), strict=True))
    return Cost(**parts, ops=together)
