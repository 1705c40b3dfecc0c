"""Keys: whatever changes a lowered network changes its key."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from simdc.backends.lowered import key
from simdc.backends.lowered.network import LoweredNetwork
from simdc.backends.report.machine_text import render_json
from simdc.cost.machine import Machine
from simdc.cost.machines import AnyMachine
from simdc.cost.structure import leaf_values, unstructure
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import change_hardware, load_machine
from simdc.frozen import evolve
from tests.backends.lowered.networks import again, both

TEXT = """network n(x: 8x6x6, q: 2x3x4) {
  y = conv(x, 8, 3, groups=8, pad=1) -> bn -> silu -> conv(8, 3, groups=2, pad=1)
  return add(x, y) -> flatten -> fc(16) -> layer_norm, attention(q, q, q, causal=true)
}
"""
PLAIN = "network n(x: 8x6x6) { return x -> conv(8, 3, pad=1) -> bn -> relu -> maxpool(2) -> flatten -> fc(16) }"
OTHERS = {
    "name": "other",
    "systolic.buffer_release": "joint",
    "systolic.dataflow": "output_stationary",
    "systolic.row_mapping": "window",
    "systolic.group_mapping": "packed",
    "systolic.weight_load": "hidden",
    "systolic.fold_drain": "serial",
    "systolic.hazard": "refuse",
    "systolic.tile_overhead_cycles": "5",
    "systolic.accumulate_latency_cycles": "3",
    "simd.issue": "fission",
    "simd.double_buffered": "true",
    "simd.tile_overhead_cycles": "40",
    "simd.array_path_bits_per_cycle": "64",
    "systolic.widths.cache_bits": "4",
}
"""Options of machines, which presets leave at their defaults, at another value."""


@cache
def kept() -> LoweredNetwork:
    found, _ = both(parse_dsl(TEXT, "net.dsl", 1), load_machine("HI3"))
    assert found is not None
    return found


def changed(field: str, value: object, machine: AnyMachine) -> AnyMachine | None:
    """The machine with another value of a field, None where it takes none."""
    texts = [OTHERS[field]] if field in OTHERS else []
    if isinstance(value, bool):
        texts.append(str(not value).lower())
    elif isinstance(value, (int, float)):
        texts += [str(value * 2), str(value + 1)]
    elif isinstance(value, str):
        texts.append("other")
    for text in texts:
        try:
            return change_hardware(machine, [f"{field}={text}"])
        except SimdcError:
            continue
    return None


def test_machines_of_one_key_lower_alike() -> None:
    machine = load_machine("HI3")
    felt, other = key.felt_by_lowering(machine), set[str]()
    fields = {**leaf_values(unstructure(machine)), **OTHERS}
    tried = 0
    for field, value in fields.items():
        found = changed(field, value, machine)
        if found is None:
            continue
        if key.felt_by_lowering(found) != felt:
            other.add(field)
            continue
        tried += 1
        _, report = both(parse_dsl(TEXT, "net.dsl", 1), found)
        assert render_json(again(kept(), found)) == render_json(report), field
    assert tried > 40
    assert other == {
        *(f"systolic.widths.{each}_bits" for each in ("weight", "ifmap", "bias", "psum", "cache")),
        "simd.width_bits",
        "simd.array_path_bits_per_cycle",
    }


def test_where_layers_run_as_one_all_of_the_machine_counts() -> None:
    path = ["simd.array_path_bits_per_cycle=64"]
    fast = load_machine("HI3", [*path, "systolic.bandwidths.psum_bits_per_cycle=4096"])
    assert key.felt_by_lowering(load_machine("HI3", path)) != key.felt_by_lowering(fast)


def test_machines_of_units_of_one_key_lower_alike() -> None:
    machine, net = load_machine("nv_small"), parse_dsl(PLAIN, "net.dsl", 1)
    found, _ = both(net, machine, "nvdla")
    assert found is not None
    same = 0
    for field, value in leaf_values(unstructure(machine)).items():
        other = changed(field, value, machine)
        if other is None or key.felt_by_lowering(other) != key.felt_by_lowering(machine):
            continue
        same += 1
        _, report = both(parse_dsl(PLAIN, "net.dsl", 1), other, "nvdla")
        assert render_json(again(found, other, "nvdla")) == render_json(report), field
    assert same > 10
    assert isinstance(machine, Machine)
    for other in (evolve(machine, widths=evolve(machine.widths, ifmap_bits=16)), evolve(machine, chains=())):
        assert key.felt_by_lowering(other) != key.felt_by_lowering(machine)


def test_bytes_options_and_code_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = load_machine("HI3")
    (tmp_path / "inner").mkdir()
    source = tmp_path / "inner" / "pass.py"
    source.write_text("a = 1\n")
    monkeypatch.setattr(key, "PACKAGE", str(tmp_path))

    def now(network: bytes = b"n", **options: object) -> str:
        return key.key_of(network, {"batch": 1, **options}, machine)

    first = now()
    assert first == now()
    assert len({first, now(b"m"), now(batch=2), now(train=True), now(batch="1")}) == 5
    times = source.stat()
    source.write_text("a = 22\n")
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    longer = now()
    source.write_text("a = 33\n")
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns + 1_000_000_000))
    assert len({first, longer, now()}) == 3
    (tmp_path / "__pycache__").mkdir()
    with_folder = now()
    (tmp_path / "__pycache__" / "pass.pyc").write_bytes(b"x")
    assert now() == with_folder
    (tmp_path / "more.lark").write_text("")
    assert now() != with_folder
    assert now() == now()
    monkeypatch.setattr(key, "__version__", "9.9")
    assert now() != with_folder


def test_versions_of_libraries_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key, "PACKAGE", str(tmp_path))
    monkeypatch.setattr(key, "LIBRARIES", ("made_up_library",))
    machine = load_machine("HI3")
    without = key.key_of(b"", {}, machine)
    (tmp_path / "made_up_library.py").write_text("")
    other = tmp_path / "other"
    other.mkdir()
    (other / "made_up_library.py").write_text("version = 2")
    monkeypatch.setattr(key, "PACKAGE", str(tmp_path / "nowhere_else"))
    (tmp_path / "nowhere_else").mkdir()
    found = {without}
    for folder in (tmp_path, other):
        monkeypatch.syspath_prepend(str(folder))
        found.add(key.key_of(b"", {}, machine))
    assert len(found) == 3
