"""The folds of one tile, one after the other: how long the array computes and how often it reads what stays."""

from __future__ import annotations

from typing import NamedTuple

from simdc.cost.hardware import SystolicArray


class Sweep(NamedTuple):
    """What the array does in a tile: for each of so many blocks of `outputs`, for each of so many `additions` to them,
    a step at each of so many `positions`."""

    outputs: int
    additions: int
    positions: int

    @property
    def steps(self) -> int:
        return self.outputs * self.additions * self.positions


class ArrayWork(NamedTuple):
    """Of one tile: cycles from its first step to its last result, and how often a PE reads what stays in it."""

    cycles: int
    reads: int


def work_of(sweep: Sweep, array: SystolicArray) -> ArrayWork:
    fill = (array.rows - 1) + (array.columns - 1)
    if array.weight_load == "resident" or array.dataflow == "output_stationary":
        return ArrayWork(sweep.steps + fill, sweep.steps)
    clock = reads = 0
    for output in range(sweep.outputs):
        for addition in range(sweep.additions):
            is_last = (output, addition) == (sweep.outputs - 1, sweep.additions - 1)
            reads += 1
            if array.weight_load == "exposed":
                clock += array.rows
            begun, clock = clock, clock + sweep.positions
            # The weights of the next fold began to shift in with this one.
            if array.weight_load == "hidden" and not is_last:
                clock = max(clock, begun + array.rows)
    return ArrayWork(clock + fill, reads)
