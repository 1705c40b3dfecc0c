"""Schedules from outside, judged: what each costs under `exact`, or why it cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from simdc.cost.energy import energy_of
from simdc.cost.exact import ExactModel
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.model import Uncosted, array_kernel
from simdc.cost.result import Cost
from simdc.cost.tiling import Tiling, TilingError, check_loops, loop_bounds
from simdc.named import NamedTuple

from .evaluate import evaluate_many


class Judged(NamedTuple):
    """The numbers of a schedule: cycles, bits and pJ. Where `why` is not empty it cannot run, and they are zero."""

    cycles: int = 0
    stall_cycles: int = 0
    dram_bits: int = 0
    sram_bits: int = 0
    energy_pj: float = 0.0
    why: str = ""


def judge(kernel: Kernel, tilings: Sequence[Tiling], hardware: Hardware, *, on_systolic: bool) -> list[Judged]:
    """As `ExactModel.evaluate` for each tiling, those with one loop order together in arrays; `on_systolic` says which
    array pays. None is left out."""
    found: dict[int, Judged] = {}
    alike: dict[tuple[str, ...], list[int]] = {}
    for place, tiling in enumerate(tilings):
        try:
            check_loops(kernel, tiling)
        except TilingError as error:
            found[place] = Judged(why=str(error))
            continue
        alike.setdefault(tiling.order, []).append(place)
    for places in alike.values():
        judged = _of_one_order(kernel, [tilings[place] for place in places], hardware, on_systolic=on_systolic)
        found.update(zip(places, judged, strict=True))
    return [found[place] for place in range(len(tilings))]


def _of_one_order(
    kernel: Kernel, tilings: Sequence[Tiling], hardware: Hardware, *, on_systolic: bool
) -> Iterator[Judged]:
    try:
        tiled = array_kernel(kernel)
    except Uncosted:
        # Layers that run as one are priced one schedule at a time.
        yield from (_one(kernel, tiling, hardware, on_systolic=on_systolic) for tiling in tilings)
        return
    bounds = loop_bounds(kernel)
    # A tile that is larger than its loop is the loop; and any size fits an array then.
    table = np.array([[min(size, bounds[loop]) for loop, size in zip(*each, strict=True)] for each in tilings])
    legal, cost = evaluate_many(tiled, tilings[0].order, table, hardware)
    energy = energy_of(cost, hardware, on_systolic=on_systolic).total
    parts = (cost.cycles.total, cost.cycles.stall, cost.dram_bits.total, cost.sram_bits.total)
    columns = [np.broadcast_to(np.asarray(each), len(tilings)).tolist() for each in (*parts, energy)]
    for tiling, fits, *numbers in zip(tilings, legal.tolist(), *columns, strict=True):
        # Only the scalar form says what does not fit.
        yield Judged(*numbers) if fits else _one(kernel, tiling, hardware, on_systolic=on_systolic)


def _one(kernel: Kernel, tiling: Tiling, hardware: Hardware, *, on_systolic: bool) -> Judged:
    try:
        cost: Cost = ExactModel().evaluate(kernel, tiling, hardware)
    except (TilingError, Uncosted) as error:
        return Judged(why=str(error))
    return Judged(
        int(cost.cycles.total),
        int(cost.cycles.stall),
        int(cost.dram_bits.total),
        int(cost.sram_bits.total),
        energy_of(cost, hardware, on_systolic=on_systolic).total,
    )
