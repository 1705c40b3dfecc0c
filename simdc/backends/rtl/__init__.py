"""Plays schedules on the machine in hardware: `verilog` has it in SystemVerilog, and Verilator makes a program of it.

    played = play([RtlCase(kernel, tiling, machine)], model)

Data is random and comes out of the simulated memory; cycles, beats and accesses are counted by the hardware itself. All
have to be what the cost model and the untiled loops say.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from simdc.cost.kernel import Contraction, VectorProgram
from simdc.cost.model import CostModel
from simdc.cost.structure import options_of

from .array_job import ArrayJob
from .job import Played, RtlCase, RtlJob
from .lanes_job import LanesJob
from .toolchain import HOW_TO_GET, VERILOG, answers, built_machine, missing_tool
from .unplayable import Unplayable, require

__all__ = ["HOW_TO_GET", "VERILOG", "Played", "RtlCase", "Unplayable", "missing_tool", "play"]


# A mapping of the array is one of the kernel, too, and refused there.
KNOWN_OPTIONS = frozenset(
    f"systolic.{name}" for name in ("weight_load", "row_mapping", "group_mapping", "tile_overhead_cycles")
)
"""Options of machines that the RTL has hardware for, at any of their values."""


def play(
    cases: Sequence[RtlCase], model: CostModel, seed: int = 0, sources: Path = VERILOG
) -> list[Played | Unplayable]:
    """What comes of each case, or why the RTL has no hardware for it. `seed` draws the data; `sources` has the RTL.
    Raises SimdcError where the RTL cannot be built, TilingError where the model refuses a schedule."""
    found: list[Played | Unplayable | None] = [None] * len(cases)
    waiting: dict[str, list[tuple[int, RtlJob]]] = {}
    for number, case in enumerate(cases):
        try:
            job = _job(case, model, np.random.default_rng([seed, number]))
        except Unplayable as error:
            found[number] = error
        else:
            waiting.setdefault(job.top, []).append((number, job))
    for top, jobs in waiting.items():
        program = built_machine(top, sources)
        for (number, job), answer in zip(jobs, answers([job for _, job in jobs], program), strict=True):
            found[number] = job.judge(answer)
    return [one for one in found if one is not None]


def _job(case: RtlCase, model: CostModel, random: np.random.Generator) -> RtlJob:
    for path, value in options_of(case.machine).items():
        require(path in KNOWN_OPTIONS, f"{path} = {value}")
    if isinstance(case.kernel, Contraction):
        return ArrayJob(case, model.rule, model.evaluate(*case), random)
    if isinstance(case.kernel, VectorProgram):
        return LanesJob(case, model.rule, model.evaluate(*case), int(random.integers(1 << 31)))
    raise Unplayable(f"{case.kernel.kind} runs on hardware that is not in the RTL yet")
