"""A layer on both arrays at once is priced wherever any field of a machine changes."""

from __future__ import annotations

import numpy as np
import pytest

import simdc
from simdc.cost import ExactModel
from simdc.cost.forms import only
from simdc.explore import dependence
from simdc.explore.pricing import Rules, Work, price_points
from simdc.ir.fused_attention import AttentionBits, AttentionShape, fused_attention

KERNEL = fused_attention(AttentionShape(1, 4, 1, 64, 64, 32, 32), AttentionBits(8, 8, 8, 8, 8, 32, 32), first=1)


@pytest.mark.parametrize("tiling", ["greedy", "default"])
def test_its_points_are_those_of_single_runs(tiling: str) -> None:
    work = Work(only(KERNEL), "inference", "attention1", (2,))
    assert work.unit == dependence.EITHER
    columns = {
        "simd.array_path_bits_per_cycle": np.array([64, 2048, 64, 0]),
        "simd.lanes": np.array([16, 16, 64, 16]),
    }
    base = simdc.load_hardware("HI3")
    priced = price_points([work], base, columns, Rules("exact", tiling, "cycles", ("cycles", "energy_pj")))
    model = ExactModel()
    for point in range(3):
        machine = simdc.load_hardware("HI3", [f"{path}={values[point]}" for path, values in columns.items()])
        chosen = model.greedy(KERNEL, machine) if tiling == "greedy" else model.default(KERNEL, machine)
        cost = model.evaluate(KERNEL, chosen, machine)
        assert priced.values[0, 0, point] == 2 * cost.cycles.total
    # A machine without the path is refused, and the reason says what it lacks.
    assert priced.refused.tolist() == [0, 0, 0, 1]
    assert priced.reasons == (("attention1", "path between array and vector memory"),)
