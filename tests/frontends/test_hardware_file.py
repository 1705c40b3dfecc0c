"""Machines from files: ours, GeneSys parameter files, presets, overrides, and what is wrong with them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simdc.cost.hardware import Hardware, Latencies
from simdc.cost.structure import unstructure
from simdc.errors import SimdcError
from simdc.frontends.hardware_file import MAX_BYTES, load_hardware, load_machine
from simdc.frontends.presets import presets
from simdc.frozen import evolve

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "hw"
NAMES = ("HI1", "HI2", "HI3", "HT1", "HT2", "HT3")

# SimDIT's HI2 in the release's words; OBUF and VMEM are one of two banks.
HI2_GENESYS = {
    "ARRAY_N": 32,
    "ARRAY_M": 32,
    "WGT_DATA_WIDTH": 8,
    "ACT_DATA_WIDTH": 8,
    "BIAS_WIDTH": 32,
    "ACC_WIDTH": 32,
    "WBUF_CAPACITY_BITS": 256 * 8192,
    "IBUF_CAPACITY_BITS": 128 * 8192,
    "OBUF_CAPACITY_BITS": 256 * 8192,
    "BBUF_CAPACITY_BITS": 4 * 8192,
    "PARAMBUF_AXI_DATA_WIDTH": 256,
    "IBUF_AXI_DATA_WIDTH": 256,
    "OBUF_AXI_DATA_WIDTH": 256,
    "SIMD_VMEM_CAPACITY_BITS": 256 * 8192,
    "SIMD_AXI_DATA_WIDTH": 256,
    "SIMD_INST_MEM_ADDR_WIDTH": 8,
}


def written(folder: Path, data: object, name: str = "hw.json") -> str:
    path = folder / name
    path.write_text(json.dumps(data))
    return str(path)


def message(source: str, *settings: str) -> str:
    with pytest.raises(SimdcError) as caught:
        load_hardware(source, settings)
    return str(caught.value)


def first_fault(path: str) -> str:
    """The first that the file's message tells, without its line and column: `field: what is wrong`."""
    found = re.fullmatch(rf"{re.escape(path)}:[0-9]+:[0-9]+: (.*): error: (.*)", message(path).splitlines()[0])
    assert found is not None, message(path)
    return f"{found[1]}: {found[2]}"


def own(*path: str, value: object) -> dict[str, Any]:
    """HI1 as data with one field replaced."""
    data = unstructure(load_hardware("HI1"))
    here = data
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    return data


def test_presets_are_the_six_machines_of_the_paper_and_some_others() -> None:
    found = [name for name in presets("hardware") if isinstance(load_machine(name), Hardware)]
    assert tuple(name for name in found if name.startswith("H")) == NAMES


