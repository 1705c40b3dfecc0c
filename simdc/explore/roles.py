"""Which fields of a machine the cost of a layer depends on, and which of them the choice of its tiling does: under a
cost model that says that it is `separable`."""

from __future__ import annotations

SYSTOLIC, SIMD = "conv", "simd"
UNITS = (SYSTOLIC, SIMD)

KERNEL_PREFIXES = ("systolic.widths.", "simd.width_bits")
"""Widths are part of the kernels themselves, of both units."""
# What these change is no count: 100 cycles at 1 ns and at 2 ns are both 100 cycles.
PRICE_PREFIXES = ("prices.", "clock_ns")
TILING_PREFIXES = (
    *KERNEL_PREFIXES,
    "systolic.rows",
    "systolic.columns",
    "systolic.buffers.",
    "simd.lanes",
    "simd.vmem_bits",
    "stores_padding",
)
"""What a greedy tiling looks at. Bandwidths and latencies it does not."""


def shapes_kernels(path: str) -> bool:
    return path.startswith(KERNEL_PREFIXES)


def shapes_tilings(path: str) -> bool:
    return path.startswith(TILING_PREFIXES)


def shapes_rates(path: str) -> bool:
    """All but what the greedy tiling looks at."""
    return not shapes_tilings(path)


def concerns(path: str, unit: str, *, energy: bool) -> bool:
    """Whether the cost of a layer of this unit depends on the field. Prices and the clock enter energy only."""
    # A tensor of 16 bits instead of 8 is twice the traffic of either unit.
    if shapes_kernels(path) or path == "stores_padding":
        return True
    if path.startswith(PRICE_PREFIXES):
        return energy
    return path.startswith("systolic." if unit == SYSTOLIC else "simd.")
