"""The JSON Schema of hardware files takes what simdc takes, and is that of the fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from simdc.cost import unstructure
from simdc.frontends import machine_sheet
from simdc.frontends.commented_json import parse_commented
from simdc.frontends.hardware_file import load_hardware, load_machine
from simdc.frontends.hardware_schema import hardware_schema
from simdc.frontends.presets import presets
from tests.frontends.test_machine_sheet import SHEET

SCHEMA = json.loads(Path(machine_sheet.__file__).with_name("hardware.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def takes(data: object) -> bool:
    return VALIDATOR.is_valid(data)


def test_published_schema_is_that_of_the_fields() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(hardware_schema())) == SCHEMA, "run: make docs"


@pytest.mark.parametrize("name", presets("hardware"))
def test_presets_are_taken(name: str) -> None:
    assert takes(parse_commented(presets("hardware")[name].read_text(), name))
    assert takes(unstructure(load_machine(name)))


def test_a_sheet_is_taken() -> None:
    assert takes(parse_commented(SHEET, "sheet.json"))


CHANGES: list[dict[str, Any]] = [
    {"simd": {"lanez": 3}},
    {"simd": {"lanes": 0}},
    {"simd": {"lanes": "4"}},
    {"simd": {"vmem_bits": "4 Kb"}},
    {"simd": {"bandwidth_bits_per_cycle": "12 GB"}},
    {"simd": {"bandwidth_bits_per_cycle": 0}},
    {"clock": "1"},
    {"clock": "1 GHz", "clock_ns": 1},
    {"prices": {"dram_pj_per_bit": -1}},
    {"stores_padding": 1},
    {"base": 3},
    {"name": ""},
    {"memories": {"dram": {"banks": 0}}},
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_simdc_refuses_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    data = {"base": "nv_small" if "memories" in change else "HI3", **change}
    path = tmp_path / "hw.json"
    path.write_text(json.dumps(data))
    with pytest.raises(Exception, match="error"):
        load_machine(str(path))
    assert not takes(data)


def test_without_a_base_all_is_needed() -> None:
    data = unstructure(load_hardware("HI3"))
    for path in ("clock_ns", "systolic", "systolic.rows", "systolic.buffers.bias_bits", "simd.lanes", "name"):
        changed = json.loads(json.dumps(data))
        *parents, leaf = path.split(".")
        here = changed
        for step in parents:
            here = here[step]
        del here[leaf]
        assert not takes(changed), path
        assert takes({"base": "HI3", **changed}), path
