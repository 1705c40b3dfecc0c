"""The protocol of a cost model and the table of those that are built in."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol

from .hardware import Hardware
from .kernel import Kernel
from .result import Cost
from .tiling import Tiling


class Uncosted(Exception):
    """The model does not know this kernel. The message says what it lacks; reports name the layer with it."""


class CostModel(Protocol):
    """A cost model legalizes tilings by its own rules and prices a tiled kernel."""

    name: str

    def greedy(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        """A legal tiling. Raises TilingError when even the innermost tile does not fit, Uncosted as `evaluate`."""
        ...

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        """Raises TilingError for a tiling that is not legal, Uncosted for a kernel that the model does not know."""
        ...


MODELS = {"exact": "simdc.cost.exact:ExactModel", "simdit": "simdc.cost.simdit:SimditModel"}


def load_model(name: str, phase: str = "inference") -> CostModel:
    """The model called `name` for a network in `phase` (`inference` or `training`). Raises KeyError."""
    module, _, cls = MODELS[name].partition(":")
    return getattr(import_module(module), cls)(phase)
