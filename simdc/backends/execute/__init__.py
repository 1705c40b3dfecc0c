"""The numpy execution of the dialect, forward and backward, and that of the kernels which the cost models count.

    run = execute(module, {"x": images, "target": targets}, initial_parameters(module))

Everything is float64: this is there to check what networks, gradients and vector programs compute, not to be fast.
"""

from __future__ import annotations

from .contraction import ContractionRun, run_contraction
from .layer import KernelRun, run_kernel
from .network import Execution, execute
from .parameters import draw_masks, initial_parameters, updated_parameters
from .program import OPCODES, ProgramRun, run_program

__all__ = [
    "OPCODES",
    "ContractionRun",
    "Execution",
    "KernelRun",
    "ProgramRun",
    "draw_masks",
    "execute",
    "initial_parameters",
    "run_contraction",
    "run_kernel",
    "run_program",
    "updated_parameters",
]
