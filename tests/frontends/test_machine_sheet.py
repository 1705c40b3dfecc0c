"""Machines from data sheets: units, a base, comments, and all that is wrong with a file at once."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from simdc.cost import unstructure
from simdc.cost.hardware import NO_PRICES, Hardware
from simdc.cost.machine import Machine
from simdc.errors import SimdcError, SimdcErrors
from simdc.frontends.hardware_file import change_hardware, load_hardware, load_machine

SHEET = """\
// From the data sheet, revision 3.
{
  "$schema": "hardware.schema.json",
  "name": "edge",
  "base": "HI3",
  "clock": "1 GHz",  # typical
  "systolic": {
    "rows": 32, "columns": 32,
    "buffers": {"weight_bits": "512 kB", "ifmap_bits": "256 KiB"},
    /* one LPDDR4 channel,
       half of it each */
    "bandwidths": {"weight_bits_per_cycle": "12.8 GB/s", "ifmap_bits_per_cycle": 102.4},
  },
  "simd": {"bandwidth_bits_per_cycle": "64 B/cycle"},
  "prices": null,
}
"""


def sheet(folder: Path, text: str = SHEET, name: str = "edge.json") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def message(source: str, *settings: str) -> str:
    with pytest.raises(SimdcError) as caught:
        load_machine(source, settings)
    return str(caught.value)


def test_a_sheet_says_what_differs_from_its_base(tmp_path: Path) -> None:
    machine, base = load_hardware(sheet(tmp_path)), load_hardware("HI3")
    array, ports = machine.systolic, machine.systolic.bandwidths
    assert (machine.name, machine.clock_ns, machine.changed) == ("edge", 1.0, "")
    assert (array.rows, array.columns, machine.simd.lanes) == (32, 32, base.simd.lanes)
    # kB counts by 1000 in a file that names the schema, KiB by 1024 everywhere.
    assert (array.buffers.weight_bits, array.buffers.ifmap_bits) == (512 * 8000, 256 * 8192)
    assert array.buffers.psum_bits == base.systolic.buffers.psum_bits
    # 12.8e9 bytes a second of 1e9 cycles: 12.8 bytes, 102.4 bits.
    assert ports.weight_bits_per_cycle == ports.ifmap_bits_per_cycle == Fraction(512, 5)
    assert (ports.psum_bits_per_cycle, machine.simd.bandwidth_bits_per_cycle) == (512, 512)
    assert machine.prices == NO_PRICES
    assert not machine.has_prices
    assert "prices" not in unstructure(machine)


def test_a_setting_of_the_clock_keeps_the_bytes_per_second(tmp_path: Path) -> None:
    path = sheet(tmp_path)
    for setting in ("clock=2 GHz", "clock_ns=0.5", "clock=500 ps"):
        faster = load_hardware(path, [setting])
        assert faster.clock_ns == 0.5
        ports = faster.systolic.bandwidths
        # What was given in bits a cycle stays what it is.
        assert (ports.weight_bits_per_cycle, ports.ifmap_bits_per_cycle) == (Fraction(256, 5), Fraction(512, 5))
    assert load_hardware(path, ["clock=2 GHz"]).title == "edge with clock_ns=2 GHz"
    both = load_hardware(path, ["simd.bandwidth_bits_per_cycle=25.6 GB/s", "clock=2 GHz"])
    assert both.simd.bandwidth_bits_per_cycle == Fraction(512, 5)
    # 1.03 GHz: 102.4 / 1.03 is no decimal number.
    slow = load_hardware(path, ["clock=1.03 GHz"])
    assert slow.systolic.bandwidths.weight_bits_per_cycle == Fraction(10240, 103)
    assert change_hardware(slow, ["lanes=32"]).systolic == slow.systolic


def test_sizes_of_a_setting_count_as_those_of_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert load_hardware(sheet(tmp_path), ["vmem_bits=1 MB"]).simd.vmem_bits == 8_000_000
    assert load_hardware("HI3", ["vmem_bits=1 MB"]).simd.vmem_bits == 8 * 2**20
    assert not capsys.readouterr().err
    old = sheet(tmp_path, json.dumps({"base": "HI3", "simd": {"vmem_bits": "512 KB"}}), "old.json")
    assert load_hardware(old).simd.vmem_bits == 512 * 8192
    assert "simd.vmem_bits: 512 KB counts by 1024" in capsys.readouterr().err


def test_a_base_keeps_the_meaning_of_its_own_sizes(tmp_path: Path) -> None:
    sheet(tmp_path, json.dumps({"base": "HI3", "simd": {"vmem_bits": "512 KB"}}), "old.json")
    new = sheet(tmp_path, json.dumps({"$schema": "x", "base": "old.json", "name": "new"}), "new.json")
    assert load_hardware(new).simd.vmem_bits == 512 * 8192


def test_a_machine_that_borrows_prices_says_so(tmp_path: Path) -> None:
    machine = load_hardware(sheet(tmp_path, '{"base": "HI3", "simd": {"lanes": 8}}', "my chip.json"))
    assert machine.name == "my chip"
    assert machine.prices.dram_pj_per_bit == 3.9
    assert machine.price_source.startswith("those of HI3, not adjusted to this machine (fitted to")
    own = load_hardware(sheet(tmp_path, '{"base": "HI3", "prices": {"source": "measured"}}'))
    assert own.price_source == "measured"


def test_a_base_may_be_any_machine(tmp_path: Path) -> None:
    path = sheet(tmp_path, '{"base": "nv_small", "name": "nv", "units": {"conv": {"rate_per_cycle": 128}}}')
    machine = load_machine(path)
    assert isinstance(machine, Machine)
    assert machine.unit("conv").rate_per_cycle == 128
    assert machine.memory("dram") == load_machine_of_units("nv_small").memory("dram")


def load_machine_of_units(name: str) -> Machine:
    machine = load_machine(name)
    assert isinstance(machine, Machine)
    return machine


def test_bases_of_bases_and_circles(tmp_path: Path) -> None:
    sheet(tmp_path, '{"base": "HI3", "systolic": {"rows": 8}}', "a.json")
    path = sheet(tmp_path, '{"base": "a.json", "systolic": {"columns": 9}}', "b.json")
    machine = load_hardware(path)
    assert (machine.name, machine.systolic.rows, machine.systolic.columns) == ("b", 8, 9)
    circle = sheet(tmp_path, '{"base": "c.json"}', "c.json")
    assert "more than 8 machines rest on each other" in message(circle)


@pytest.mark.parametrize(
    ("base", "says"),
    [
        (3, "base: error: must be the name of a file or preset, got 3"),
        ("hi3", "base: error: 'hi3': there is no file or preset 'hi3'; did you mean 'HI3'?"),
        ("gone.json", "base: error: 'gone.json': there is no such file"),
    ],
)
def test_bases_that_are_not_there(base: object, says: str, tmp_path: Path) -> None:
    path = sheet(tmp_path, json.dumps({"name": "x", "base": base}))
    assert message(path).startswith(f"{path}:1:23: {says}")


def test_all_faults_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = SHEET.replace('"rows": 32', '"rowz": 32').replace("64 B/cycle", "64 furlongs").replace("512 kB", "0 kB")
    path = sheet(tmp_path, text.replace('"clock": "1 GHz"', '"clock": "fast"'))
    with pytest.raises(SimdcErrors) as caught:
        load_machine(path)
    assert [(each.line, each.column, each.path) for each in caught.value.errors] == [
        (6, 12, "clock"),
        (8, 5, "systolic.rowz"),
        (9, 32, "systolic.buffers.weight_bits"),
        (14, 40, "simd.bandwidth_bits_per_cycle"),
    ]
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        f"{path}:6:12: clock: error: must be nanoseconds as a number or a clock such as '800 MHz' or '1.25 ns', "
        "got 'fast'; units are kHz, MHz, GHz, ps, ns, us"
    )
    assert lines[1] == '    "clock": "fast",  # typical'
    assert lines[3] == f"{path}:8:5: systolic.rowz: error: unknown field; did you mean 'rows'?"


def test_what_is_missing_is_missed_in_its_object(tmp_path: Path) -> None:
    data = unstructure(load_hardware("HI1"))
    del data["systolic"]["buffers"]["ifmap_bits"], data["stores_padding"], data["simd"]
    path = sheet(tmp_path, json.dumps(data, indent=1))
    with pytest.raises(SimdcErrors) as caught:
        load_machine(path)
    assert {(each.line, each.path) for each in caught.value.errors} == {
        (1, "stores_padding"),
        (1, "simd"),
        (14, "systolic.buffers.ifmap_bits"),
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '{"name": "a" /* no end\n}',
            ':1:14: error: the comment has no end; \'*/\' is missing\n  {"name": "a" /* no end',
        ),
        ('{"name": // why\n  ?}', ":2:3: error: not valid JSON: expecting value\n    ?}"),
        ('{\n # "name": "a"\n "name": 3, # é\n "name": 4}', ":4:2: error: the key 'name' stands twice in one object"),
        ('{"$schema": 3}', ":1:13: $schema: error: must be text, got 3"),
    ],
)
def test_faults_keep_their_place_beside_comments(text: str, says: str, tmp_path: Path) -> None:
    path = sheet(tmp_path, text)
    assert message(path).startswith(path + says)


def test_text_in_quotes_is_no_comment(tmp_path: Path) -> None:
    path = sheet(tmp_path, '{"base": "HI3", "name": "a // b # c /* d */ ,}"}')
    assert load_hardware(path).name == "a // b # c /* d */ ,}"


def test_a_setting_finds_a_field_by_the_end_of_its_path() -> None:
    machine = load_hardware("HI3", ["rows=32", "lanes=16", "buffers.weight_bits=64 KiB", "clock=500 MHz"])
    assert (machine.systolic.rows, machine.simd.lanes, machine.systolic.buffers.weight_bits) == (32, 16, 65536 * 8)
    assert machine.clock_ns == 2.0
    changed = "systolic.rows=32, simd.lanes=16, systolic.buffers.weight_bits=64 KiB, clock_ns=500 MHz"
    assert machine.changed == changed
    says = "names 2 fields, say which: systolic.widths.weight_bits, systolic.buffers.weight_bits"
    assert message("HI3", "weight_bits=8") == f"--set weight_bits: {says}"
    assert message("HI3", "rowz=8").startswith("--set rowz: unknown field; did you mean")
    assert message("HI3", "clock=2") == "--set clock: must be text with a unit, such as '800 MHz', got 2"


def test_prices_are_set_where_there_are_some(tmp_path: Path) -> None:
    path = sheet(tmp_path)
    assert message(path, "prices.dram_pj_per_bit=3") == (
        "--set prices.dram_pj_per_bit: the machine has no prices; they are given in its file, all of them"
    )


def test_both_names_of_the_clock_are_one_too_many(tmp_path: Path) -> None:
    path = sheet(tmp_path, '{"base": "HI3", "clock": "1 GHz", "clock_ns": 1}')
    assert "clock: error: is there beside 'clock_ns': one of them is enough" in message(path)


def test_sheets_of_today_are_what_they_were() -> None:
    machine = load_machine("HI3")
    assert isinstance(machine, Hardware)
    assert machine.has_prices
    assert machine.simd.vmem_bits == 8 * 2**20
