"""What a machine's numbers rest on together."""

from __future__ import annotations

import pytest

from simdc.cost.hardware import Hardware
from simdc.cost.machine import ComputeUnit, Granule, Machine, MemoryLevel
from simdc.cost.machine_fields import HardwareError
from simdc.cost.machine_marks import Weakest, check_marks, weakest_mark
from simdc.cost.machines import SomeMachine
from simdc.cost.marks import Mark, mark_at, marks_on_base
from simdc.cost.structure import leaf_path, structure_machine, unstructure
from simdc.frozen import evolve
from tests.cost.machines import small_machine

# 3 numbers of conv and 2 of its granule, 2 of sdp, and of DRAM 3 and that it is shared; with the clock 10 less one:
# 64 MACs, 8 and 8 channels, 11 cycles; 1 element, 4 stages; 64 and 64 bits, 50 cycles, shared.
MACHINE = Machine(
    "m",
    1.0,
    (
        ("conv", ComputeUnit(("conv2d",), "mac", 64, granule=Granule(8, 8), atom_cycles=11)),
        ("sdp", ComputeUnit(("relu",), "element", 1, stages=4)),
    ),
    (("dram", MemoryLevel(64, 64, latency_cycles=50, shared=True)),),
)
ALL = ("clock_ns", "units.conv", "units.sdp", "memories.dram")
MEASURED: dict[str, Mark] = {"clock_ns": "measured", "units": "measured", "memories": "measured"}


def marked(basis: dict[str, Mark], machine: SomeMachine = MACHINE) -> SomeMachine:
    return evolve(machine, basis=tuple(basis.items()))


def test_nothing_said_is_assumed_and_a_part_is_named_as_a_whole() -> None:
    assert weakest_mark(MACHINE) == Weakest("assumed", ALL, 11, 11, ())


def test_single_numbers_are_named_and_those_that_nobody_stated_are_not() -> None:
    found = weakest_mark(marked({**MEASURED, "units": "published"}))
    assert found == Weakest("published", ("units.conv", "units.sdp"), 6, 11, ())
    some = marked(
        {
            **MEASURED,
            "units.conv.atom_cycles": "assumed",
            "units.conv.granule.input_channels": "assumed",
            # A unit has no latency unless it says so: this is no number of the machine.
            "units.sdp.latency_cycles": "assumed",
            "units.sdp.stages": "fitted",
        }
    )
    paths = ("units.conv.granule.input_channels", "units.conv.atom_cycles")
    assert weakest_mark(some) == Weakest("assumed", paths, 2, 11, ("units.sdp.stages",))
    some = marked({**MEASURED, "units.conv.granule": "assumed"})
    assert weakest_mark(some).paths == ("units.conv.granule",)


def test_measured_throughout() -> None:
    assert weakest_mark(marked(MEASURED)) == Weakest("measured", ALL, 11, 11, ())


def test_fitted_is_weaker_than_published_and_stronger_than_assumed() -> None:
    fitted: dict[str, Mark] = {**MEASURED, "units": "published", "units.conv": "fitted"}
    assert weakest_mark(marked(fitted)) == Weakest("fitted", ("units.conv",), 4, 11, ("units.conv",))
    assert weakest_mark(marked({**fitted, "clock_ns": "assumed"}))[:2] == ("assumed", ("clock_ns",))


def test_what_was_changed_is_assumed() -> None:
    changed = evolve(marked(MEASURED), changed="memories.dram.latency_cycles=80")
    assert weakest_mark(changed)[:3] == ("assumed", ("memories.dram.latency_cycles",), 1)


def test_arrays_have_marks_too() -> None:
    """Of options those count that are not at their defaults; prices and channels that nobody gave do not."""
    sheet = {
        **unstructure(small_machine()),
        "systolic": {**unstructure(small_machine().systolic), "weight_load": "hidden"},
    }
    sheet.pop("prices")
    arrays = structure_machine({**sheet, "basis": {"systolic": "published", "systolic.weight_load": "fitted"}})
    assert isinstance(arrays, Hardware)
    found = weakest_mark(arrays)
    assert found.fitted == ("systolic.weight_load",)
    assert (found.mark, found.paths) == ("assumed", ("clock_ns", "stores_padding", "simd"))
    # Rows and columns, 4 widths, 4 buffers, 3 ports, how weights load; clock and padding.
    assert found.stated - found.numbers == 14
    assert weakest_mark(marked({"systolic": "measured"}, arrays)).paths == ("clock_ns", "stores_padding", "simd")
    assert unstructure(arrays)["basis"] == {"systolic": "published", "systolic.weight_load": "fitted"}
    assert "basis" not in unstructure(small_machine())
    assert "dram" in weakest_mark(evolve(arrays, dram=evolve(arrays.dram, psum_duplex="full"))).paths


def test_the_longest_path_says_it() -> None:
    basis: tuple[tuple[str, Mark], ...] = (("a.b", "measured"), ("a", "published"), ("a.b.c", "fitted"))
    found = {path: mark_at(path, basis, "x=1, a.e=2") for path in ("a.b.c", "a.b", "a.bc", "a.e", "b", "a.b.d")}
    assert found == dict(zip(found, ("fitted", "measured", "published", "assumed", "assumed", "measured"), strict=True))


def test_a_mark_of_what_is_not_there_is_refused() -> None:
    for basis in (MEASURED, {"units.conv.granule": "assumed"}, {"prices": "fitted"}, {"units.sdp.runs": "published"}):
        check_marks(marked(basis))
    with pytest.raises(HardwareError, match=r"basis.units.cnv: unknown field; did you mean 'units.conv'"):
        check_marks(marked({**MEASURED, "units.cnv": "measured"}))
    with pytest.raises(HardwareError, match="unknown field"):
        check_marks(marked({"basis": "measured"}))


def test_marks_on_a_base() -> None:
    base = {"systolic": "published", "systolic.rows": "measured", "simd": "published"}
    # Rows are the file's own, and so is their mark; what it says of the lanes without a mark rests on nothing.
    found = marks_on_base(base, {"systolic.rows": "fitted"}, ["systolic.rows", "simd.lanes", "clock_ns"])
    assert found == {
        "systolic": "published",
        "simd": "published",
        "systolic.rows": "fitted",
        "simd.lanes": "assumed",
        "clock_ns": "assumed",
    }
    # A file that has a mark for all of the array knows better of its rows, too.
    assert marks_on_base(base, {"systolic": "fitted"}, ["systolic.rows"]) == {"simd": "published", "systolic": "fitted"}


def test_a_mark_is_no_field_that_a_setting_means() -> None:
    """`--set rows=32` finds systolic.rows, and not what it rests on."""
    arrays = marked({"systolic.rows": "measured"}, small_machine())
    assert leaf_path(arrays, "rows") == "systolic.rows"
    with pytest.raises(HardwareError, match="unknown field"):
        leaf_path(arrays, "basis.systolic.rows")
