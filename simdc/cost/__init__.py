"""Numbers only: hardware, kernels, tilings, cost models, energy. Needs no IR, so other compilers can embed it.

from simdc.cost import ExactModel, Tiling
model = ExactModel()
cost = model.evaluate(kernel, model.greedy(kernel, hardware), hardware)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# A function of the name of its file, which would hide it when it is imported later.
from .structure import structure, unstructure, with_field

if TYPE_CHECKING:
    from .energy import Energy, energy_of
    from .exact import ExactModel
    from .extensions import Extensions, HardwareField
    from .greedy import greedy_tiling
    from .hardware import Hardware
    from .kernel import (
        Affine,
        CodeBlock,
        Contraction,
        Instruction,
        Kernel,
        Loop,
        LoopNest,
        Operand,
        VectorProgram,
        affine,
    )
    from .machine_fields import HardwareError
    from .model import CostModel, Uncosted
    from .model_table import MODELS, load_model
    from .result import Busy, Cost, Cycles, DramBits, SramBits
    from .tiling import Tiling, TilingError
    from .wellformed import KernelError

__all__ = [
    "MODELS",
    "Affine",
    "Busy",
    "CodeBlock",
    "Contraction",
    "Cost",
    "CostModel",
    "Cycles",
    "DramBits",
    "Energy",
    "ExactModel",
    "Extensions",
    "Hardware",
    "HardwareError",
    "HardwareField",
    "Instruction",
    "Kernel",
    "KernelError",
    "Loop",
    "LoopNest",
    "Operand",
    "SramBits",
    "Tiling",
    "TilingError",
    "Uncosted",
    "VectorProgram",
    "affine",
    "energy_of",
    "greedy_tiling",
    "load_model",
    "structure",
    "unstructure",
    "with_field",
]

FILES = {
    "energy": "Energy energy_of",
    "exact": "ExactModel",
    "extensions": "Extensions HardwareField",
    "greedy": "greedy_tiling",
    "hardware": "Hardware",
    "kernel": "Affine CodeBlock Contraction Instruction Kernel Loop LoopNest Operand VectorProgram affine",
    "machine_fields": "HardwareError",
    "model": "CostModel Uncosted",
    "model_table": "MODELS load_model",
    "result": "Busy Cost Cycles DramBits SramBits",
    "tiling": "Tiling TilingError",
    "wellformed": "KernelError",
}
"""What is imported on first use, by its file."""
PLACES = {name: file for file, names in FILES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Import a name on first use: a machine needs no cost model, and a price few of the rest."""
    if name not in PLACES:
        raise AttributeError(f"module 'simdc.cost' has no attribute '{name}'")
    found = globals()[name] = getattr(import_module(f".{PLACES[name]}", __name__), name)
    return found


def __dir__() -> list[str]:
    """Names that are imported on first use among them."""
    return sorted({*globals(), *__all__})
