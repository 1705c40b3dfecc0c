"""Plays the distinct layers of a network on the RTL, each at the reduced size of `scaling`."""

from __future__ import annotations

from collections.abc import Iterable

from simdc.backends.rtl import Played, RtlCase, Unplayable, play
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import FusedProducts, Kernel
from simdc.cost.model import CostModel, tiled_kernel
from simdc.cost.tiling import Tiling
from simdc.named import NamedTuple

from . import distinct
from .scaling import scale_down


class RtlVerdict(NamedTuple):
    """What the RTL made of all layers with the same kernel and tiling: `outcome` says why it played nothing where it
    has no hardware for it."""

    names: tuple[str, ...]
    kind: str
    outcome: Played | Unplayable

    @property
    def failed(self) -> bool:
        return isinstance(self.outcome, Played) and bool(self.outcome.differences)


def play_layers(
    layers: Iterable[tuple[str, Kernel, Tiling]], model: CostModel, hardware: Hardware
) -> tuple[RtlVerdict, ...]:
    """One verdict for each distinct (name, kernel, tiling). Raises SimdcError where the RTL cannot be built."""
    alike = distinct(layers)
    cases: list[RtlCase] = []
    for kernel, tiling in alike:
        given = tiled_kernel(kernel)
        # What is not in the RTL anyway stays as it is.
        small = (given, tiling, hardware)
        if not isinstance(given, FusedProducts):
            small = scale_down(given, tiling, hardware, model.rule)
        cases.append(RtlCase(*small))
    outcomes = play(cases, model)
    return tuple(
        RtlVerdict(names, kernel.kind, outcome)
        for ((kernel, _), names), outcome in zip(alike.items(), outcomes, strict=True)
    )
