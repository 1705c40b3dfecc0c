"""What is taken apart may be taken apart: no layer's cost depends on a field that is said not to concern it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import simdc
from simdc.cost import Hardware, TilingError, energy_of, load_model
from simdc.cost.kernel import Contraction
from simdc.cost.model import knows
from simdc.cost.model_table import MODELS
from simdc.cost.structure import described, leaf_paths, option_paths, unstructure, with_field
from simdc.explore import dependence
from simdc.explore.exploration import NetworkChoice
from simdc.explore.space import field_of
from simdc.frontends.hardware_file import load_machine
from tests.explore.spaces import NET, network_of_text, space_of, survey_of
from tests.explore.test_brute_force import compare

HARDWARE = simdc.load_hardware("HI1")
WORDS = {path: metadata.get("words") for path, metadata in described(Hardware)}
PATHS = [path for path in leaf_paths(unstructure(HARDWARE, every=True)) if path not in ("name", "prices.source")]


def others(path: str) -> list[Any]:
    """Other values of the field, none of which makes the machine too small."""
    value = field_of(HARDWARE, path)
    if isinstance(value, bool):
        return [not value]
    words = WORDS.get(path)
    if words:
        return [word for word in words if word != value]
    return [value * 2 + 1, value * 3] if value else [1]


def answers(
    hardware: Hardware, network: NetworkChoice, name: str, tiling: str
) -> dict[tuple[str, Any], tuple[Any, Any, float]]:
    """(tiling, cost, energy) of each kernel."""
    found: dict[tuple[str, Any], tuple[Any, Any, float]] = {}
    model = load_model(name, network.phase)
    for layer in network.workload(hardware).price(model, hardware, getattr(model, tiling)):
        if layer.cost is not None:
            on_systolic = isinstance(layer.kernel, Contraction)
            energy = energy_of(layer.cost, hardware, on_systolic=on_systolic).total
            unit = dependence.SYSTOLIC if on_systolic else dependence.SIMD
            found[unit, layer.kernel] = layer.tiling, layer.cost, energy
    return found


@pytest.mark.parametrize(("model", "tiling"), [("exact", "default"), ("exact", "greedy"), ("simdit", "greedy")])
def test_fields_that_do_not_concern_a_layer_do_not_change_it(model: str, tiling: str, tmp_path: Path) -> None:
    assert load_model(model).separable
    # A training step has layers of every kind.
    network = network_of_text(tmp_path, NET, model, train=True)
    before = answers(HARDWARE, network, model, tiling)
    assert {unit for unit, _ in before} == set(dependence.UNITS)
    unchanged = 0
    for path in PATHS:
        if dependence.shapes_kernels(path) or (path in option_paths() and not knows(load_model(model), path)):
            continue
        for value in others(path):
            try:
                after = answers(with_field(HARDWARE, path, value), network, model, tiling)
            except TilingError:
                continue
            assert after.keys() == before.keys()
            for key, (tiled, cost, energy) in after.items():
                if tiling == "greedy" and not dependence.shapes_tilings(path):
                    assert tiled == before[key][0], path
                if not dependence.concerns(path, key[0], energy=False):
                    assert (tiled, cost) == before[key][:2], path
                    unchanged += 1
                if not dependence.concerns(path, key[0], energy=True):
                    assert energy == before[key][2], path
    assert unchanged > 100


def test_every_field_is_in_the_table() -> None:
    named = {path for path in PATHS if dependence.dependence_of(path) is not dependence.ANY}
    assert set(PATHS) - named == set()
    # Each row of the table is a field, or a part that has some.
    every = [*PATHS, *leaf_paths(unstructure(load_machine("nv_small")))]
    for row in dependence.DEPENDENCES:
        assert any(path == row or path.startswith(f"{row}.") for path in every), row


def test_a_field_of_which_nothing_is_known_concerns_everything() -> None:
    # As a prefix of letters `simd.lanes` is found in it; as a part of a machine it is not.
    for path in ("extensions.one-channel.dram_bits_per_cycle", "simd.lanes_of_another_kind", "cores"):
        assert dependence.shapes_tilings(path)
        assert all(dependence.concerns(path, unit, energy=False) for unit in dependence.UNITS)


def test_a_model_that_looks_at_everything_is_not_taken_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(MODELS, "odd", "tests.explore.odd_model:OddModel")
    fields = {
        "systolic.buffers.weight_bits": ["2 KiB", "64 KiB"],
        "systolic.bandwidths.weight_bits_per_cycle": [40, 64],
        "simd.bandwidth_bits_per_cycle": [32, 128],
    }
    space = space_of({"schema": "simdc-space/1", "base": "HI1", "fields": fields}, pareto=["energy_pj"])
    network = network_of_text(tmp_path, NET, "exact")
    assert compare(space, [network], "odd") == (8, 0)
    exact = survey_of(space, [network], "exact")
    assert len(set(exact.values["cycles"].tolist())) > 4
