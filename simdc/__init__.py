"""simdc tells what a neural network costs on a systolic + SIMD accelerator.

import simdc
network = simdc.load("resnet50")
layers = simdc.evaluate(network, simdc.load_hardware("HI3"))
print(sum(layer.cost.cycles.total for layer in layers))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Network, compile, evaluate, load, load_hardware
    from .network_builder import NetworkBuilder

__version__ = "0.1.0"
__all__ = ["Network", "NetworkBuilder", "__version__", "compile", "evaluate", "load", "load_hardware"]


def __getattr__(name: str) -> Any:
    """Import the interface on first use: `import simdc` alone costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'simdc' has no attribute '{name}'")
    if name == "NetworkBuilder":
        from .network_builder import NetworkBuilder

        return NetworkBuilder
    from . import api

    return getattr(api, name)
