"""One tiling on many machines that differ in bandwidths, latencies, clock and prices: in nothing that shapes a tile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from simdc.cost.axis import ONE
from simdc.cost.capacity import check
from simdc.cost.exact import tile
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.tiling import Tiling

MACHINES = ONE._replace(
    larger=cast("Callable[[int, int], int]", np.maximum), smaller=cast("Callable[[int, int], int]", np.minimum)
)
"""Tiles are Python's numbers, cycles are arrays."""


def evaluate_rates(kernel: Kernel, tiling: Tiling, machines: Hardware) -> Any:
    """A `Cost` with an array in place of each number that depends on the machines' arrays (`machines_like`), equal to
    that of one machine after the other. Raises TilingError as `ExactModel.evaluate`."""
    tiled = tile(kernel, tiling.order, tiling.sizes, machines, MACHINES)
    fault = tiled.fault()
    if fault is not None:
        raise fault()
    check(tiled.needs(), tiling)
    return tiled.cost()
