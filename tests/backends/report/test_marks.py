"""What reports say of what a machine's numbers rest on."""

from __future__ import annotations

import pytest

import simdc
from simdc.api import load
from simdc.backends.report import make_report
from simdc.backends.report.analysed import foundation, marks_data
from simdc.cost.hardware import NO_PRICES
from simdc.cost.marks import Mark
from simdc.frontends.hardware_file import load_hardware
from simdc.frozen import evolve
from tests.backends.report.test_analysed_report import schema_of


def test_marks_of_arrays_stand_in_reports() -> None:
    report = make_report(simdc.compile(load("lenet5", 1), load_hardware("GeneSys16"), "exact"))
    paths = ["clock_ns", "stores_padding", "systolic.buffers", "simd.vmem_bits"]
    fitted = ["simd.bandwidth_bits_per_cycle"]
    found = schema_of(report)["marks"]
    assert found == {"weakest": "assumed", "numbers": 7, "of": 24, "paths": paths, "fitted": fitted}
    (note,) = report.notes
    said = f"numbers of GeneSys16 rest on assumptions: {', '.join(paths)} (7 of 24 numbers)"
    assert note == f"{said}; fitted to measured runs: {fitted[0]}"


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        (
            {"systolic": "published", "simd": "fitted"},
            "are measured or published, or fitted to measured runs: simd (4 of 19 numbers)",
        ),
        (
            {"systolic": "published", "simd": "measured"},
            "are measured, or published and not measured: systolic (13 of 19 numbers)",
        ),
        ({"systolic": "measured", "simd": "measured"}, "are measured"),
    ],
)
def test_what_is_said_of_the_weakest_mark(marks: dict[str, Mark], said: str) -> None:
    basis: dict[str, Mark] = {"clock_ns": "measured", "stores_padding": "measured", **marks}
    assert foundation(evolve(load_hardware("HI3"), basis=tuple(basis.items()), prices=NO_PRICES)) == (
        f"numbers of HI3 {said}",
    )
    assert marks_data(load_hardware("HI3")) == {}
