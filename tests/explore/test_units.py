"""Spaces of machines of units: the same numbers as machine after machine, and what they refuse."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import simdc
from simdc.cli import main
from simdc.cost import TilingError, load_model
from simdc.cost.machine import Machine
from simdc.cost.machines import AnyMachine
from simdc.cost.structure import leaf_values, unstructure, with_field
from simdc.cost.workload import Workload
from simdc.explore import dependence
from simdc.explore.exploration import Exploration, NetworkChoice
from simdc.explore.space import Space
from simdc.explore.space_file import read_space
from simdc.frontends.hardware_file import load_machine

NET = """network small(x: 20x14x14) {
  x = relu(x) -> conv(24, 3, pad=1) -> relu -> maxpool(2, stride=2)
  y = conv(x, 24, 3, pad=1) -> relu
  return add(x, y) -> relu -> flatten -> fc(30)
}
"""
FIELDS: dict[str, Any] = {
    "units.conv.granule.input_channels": [8, 12],
    "units.conv.rate_per_cycle": [64, 100],
    "units.pdp.max_window": [1, 8],
    "memories.cbuf.capacity_bits": ["1 KiB", "4 KiB", "128 KiB"],
    "memories.dram.read_bits_per_cycle": [8, 64],
    "memories.dram.shared": [False, True],
}


def space_of(**more: Any) -> Space:
    data: dict[str, object] = {"schema": "simdc-space/1", "base": "nv_small", "fields": FIELDS, **more}
    return read_space(data, "space.json", lambda name: load_machine(name or "")).space


def small(tmp_path: Path, model: str = "nvdla") -> NetworkChoice:
    path = tmp_path / "small.dsl"
    path.write_text(NET)
    network = simdc.load(str(path))

    def workload(machine: AnyMachine) -> Workload:
        return network.workload(machine, model)

    return NetworkChoice("small", "inference", workload)


@pytest.mark.parametrize("model", ["nvdla", "nvdla{level=3}"])
def test_an_exploration_is_machines_one_by_one(model: str, tmp_path: Path) -> None:
    network, space = small(tmp_path, model), space_of(pareto=["cycles", "dram_bits"])
    exploration = Exploration(space, [network], model)
    exploration.run()
    survey = exploration.survey()
    found = dict(zip(survey.numbers.tolist(), zip(*survey.values.values(), strict=True), strict=True))
    refused = 0
    for number, choice in enumerate(product(*(range(len(axis.options)) for axis in space.axes))):
        machine = space.machine(choice)
        try:
            costs = [layer.cost for layer in network.workload(machine).price(load_model(model), machine)]
        except TilingError:
            refused += 1
            assert number not in found
            continue
        assert None not in costs
        cycles, bits = (sum(getattr(cost, part).total for cost in costs) for part in ("cycles", "dram_bits"))
        assert found[number] == (cycles, bits)
    assert 0 < refused == survey.infeasible.total() < len(found)


def test_what_decides_the_kernels_is_told_by_path() -> None:
    base = load_machine("nv_small")
    assert isinstance(base, Machine)
    for path, value in leaf_values(unstructure(base)).items():
        if isinstance(value, (int, float)):
            other = with_field(base, path, not value if isinstance(value, bool) else value + 1)
            changed = (other.stored_widths, other.fusing) != (base.stored_widths, base.fusing)
            assert not changed or dependence.shapes_kernels(path), path


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"objective": "energy"}, "nv_small has no energy prices"),
        ({"pareto": ["cycles", "edp_pj_s"]}, "nv_small has no energy prices"),
        ({"fields": {"basis.units": [1]}}, "is no quantity"),
        ({"fields": {"units.conv.operation": ["mac"]}}, "is no quantity"),
        ({"fields": {"chains": [1]}}, "is no quantity"),
        ({"fields": {"systolic.rows": [1]}}, "unknown field"),
        ({"fields": {"units.conv.rate_per_cycle": [0]}}, "must be positive"),
        ({"fields": {"units.sdp.element_bits": [4, 8]}}, "'relu1' has no price on some machines"),
    ],
)
def test_what_makes_no_sense_is_refused(more: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(simdc.SimdcError, match=re.escape(message)):
        Exploration(space_of(**more), [small(tmp_path)], "nvdla")


def test_energies_where_there_are_prices(tmp_path: Path) -> None:
    # 1 pJ for each bit read, 3 for each written; nothing else has a price.
    base = with_field(with_field(load_machine("nv_small"), "memories.dram.read_pj_per_bit", 1.0), "name", "priced")
    base = with_field(base, "memories.dram.write_pj_per_bit", 3.0)
    space = space_of(pareto=["energy_pj", "dram_bits"])._replace(base=base)
    exploration = Exploration(space, [small(tmp_path)], "nvdla")
    exploration.run()
    values = exploration.survey().values
    assert (values["dram_bits"] < values["energy_pj"]).all()
    assert (values["energy_pj"] < 3 * values["dram_bits"]).all()


def test_the_command_says_what_is_assumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "space.json"
    fields = {"memories.dram.read_bits_per_cycle": [32, 64]}
    path.write_text(json.dumps({"schema": "simdc-space/1", "base": "nv_small", "fields": fields}))
    assert main(["explore", "lenet5", "--space", str(path), "--model", "nvdla", "-q"]) == 0
    table = capsys.readouterr().out
    # LeNet's four hardware layers as they were measured, one after the other: 138,870.
    assert "138,931" in table
    assert "what the space varies is assumed" in table
