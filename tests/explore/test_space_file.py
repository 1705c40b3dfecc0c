"""Space files: what they mean, what is wrong with them, and that the published schema says the same."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import simdc
from simdc.errors import SimdcError
from simdc.explore import space_file
from simdc.explore.admitted import admitted_machines
from simdc.explore.space import METRICS, OBJECTIVES, Economy, Limit
from simdc.explore.space_file import CONSTRAINT_KEYS, KEYS, NETWORK_KEYS, read_space
from tests.explore.spaces import IFMAPS, SPACE, WEIGHT_PORT, WEIGHTS, space_of

SCHEMA = json.loads(Path(space_file.__file__).with_name("space.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ONE: dict[str, Any] = {"schema": "simdc-space/1", "base": "HI1", "fields": {"simd.lanes": [8, 16]}}


def read(data: dict[str, Any]) -> space_file.SpaceFile:
    return read_space(data, "space.json", lambda name: simdc.load_hardware(name or "HI1"))


def values(given: object, field: str = WEIGHTS) -> list[object]:
    return [option[0] for option in space_of(ONE, fields={field: given}).axes[0].options]


def test_values_in_every_form() -> None:
    kib = 8192
    assert values(["2 KiB", 40, "1 Kbit"]) == [2 * kib, 40, 1024]
    assert values("2 KiB") == [2 * kib]
    assert values({"powers_of_two": ["3 KiB", "17 KiB"]}) == [4 * kib, 8 * kib, 16 * kib]
    assert values({"powers_of_two": [8, 8]}) == [8]
    assert values({"powers_of_two": [1, 9]}) == [1, 2, 4, 8]
    assert values({"from": "1 KiB", "to": "2 KiB", "step": "512 B"}) == [kib, kib + kib // 2, 2 * kib]
    assert values({"from": 3, "to": 5}) == [3, 4, 5]
    assert values([0.8, 1], "clock_ns") == [0.8, 1]
    assert values([True, False], "stores_padding") == [True, False]


def test_choices_come_first_and_the_last_axis_varies_fastest() -> None:
    space = space_of(SPACE)
    assert [axis.name for axis in space.axes][:2] == ["array", WEIGHTS]
    assert space.axes[0].labels == ("8 x 8", "16 x 16")
    assert space.size == 2 * 4 * 3 * 3 * 3 * 2
    machine = space.machine((1, 0, 2, 0, 1, 0))
    assert (machine.systolic.rows, machine.systolic.columns, machine.simd.lanes) == (16, 16, 16)
    assert machine.systolic.buffers.ifmap_bits == 32 * 8192
    assert machine.systolic.bandwidths.weight_bits_per_cycle == 40


def test_constraints_as_shares_and_absolute() -> None:
    share, absolute = space_of(SPACE).constraints
    assert share.low == pytest.approx(0.3 * 64 * 8192)
    assert share.high == pytest.approx(0.9 * 64 * 8192)
    assert (absolute.low, absolute.high) == (float("-inf"), 200)
    assert [term.weight for term in absolute.terms] == [2, 1]
    (product,) = space_of(
        ONE, constraints=[{"name": "PEs", "sum": {"systolic.rows * systolic.columns": 0.5}, "at_least": 3}]
    ).constraints
    assert (product.terms[0].paths, product.low) == (("systolic.rows", "systolic.columns"), 3)


def test_what_is_wanted_and_networks() -> None:
    data = deepcopy(SPACE) | {
        "objective": "edp",
        "limits": {"energy_pj": 1e9},
        "pareto": ["cycles", "SRAM"],
        "economic": [{"least": "ports", "within": 0.15}],
        "networks": [{"network": "lenet5"}, {"network": "resnet18", "batch": 4, "train": True, "weight": 0.5}],
    }
    space, networks = read(data)
    assert (space.objective, space.metric) == ("edp", "edp_pj_s")
    assert space.limits == (Limit("energy_pj", 1e9),)
    assert space.economy == (Economy("ports", 0.15),)
    assert set(space.metrics) == {"cycles", "energy_pj", "edp_pj_s"}
    assert networks == (("lenet5", None, False, 1.0), ("resnet18", 4, True, 0.5))
    assert read_space(data, "", lambda _: simdc.load_hardware("HI1"), "energy").space.objective == "energy"
    assert not list(VALIDATOR.iter_errors(data))


def changed(path: str, value: object) -> dict[str, Any]:
    """SPACE with the value at a path such as `constraints.0.sum` replaced."""
    data = deepcopy(SPACE)
    *parents, leaf = path.split("/")
    here: Any = data
    for step in parents:
        here = here[int(step) if isinstance(here, list) else step]
    here[int(leaf) if isinstance(here, list) else leaf] = value
    return data


WRONG = [
    ("schema", "simdc-space/2", 'schema: must be "simdc-space/1"'),
    ("field", 1, "field: unknown key; did you mean 'fields'?"),
    ("fields/simd.lane", [1], "fields.simd.lane: unknown field; did you mean 'simd.lanes'?"),
    (f"fields/{WEIGHTS}", [], f"fields.{WEIGHTS}: has no values"),
    (f"fields/{WEIGHTS}", [4, 4], f"fields.{WEIGHTS}: has a value twice"),
    (f"fields/{WEIGHTS}", ["2 KiB", 0], f"fields.{WEIGHTS}[1]: must be positive, got 0"),
    (f"fields/{WEIGHTS}", ["2 parsecs"], f"fields.{WEIGHTS}[0]: must be bits as a whole number or a size"),
    (f"fields/{WEIGHTS}", {"powers_of_two": [9, 15]}, "there is no power of two from 9 to 15"),
    (f"fields/{WEIGHTS}", {"powers_of_two": [9]}, "must have two ends"),
    (f"fields/{WEIGHTS}", {"powers_of_two": [1, 8], "step": 2}, "and nothing else"),
    (f"fields/{WEIGHTS}", {"from": 8, "to": 7}, "has no values: 8 is more than 7"),
    (f"fields/{WEIGHTS}", {"from": 1, "to": 1000000}, "has 1,000,000 values, at most 10,000"),
    (f"fields/{WEIGHTS}", {"from": 1, "to": 2, "by": 1}, "must be a list of values"),
    (f"fields/{WEIGHTS}", {"from": 0, "to": 2}, "from: must be a positive whole number"),
    ("fields/name", ["a", "b"], "fields.name: is no quantity"),
    ("fields/simd.immediate_memory_bits", [1024, 2048], "fields.simd.immediate_memory_bits: is not modelled"),
    ("fields/simd.lanes", [8], "the field simd.lanes is set twice: by 'array' and by 'simd.lanes'"),
    ("choices/array", [], "choices.array: must have at least one option"),
    ("choices/array/1/set", {"systolic.rows": 4}, "choices.array[1].set: must set the same fields as the first option"),
    ("choices/array/1/name", "8 x 8", "choices.array[1]: the name '8 x 8' is taken"),
    ("constraints/0/sum", ["systolic.row"], "constraints[0].sum[0]: unknown field 'systolic.row'; did you mean"),
    ("constraints/0/sum", [], "constraints[0].sum: must name at least one field"),
    ("constraints/0/name", "ports", "the name 'ports' is taken"),
    ("constraints/0/name", "cycles", "the name 'cycles' is taken"),
    ("constraints/0/at_most", 5, "has a 'budget' as well as"),
    ("constraints/1/from", 0.5, "shares of a 'budget', which is missing"),
    ("constraints/1", {"name": "ports", "sum": [WEIGHT_PORT]}, "constraints[1]: has no bounds"),
    ("constraints/1/at_most", "many", "constraints[1].at_most: must be bits as a whole number or a size"),
    ("constraints/1/at_most", True, "constraints[1].at_most: must be a number, got true"),
    ("limits", {"joules": 1}, "limits.joules: unknown key"),
    ("pareto", ["cycle"], "pareto[0]: 'cycle' is not known; did you mean 'cycles'?"),
    ("objective", "speed", "objective: 'speed' is not known"),
    ("economic", [{"least": "SRAM", "within": -1}], "economic[0].within: must be zero or more"),
    ("economic", [{"least": "area", "within": 1}], "economic[0].least: 'area' is not known"),
    ("networks", [{"network": "lenet5", "weight": 0}], "networks[0].weight: must be positive"),
    ("networks", [{"network": "lenet5", "train": "yes"}], 'networks[0].train: must be true or false, got "yes"'),
    ("networks", [{"network": "lenet5", "batch": 0}], "networks[0].batch: must be a positive whole number"),
]
NAMES_BEYOND_SCHEMA = ("unknown field", "taken", "is not known", "same fields", "is no quantity", "not modelled")
VALUES_BEYOND_SCHEMA = ("twice", "is more than", "no power of two", "got 0", "must be bits", "1,000,000 values")


@pytest.mark.parametrize(("path", "value", "message"), WRONG, ids=[f"{path} {value}"[:60] for path, value, _ in WRONG])
def test_what_is_wrong_is_said_with_its_path(path: str, value: object, message: str) -> None:
    data = changed(path, value)
    with pytest.raises(SimdcError) as caught:
        read(data)
    said = str(caught.value)
    assert said.startswith("space.json: ")
    assert message in said
    if not VALIDATOR.is_valid(data):
        return
    # A schema sees one value at a time and no hardware.
    assert any(words in said for words in (*NAMES_BEYOND_SCHEMA, *VALUES_BEYOND_SCHEMA))


def test_nothing_to_vary_and_no_constraints_to_be_cheap_in() -> None:
    with pytest.raises(SimdcError, match="varies nothing"):
        read({"schema": "simdc-space/1"})
    with pytest.raises(SimdcError, match="there are no constraints"):
        read(ONE | {"economic": [{"least": "SRAM", "within": 0.1}]})


def test_the_schema_knows_the_keys_of_the_reader() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    definitions = SCHEMA["$defs"]
    assert set(SCHEMA["properties"]) == {"$schema", *KEYS}
    assert set(definitions["constraint"]["properties"]) == set(CONSTRAINT_KEYS)
    assert set(definitions["network"]["properties"]) == set(NETWORK_KEYS)
    assert definitions["metric"]["enum"] == list(METRICS)
    assert SCHEMA["properties"]["objective"]["enum"] == list(OBJECTIVES)
    for data in (SPACE, ONE):
        assert not list(VALIDATOR.iter_errors(data))


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ([{"name": "SRAM", "sum": [WEIGHTS, IFMAPS], "at_most": 100}], "no machine keeps 'SRAM': the sum goes from"),
        ([{"name": "SRAM", "sum": [WEIGHTS], "at_least": 9, "at_most": 8}], "nothing is both"),
        ([{"name": "clock", "sum": ["clock_ns"], "at_most": 0.5}], "no machine keeps 'clock'"),
        (
            [
                {"name": "one", "sum": [WEIGHTS, IFMAPS], "at_most": "7 KiB"},
                {"name": "other", "sum": {WEIGHTS: 1, IFMAPS: -1}, "at_least": 0},
            ],
            "no machine keeps 'one' and 'other' together",
        ),
    ],
)
def test_contradictory_budgets(constraints: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(SimdcError) as caught:
        admitted_machines(space_of(SPACE, constraints=constraints))
    assert str(caught.value).startswith("space.json: constraints: ")
    assert message in str(caught.value)