# Array size, weight and ifmap width [bit]; W, I, O, V totals [KiB] from SimDIT's table of configurations.
@pytest.mark.parametrize(
    ("name", "size", "width", "w", "i", "o", "v"),
    [
        ("HI1", 16, 8, 32, 32, 128, 128),
        ("HI2", 32, 8, 256, 128, 512, 512),
        ("HI3", 64, 8, 512, 256, 1024, 1024),
        ("HT1", 16, 16, 256, 128, 256, 256),
        ("HT2", 32, 16, 512, 256, 512, 512),
        ("HT3", 64, 16, 1024, 512, 1024, 1024),
    ],
)
def test_machine_of_the_paper(name: str, size: int, width: int, w: int, i: int, o: int, v: int) -> None:
    machine = load_hardware(name)
    array, simd = machine.systolic, machine.simd
    assert (array.rows, array.columns, simd.lanes) == (size, size, size)
    assert (array.widths.weight_bits, array.widths.ifmap_bits) == (width, width)
    buffers = array.buffers
    assert [bits // 8192 for bits in (buffers.weight_bits, buffers.ifmap_bits, buffers.psum_bits)] == [w, i, o]
    assert (simd.vmem_bits // 8192, simd.instruction_memory_bits, simd.immediate_memory_bits) == (v, 8192, 1024)
    training = name.startswith("HT")
    latency = simd.latency_cycles
    assert (latency.div, latency.exp, latency.inv_sqrt) == ((5, 3, 11) if training else (9, 3, 13))
    assert machine.clock_ns == (1.22 if training else 0.97)
    assert "not measured" in machine.prices.source


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference machines are not here")
@pytest.mark.parametrize("name", NAMES)
def test_preset_is_the_converted_genesys_file(name: str) -> None:
    preset, converted = load_hardware(name), load_hardware(str(REFERENCE / f"{name}.json"))
    simd = evolve(converted.simd, latency_cycles=preset.simd.latency_cycles)
    assert preset == evolve(converted, clock_ns=preset.clock_ns, prices=preset.prices, simd=simd)


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference machines are not here")
@pytest.mark.parametrize("path", sorted(REFERENCE.glob("*.json")), ids=lambda path: path.stem)
def test_every_reference_machine_is_read(path: Path) -> None:
    assert load_hardware(str(path)).name == path.stem


def test_genesys_file(tmp_path: Path) -> None:
    machine = load_hardware(written(tmp_path, {**HI2_GENESYS, "INST_MEM_AXI_DATA_WIDTH": 0, "SOMETHING": "else"}))
    preset = load_hardware("HI2")
    assert machine.name == "hw"
    assert machine.stores_padding
    assert (machine.systolic, machine.simd) == (preset.systolic, preset.simd)
    assert machine.simd.latency_cycles == Latencies()
    prices = machine.prices
    assert (machine.clock_ns, prices.pe_pj_per_cycle, prices.lane_pj_per_cycle) == (0.97, 0.381, 21.42)
    assert (prices.dram_pj_per_bit, set(unstructure(prices.sram_pj_per_bit).values())) == (3.9, {0.0162})
    assert "not measured on this machine" in prices.source


def test_genesys_weight_port_is_capped_by_the_array(tmp_path: Path) -> None:
    wide = load_hardware(written(tmp_path, {**HI2_GENESYS, "PARAMBUF_AXI_DATA_WIDTH": 1024}))
    assert wide.systolic.bandwidths.weight_bits_per_cycle == 32 * 8
    narrow = load_hardware(written(tmp_path, {**HI2_GENESYS, "PARAMBUF_AXI_DATA_WIDTH": 64}))
    assert narrow.systolic.bandwidths.weight_bits_per_cycle == 64


def test_genesys_machine_with_wide_data_has_the_other_prices(tmp_path: Path) -> None:
    machine = load_hardware(written(tmp_path, {**HI2_GENESYS, "ACT_DATA_WIDTH": 16}))
    found = (machine.clock_ns, machine.prices.pe_pj_per_cycle, machine.prices.lane_pj_per_cycle)
    assert found == (1.22, 1.153, 101.3)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (0, "must be positive, got 0"),
        (-8, "must be positive, got -8"),
        ("8", "must be a whole number, got '8'"),
        (8.0, "must be a whole number, got 8.0"),
        (True, "must be a whole number, got True"),
        (None, "must be a whole number, got None"),
    ],
)
def test_genesys_errors(value: object, says: str, tmp_path: Path) -> None:
    for field in HI2_GENESYS:
        path = written(tmp_path, {**HI2_GENESYS, field: value})
        assert first_fault(path) == f"{field}: {says}"


def test_genesys_missing_field(tmp_path: Path) -> None:
    for field in HI2_GENESYS:
        data = {key: value for key, value in HI2_GENESYS.items() if key != field}
        path = written(tmp_path, data)
        assert first_fault(path) == f"{field}: missing (a GeneSys file needs it)"


