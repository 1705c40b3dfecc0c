"""Tiles that an array without an interlock computes wrongly: it adds to a sum before the last addition is written."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from .axis import ONE, Axis, Numbers
from .folds import FoldLaw, fold_loops
from .kernel import Contraction
from .rule import passes
from .spread import Spread, kinds
from .tiling import Need

LATENCY = "systolic.accumulate_latency_cycles"


def is_refused(
    kernel: Contraction, spread: Spread, axes: Mapping[str, Axis], law: FoldLaw, numbers: Numbers = ONE
) -> Any:
    """Whether some tile has folds of the wrong length that add to the same outputs, its loops cut as `axes` say."""
    # Latency 3: of 16 positions in tiles of 7 the last has 2. It is refused if 2 folds of a tile add to each output.
    loops = fold_loops(kernel, spread.stays)
    # The first tile has most folds, and each length of a tile's folds occurs with as many.
    sizes = {loop: axes[loop].tile for loop in loops.sums}
    on_rows = [loop for loop in spread.rows if loop in sizes]
    additions = prod([sizes[loop] for loop in loops.sums if loop not in on_rows])
    additions = additions * passes(prod([sizes[loop] for loop in on_rows]), spread.height)
    found: Any = False
    for _, positions in kinds([axes[loop] for loop in loops.positions]):
        size = numbers.larger(1, prod(positions.values()))
        found = found | ((size > 1) & (size < law.refused))
    return found & (additions > 1)


def hazard(
    kernel: Contraction, spread: Spread, axes: Mapping[str, Axis], law: FoldLaw, numbers: Numbers = ONE
) -> list[Need]:
    """As of a buffer that holds nothing: need are the cycles of the latency where some tile is refused, else 0. Nothing
    where the array waits."""
    if law.refused <= 2:
        return []
    refused = is_refused(kernel, spread, axes, law, numbers)
    return [Need("accumulators", LATENCY, numbers.choose(refused, law.refused, 0), 0)]


def refusal(latency: int) -> str:
    """What is wrong with such a tiling, and what to do."""
    few = "2" if latency == 3 else f"2 to {latency - 1}"
    return (
        f"sums can be added to {latency} cycles after they were read, and this array does not wait "
        f"(systolic.hazard=refuse): a tile has {few} positions a fold, and several folds that add to the same outputs; "
        f"give it 1 position, {latency} or more, or all that is summed over in one pass"
    )
