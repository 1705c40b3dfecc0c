"""Machines of units and memories: read, changed, refused, and what their numbers rest on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simdc.cost.hardware import Hardware
from simdc.cost.hardware_view import as_machine
from simdc.cost.machine import Machine, twice
from simdc.cost.machine_fields import HardwareError, part, word
from simdc.cost.structure import structure_machine, unstructure, with_field
from simdc.errors import SimdcError
from simdc.frontends.hardware_file import load_hardware, load_machine
from simdc.frozen import Frozen

ROOT = Path(__file__).parents[2]


def least(**units: Any) -> dict[str, Any]:
    unit = {"runs": ["conv2d"], "operation": "mac", "rate_per_cycle": 4, **units}
    memory = {"read_bits_per_cycle": 8, "write_bits_per_cycle": 16}
    return {"name": "small", "clock_ns": 2.0, "units": {"conv": unit}, "memories": {"dram": memory}}


def machine(data: dict[str, Any]) -> Machine:
    made = structure_machine(data)
    assert isinstance(made, Machine)
    return made


def test_units_make_a_machine_of_units() -> None:
    made = machine(least())
    assert made.unit("conv").rate_per_cycle == 4
    assert made.memory("dram").write_bits_per_cycle == 16
    assert made.unit_of("conv2d") == "conv"
    assert made.unit_of("relu") is None
    with pytest.raises(KeyError):
        made.unit("sdp")
    assert isinstance(structure_machine(json.loads((ROOT / "examples/hardware/HI1.json").read_text())), Hardware)


def test_what_is_written_is_read() -> None:
    nv_small = load_machine("nv_small")
    assert isinstance(nv_small, Machine)
    assert structure_machine(json.loads(json.dumps(unstructure(nv_small)))) == nv_small
    assert (nv_small.unit("conv").rate_per_cycle, nv_small.memory("cbuf").capacity_bits) == (64, 128 * 8192)


def test_a_field_of_a_unit_is_set_by_its_path() -> None:
    changed = load_machine("nv_small", ["memories.dram.read_bits_per_cycle=16"])
    assert isinstance(changed, Machine)
    assert changed.memory("dram").read_bits_per_cycle == 16
    assert changed.title == "nv_small with memories.dram.read_bits_per_cycle=16"
    assert with_field(changed, "units.conv.granule.input_channels", 32).unit("conv").granule.input_channels == 32


def test_a_number_rests_on_what_the_longest_path_says() -> None:
    made = load_machine("nv_small", ["units.conv.min_run_cycles=4"])
    assert isinstance(made, Machine)
    marks = ["units.conv.rate_per_cycle", "units.conv.atom_cycles", "clock_ns", "units.conv.min_run_cycles"]
    # The clock is nowhere named; the shortest run was changed, so it is no longer the published one.
    assert [made.mark_of(path) for path in marks] == ["published", "measured", "assumed", "assumed"]


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        (least(runs="conv2d"), "units.conv.runs", "list of names"),
        (least(runs=[3]), "units.conv.runs", "list of names"),
        (least(rate_per_cycle=0), "units.conv.rate_per_cycle", "must be positive"),
        (least(rate_cycle=1), "units.conv.rate_cycle", "did you mean"),
        (least(granule=3), "units.conv.granule", "must be an object"),
        ({**least(), "units": {}}, "units", "at least one"),
        ({**least(), "units": []}, "units", "must be an object"),
        ({**least(), "units": {"a b": {}}}, "units.a b", "letters"),
        ({**least(), "chains": [["conv", "sdp"]]}, "chains", "no unit 'sdp'; units: conv"),
        ({**least(), "chains": "conv"}, "chains", "list of lists"),
        ({**least(), "basis": {"units": "guessed"}}, "basis", "measured, published, fitted or assumed"),
        ({**least(), "pj_per_operation": {"mac": -1}}, "pj_per_operation", "mac must be zero or more"),
        ({**least(), "pj_per_operation": {"mac": True}}, "pj_per_operation", "mac must be zero or more"),
        ({**least(), "pj_per_operation": 3}, "pj_per_operation", "pJ by operation"),
        (
            {**least(), "memories": {"ram": {"read_bits_per_cycle": 8, "write_bits_per_cycle": 8}}},
            "memories",
            "one must be called 'dram'; memories: ram",
        ),
        ({**least(), "basis": 1}, "basis", "marks by path"),
        ({**least(), "systolic": {}}, "systolic", "unknown field"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(data: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(HardwareError, match=message) as caught:
        structure_machine(data)
    assert caught.value.path == path


def test_twice_the_largest_is_the_largest() -> None:
    assert (twice(3), twice(10**20)) == (6, 10**20)


def test_two_units_do_not_run_the_same() -> None:
    data = least()
    data["units"]["other"] = data["units"]["conv"]
    with pytest.raises(HardwareError, match="two units run 'conv2d'"):
        structure_machine(data)


def test_who_needs_a_systolic_array_says_so() -> None:
    with pytest.raises(SimdcError, match="a systolic and a SIMD array are needed"):
        load_hardware("nv_small")


def test_a_machine_has_prices_where_any_number_of_energy_is_given() -> None:
    unpriced = least()
    assert not machine(unpriced).has_prices
    for field in ("read_pj_per_bit", "write_pj_per_bit"):
        priced = {**unpriced, "memories": {"dram": {**unpriced["memories"]["dram"], field: 2.0}}}
        assert machine(priced).has_prices


def test_a_field_says_what_it_must_be() -> None:
    class Described(Frozen):
        whole: int = word(int, "a whole thing", "nobody")
        inner: int = part(int)

    assert (Described(1, 2).whole, Described(1, 2).inner) == (1, 2)
    with pytest.raises(HardwareError, match=r"^whole: must be a whole thing, got 'x'"):
        Described("x", 2)  # pyright: ignore[reportArgumentType]
    with pytest.raises(HardwareError, match=r"^inner: must be an object, got 'x'"):
        Described(1, "x")  # pyright: ignore[reportArgumentType]


def test_loads_and_stores_of_an_array_share_the_cycles_of_a_port() -> None:
    seen = as_machine(load_hardware("HI1"))
    assert all(memory.shared for _, memory in seen.memories)