def test_genesys_instruction_memory_has_a_limit(tmp_path: Path) -> None:
    path = written(tmp_path, {**HI2_GENESYS, "SIMD_INST_MEM_ADDR_WIDTH": 10**30})
    assert first_fault(path) == "SIMD_INST_MEM_ADDR_WIDTH: must be at most 48 bits"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (own("systolic", "buffers", "weight_bits", value=0), "systolic.buffers.weight_bits: must be positive, got 0"),
        (own("simd", "vmem_bits", value="1 furlong"), "simd.vmem_bits: must be bits as a whole number or a size"),
        (own("simd", "lames", value=1), "simd.lames: unknown field; did you mean 'lanes'?"),
        (own("clok", value="1 GHz"), "clok: unknown field; did you mean 'clock'?"),
        (own("clock_ns", value=-1), "clock_ns: must be positive, got -1"),
        (own("prices", "source", value=3), "prices.source: must be printable text of 1 to 200 characters, got 3"),
        (own("simd", value=[1]), "simd: must be an object, got [1]"),
        ({"name": "x"}, "clock_ns: missing (ns)"),
    ],
)
def test_own_format_errors(data: object, says: str, tmp_path: Path) -> None:
    path = written(tmp_path, data)
    assert first_fault(path).startswith(says)


def test_file_errors(tmp_path: Path) -> None:
    path = tmp_path / "hw.json"
    assert message(str(path)) == f"{path}: there is no such file"
    assert message(str(tmp_path)) == f"{tmp_path}: is a directory, expected a file"
    path.write_text('{"name": "x",\n "clock_ns": ')
    assert message(str(path)).startswith(f"{path}:2:14: error: the JSON text ends too early\n")
    path.write_text("[]")
    assert message(str(path)) == f"{path}: must hold a JSON object, found a list"
    path.write_text(" " * (MAX_BYTES + 1))
    assert message(str(path)) == f"{path}: is larger than the limit of {MAX_BYTES} bytes"


def test_unknown_preset() -> None:
    listed = f"presets are {', '.join(presets('hardware'))}"
    assert message("hi3") == f"there is no file or preset 'hi3'; did you mean 'HI3'?; {listed}"
    assert message("nothing_like_it") == f"there is no file or preset 'nothing_like_it'; {listed}"
    assert message("") == f"there is no file or preset ''; {listed}"
    assert message("HI3.json") == "HI3.json: there is no such file; the preset is called 'HI3'"
    assert "there is no file or preset" in message("x" * 5000)


def test_file_wins_over_preset_and_directory_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "HI1").mkdir()
    (tmp_path / "HI2").write_text(json.dumps(own("name", value="mine")))
    assert load_hardware("HI1").name == "HI1"
    assert load_hardware("HI2").name == "mine"


def test_settings() -> None:
    settings = [
        "simd.lanes=128",
        "systolic.buffers.weight_bits=256 KiB",
        " stores_padding = false ",
        "clock_ns=1.5",
        "name=wide",
        'prices.source="a = b"',
    ]
    machine: Hardware = load_hardware("HI3", settings)
    assert (machine.simd.lanes, machine.systolic.buffers.weight_bits) == (128, 256 * 8192)
    assert (machine.stores_padding, machine.clock_ns, machine.name) == (False, 1.5, "wide")
    assert machine.prices.source == "a = b"
    assert load_hardware("HI3", ["simd.lanes=1", "simd.lanes=2"]).simd.lanes == 2


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("simd.lames=4", "--set simd.lames: unknown field; did you mean 'simd.lanes'?"),
        ("simd=4", "--set simd: unknown field"),
        ("simd.lanes.x=4", "--set simd.lanes.x: unknown field"),
        ("simd.lanes=0", "--set simd.lanes: must be positive, got 0"),
        ("simd.lanes=many", "--set simd.lanes: must be a whole number, got 'many'"),
        ("simd.lanes=NaN", "--set simd.lanes: must be a whole number, got 'NaN'"),
        ("simd.vmem_bits=1 mile", "--set simd.vmem_bits: must be bits as a whole number or a size"),
        ("stores_padding=1", "--set stores_padding: must be true or false, got 1"),
        ("simd.lanes", "--set simd.lanes: must be field=value, for example simd.lanes=128"),
        ("=4", "--set =4: must be field=value"),
        ("simd.lanes=", "--set simd.lanes=: must be field=value"),
    ],
)
def test_setting_errors(setting: str, says: str) -> None:
    assert message("HI3", setting).startswith(says)
