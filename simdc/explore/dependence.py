"""Which fields of a machine the cost of a layer depends on, and which of them the choice of its tiling does: under a
cost model that says that it is `separable`."""

from __future__ import annotations

from typing import Literal

from simdc.named import NamedTuple

SYSTOLIC, SIMD, EITHER = "conv", "simd", "either"
"""`EITHER` runs the layers that have several forms: the machine decides by all of its fields which unit that is. Layers
that run on both at once are there, too."""
UNITS = (SYSTOLIC, SIMD)

Enters = Literal["kernel", "tiling", "rate", "price"]
"""Where a field comes in first: `kernel` is what moves and is computed, `tiling` how a greedy schedule cuts it, `rate`
how long that takes, `price` the energy of it."""


class Dependence(NamedTuple):
    """The units whose layers' cost depends on a field, and where it comes in."""

    units: tuple[str, ...]
    enters: Enters


DEPENDENCES = {
    # A tensor of 16 bits instead of 8 is twice the traffic of either unit.
    "systolic.widths": Dependence(UNITS, "kernel"),
    "simd.width_bits": Dependence(UNITS, "kernel"),
    "stores_padding": Dependence(UNITS, "tiling"),
    "systolic.rows": Dependence((SYSTOLIC,), "tiling"),
    "systolic.columns": Dependence((SYSTOLIC,), "tiling"),
    "systolic.buffers": Dependence((SYSTOLIC,), "tiling"),
    # Which ways to lie on the array a layer has.
    "systolic.dataflow": Dependence((SYSTOLIC,), "kernel"),
    "systolic.row_mapping": Dependence((SYSTOLIC,), "kernel"),
    "systolic.group_mapping": Dependence((SYSTOLIC,), "kernel"),
    # A word, and no array of words is priced at once.
    "systolic.buffer_release": Dependence((SYSTOLIC,), "tiling"),
    "dram": Dependence(UNITS, "tiling"),
    "systolic.bandwidths": Dependence((SYSTOLIC,), "rate"),
    "systolic.weight_load": Dependence((SYSTOLIC,), "tiling"),
    "systolic.fold_drain": Dependence((SYSTOLIC,), "tiling"),
    "systolic.accumulate_latency_cycles": Dependence((SYSTOLIC,), "tiling"),
    "systolic.hazard": Dependence((SYSTOLIC,), "tiling"),
    "systolic.tile_overhead_cycles": Dependence((SYSTOLIC,), "rate"),
    "simd.lanes": Dependence((SIMD,), "tiling"),
    "simd.vmem_bits": Dependence((SIMD,), "tiling"),
    "simd.bandwidth_bits_per_cycle": Dependence((SIMD,), "rate"),
    "simd.instruction_bits": Dependence((SIMD,), "rate"),
    "simd.instruction_memory_bits": Dependence((SIMD,), "rate"),
    "simd.immediate_memory_bits": Dependence((SIMD,), "rate"),
    "simd.tile_overhead_cycles": Dependence((SIMD,), "rate"),
    # What of a tile is in vector memory.
    "simd.issue": Dependence((SIMD,), "tiling"),
    "simd.double_buffered": Dependence((SIMD,), "tiling"),
    "simd.pipeline_stages": Dependence((SIMD,), "rate"),
    "simd.raw_wait_cycles": Dependence((SIMD,), "rate"),
    "simd.latency_cycles": Dependence((SIMD,), "rate"),
    # Kernels on both arrays at once use it, which count as `EITHER`.
    "simd.array_path_bits_per_cycle": Dependence((), "tiling"),
    # What these change is no count: 100 cycles at 1 ns and at 2 ns are both 100 cycles.
    "clock_ns": Dependence(UNITS, "price"),
    "prices": Dependence(UNITS, "price"),
    # Of a machine of units.
    "widths": Dependence(UNITS, "kernel"),
}
"""By dotted path, of a field or of a part with all its fields."""
OF_UNITS = ("element_bits", "stages", "streamed_operands", "max_window")
"""What decides, of any unit, which layers it can run, and which run as one: with one stage less a pool is a layer by
itself."""
ANY = Dependence(UNITS, "tiling")
"""Of a field of which nothing is known, such as a plug-in's."""


def dependence_of(path: str) -> Dependence:
    parent, _, leaf = path.rpartition(".")
    if parent.startswith("units.") and leaf in OF_UNITS:
        return Dependence(UNITS, "kernel")
    # prices.sram_pj_per_bit.vmem is found as `prices`.
    while path and path not in DEPENDENCES:
        path = path.rpartition(".")[0]
    return DEPENDENCES.get(path, ANY)


def shapes_kernels(path: str) -> bool:
    return dependence_of(path).enters == "kernel"


def shapes_tilings(path: str) -> bool:
    """Whether a greedy tiling depends on it."""
    return dependence_of(path).enters in ("kernel", "tiling")


def shapes_rates(path: str) -> bool:
    """All but what the greedy tiling looks at."""
    return not shapes_tilings(path)


def is_rate(path: str) -> bool:
    """Whether it is a number of which many are priced at once, by whole numbers."""
    return dependence_of(path).enters == "rate"


def concerns(path: str, unit: str, *, energy: bool) -> bool:
    """Whether the cost of a layer of this unit depends on the field. Prices and the clock enter energy only."""
    units, enters = dependence_of(path)
    return unit in units and (energy or enters != "price")
