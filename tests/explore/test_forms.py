"""Layers that have several forms are on each machine in the cheapest, as where the machine is priced by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simdc.cost import ExactModel, Hardware, Kernel, Tiling, TilingError, energy_of
from simdc.cost.greedy import greedy_tiling
from simdc.cost.kernel import Contraction
from simdc.cost.ladder import ladder_tiling
from simdc.cost.search import objective_for, search
from simdc.explore.exploration import Exploration, NetworkChoice
from tests.explore.spaces import machines_of, network_of_text, space_of

TEXT = """network mixed(x: {channels}x{side}x{side}) {{
  y = conv(x, {channels}, {kernel}, stride={stride}, pad=1, groups={channels}) -> relu -> conv({made}, 1)
  return conv(y, {twice}, 3, pad=1, groups={made}) -> global_avgpool -> fc(5)
}}
"""
NET = TEXT.format(channels=24, side=14, kernel=3, stride=1, made=20, twice=40)
FIELDS: dict[str, list[Any]] = {
    "systolic.rows": [4, 16],
    "systolic.buffers.ifmap_bits": ["1 KiB", "32 KiB"],
    "simd.lanes": [2, 64],
    "simd.vmem_bits": ["200 B", "4 KiB", "64 KiB"],
    "simd.bandwidth_bits_per_cycle": [8, 256],
    "prices.lane_pj_per_cycle": [0.1, 30.0],
}


def searched(kernel: Kernel, hardware: Hardware) -> Tiling:
    return search(kernel, hardware, objective_for("energy", kernel, hardware), even_only=True).tiling


TILERS = {"default": ladder_tiling, "greedy": greedy_tiling, "search": searched}


def cheapest_of_each(network: NetworkChoice, machine: Hardware, tiling: str) -> tuple[float, float, set[str]] | None:
    """Cycles, energy and the forms taken, by trying every form of every layer; None where a layer fits in none."""
    model, cycles, energy, taken = ExactModel(), 0.0, 0.0, set[str]()
    for forms, _, times in network.workload(machine).occurrences():
        tried: list[tuple[float, float, float, str]] = []
        for name, kernel in forms:
            try:
                cost = model.evaluate(kernel, TILERS[tiling](kernel, machine), machine)
            except TilingError:
                continue
            pj = energy_of(cost, machine, on_systolic=isinstance(kernel, Contraction)).total
            tried.append((pj if tiling == "search" else cost.cycles.total, cost.cycles.total, pj, name))
        if not tried:
            return None
        # The first of equals.
        _, its_cycles, its_energy, name = min(tried, key=lambda each: each[0])
        cycles, energy, taken = cycles + times * its_cycles, energy + times * its_energy, taken | {name}
    return cycles, energy, taken


def compare(fields: dict[str, list[Any]], text: str, tiling: str, folder: Path) -> tuple[int, int, set[str]]:
    """How many machines serve, how many do not, and the forms that they take, once each is found as by itself."""
    objective = "energy" if tiling == "search" else "cycles"
    data = {"schema": "simdc-space/1", "base": "HI1", "fields": fields, "pareto": ["cycles", "energy_pj"]}
    space, network = space_of(data, objective=objective), network_of_text(folder, text, "exact")
    exploration = Exploration(space, [network], "exact", tiling)
    exploration.run()
    survey = exploration.survey()
    found = dict(
        zip(survey.numbers.tolist(), zip(survey.values["cycles"], survey.values["energy_pj"], strict=True), strict=True)
    )
    taken: set[str] = set()
    refused = 0
    for single in machines_of(space):
        expected = cheapest_of_each(network, single.machine, tiling)
        assert (single.number in found) == (expected is not None)
        if expected is None:
            refused += 1
            continue
        np.testing.assert_allclose(found[single.number], expected[:2], rtol=1e-12)
        taken |= expected[2]
    return len(found), refused, taken


@pytest.mark.parametrize("tiling", ["default", "greedy"])
def test_each_machine_takes_its_cheapest_forms(tiling: str, tmp_path: Path) -> None:
    served, refused, taken = compare(FIELDS, NET, tiling, tmp_path)
    # Where 200 bytes are too little for the lanes the array does the work.
    assert served > 30
    assert refused > 0
    assert taken >= {"array", "lanes"}


def test_a_search_takes_the_form_that_is_best_for_its_objective(tmp_path: Path) -> None:
    fields = {"simd.vmem_bits": ["4 KiB"], "prices.lane_pj_per_cycle": [0.1, 300.0], "simd.lanes": [16]}
    small = TEXT.format(channels=4, side=5, kernel=3, stride=1, made=3, twice=3)
    served, _, taken = compare(fields, small, "search", tmp_path)
    assert served == 2
    assert taken >= {"array", "lanes"}


def test_mappings_are_forms_of_the_machines_that_have_them(tmp_path: Path) -> None:
    """Of convolutions without groups, which have no others. The base of the space has none."""
    text = "network plain(x: 3x12x12) { return x -> conv(20, 5, stride=2) -> conv(8, 1) }"
    fields = {
        "systolic.row_mapping": ["channels", "window"],
        "systolic.group_mapping": ["one", "packed"],
        "systolic.dataflow": ["weight_stationary", "input_stationary", "output_stationary"],
        "systolic.rows": [4, 16],
    }
    served, _, taken = compare(fields, text, "default", tmp_path)
    assert served == 24
    assert taken == {"array", "array+window"}


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, dict[str, list[Any]]]:
    kernel = draw(st.integers(1, 3))
    text = TEXT.format(
        channels=draw(st.integers(2, 20)),
        side=draw(st.integers(4, 9)),
        kernel=kernel,
        stride=draw(st.integers(1, 2)),
        made=(made := draw(st.integers(2, 12))),
        twice=made * draw(st.integers(1, 3)),
    )
    bits = st.integers(8, 40_000)
    options = {
        "systolic.rows": st.integers(1, 20),
        "systolic.columns": st.integers(1, 20),
        "systolic.buffers.ifmap_bits": bits,
        "systolic.buffers.weight_bits": bits,
        "systolic.buffers.psum_bits": bits,
        "systolic.bandwidths.weight_bits_per_cycle": st.integers(1, 300),
        "systolic.bandwidths.psum_bits_per_cycle": st.integers(1, 300),
        "simd.lanes": st.integers(1, 40),
        "simd.vmem_bits": st.integers(100, 80_000),
        "simd.bandwidth_bits_per_cycle": st.integers(1, 300),
        "simd.latency_cycles.mac": st.integers(1, 5),
        "stores_padding": st.booleans(),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(options)), min_size=2, max_size=4, unique=True))
    return text, {path: [draw(options[path]) for _ in range(2)] for path in chosen}


@given(case=cases(), tiling=st.sampled_from(["default", "greedy"]))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_machines_take_their_cheapest_forms(
    case: tuple[str, dict[str, list[Any]]], tiling: str, tmp_path: Path
) -> None:
    text, fields = case
    compare({path: list(dict.fromkeys(values)) for path, values in fields.items()}, text, tiling, tmp_path)


def test_more_never_costs_cycles_with_a_layer_of_two_forms(tmp_path: Path) -> None:
    fields = {
        "systolic.buffers.ifmap_bits": ["2 KiB", "32 KiB"],
        "simd.vmem_bits": ["2 KiB", "5 KiB", "64 KiB"],
        "simd.bandwidth_bits_per_cycle": [16, 100],
    }
    space = space_of({"schema": "simdc-space/1", "base": "HI1", "fields": fields})
    exploration = Exploration(space, [network_of_text(tmp_path, NET, "exact")], "exact", "default")
    exploration.run()
    cycles = exploration.survey().values["cycles"].reshape(2, 3, 2)
    for axis in range(3):
        assert (np.diff(cycles, axis=axis) <= 0).all()


def test_a_model_of_first_forms_prices_these(tmp_path: Path) -> None:
    space = space_of({"schema": "simdc-space/1", "base": "HI1", "fields": {"simd.lanes": [16, 32]}})
    network = network_of_text(tmp_path, NET, "simdit")
    exploration = Exploration(space, [network], "simdit")
    assert {len(work.forms) for works in exploration.job.works.values() for work in works} == {1}
