"""How full the buffers of a machine are with the tiles of a layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from simdc.cost.exact.filled import buffer_shares
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model_table import load_model
from simdc.cost.tiling import Tiling

Shares: TypeAlias = Mapping[str, float]


def measure_of_filling(spec: str, phase: str, hardware: AnyMachine) -> Callable[[Kernel, Tiling], Shares]:
    """A function to the share of each buffer that a tiled kernel takes. It knows nothing of machines of units, nor of
    models whose tiles are not those that the tile simulator plays."""
    try:
        model = load_model(spec, phase)
    except (KeyError, ValueError):
        return _nothing
    if not model.verifiable or not isinstance(hardware, Hardware):
        return _nothing
    rule = model.rule
    known: dict[tuple[Kernel, Tiling], Shares] = {}

    def measure(kernel: Kernel, tiling: Tiling) -> Shares:
        if (kernel, tiling) not in known:
            known[kernel, tiling] = buffer_shares(kernel, tiling, hardware, rule)
        return known[kernel, tiling]

    return measure


def _nothing(kernel: Kernel, tiling: Tiling) -> Shares:
    del kernel, tiling
    return {}
