"""Numbers only: hardware, kernels, tilings, cost models, energy. Needs no IR, so other compilers can embed it.

from simdc.cost import ExactModel, Tiling
model = ExactModel()
cost = model.evaluate(kernel, model.greedy(kernel, hardware), hardware)
"""

from __future__ import annotations

from .energy import Energy, energy_of
from .exact import ExactModel
from .extensions import Extensions, HardwareField
from .greedy import greedy_tiling
from .hardware import Hardware
from .kernel import Affine, CodeBlock, Contraction, Instruction, Kernel, Loop, LoopNest, Operand, VectorProgram, affine
from .machine_fields import HardwareError
from .model import CostModel, Uncosted
from .model_table import MODELS, load_model
from .result import Busy, Cost, Cycles, DramBits, SramBits
from .structure import structure, unstructure, with_field
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
