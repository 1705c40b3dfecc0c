"""SCALE-Sim configurations: every field by hand, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from simdc.cost.hardware import Bandwidths, Buffers, Hardware, Widths
from simdc.errors import SimdcError
from simdc.frontends.hardware_file import load_hardware
from simdc.frontends.scale_sim.config import parse_config
from tests.ir.networks import written

CONFIG = """
[general]
run_name = wide_ws

[architecture_presets]
ArrayHeight:    32
ArrayWidth:     16
IfmapSramSzkB:   64
FilterSramSzkB:  128
OfmapSramSzkB:   32
IfmapOffset:    0
Dataflow : ws
Bandwidth : 10

[sparsity]
SparsitySupport : false

[run_presets]
InterfaceBandwidth: USER
"""


def test_every_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = load_hardware(written(tmp_path, CONFIG, "scale.cfg"))
    assert (machine.name, machine.clock_ns, machine.stores_padding) == ("wide_ws", 1, False)
    assert (machine.systolic.rows, machine.systolic.columns) == (32, 16)
    assert machine.systolic.widths == Widths(8, 8, 32, 32)
    # kB of 8192 bits; two biases of 32 bits a column.
    assert machine.systolic.buffers == Buffers(128 * 8192, 64 * 8192, 32 * 8192, 1024)
    # 10 words a cycle: 8 bits of weight or ifmap, 32 of a partial sum.
    assert machine.systolic.bandwidths == Bandwidths(80, 80, 320)
    simd = machine.simd
    assert (simd.lanes, simd.width_bits, simd.vmem_bits, simd.bandwidth_bits_per_cycle) == (16, 32, 32 * 8192, 320)
    assert "not measured" in machine.prices.source
    assert capsys.readouterr().err == ""


def test_bandwidth_to_be_calculated_is_that_of_the_array(capsys: pytest.CaptureFixture[str]) -> None:
    machine = parse_config(CONFIG.replace("USER", "CALC"), "scale.cfg")
    assert machine.systolic.bandwidths == Bandwidths(16 * 8, 32 * 8, 16 * 32)
    words = "16 weights, 32 ifmap values and 16 partial sums"
    assert capsys.readouterr().err == f"scale.cfg: no bandwidth is given: the DRAM ports move {words} per cycle\n"


def test_older_names_and_missing_sections(capsys: pytest.CaptureFixture[str]) -> None:
    text = CONFIG.replace("SramSzkB", "SramSz").replace("[run_presets]\nInterfaceBandwidth: USER\n", "")
    machine = parse_config(text.replace("[general]\nrun_name = wide_ws\n", ""), "configs/old.cfg")
    assert machine.name == "old"
    assert machine.systolic.buffers.ifmap_bits == 64 * 8192
    assert "no bandwidth is given" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "dataflow"), [("ws", "weight_stationary"), ("OS", "output_stationary"), ("is", "input_stationary")]
)
def test_dataflows(word: str, dataflow: str) -> None:
    machine = parse_config(CONFIG.replace("Dataflow : ws", f"Dataflow : {word}"), "scale.cfg")
    assert isinstance(machine, Hardware)
    assert machine.systolic.dataflow == dataflow


def test_settings_change_what_was_assumed(tmp_path: Path) -> None:
    path = written(tmp_path, CONFIG, "scale.cfg")
    assert load_hardware(path, ["systolic.widths.psum_bits=8"]).systolic.widths.psum_bits == 8


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("ws\n", "rs\n", "[architecture_presets] Dataflow: the dataflow 'rs' is not known; known are 'ws', 'os', 'is'"),
        ("ArrayHeight:    32\n", "", "[architecture_presets] ArrayHeight: missing"),
        ("ArrayWidth:     16", "ArrayWidth: 0", "[architecture_presets] ArrayWidth: must be a positive whole number"),
        ("64\n", "64.5\n", "[architecture_presets] IfmapSramSzkB: must be a positive whole number, got '64.5'"),
        ("Bandwidth : 10", "Bandwidth : fast", "[architecture_presets] Bandwidth: must be a positive whole number"),
        ("USER", "BOTH", "[run_presets] InterfaceBandwidth: must be USER or CALC, got 'BOTH'"),
        ("Support : false", "Support : True", "[sparsity] SparsitySupport: is not modelled; set it to false"),
        ("[general]", "general", "is not a configuration: File contains no section headers."),
        ("Dataflow : ws", "Dataflow : ws\nDataflow: ws", "is not a configuration: "),
    ],
)
def test_what_is_refused(old: str, new: str, says: str) -> None:
    assert old in CONFIG
    with pytest.raises(SimdcError) as caught:
        parse_config(CONFIG.replace(old, new), "scale.cfg")
    assert str(caught.value).startswith(f"scale.cfg: {says}")
