"""With default schedules, and the best, no machine gets slower by more memory or bandwidth; with greedy ones it can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from simdc.explore.exploration import Exploration
from tests.explore.spaces import network_of_text, space_of

NET = "network n(x: 48x12x12) { return x -> conv(80, 3, pad=1) -> relu -> conv(40, 1) -> maxpool(2) }"
DATA: dict[str, Any] = {
    "schema": "simdc-space/1",
    "base": "HI1",
    "fields": {
        "systolic.buffers.weight_bits": ["5 KiB", "48 KiB"],
        "systolic.buffers.ifmap_bits": ["3 KiB", "7 KiB", "32 KiB"],
        "systolic.buffers.psum_bits": ["4 KiB", "9 KiB"],
        "simd.vmem_bits": ["6 KiB", "30 KiB"],
        "systolic.bandwidths.ifmap_bits_per_cycle": [16, 100],
    },
}


def cycles(tiling: str, folder: Path) -> np.ndarray:
    """Of all machines, an axis for each field, in the order of the file: each from the least to the most."""
    space = space_of(DATA)
    exploration = Exploration(space, [network_of_text(folder, NET, "exact")], "exact", tiling)
    exploration.run()
    survey = exploration.survey()
    shape = [len(axis.options) for axis in space.axes]
    assert survey.numbers.tolist() == list(range(int(np.prod(shape))))
    return survey.values["cycles"].reshape(shape)


def test_more_never_costs_cycles_with_the_best_schedules(tmp_path: Path) -> None:
    best, default, greedy = (cycles(tiling, tmp_path) for tiling in ("search", "default", "greedy"))
    assert (best <= greedy).all()
    assert (best <= default).all()
    for axis in range(best.ndim):
        assert (np.diff(best, axis=axis) <= 0).all()
        assert (np.diff(default, axis=axis) <= 0).all()
    # The paper's explorations are full of the other: a larger buffer, another greedy tile, more cycles.
    assert any((np.diff(greedy, axis=axis) > 0).any() for axis in range(greedy.ndim))
