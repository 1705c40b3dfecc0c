"""The cost model `exact`: integer counts and cycles that a tile-by-tile execution of the same schedule confirms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simdc.cost.capacity import check
from simdc.cost.guards import Check
from simdc.cost.hardware import Hardware
from simdc.cost.hazards import LATENCY
from simdc.cost.kernel import Contraction, Kernel, VectorProgram
from simdc.cost.model import CostModel, array_kernel, tiled_kernel
from simdc.cost.result import Cost
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.tiling import Tiling, check_loops

from .flat import flat_contraction
from .flat_lanes import flat_program
from .known import Asked, is_remembered, remembered
from .laws import kernel_law

# What most networks do not ask for is imported where they do: a command that has seen its network spends more time on
# importing than on prices.
if TYPE_CHECKING:
    from simdc.cost.account import Account
    from simdc.cost.along import LineLayer, LinePricer
    from simdc.cost.chosen import Forms
    from simdc.cost.together import NetworkPricer

    from .fused import TiledFused
    from .tiled import Tiled


class ExactModel(CostModel):
    """Prices any kernel; takes the machine as it is, whatever the network's phase."""

    name = "exact"
    searchable = verifiable = separable = takes_forms = takes_fractions = True
    knows = ("systolic", "simd", "dram")

    def __init__(self, phase: str = "inference"):
        self.phase = phase

    def greedy(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        if is_remembered(kernel, self.rule):
            return _greedy(Asked(kernel, hardware))
        from simdc.cost.greedy import greedy_tiling

        return greedy_tiling(kernel, hardware, self.rule)

    def default(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        if is_remembered(kernel, self.rule):
            return _default(Asked(kernel, hardware))
        return _ladder(kernel, hardware, self.rule)

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        """Raises TilingError for a tiling that does not fit, or whose loop order cannot be run."""
        if is_remembered(kernel, self.rule):
            # A tile of True is no tile of 1, and must not be taken for one that is known.
            check_loops(kernel, tiling)
            return _cost(Asked(kernel, hardware, Tiling(tuple(tiling.order), tuple(tiling.sizes))))
        return _tiled(kernel, tiling, hardware, self.rule).cost()

    def account(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Account:
        from simdc.cost.account import Account

        from .fills import fills_of
        from .parts import parts_of

        tiled = _tiled(kernel, tiling, hardware, self.rule)
        needs = [need for need in tiled.needs() if need.field != LATENCY]
        return Account(tuple(parts_of(tiled)), tuple(fills_of(tiled)), tuple(needs))

    def least_cycles(self, kernel: Kernel, hardware: Hardware) -> int:
        from .least import least_cycles

        return least_cycles(kernel, hardware, self.rule)

    def guard(self, kernel: Kernel) -> Check:
        return kernel_law(tiled_kernel(kernel)).check

    def together(self, layers: Sequence[Forms], times: Sequence[int]) -> NetworkPricer | None:
        """None of a model that is made from this one: it may change what any method answers."""
        # As `_ladder`, which it has a share of.
        from simdc.cost.packed.network import PackedNetwork

        return PackedNetwork(layers, times) if type(self) is ExactModel else None

    def along(self, layers: Sequence[LineLayer], steps: int) -> LinePricer | None:
        """As `together`."""
        from simdc.cost.packed.line import PackedLine

        return PackedLine(layers, steps) if type(self) is ExactModel else None

    def price_rates(self, kernel: Kernel, tiling: Tiling, dearest: Hardware, rates: Mapping[str, Any]) -> Cost:
        """Loads numpy."""
        from simdc.cost.schedules import price_rates

        return price_rates(array_kernel(kernel), tiling, dearest, rates, self.rule)


def _ladder(kernel: Kernel, hardware: Hardware, rule: MachineRule) -> Tiling:
    # The ladder prices its rungs with the tiles of this package: at the top the two would import each other.
    from simdc.cost.ladder import ladder_tiling

    return ladder_tiling(kernel, hardware, rule)


@remembered
def _greedy(asked: Asked) -> Tiling:
    from simdc.cost.greedy import greedy_tiling

    return greedy_tiling(asked.kernel, asked.hardware)


@remembered
def _default(asked: Asked) -> Tiling:
    return _ladder(asked.kernel, asked.hardware, GENESYS)


@remembered
def _cost(asked: Asked) -> Cost:
    kernel, tiling, hardware = asked.kernel, asked.tiling, asked.hardware
    assert tiling is not None
    flat = None
    if isinstance(kernel, Contraction):
        flat = flat_contraction(kernel, hardware, GENESYS)
    elif isinstance(kernel, VectorProgram):
        flat = flat_program(kernel, hardware, GENESYS)
    found = None if flat is None else flat.price_one(*tiling)
    if flat is not None and found is not None:
        check(flat.needs(found), tiling)
        return flat.cost(found)
    return _tiled(kernel, tiling, hardware, GENESYS).cost()


def _tiled(kernel: Kernel, tiling: Tiling, hardware: Hardware, rule: MachineRule) -> Tiled | TiledFused:
    """Raises as `evaluate`."""
    from .tiled import tile_once

    check_loops(kernel, tiling)
    tiled = tile_once(tiled_kernel(kernel), tiling.order, tiling.sizes, hardware, rule)
    # Before the buffers: no memory is large enough for a loop order that cannot be run.
    fault = tiled.fault()
    if fault is not None:
        raise fault()
    check(tiled.needs(), tiling)
    return tiled
