"""What separates is put together again: every machine of small spaces against the slow way, by both models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simdc
from simdc.explore.choose import best, worst
from simdc.explore.exploration import Exploration, NetworkChoice
from simdc.explore.sensitivity import sensitivity, survey_machines
from simdc.explore.space import OBJECTIVES
from tests.explore.spaces import (
    IFMAP_PORT,
    IFMAPS,
    NET,
    PLAIN,
    PSUMS,
    SPACE,
    WEIGHTS,
    machines_of,
    metrics_of,
    network_of_text,
    space_of,
    survey_of,
)

ALL_METRICS = ["cycles", "runtime_s", "energy_pj", "dram_bits", "edp_pj_s"]
PRICED: dict[str, Any] = {
    "schema": "simdc-space/1",
    "base": "HI1",
    "fields": {
        IFMAPS: ["8 KiB", "32 KiB"],
        "simd.vmem_bits": ["16 KiB", "64 KiB"],
        "simd.bandwidth_bits_per_cycle": [32, 128],
        "clock_ns": [0.8, 1.2],
        "prices.systolic_leakage_w": [0.0, 0.25],
        "prices.dram_pj_per_bit": [3.9, 12.5],
    },
}
"""Leakage in one array for as long as the other runs, the clock, and energy times run time: nothing of it is a sum of
what the arrays do apart."""
WIDTHS: dict[str, Any] = {
    "schema": "simdc-space/1",
    "base": "HI1",
    "choices": {
        "width": [
            {"name": f"{bits} bit", "set": {"systolic.widths.weight_bits": bits, "systolic.widths.ifmap_bits": bits}}
            for bits in (4, 8, 16)
        ]
    },
    "fields": {
        "systolic.widths.psum_bits": [24, 32],
        "simd.width_bits": [24, 32],
        IFMAP_PORT: [16, 100],
        PSUMS: ["16 KiB", "64 KiB"],
        "simd.vmem_bits": ["32 KiB", "64 KiB"],
    },
}
"""Element widths change the kernels themselves, of both arrays."""
PADDING: dict[str, Any] = {
    "schema": "simdc-space/1",
    "base": "HI2",
    "fields": {
        "stores_padding": [True, False],
        "simd.latency_cycles.max": [1, 4],
        "simd.pipeline_stages": [4, 6],
        "simd.raw_wait_cycles": {"from": 1, "to": 2},
        WEIGHTS: ["24 KiB", "96 KiB"],
    },
}


def compare(space: Any, networks: list[NetworkChoice], model: str) -> tuple[int, int]:
    """How many machines there are and how many are too small, once everything has been found equal."""
    survey = survey_of(space, networks, model)
    expected = [(single, metrics_of(single.machine, networks, model)) for single in machines_of(space)]
    assert survey.admitted == len(expected)
    served = [(single, metrics) for single, metrics in expected if metrics is not None]
    assert survey.numbers.tolist() == [single.number for single, _ in served]
    assert sum(survey.infeasible.values()) == len(expected) - len(served)
    assert survey.missing == survey.over_limit == 0
    assert set(survey.values) == set(space.metrics)
    for name, column in survey.values.items():
        np.testing.assert_allclose(column, [metrics[name] for _, metrics in served], rtol=1e-12)
    for name, column in survey.sums.items():
        np.testing.assert_allclose(column, [single.sums[name] for single, _ in served], rtol=1e-15)
    objective = [metrics[space.metric] for _, metrics in served]
    assert objective[best(survey)] == pytest.approx(min(objective), rel=1e-12)
    assert objective[worst(survey)] == pytest.approx(max(objective), rel=1e-12)
    return len(expected), len(expected) - len(served)


@pytest.mark.parametrize("model", ["exact", "simdit"])
def test_sizes_ports_and_array_shapes(model: str, tmp_path: Path) -> None:
    count, refused = compare(space_of(SPACE), [network_of_text(tmp_path, NET, model)], model)
    assert count > 100
    assert 10 < refused < count - 10


@pytest.mark.parametrize("model", ["exact", "simdit"])
def test_energy_and_its_product_with_time(model: str, tmp_path: Path) -> None:
    for objective in OBJECTIVES:
        space = space_of(PRICED, pareto=ALL_METRICS, objective=objective)
        compare(space, [network_of_text(tmp_path, NET, model)], model)


@pytest.mark.parametrize("model", ["exact", "simdit"])
def test_element_widths(model: str, tmp_path: Path) -> None:
    compare(space_of(WIDTHS, pareto=ALL_METRICS), [network_of_text(tmp_path, NET, model)], model)


@pytest.mark.parametrize("model", ["exact", "simdit"])
def test_padding_and_the_pipeline(model: str, tmp_path: Path) -> None:
    compare(space_of(PADDING), [network_of_text(tmp_path, NET, model)], model)


@pytest.mark.parametrize("model", ["exact", "simdit"])
def test_networks_with_weights_one_of_them_trained(model: str, tmp_path: Path) -> None:
    networks = [
        network_of_text(tmp_path, NET, model, weight=3.0),
        network_of_text(tmp_path, PLAIN, model, train=True, weight=0.25),
    ]
    compare(space_of(PRICED, pareto=ALL_METRICS, objective="edp"), networks, model)


def test_limits_on_metrics(tmp_path: Path) -> None:
    networks = [network_of_text(tmp_path, NET, "simdit")]
    everything = survey_of(space_of(PRICED, pareto=["energy_pj"]), networks, "simdit")
    limit = float(np.median(everything.values["energy_pj"]))
    limited = survey_of(space_of(PRICED, limits={"energy_pj": limit}), networks, "simdit")
    kept = everything.values["energy_pj"] <= limit
    assert limited.numbers.tolist() == everything.numbers[kept].tolist()
    assert limited.over_limit == np.count_nonzero(~kept) > 0


@pytest.mark.parametrize("model", ["exact", "simdit"])
@pytest.mark.parametrize(
    "bounds",
    [{}, {"constraints": None}, {"constraints": None, "limits": {"cycles": 400_000}}],
    ids=["constraints", "all machines", "a limit"],
)
def test_one_choice_at_a_time(bounds: dict[str, Any], model: str, tmp_path: Path) -> None:
    networks = [network_of_text(tmp_path, NET, model)]
    space = space_of(SPACE, **bounds)
    exploration = Exploration(space, networks, model)
    exploration.run()
    survey = exploration.survey()
    center = survey.choices(best(survey)).tolist()
    seen = refused = 0
    for swing in sensitivity(exploration, survey, best(survey)):
        assert swing.chosen == center[swing.axis]
        for option, value in enumerate(swing.values.tolist()):
            # Constraints do not matter here.
            choice = tuple(option if axis == swing.axis else each for axis, each in enumerate(center))
            metrics = metrics_of(space.machine(choice), networks, model)
            assert np.isnan(value) if metrics is None else value == pytest.approx(metrics["cycles"], rel=1e-12)
            seen += 1
            refused += metrics is None
    assert seen == sum(len(axis.options) for axis in space.axes)
    assert refused > 0


@pytest.mark.parametrize("model", ["exact", "simdit"])
def test_a_list_of_machines(model: str, tmp_path: Path) -> None:
    networks = [network_of_text(tmp_path, NET, model)]
    singles = list(machines_of(space_of(SPACE)))[::7]
    paths = ["systolic.rows", "systolic.columns", "simd.lanes", *SPACE["fields"]]
    from simdc.explore.space import field_of

    columns = {path: [field_of(single.machine, path) for single in singles] for path in paths}
    survey = survey_machines(simdc.load_hardware("HI1"), columns, networks, model, ["cycles", "energy_pj"])
    expected = {
        place: metrics
        for place, single in enumerate(singles)
        if (metrics := metrics_of(single.machine, networks, model)) is not None
    }
    assert survey.numbers.tolist() == list(expected)
    for name, column in survey.values.items():
        np.testing.assert_allclose(column, [metrics[name] for metrics in expected.values()], rtol=1e-12)
