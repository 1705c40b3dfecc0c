"""What a search found, and what it proved of it."""

from __future__ import annotations

from typing import Literal

from simdc.cost.result import Cost
from simdc.cost.tiling import Tiling
from simdc.named import NamedTuple


class Certificate(NamedTuple):
    """What was done. There are `candidates` schedules: every tile size of every loop in every loop order. `evaluated`
    were priced one by one, groups of the others ruled out. `best` is what was found; no schedule at all has less than
    `bound`. `proven` tells what `best` is surely the optimum of: "all" schedules (then it equals `bound`), those with
    "even" tiles, or, where the work ended at the budget, "none" but those priced. `steps` is the work."""

    candidates: int
    evaluated: int
    best: float
    bound: float
    proven: Literal["all", "even", "none"]
    steps: int


class Found(NamedTuple):
    tiling: Tiling
    cost: Cost
    certificate: Certificate
