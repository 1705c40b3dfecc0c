"""The least that the array computes in any schedule in which some loops are cut in a given way."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from simdc.cost.axis import ONE
from simdc.cost.folds import FoldCount, Lengths, fold_loops
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.result import Cost, SramBits
from simdc.cost.rule import MachineRule, passes
from simdc.cost.schedules.arrays import MANY
from simdc.cost.spread import spread_of

Decided = Mapping[str, Any]
"""A number, or an array with one for each schedule, by loop."""


def least_compute(
    kernel: Contraction,
    bounds: Mapping[str, int],
    counts: Decided,
    folds: Decided,
    hardware: Hardware,
    rule: MachineRule,
) -> Any:
    """Cycles. `counts` are the tiles of the decided loops, `folds` how often the array passes along them; `bounds` has
    every loop as the machine runs it."""
    array, spread = hardware.systolic, spread_of(kernel, hardware.systolic)
    law, loops = rule.fold_law(array), fold_loops(kernel, spread.stays)
    along = {loop: folds.get(loop, passes(bound, spread.widths.get(loop, 1))) for loop, bound in bounds.items()}
    joint = spread.least_passes(bounds, counts, MANY) if spread.joint else 1
    tiles = {loop: counts.get(loop, 1) for loop in bounds}
    positions, parts = (prod([of[loop] for loop in loops.positions]) for of in (along, tiles))
    other = [loop for loop in bounds if loop not in loops.positions]
    every = joint * prod([along[loop] for loop in other if loop not in spread.joint])
    fewest, fill = prod([tiles[loop] for loop in other]), rule.array_fill_cycles(array)
    if law.is_plain:
        # oc 2, ic 4, oh 4 on 2x2 PEs: 1 * 2 * 4 = 8 steps; ic and oh in 2 tiles each fill 4 times 2 cycles: 16.
        return every * positions + fewest * parts * fill
    # 8 positions in 2 tiles, folds of at least 5: of 4 + 4 or 7 + 1 positions, the sum of the two is never less than 8
    # or 2 * 5. Each fold of one tile is one of all tiles along the positions.
    moved = positions + parts * law.more
    lengths = Lengths(
        np.maximum(moved, parts * law.again),
        np.maximum(moved, parts * law.least),
        positions + parts * (law.last + fill),
    )
    # Cut finer, fewer folds have another one after them in their tile, and more tiles fill the array: the sum is linear
    # in either. A loop that is not decided may have as many tiles as folds; so may those that share a side. With more
    # folds it is never less.
    most = {loop: counts.get(loop, along[loop]) for loop in other}
    blocks = every
    if not spread.joint:
        blocks = prod([(along if loop in loops.blocks else most)[loop] for loop in other])
    finest = np.minimum(prod([most[loop] for loop in other]), blocks)
    return np.minimum(*(FoldCount(every, blocks, tiled).cycles(lengths) for tiled in (fewest, finest)))


def with_least_steps(
    whole: Cost, kernel: Contraction, bounds: Mapping[str, int], hardware: Hardware, rule: MachineRule
) -> Cost:
    """The cost of the kernel whose tile is whole with steps, and what they read and write, as few as any tiles have:
    where groups lie side by side these may be fewer."""
    # Groups of 3 input channels on 4 x 4 PEs: 4 groups are 4 steps, one at once; with a channel a tile 3, four at once.
    array, loops = hardware.systolic, fold_loops(kernel)
    spread = spread_of(kernel, array)
    apart = {
        loop: passes(bound, spread.widths.get(loop, 1)) for loop, bound in bounds.items() if loop not in spread.joint
    }
    folds = spread.least_passes(bounds, {}, ONE) * prod(
        [each for loop, each in apart.items() if loop not in loops.positions]
    )
    steps = folds * prod([apart[loop] for loop in loops.positions])
    reads = folds if rule.fold_law(array).reads_once else steps
    sram = SramBits(
        wbuf=reads * array.rows * array.columns * kernel.weight.bits,
        ibuf=steps * array.rows * kernel.ifmap.bits,
        # A step at least writes its sums. Of the bias nothing is certain.
        obuf=steps * array.columns * kernel.psum.bits,
    )
    ops = dict(whole.ops) | {"mac_executed": steps * array.rows * array.columns}
    return whole._replace(sram_bits=sram, ops=tuple(ops.items()))
