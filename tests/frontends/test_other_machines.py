"""Presets of machines other than SimDIT's: what their publications say of them, from the fields."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simdc.cost.machine_marks import weakest_mark
from simdc.cost.marks import MARKS, mark_at
from simdc.frontends.commented_json import places_in
from simdc.frontends.hardware_file import load_hardware
from simdc.frontends.presets import presets

OTHERS = ("Gemmini16", "GeneSys16", "TPUv1", "scale_sim_eyeriss", "scale_sim_google")


def test_first_tpu() -> None:
    """Jouppi et al., 2017: 92 TOPS at 700 MHz, a weight tile of 64 KiB, 256 cycles to shift in, and a ridge at about
    1,350 MACs for each byte of weights."""
    machine = load_hardware("TPUv1")
    array = machine.systolic
    assert 2 * machine.peak_macs_per_cycle / machine.clock_ns / 1000 == pytest.approx(92, abs=0.5)
    assert array.rows * array.columns * array.widths.weight_bits == 64 * 8192
    assert array.rows == 256
    # 65,536 MACs a cycle over 34 GB/s at 700 MHz, 48.6 bytes a cycle.
    bytes_per_cycle = float(array.bandwidths.weight_bits_per_cycle) / 8
    assert machine.peak_macs_per_cycle / bytes_per_cycle == pytest.approx(1350, abs=1)
    # From the Unified Buffer to the array: 167 GiB/s.
    assert float(array.bandwidths.ifmap_bits_per_cycle) / 8 / machine.clock_ns * 1e9 / 2**30 == pytest.approx(
        167, abs=1
    )


def test_gemmini() -> None:
    array, dram = load_hardware("Gemmini16").systolic, load_hardware("Gemmini16").dram
    assert array.buffers.weight_bits + array.buffers.ifmap_bits == 256 * 8192
    assert array.buffers.psum_bits == 64 * 8192
    assert {dram.weight_channel, dram.ifmap_channel, dram.psum_channel, dram.result_channel} == {"psum"}


@pytest.mark.parametrize("name", OTHERS)
def test_every_number_says_where_it_is_from(name: str) -> None:
    """In its line, but for what the line above says of all."""
    text, _, _ = Path(presets("hardware")[name]).read_text(encoding="utf-8").partition('"basis"')
    lines = text.splitlines()
    numbers = [line for line in lines if re.search(r'^ +"\w+": ("?[0-9]|true|false|"\w+"[,}]?$)', line)]
    assert len(numbers) > 6
    unsaid = [line for line in numbers if not re.search(f"// ({'|'.join(MARKS)})", line)]
    assert [line for line in unsaid if "_channel" not in line and "_duplex" not in line and '"name"' not in line] == []


@pytest.mark.parametrize("name", OTHERS)
def test_marks_are_what_the_lines_say(name: str) -> None:
    file = Path(presets("hardware")[name])
    text = file.read_text(encoding="utf-8")
    places, machine = places_in(text, file.name), load_hardware(name)
    said = {
        "clock_ns" if path == "clock" else path: mark[1]
        for path, at in places.keys.items()
        if (mark := re.match(rf".*// ({'|'.join(MARKS)})", text[at:])) and path != "base"
    }
    assert len(said) > 6
    assert {path: mark_at(path, machine.basis, "") for path in said} == said


def test_what_was_fitted_is_not_called_measured() -> None:
    """A port of GeneSys16 was fitted to the runs that the machine is compared with."""
    assert weakest_mark(load_hardware("GeneSys16")).fitted == ("simd.bandwidth_bits_per_cycle",)
    assert [name for name in OTHERS if weakest_mark(load_hardware(name)).fitted] == ["GeneSys16"]
    changed = load_hardware("GeneSys16", ["simd.bandwidth_bits_per_cycle=512"])
    assert weakest_mark(changed).fitted == ()
    assert weakest_mark(changed).numbers == 8


@pytest.mark.parametrize("name", OTHERS)
def test_nobody_knows_their_prices(name: str) -> None:
    assert not load_hardware(name).has_prices
