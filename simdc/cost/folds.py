"""Folds: what the array does with one set of weights, and how long one lasts.

A fold is one pass over one block of rows and one of columns, at one position of every other loop that moves the weight
or is summed over: one channel block of a window position, of one group. While it lasts the array goes through its
positions, the iterations of the loops that move the result and not the weight. The folds that add to the same outputs
follow each other; then come those of the next block of columns, or of the next group. Where inputs stay in the PEs they
are in the place of the weight; where results stay, the positions of a fold are what is summed over.
"""

# A tile of 40 input and 20 output channels, window 3 x 1, 5 x 7 pixels, on 16 x 16 PEs: 2 blocks of columns, for each
# of these 3 * 3 = 9 folds that add to the same outputs, 35 positions each. The last fold of the tile is the 18th.

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from simdc.named import NamedTuple

from .axis import Numbers
from .hardware import SystolicArray
from .kernel import Contraction

Stays = Literal["weight", "ifmap", "psum"]


class FoldLoops(NamedTuple):
    """The loops of a contraction by what a step along them does: go to another position of the fold, to a fold that
    adds to the same outputs (`sums`), to one that adds to others (`blocks`)."""

    positions: tuple[str, ...]
    sums: tuple[str, ...]
    blocks: tuple[str, ...]


@lru_cache(maxsize=4096)
def fold_loops(kernel: Contraction, stays: Stays = "weight") -> FoldLoops:
    """`stays` is the operand that stays in the PEs for a fold."""
    psum, loops = kernel.psum.loops, [loop.name for loop in kernel.loops]
    summed = tuple(loop for loop in loops if loop not in psum)
    if stays == "psum":
        return FoldLoops(summed, (), tuple(loop for loop in loops if loop in psum))
    kept = kernel.by_role[stays].loops
    positions = tuple(loop for loop in loops if loop in psum and loop not in kept)
    return FoldLoops(positions, summed, tuple(loop for loop in loops if loop in psum and loop in kept))


class Lengths(NamedTuple):
    """Cycles of a fold that another one of the tile follows which adds to the same outputs, or to others, and of a
    tile's last fold. Of one fold, or added up over the tiles along the positions."""

    again: Any
    apart: Any
    last: Any


class FoldLaw(NamedTuple):
    """Cycles of a fold of so many positions: `more` than these and at least `least` where another fold of the tile
    follows, at least `again` where that one adds to the same outputs; the tile's last fold `last` more than its
    positions. `reads_once`: a PE reads what stays in it once a fold, not in every step. Of `enough` positions on a fold
    waits for nothing, or for less than it computes: what greedy tilings aim at. Folds of 2 to `refused` - 1 positions
    must not be followed by one that adds to the same outputs."""

    # 16 rows, weights shifted in meanwhile (more 0, least 16): folds of 7 positions last 16, 16, ... and the last 7.

    more: int = 0
    least: int = 0
    again: int = 0
    last: int = 0
    reads_once: bool = False
    enough: int = 1
    refused: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether every fold lasts one cycle for each of its positions, whatever follows."""
        return self[:4] == PLAIN[:4]

    def lengths(self, positions: Any, numbers: Numbers) -> Lengths:
        # Not `numbers.larger`: that makes arrays of whole numbers where only bandwidths are arrays.
        cycles, choose = positions + self.more, numbers.choose
        return Lengths(
            choose(cycles < self.again, self.again, cycles),
            choose(cycles < self.least, self.least, cycles),
            positions + self.last,
        )


PLAIN = FoldLaw()
"""Folds follow each other without a gap."""


def fold_law(array: SystolicArray) -> FoldLaw:
    """How long folds last on this array."""
    # `hidden`: the next weights shift in, one row a cycle, while a fold computes. `exposed`: before it.
    loads = array.weight_load != "resident" and array.dataflow != "output_stationary"
    load = array.rows if loads and array.weight_load == "exposed" else 0
    beside = array.rows if loads and array.weight_load == "hidden" else 0
    # The last fold of a tile drains while the tile's fill passes.
    drain = array.rows + array.columns - 2 if array.fold_drain == "serial" else 0
    # 16 x 16 PEs, exposed and serial: folds of 7 positions last 16 + 7 + 30 = 53, the last one 23 and the fill.
    least, latency = beside + drain, array.accumulate_latency_cycles
    waits = latency if array.hazard == "wait" and latency > 1 else 0
    enough = max(latency, array.rows if loads else 1, load + drain)
    refused = latency if array.hazard == "refuse" else 0
    return FoldLaw(load + drain, least, max(least, waits), load, loads, enough, refused)


class FoldCount(NamedTuple):
    """Of one tile, or of all: folds, how often these begin to add to other outputs, and tiles."""

    # 2 blocks of columns and 9 folds that add to the same outputs: 18, 2, 1.

    folds: Any
    blocks: Any
    tiles: Any

    def cycles(self, lengths: Lengths) -> Any:
        """Of all folds, the cycles of filling the array left out."""
        # 16 folds are followed by one of the same outputs, 1 by one of others, 1 is the last.
        again, apart = self.folds - self.blocks, self.blocks - self.tiles
        return again * lengths.again + apart * lengths.apart + self.tiles * lengths.last
