"""A machine made larger where it binds: paths that a pencil finds."""

from __future__ import annotations

from pathlib import Path

import pytest

import simdc
from simdc.cost.machine import Machine
from simdc.cost.structure import with_field
from simdc.explore.along import Workloads, along_binding, doublings
from simdc.frontends.hardware_file import load_machine

LEVEL = "nvdla{level=2}"
SDP = "units.sdp.rate_per_cycle"
MACS, PORT, DRAM = "units.conv.rate_per_cycle", "units.conv.atom_cycles", "memories.dram.bits_per_cycle"


def nv_small(**fields: int) -> Machine:
    machine = load_machine("nv_small")
    assert isinstance(machine, Machine)
    for path, value in fields.items():
        machine = with_field(machine, path, value)
    return machine


def workload_of(tmp_path: Path, layers: str, image: str) -> Workloads:
    path = tmp_path / "net.dsl"
    path.write_text(f"network net(x: {image}) {{\n  return {layers}\n}}\n")
    network = simdc.load(str(path))
    return lambda machine: network.workload(machine, LEVEL)


def test_the_array_binds_until_the_port_does(tmp_path: Path) -> None:
    # Level 2 of 64 to 64 channels, 1 x 1, 32 x 32 pixels: 8 * 8 * 1,024 = 65,536 cycles of the array; the port's 8
    # atoms of 11 cycles are 90,112; 8,192 beats in, 512 of weights, 16 of bias at most, 8,192 out: 16,896 and a few.
    net = workload_of(tmp_path, "conv(x, 64, 1)", "64x32x32")
    path = along_binding(nv_small(**{SDP: 64}), net, 5, LEVEL)
    # The port at 6 cycles an atom: 49,152, so the array's 65,536. Then the array: 32,768, so the port's 49,152. The
    # port at 3 is 24,576, so 32,768; the array, 16,384, so 24,576; the port at 2, 16,384, so the memory's.
    assert [step.doubled for step in path] == ["", PORT, MACS, PORT, MACS, PORT]
    assert [step.cycles for step in path[:5]] == [90_112, 65_536, 49_152, 32_768, 24_576]
    assert 16_896 <= path[5].cycles <= 16_912
    assert [step.bound[0][0] for step in path] == ["port", "mac", "port", "mac", "port", "dram"]
    assert [step.machine.unit("conv").atom_cycles for step in path] == [11, 6, 6, 3, 3, 2]
    assert path[-1].machine.unit("conv").granule.output_channels == 32


def test_two_terms_that_are_equally_long(tmp_path: Path) -> None:
    # The SDP takes an element a cycle: 65,536, and so does the array. Twice of both: the port's 49,152 are left.
    net = workload_of(tmp_path, "conv(x, 64, 1)", "64x32x32")
    path = along_binding(nv_small(), net, 2, LEVEL)
    assert [step.doubled for step in path] == ["", PORT, f"{MACS} + {SDP}"]
    assert [step.cycles for step in path] == [90_112, 65_536, 49_152]


def test_the_path_ends_where_nothing_helps(tmp_path: Path) -> None:
    # 8 channels: the array of 8 output channels has them all; the port at a cycle an atom is as long as the array.
    net = workload_of(tmp_path, "conv(x, 8, 1, bias=false)", "8x32x32")
    fast = nv_small(**{SDP: 64, "memories.dram.read_bits_per_cycle": 4096, "memories.dram.write_bits_per_cycle": 4096})
    path = along_binding(fast, net, 9, LEVEL)
    assert [step.doubled for step in path] == ["", PORT, PORT, PORT, PORT]
    assert [step.cycles for step in path] == [11_264, 6_144, 3_072, 2_048, 1_024]


def test_layers_that_have_no_price_are_left_out_by_name(tmp_path: Path) -> None:
    net = workload_of(tmp_path, "x -> flatten -> fc(8) -> softmax", "8x2x2")
    alone = workload_of(tmp_path, "x -> flatten -> fc(8)", "8x2x2")
    path, same = along_binding(nv_small(), net, 1, LEVEL), along_binding(nv_small(), alone, 1, LEVEL)
    assert [step.left_out for step in path] == [("softmax1",)] * len(path)
    assert [step.cycles for step in path] == [step.cycles for step in same]
    with pytest.raises(simdc.SimdcError, match="'nvdla' has no price for any layer on nv_small"):
        along_binding(nv_small(), workload_of(tmp_path, "x -> softmax", "8x2x2"), 1, "nvdla")


def test_what_can_be_doubled() -> None:
    machine = nv_small()
    found = dict(doublings(machine))
    assert list(found)[:2] == [MACS, PORT]
    assert found[DRAM].memory("dram").write_bits_per_cycle == 128 == found[DRAM].memory("dram").read_bits_per_cycle
    assert found["memories.cbuf.capacity_bits"].memory("cbuf").capacity_bits == 2 * 1_048_576
    # DRAM has no limit that could be doubled.
    assert "memories.dram.capacity_bits" not in found
    assert found["units.pdp.rate_per_cycle"].unit("pdp").rate_per_cycle == 2
    assert machine == nv_small()
