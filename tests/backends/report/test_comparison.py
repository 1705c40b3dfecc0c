"""Runs beside each other: figures by hand, ratios to the first, the same numbers in every rendering."""

from __future__ import annotations

import csv
import json
from io import StringIO

import pytest

import simdc
from simdc.backends.report import make_report
from simdc.backends.report.columns import Style
from simdc.backends.report.comparison import compared
from simdc.backends.report.comparison_text import RENDERINGS, as_csv, as_json, as_markdown, as_table
from simdc.backends.report.figures import Figures, figures_of

FIRST = Figures("net", "inference", 2, "A", "exact", 100, 1e-3, 2000.0, None, 0.5, 500.0, 2**20, 10**6, 2e9, 0.25, 0)


def run(**changes: object) -> Figures:
    return FIRST._replace(**changes)  # pyright: ignore[reportArgumentType]


def test_figures_of_a_report() -> None:
    network, machine = simdc.load("lenet5", batch=4), simdc.load_hardware("HI3")
    report = make_report(simdc.compile(network, machine))
    found, total = figures_of(report), report.total
    assert (found.network, found.batch, found.machine, found.model) == ("lenet5", 4, "HI3", "exact")
    assert found.runtime_s == pytest.approx(total.cycles.total * 0.97e-9)
    assert found.inputs_per_s == pytest.approx(4 / found.runtime_s)
    assert found.tokens_per_s is None
    assert found.energy_j is not None
    assert found.power_w == pytest.approx(found.energy_j / found.runtime_s)
    assert found.dram_bytes * 8 == total.dram_bits.total
    # LeNet-5 has 2,293,000 MACs an image: 64 x 64 PEs.
    assert found.macs == 4 * 2_293_000
    assert found.operations_per_s == pytest.approx(2 * found.macs / found.runtime_s)
    assert found.of_peak == pytest.approx(found.macs / (4096 * total.cycles.total))


def test_ratios_are_to_the_same_network_on_the_first_machine() -> None:
    other = run(network="two", runtime_s=4e-3)
    found = compared([FIRST, other, run(machine="B", runtime_s=5e-4), run(network="two", machine="B", runtime_s=1e-3)])
    assert [(each.network, each.machine) for each in found.runs] == [
        ("net", "A"),
        ("net", "B"),
        ("two", "A"),
        ("two", "B"),
    ]
    assert [found.ratio(each, "runtime_s") for each in found.runs] == [1, 0.5, 1, 0.25]


def test_on_one_machine_they_are_to_the_first_network() -> None:
    found = compared([FIRST, run(network="two", dram_bytes=2**21, energy_j=None)])
    assert found.ratio(found.runs[1], "dram_bytes") == 2
    assert found.ratio(found.runs[1], "energy_j") is None
    assert "ratios are to the same machine with net" in as_table(found)


def test_every_rendering_has_the_same_numbers() -> None:
    found = compared([FIRST, run(machine="B|<b>", runtime_s=5e-4, uncosted=3)])
    table, text = as_table(found), as_markdown(found)
    assert "net, batch 2" in table
    assert "  0.500  " in table
    assert "net on B|<b>: 3 layers NOT COSTED" in table
    assert "| B\\|\\<b> | 0.5000 | 0.500 |" in text
    data = json.loads(as_json(found))
    assert data["schema"] == "simdc-comparison/1"
    (_, row) = csv.DictReader(StringIO(as_csv(found)))
    assert [float(row["runtime_s"]), float(row["runtime_s_ratio"])] == [5e-4, 0.5]
    assert data["runs"][1] == {
        **found.runs[1]._asdict(),
        "runtime_s_ratio": 0.5,
        "energy_j_ratio": 1,
        "dram_bytes_ratio": 1,
    }
    assert set(RENDERINGS) == {"table", "markdown", "json", "csv"}


def test_columns_that_say_nothing_are_left_out() -> None:
    bare = compared(
        [run(energy_j=None, power_w=None, tokens_per_s=7.0), run(machine="B", energy_j=None, tokens_per_s=8.0)]
    )
    table = as_table(bare)
    assert "energy" not in table
    assert "tokens/s" in table
    assert "inputs/s" not in table


def test_a_narrow_terminal_keeps_times_energies_and_traffic() -> None:
    table = as_table(compared([run(batch=1), run(batch=1, machine="edge", runtime_s=2e-3)]), Style(80))
    assert max(map(len, table.splitlines())) <= 80
    assert "no room for: TOPS, power [W], of peak [%], inputs/s" in table
    assert all(head in table for head in ("runtime [ms]", "energy [mJ]", "DRAM [MiB]"))
