"""What a machine's numbers rest on together."""

from __future__ import annotations

from attrs import evolve

from simdc.cost.machine import ComputeUnit, Granule, Machine, Mark, MemoryLevel
from simdc.cost.machine_marks import weakest_mark

MACHINE = Machine(
    "m",
    1.0,
    (
        ("conv", ComputeUnit(("conv2d",), "mac", 64, granule=Granule(8, 8), atom_cycles=11)),
        ("sdp", ComputeUnit(("relu",), "element", 1, stages=4)),
    ),
    (("dram", MemoryLevel(64, 64, latency_cycles=50, shared=True)),),
)

MEASURED: dict[str, Mark] = {"clock_ns": "measured", "units": "measured", "memories": "measured"}


def marked(basis: dict[str, Mark]) -> Machine:
    return evolve(MACHINE, basis=tuple(basis.items()))


def test_nothing_said_is_assumed_and_a_part_is_named_as_a_whole() -> None:
    assert weakest_mark(MACHINE) == ("assumed", ("clock_ns", "units.conv", "units.sdp", "memories.dram"))


def test_single_numbers_are_named_and_those_that_nobody_stated_are_not() -> None:
    machine = marked({**MEASURED, "units": "published"})
    assert weakest_mark(machine) == ("published", ("units.conv", "units.sdp"))
    some = marked(
        {
            **MEASURED,
            "units.conv.atom_cycles": "assumed",
            "units.conv.granule.input_channels": "assumed",
            # A unit has no latency unless it says so: this is no number of the machine.
            "units.sdp.latency_cycles": "assumed",
        }
    )
    found = ("units.conv.granule.input_channels", "units.conv.atom_cycles")
    assert weakest_mark(some) == ("assumed", found)


def test_measured_throughout() -> None:
    mark, paths = weakest_mark(marked(MEASURED))
    assert mark == "measured"
    assert paths == ("clock_ns", "units.conv", "units.sdp", "memories.dram")


def test_what_was_changed_is_assumed() -> None:
    machine = marked(MEASURED)
    changed = evolve(machine, changed="memories.dram.latency_cycles=80")
    assert weakest_mark(changed) == ("assumed", ("memories.dram.latency_cycles",))
