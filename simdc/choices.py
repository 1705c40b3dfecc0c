"""Words that people choose between, each table once: for the command line, the passes and Python."""

from __future__ import annotations

from typing import Literal, get_args

DEFAULT_MODEL = "exact"
"""The cost model that answers where nobody names one."""

Tiling = Literal["default", "greedy", "given", "search"]
TILINGS: tuple[Tiling, ...] = get_args(Tiling)
"""What the model takes by itself; its greedy tilings; what a file gives; the best that a search finds."""

Objective = Literal["cycles", "energy", "dram", "edp"]
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
"""What a search makes small, layer by layer: cycles, energy, DRAM traffic, or energy times cycles."""

SPACE_OBJECTIVES: dict[str, Objective] = {
    "cycles": "cycles",
    "runtime": "cycles",
    "energy": "energy",
    "dram_bits": "dram",
    "edp": "edp",
}
"""What the best machine of a space has the least of, and what a search makes small on each machine for it: where clocks
differ the fastest machine is not the one of fewest cycles, but on one machine the two are one."""
