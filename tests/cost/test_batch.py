"""Arrays in the place of a machine's numbers, and which numbers they are counted in."""

from __future__ import annotations

from typing import Any

import numpy as np

from simdc.cost import Cost, Extensions, Hardware
from simdc.cost.batch import BatchCost, machines_like
from simdc.cost.batch_numbers import in_whole_numbers
from simdc.cost.extensions import Section
from simdc.cost.result import Busy, Cycles, DramBits, SramBits
from simdc.frozen import evolve
from tests.cost.machines import small_machine


def lanes_squared(machines: Hardware) -> BatchCost:
    cycles: Any = machines.simd.lanes * machines.simd.lanes
    return BatchCost(Cost(Cycles(cycles, 0), DramBits(), SramBits(), (), Busy()), np.zeros(2, dtype=int), ())


def counted(lanes: list[int]) -> Any:
    batch = in_whole_numbers(lanes_squared, machines_like(small_machine(), {"simd.lanes": np.array(lanes)}))
    return batch.cost.cycles.compute


def test_numbers_that_fit_stay_machine_integers() -> None:
    found = counted([3, 1 << 20])
    assert found.dtype == np.int64
    assert found.tolist() == [9, 1 << 40]


def test_one_number_that_overflows_makes_all_of_them_pythons() -> None:
    # 2^64 is 0 in int64.
    found = counted([3, 1 << 32])
    assert found.dtype == object
    assert found.tolist() == [9, 1 << 64]


def test_fields_of_plugins_may_be_arrays() -> None:
    section = Section((("width_bits", 8), ("depth", 2)))
    machine = evolve(small_machine(), extensions=Extensions((("one", section),)))
    widths = np.array([8, 16])
    one: Any = getattr(machines_like(machine, {"extensions.one.width_bits": widths}).extensions, "one")  # noqa: B009
    assert one.width_bits is widths
    assert one.depth == 2
