"""Which fields of a machine the cost of a layer depends on, and which of them the choice of its tiling does: under a
cost model that says that it is `separable`."""

from __future__ import annotations

from typing import Literal, NamedTuple

SYSTOLIC, SIMD = "conv", "simd"
UNITS = (SYSTOLIC, SIMD)

Enters = Literal["kernel", "tiling", "rate", "price"]
"""Where a field comes in first: `kernel` is what moves and is computed, `tiling` how a greedy schedule cuts it, `rate`
how long that takes, `price` the energy of it."""


class Role(NamedTuple):
    """The units whose layers' cost depends on a field, and where it comes in."""

    units: tuple[str, ...]
    enters: Enters


ROLES = {
    # A tensor of 16 bits instead of 8 is twice the traffic of either unit.
    "systolic.widths": Role(UNITS, "kernel"),
    "simd.width_bits": Role(UNITS, "kernel"),
    "stores_padding": Role(UNITS, "tiling"),
    "systolic.rows": Role((SYSTOLIC,), "tiling"),
    "systolic.columns": Role((SYSTOLIC,), "tiling"),
    "systolic.buffers": Role((SYSTOLIC,), "tiling"),
    "systolic.bandwidths": Role((SYSTOLIC,), "rate"),
    "simd.lanes": Role((SIMD,), "tiling"),
    "simd.vmem_bits": Role((SIMD,), "tiling"),
    "simd.bandwidth_bits_per_cycle": Role((SIMD,), "rate"),
    "simd.instruction_bits": Role((SIMD,), "rate"),
    "simd.instruction_memory_bits": Role((SIMD,), "rate"),
    "simd.immediate_memory_bits": Role((SIMD,), "rate"),
    "simd.pipeline_stages": Role((SIMD,), "rate"),
    "simd.raw_wait_cycles": Role((SIMD,), "rate"),
    "simd.latency_cycles": Role((SIMD,), "rate"),
    # What these change is no count: 100 cycles at 1 ns and at 2 ns are both 100 cycles.
    "clock_ns": Role(UNITS, "price"),
    "prices": Role(UNITS, "price"),
}
"""By dotted path, of a field or of a part with all its fields."""
ANY = Role(UNITS, "tiling")
"""Of a field of which nothing is known, such as a plug-in's."""


def role_of(path: str) -> Role:
    # prices.sram_pj_per_bit.vmem is found as `prices`.
    while path and path not in ROLES:
        path = path.rpartition(".")[0]
    return ROLES.get(path, ANY)


def shapes_kernels(path: str) -> bool:
    return role_of(path).enters == "kernel"


def shapes_tilings(path: str) -> bool:
    """Whether a greedy tiling depends on it."""
    return role_of(path).enters in ("kernel", "tiling")


def shapes_rates(path: str) -> bool:
    """All but what the greedy tiling looks at."""
    return not shapes_tilings(path)


def concerns(path: str, unit: str, *, energy: bool) -> bool:
    """Whether the cost of a layer of this unit depends on the field. Prices and the clock enter energy only."""
    units, enters = role_of(path)
    return unit in units and (energy or enters != "price")
