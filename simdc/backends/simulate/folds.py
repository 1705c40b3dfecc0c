"""The folds of one tile, one after the other: how long the array computes and how often it reads what stays."""

from __future__ import annotations

from simdc.cost.hardware import SystolicArray
from simdc.named import NamedTuple


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
    crossing = (array.rows - 1) + (array.columns - 1)
    load = "resident" if array.dataflow == "output_stationary" else array.weight_load
    clock = folds = 0
    waits = array.accumulate_latency_cycles if array.hazard == "wait" else 1
    if load == "resident" and array.fold_drain == "overlapped" and waits == 1:
        clock = sweep.steps
    else:
        for output in range(sweep.outputs):
            for addition in range(sweep.additions):
                is_last = (output, addition) == (sweep.outputs - 1, sweep.additions - 1)
                folds, entered = folds + 1, clock
                if load == "exposed":
                    clock += array.rows
                begun, clock = clock, clock + sweep.positions
                # The weights of the next fold began to shift in with this one.
                if load == "hidden" and not is_last:
                    clock = max(clock, begun + array.rows)
                if array.fold_drain == "serial" and not is_last:
                    clock += crossing
                # The next addition to the same outputs reads sums that this one wrote.
                if addition + 1 < sweep.additions:
                    clock = max(clock, entered + waits)
    return ArrayWork(clock + crossing + array.tile_overhead_cycles, sweep.steps if load == "resident" else folds)
