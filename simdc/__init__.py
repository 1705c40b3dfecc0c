"""simdc tells what a neural network costs on a systolic + SIMD accelerator.

import simdc
network = simdc.load("resnet50")
layers = simdc.evaluate(network, simdc.load_hardware("HI3"))
print(sum(layer.cost.cycles.total for layer in layers))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Network, compare, compile, evaluate, explain, load, load_hardware, load_machine
    from .errors import SimdcError
    from .network_builder import NetworkBuilder

__version__ = "0.1.0"
__all__ = [
    "Network",
    "NetworkBuilder",
    "SimdcError",
    "__version__",
    "compare",
    "compile",
    "evaluate",
    "explain",
    "load",
    "load_hardware",
    "load_machine",
]
MODULES = {"NetworkBuilder": "simdc.network_builder", "SimdcError": "simdc.errors"}
"""Where a name is, if not in `simdc.api`."""


def __getattr__(name: str) -> Any:
    """Import the interface on first use: `import simdc` alone costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'simdc' has no attribute '{name}'")
    return getattr(import_module(MODULES.get(name, "simdc.api")), name)


def __dir__() -> list[str]:
    """Names that are imported on first use among them."""
    return sorted({*globals(), *__all__})
