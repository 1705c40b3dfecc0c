"""Fields changed one by one or together: the machine that is read from data with these values, or none where that is
refused."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

import pytest

from simdc.cost import HardwareError
from simdc.cost.changed import ReadWhole, changed
from simdc.cost.machines import AnyMachine
from simdc.cost.structure import leaf_values, structure_machine, unstructure, without_marks
from simdc.explore.space import field_of, machine_with
from simdc.frontends.hardware_file import load_hardware, load_machine

MACHINES = ("HI1", "HT3", "nv_small")
VALUES: tuple[Any, ...] = (
    *(0, 1, 2, 7, 96, 4096, 10**20, 10**20 + 1, -1, True, False, 0.5, 102.4, float("nan")),
    *("64 KiB", "12.8 GB/s", "10240/97", "800 MHz", "1.25 ns", "joint", "separate", "window", "fission", "", "x", None),
    *([], {}, {"a": 1}, [1]),
)


def as_read(machine: AnyMachine, values: dict[str, Any]) -> AnyMachine | str:
    """From all of its data; faults are told by the first."""
    data = unstructure(machine, every=True)
    for path, value in values.items():
        *parents, leaf = path.split(".")
        here = data
        for step in parents:
            here = here[step]
        here[leaf] = value
    try:
        return structure_machine(data)
    except HardwareError as error:
        return str(error)


def as_changed(machine: AnyMachine, values: dict[str, Any]) -> AnyMachine | None:
    with suppress(ReadWhole):
        return changed(machine, values)
    return None


@pytest.mark.parametrize("name", MACHINES)
def test_each_field_with_each_value(name: str) -> None:
    machine = load_machine(name)
    made = 0
    for path in leaf_values(without_marks(unstructure(machine, every=True))):
        for value in VALUES:
            found, expected = as_changed(machine, {path: value}), as_read(machine, {path: value})
            assert found is None or found == expected, (path, value)
            made += found is not None
    # Each number of a machine takes several of these.
    assert made > 100


@pytest.mark.parametrize("seed", range(20))
def test_several_fields_at_once(seed: int) -> None:
    random, made = Random(seed), 0
    machine = load_machine(random.choice(MACHINES))
    paths = [path for path, each in leaf_values(unstructure(machine, every=True)).items() if isinstance(each, int)]
    for _ in range(50):
        chosen = {*random.sample(paths, random.randrange(1, 6)), *(["clock_ns"] if random.random() < 0.3 else [])}
        values: dict[str, Any] = {path: random.choice((1, 3, 50, 50, 1000, "12.8 GB/s", 102.4, -1)) for path in chosen}
        found, expected = as_changed(machine, values), as_read(machine, values)
        assert found is None or found == expected, values
        made += found is not None
        if isinstance(expected, str):
            with pytest.raises(HardwareError) as caught:
                machine_with(machine, values)
            assert str(caught.value) == expected
        else:
            assert machine_with(machine, values) == expected
            data = leaf_values(unstructure(expected, every=True))
            assert [field_of(expected, path) for path in data] == list(data.values())
    assert made > 5


@pytest.mark.parametrize("path", ["systolic", "rows", "systolic.row", "clock", "extensions.none.x", "simd.lanes.x", ""])
def test_what_is_no_field_is_left_to_what_says_so(path: str) -> None:
    with pytest.raises(ReadWhole):
        changed(load_machine("HI1"), {path: 1})


def test_parts_that_do_not_change_are_the_same_objects() -> None:
    machine = load_hardware("HI1")
    found = changed(machine, {"systolic.buffers.weight_bits": 4096})
    assert found.systolic.buffers.weight_bits == 4096
    assert found.simd is machine.simd
    assert found.systolic.widths is machine.systolic.widths


def test_what_has_no_such_part_is_read_whole() -> None:
    units = load_machine("nv_small")
    for path in ("units.nobody.ops_per_cycle", "units.conv", "nothing", "clock_ns.rest"):
        with pytest.raises(ReadWhole):
            changed(units, {path: 1})
