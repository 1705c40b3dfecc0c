"""The cost model `exact`: integer counts and cycles that a tile-by-tile execution of the same schedule confirms."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.axis import ONE, Numbers
from simdc.cost.capacity import check
from simdc.cost.greedy import greedy_tiling
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel, VectorProgram
from simdc.cost.result import Cost
from simdc.cost.tiling import Tiling, check_loops

from .contraction import TiledContraction
from .vector import TiledProgram

Tiled = TiledContraction | TiledProgram


class ExactModel:
    """Prices any kernel; takes the machine as it is, whatever the network's phase."""

    name = "exact"

    def __init__(self, phase: str = "inference"):
        self.phase = phase

    def greedy(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        return greedy_tiling(kernel, hardware)

    def default(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        from simdc.cost.ladder import ladder_tiling

        return ladder_tiling(kernel, hardware)

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        """Raises TilingError for a tiling that does not fit, or whose loop order cannot be run."""
        check_loops(kernel, tiling)
        tiled = tile(kernel, tiling.order, tiling.sizes, hardware)
        fault = tiled.fault()
        if fault is not None:
            raise fault()
        check(tiled.needs(), tiling)
        return tiled.cost()


def tile(
    kernel: Kernel, order: Sequence[str], sizes: Sequence[int], hardware: Hardware, numbers: Numbers = ONE
) -> Tiled:
    """The kernel with its loops cut, one way or many: `sizes` are the tile sizes of the loops in `order`, whole numbers
    or, where `numbers` says so, arrays."""
    if isinstance(kernel, VectorProgram):
        return TiledProgram.cut(kernel, order, sizes, hardware, numbers)
    return TiledContraction.cut(kernel, order, sizes, hardware, numbers)
