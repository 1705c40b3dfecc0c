"""Runs a tiled kernel on arrays the way the machine does: through buffers, in the order of its tiles."""

from __future__ import annotations

from collections.abc import Mapping

from simdc.backends.simulate.walk import check_rows, whole_loops
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, FusedProducts, TiledKernel
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.tiling import Tiling, check_loops

from .arrays import Array
from .tiled_contraction import run_tiled_contraction
from .tiled_fused import run_tiled_fused
from .tiled_program import run_tiled_program
from .tiled_run import TiledRun


def run_tiled(
    kernel: TiledKernel, tiling: Tiling, hardware: Hardware, inputs: Mapping[str, Array], rule: MachineRule = GENESYS
) -> TiledRun:
    """Results and traffic of the schedule, computed by an execution that sees nothing but what is on chip.

    `inputs` holds an array for each operand that the kernel reads from DRAM and does not make itself. Raises
    TilingError when the tiling does not name the kernel's loops or cuts a row that must stay whole, and ScheduleError
    when a tile does not fit its buffer or computes with what is not there.
    """
    check_loops(kernel, tiling)
    check_rows(kernel, tiling)
    tiling = whole_loops(kernel, tiling)
    if isinstance(kernel, Contraction):
        return run_tiled_contraction(kernel, tiling, hardware, rule, inputs)
    if isinstance(kernel, FusedProducts):
        return run_tiled_fused(kernel, tiling, hardware, rule, inputs)
    return run_tiled_program(kernel, tiling, hardware, rule, inputs)
