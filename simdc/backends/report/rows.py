"""Layers as flat rows, for tables of any library: pandas and polars take them as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from simdc.cost.kernel import Kernel
from simdc.cost.result import Cost
from simdc.cost.tiling import Tiling

from .shapes import shape_text


class Row(Protocol):
    """What a row is made of: a layer of a report."""

    @property
    def name(self) -> str: ...
    @property
    def operator(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def step(self) -> str: ...
    @property
    def form(self) -> str: ...
    @property
    def kernel(self) -> Kernel: ...
    @property
    def tiling(self) -> Tiling: ...
    @property
    def cost(self) -> Cost: ...
    @property
    def energy(self) -> Any: ...
    @property
    def bound_by(self) -> str: ...


def flat_row(layer: Row, clock_ns: float, utilization: float | None, *, priced: bool) -> dict[str, Any]:
    """Names with their units: cycles, bits and pJ are whole counts of the model. Energies are None on a machine without
    prices, `utilization` on the SIMD array."""
    cost = layer.cost
    return {
        "name": layer.name,
        "operator": layer.operator,
        "unit": str(layer.unit),
        "step": layer.step,
        "form": layer.form,
        "shape": shape_text(layer.kernel),
        "cycles": cost.cycles.total,
        "compute_cycles": cost.cycles.compute,
        "stall_cycles": cost.cycles.stall,
        "runtime_s": cost.cycles.total * clock_ns * 1e-9,
        "macs": dict(cost.ops).get("mac", 0),
        "utilization": utilization,
        "bound_by": layer.bound_by,
        **dict(_amounts("dram", cost.dram_bits, "bits")),
        **dict(_amounts("sram", cost.sram_bits, "bits")),
        **{name: value if priced else None for name, value in _amounts("energy", layer.energy, "pj")},
        **{f"busy_{name}_cycles": value for name, value in cost.busy._asdict().items()},
        "tile": " ".join(f"{loop}={size}" for loop, size in layer.tiling.as_dict().items()),
    }


def _amounts(kind: str, record: Any, unit: str) -> Iterator[tuple[str, Any]]:
    """The whole, then its parts: dram_bits, dram_weight_bits, dram_ifmap_bits."""
    yield f"{kind}_{unit}", record.total
    for name, value in record._asdict().items():
        yield f"{kind}_{name}_{unit}", value
