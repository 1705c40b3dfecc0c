"""`scale_sim`: the one trace that SCALE-Sim v2 tests itself with."""

from __future__ import annotations

from simdc.validation import load_data_set


def test_the_trace_is_met_when_what_their_array_does_is_added() -> None:
    data = load_data_set("scale_sim")
    rows = {row.name: row for row in data.rows}
    assert {name: row.measured for name, row in rows.items()} == {
        "cycles": 112_283, "ifmap reads": 3_294_225, "filter reads": 34_848, "ofmap writes": 3_484_800
    }  # fmt: skip
    assert all(row.predicted[-1] == row.measured for row in data.rows)
    # By itself: 36 folds of 3,025 + 62 cycles, and 32 rows read in each of 36 * 3,025 steps.
    assert rows["cycles"].predicted[0] == 36 * 3_087
    assert rows["ifmap reads"].predicted[0] == 32 * 36 * 3_025
    assert {row.unit for row in data.rows} == {"cycle", "element"}
