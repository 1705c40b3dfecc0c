"""Many machines at once are machines one by one, through the model and for whole networks."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

import simdc
from simdc.cost import TilingError, load_model
from simdc.cost.batch import machines_like
from simdc.cost.machine import Machine
from simdc.cost.structure import with_field
from simdc.frontends.hardware_file import load_machine

NET = """network small(x: 20x11x9) {
  x = relu(x) -> conv(24, 3, pad=1) -> relu -> maxpool(2, stride=2)
  y = conv(x, 24, 3, groups=4, pad=1) -> bn -> prelu
  return add(x, y) -> relu -> flatten -> fc(30)
}
"""
SWEPT: dict[str, tuple[int | bool, ...]] = {
    "units.conv.rate_per_cycle": (7, 64, 100),
    "units.conv.granule.input_channels": (3, 8, 32),
    "units.conv.granule.output_channels": (1, 8, 12),
    "units.conv.min_run_cycles": (1, 8, 30),
    "units.conv.max_run_cycles": (1, 16, 40),
    "units.conv.atom_elements": (5, 8),
    "units.conv.atom_cycles": (0, 11),
    "units.conv.drain_cycles": (0, 8),
    "units.conv.weight_block_bits": (8, 1024),
    "units.conv.latency_cycles": (0, 128),
    "units.sdp.rate_per_cycle": (1, 5),
    "units.sdp.atom_elements": (3, 8),
    "units.sdp.latency_cycles": (0, 67),
    "units.sdp.operand_latency_cycles": (0, 5),
    "units.sdp.chained_operand_latency_cycles": (0, 6),
    "units.pdp.rate_per_cycle": (1, 7),
    "units.pdp.chained_latency_cycles": (0, 15),
    "memories.cbuf.capacity_bits": (0, 1 << 12, 1 << 14, 1 << 17, 1 << 20),
    "memories.cbuf.banks": (2, 32),
    "memories.dram.read_bits_per_cycle": (3, 16, 64),
    "memories.dram.write_bits_per_cycle": (2, 64),
    "memories.dram.shared": (False, True),
    "memories.dram.latency_cycles": (0, 77),
    "memories.dram.beat_bits": (24, 64),
    "memories.dram.burst_beats": (1, 8),
    "memories.dram.burst_idle_cycles": (0, 2),
}


def nv_small() -> Machine:
    machine = load_machine("nv_small")
    assert isinstance(machine, Machine)
    return machine


def at(number: Any, place: int, count: int) -> int:
    return int(np.broadcast_to(np.asarray(number, object), count)[place])


@pytest.mark.parametrize("level", [0, 2, 3, 4, 5])
def test_many_are_one_by_one(level: int, tmp_path: Any) -> None:
    random, model, base, count = Random(level), load_model(f"nvdla{{level={level}}}"), nv_small(), 30
    path = tmp_path / "small.dsl"
    path.write_text(NET)
    kernels = simdc.load(str(path)).workload(base, "nvdla").kernels
    assert len(kernels) == 4
    chosen = [{field: random.choice(values) for field, values in SWEPT.items()} for _ in range(count)]
    machines = machines_like(base, {field: np.array([each[field] for each in chosen]) for field in SWEPT})
    many = [model.price_many(kernel, machines) for kernel in kernels]
    refused = 0
    for place, values in enumerate(chosen):
        machine = base
        for field, value in values.items():
            machine = with_field(machine, field, value)
        for kernel, (cost, not_fitting, buffers) in zip(kernels, many, strict=True):
            lacks = ""
            try:
                one = model.evaluate(kernel, model.greedy(kernel, machine), machine)
            except TilingError as error:
                one, lacks = None, error.buffer
            if one is None:
                assert buffers[at(not_fitting, place, count)] == lacks
                refused += 1
                continue
            assert at(not_fitting, place, count) == 0
            for some, its in (
                (cost.cycles, one.cycles),
                (cost.dram_bits, one.dram_bits),
                (cost.sram_bits, one.sram_bits),
            ):
                assert [at(number, place, count) for number in some] == [*its]
            assert [(name, at(number, place, count)) for name, number in cost.ops] == [*one.ops]
    assert 0 < refused < count * len(kernels)


def test_numbers_beyond_64_bits_are_right() -> None:
    # A read of 2^50 bits a cycle makes products of bits and rates beyond 2^63; the layer takes 25,000 cycles or more.
    model, base = load_model("nvdla"), nv_small()
    field, rates = "memories.dram.read_bits_per_cycle", np.array([64, 2**50, 2**62])
    for kernel in simdc.load("lenet5").workload(base, "nvdla").kernels[:4]:
        cost = model.price_many(kernel, machines_like(base, {field: rates})).cost
        found = [at(cost.cycles.total, place, 3) for place in range(3)]
        machines = [with_field(base, field, int(rate)) for rate in rates]
        assert found == [model.evaluate(kernel, model.greedy(kernel, each), each).cycles.total for each in machines]
