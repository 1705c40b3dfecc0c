"""The RTL as gates: what can be said of it without its being played, and, where there is a Yosys, a netlist."""

from __future__ import annotations

from pathlib import Path

import pytest

from simdc.backends.rtl import RtlCase, Unplayable, array_machine, lanes_machine, missing_tool, play
from simdc.cost import ExactModel
from simdc.cost.structure import option_paths
from simdc.frontends.hardware_file import change_hardware
from tests.backends.rtl.test_rtl import pencil
from tests.oracles import rtl_netlist

MISSING = missing_tool()
needs_verilator = pytest.mark.skipif(MISSING is not None, reason=f"{MISSING} is not there, so the RTL is NOT linted")
needs_yosys = pytest.mark.skipif(
    MISSING is not None or rtl_netlist.yosys() is None, reason=f"NO netlist is made: {rtl_netlist.HOW_TO_GET}"
)
pytestmark = pytest.mark.xdist_group("rtl")
PLAYED = ("row_mapping", "group_mapping", "weight_load")
"""Options of which each value is played, or changes nothing for a kernel that does not use it."""


@needs_verilator
def test_lint_finds_nothing() -> None:
    assert rtl_netlist.lint() == ""


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, names in (
        (array_machine, ("ROWS", "COLUMNS", "PORT_BITS", "LINE_BITS", "HALF_BITS")),
        (lanes_machine, ("LANES", "MOST", "DEPTH")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name))
    rtl_netlist.make_tiny()


@needs_yosys
@pytest.mark.usefixtures("tiny")
def test_the_netlist_of_the_array_plays_as_exact_says(tmp_path: Path) -> None:
    tool = rtl_netlist.yosys()
    assert tool is not None
    assert rtl_netlist.netlist(tool, "machine", tmp_path) == ""
    played, off = rtl_netlist.differing("machine", tmp_path, 20)
    assert (played >= 20, off) == (True, 0)


def test_options_without_hardware_are_refused_by_name() -> None:
    """Not played as if they were not there."""
    case = pencil()
    for path in option_paths():
        words = {"hazard": "refuse", "buffer_release": "joint", "fold_drain": "serial", "issue": "fission"}
        leaf = path.rpartition(".")[2]
        value = words.get(leaf, "input_stationary" if leaf == "dataflow" else "full" if "duplex" in leaf else "7")
        if "_channel" in leaf:
            value = "simd" if leaf != "simd_channel" else "psum"
        if leaf == "double_buffered":
            value = "true"
        if leaf in PLAYED or path == "systolic.tile_overhead_cycles":
            continue
        machine = change_hardware(case.machine, [f"{path}={value}"])
        (one,) = play([RtlCase(case.kernel, case.tiling, machine)], ExactModel())
        assert isinstance(one, Unplayable), path
        assert str(one).lower() == f"{path} = {value}"
