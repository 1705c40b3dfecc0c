"""Checks a cost model by execution: counts and cycles against the tile simulator, data against the untiled kernel.

for found in verify_layers([("conv1", kernel, tiling)], model, hardware):
    print(found.names, found.verdict.difference)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.model import CostModel
from simdc.cost.tiling import Tiling
from simdc.named import NamedTuple

from .difference import Difference
from .layer import Verdict, verify_layer

__all__ = ["Difference", "LayerVerdict", "Verdict", "distinct", "verify_layer", "verify_layers"]

Schedule = tuple[Kernel, Tiling]


class LayerVerdict(NamedTuple):
    """The verdict on all layers with the same kernel and tiling."""

    names: tuple[str, ...]
    kernel: Kernel
    tiling: Tiling
    verdict: Verdict


def distinct(layers: Iterable[tuple[str, Kernel, Tiling]]) -> dict[Schedule, tuple[str, ...]]:
    """Names of the layers by what is to be checked, each of which is checked once."""
    found: dict[Schedule, tuple[str, ...]] = {}
    for name, kernel, tiling in layers:
        found[kernel, tiling] = (*found.get((kernel, tiling), ()), name)
    return found


def verify_layers(
    layers: Iterable[tuple[str, Kernel, Tiling]], model: CostModel, hardware: Hardware
) -> Iterator[LayerVerdict]:
    """Check the (name, kernel, tiling) of each distinct layer, one at a time as the iterator is asked. Any cost model
    will do. Raises Uncosted for a kernel that the model does not know."""
    for (kernel, tiling), names in distinct(layers).items():
        yield LayerVerdict(names, kernel, tiling, verify_layer(kernel, tiling, hardware, model))
