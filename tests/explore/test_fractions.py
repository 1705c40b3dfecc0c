"""Bandwidths that vary and are no whole bits a cycle: as exact as machine by machine."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simdc
from simdc.cost import Hardware
from simdc.cost.ratio import Ratio
from simdc.errors import SimdcError
from simdc.explore.admitted import admitted_machines, axis_values, written_values
from simdc.explore.exploration import Exploration
from simdc.explore.point_grid import PointGrid
from simdc.explore.space import SpaceAxis
from tests.explore.spaces import (
    IFMAP_PORT,
    IFMAPS,
    NET,
    PLAIN,
    WEIGHT_PORT,
    network_of_text,
    space_of,
)
from tests.explore.test_brute_force import compare

SIMD_PORT = "simd.bandwidth_bits_per_cycle"
# At 0.97 ns 12.8 GB/s are 12.8 * 8 * 0.97 = 99.328 bits a cycle; 10240/97 is no decimal number.
SPACE: dict[str, Any] = {
    "schema": "simdc-space/1",
    "base": "HI1",
    "fields": {
        IFMAPS: ["8 KiB", "32 KiB"],
        WEIGHT_PORT: [64, "10240/97", 102.4, "12.8 GB/s"],
        SIMD_PORT: [32.5, 128],
    },
    "constraints": [{"name": "ports", "sum": {WEIGHT_PORT: 2, SIMD_PORT: 1}, "from": 0.3, "budget": 337}],
}


@pytest.mark.parametrize("text", [PLAIN, NET])
def test_each_machine_costs_what_it_costs_alone(tmp_path: Path, text: str) -> None:
    """Of 16 machines 2 have too wide ports: 2 * 105.57 + 128 = 339.1 is over 337, 2 * 102.4 + 128 is not."""
    assert compare(space_of(SPACE), [network_of_text(tmp_path, text, "exact")], "exact")[0] == 14


def test_values_are_exact() -> None:
    options = [option[0] for option in space_of(SPACE).axes[1].options]
    assert options == [64, "10240/97", 102.4, 99.328]
    axis = space_of(SPACE).axes[1]
    assert axis_values(axis, WEIGHT_PORT).tolist() == ["64/1", "10240/97", "512/5", "12416/125"]
    machine = space_of(SPACE).machine((0, 1, 0))
    assert isinstance(machine, Hardware)
    assert machine.systolic.bandwidths.weight_bits_per_cycle == Fraction(10240, 97)
    assert machine.simd.bandwidth_bits_per_cycle == Ratio(65, 2)
    assert written_values(axis, WEIGHT_PORT).tolist() == ["64", "10240/97", "102.4", "99.328"]
    plain = SpaceAxis("x", ("x",), ((32.5,), (128,)), ("", ""))
    assert axis_values(plain, "x").tolist() == written_values(plain, "x").tolist() == [32.5, 128.0]


def test_sums_count_what_they_are() -> None:
    (_, component) = admitted_machines(space_of(SPACE)).components
    sums = {round(value, 2) for value in component.sums["ports"].tolist()}
    assert sums == {round(2 * each + lanes, 2) for each in (64, 10240 / 97, 102.4, 99.328) for lanes in (32.5, 128)} - {
        round(2 * 10240 / 97 + 128, 2)
    }
    # The base's own may be such a number, too, and be in a sum that nothing varies in.
    base = simdc.load_hardware("HI1", [f"{WEIGHT_PORT}=10240/97"])
    data = {
        **SPACE,
        "fields": {IFMAPS: ["8 KiB"]},
        "constraints": [{"name": "x", "sum": [WEIGHT_PORT], "at_most": 106}],
    }
    assert admitted_machines(read(data, base)).constants == {"x": pytest.approx(10240 / 97)}
    vary = {**SPACE, "fields": {WEIGHT_PORT: [8, 8.5]}, "constraints": []}
    assert read(vary, base).axes[0].options == ((8,), (8.5,))


def read(data: dict[str, Any], base: Hardware) -> Any:
    from simdc.explore.space_file import read_space

    return read_space(data, "space.json", lambda _: base).space


def test_one_value_twice_in_other_words() -> None:
    with pytest.raises(SimdcError, match="has a value twice"):
        space_of(SPACE, fields={WEIGHT_PORT: ["512/5", 102.4]}, constraints=[])


def test_whole_bandwidths_are_priced_at_once_and_others_are_rows() -> None:
    columns: dict[str, Any] = {
        WEIGHT_PORT: np.array([32, 64, 32, 64]),
        IFMAP_PORT: np.array([32.5, 32.5, 64.0, 64.0]),
        "clock_ns": np.array([0.5, 1.5, 0.5, 1.5]),
    }
    grid = PointGrid.of(columns, 4, separable=True)
    assert (set(grid.rows), set(grid.columns)) == ({IFMAP_PORT}, {WEIGHT_PORT, "clock_ns"})
    assert grid.shape == (2, 2)


def test_a_model_of_whole_bits_says_which_are_not(tmp_path: Path) -> None:
    with pytest.raises(SimdcError, match=r"'simdit' takes whole bits a cycle; .*weight_bits_per_cycle.* is 10240/97"):
        Exploration(space_of(SPACE), [network_of_text(tmp_path, PLAIN, "simdit")], "simdit")


@pytest.mark.parametrize(
    "changes",
    [
        {"fields": {WEIGHT_PORT: [64, "12.8 GB/s"], "clock_ns": [0.5, 1.0]}},
        {"fields": {WEIGHT_PORT: "102.4 Gbit / s", "clock_ns": [0.5, 1.0]}},
        {"fields": {}, "choices": {"c": [{"name": "a", "set": {"clock_ns": 0.5, WEIGHT_PORT: "12.8 GB/s"}}]}},
    ],
)
def test_so_much_a_second_is_no_bits_per_cycle_where_the_clock_varies(changes: dict[str, Any]) -> None:
    with pytest.raises(SimdcError, match="are other bits per cycle at each clock, and the clock varies"):
        space_of({**SPACE, "constraints": []}, **changes)
    # 64 bytes a cycle are, at any clock.
    space_of({**SPACE, "constraints": []}, fields={WEIGHT_PORT: [64, "64 B/cycle"], "clock_ns": [0.5, 1.0]})
