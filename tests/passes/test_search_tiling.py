"""The search as a pass and on the command line: never worse than greedy, what it proves is in the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import simdc
from simdc.cli import main
from simdc.cost import ExactModel
from simdc.cost.search import objective_for, search
from tests.conftest import parsed
from tests.ir.networks import written

NET = """network n(x: 8x14x14) {
  x = conv(x, 24, 3, pad=1) -> bn -> relu -> conv(24, 3, pad=1) -> relu
  return x -> maxpool(2) -> global_avgpool -> fc(10)
}
"""
SMALL = ["--set", "systolic.buffers.psum_bits=1 KiB", "--set", "simd.vmem_bits=4 KiB"]
SCHEMA = Path(simdc.__file__).parent / "backends/report/cost.schema.json"


def reported(tmp_path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, object]:
    assert main([written(tmp_path, NET), "--hw", "HI1", *SMALL, "--format", "json", *options]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("objective", "train"),
    [("cycles", ()), ("energy", ()), ("dram", ()), ("edp", ()), ("energy", ("--train",)), ("dram", ("--train",))],
)
def test_no_layer_gets_worse(
    objective: str, train: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def value(layer: dict[str, dict[str, float]]) -> float:
        cycles, energy = layer["cycles"]["total"], layer["energy_pj"]["total"]
        return {"cycles": cycles, "energy": energy, "dram": layer["dram_bits"]["total"], "edp": cycles * energy}[
            objective
        ]

    greedy = reported(tmp_path, capsys, *train)
    best = reported(tmp_path, capsys, *train, "--tiling", "search", "--objective", objective)
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(best)
    pairs = list(zip(greedy["layers"], best["layers"], strict=True))
    assert all(value(new) <= value(old) * (1 + 1e-12) for old, new in pairs)
    assert any(value(new) < value(old) for old, new in pairs)
    for layer in best["layers"]:
        proof = layer["search"]
        assert proof["objective"] == objective
        assert proof["best"] == pytest.approx(value(layer), rel=1e-12)
        assert proof["bound"] <= proof["best"]
        assert 1 <= proof["evaluated"] <= proof["candidates"]


def test_the_table_says_what_was_searched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([written(tmp_path, NET), "--hw", "HI1", "--tiling", "search"]) == 0
    assert "tilings searched for cycles: 7 distinct layers, " in capsys.readouterr().out


def test_ir_keeps_what_was_proven(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([written(tmp_path, NET), "--hw", "HI1", "--tiling", "search", "--emit-ir"]) == 0
    text = capsys.readouterr().out
    assert str(parsed(text)) + "\n" == text
    assert text.count("search = {") == 7


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--objective", "energy"], "--objective goes with --tiling search"),
        (["--tiling", "search", "--model", "simdit"], "needs the cost model exact, not simdit"),
        (["--tiling", "search", "-p", "simdc-split-units"], "with -p, name simdc-search-tiling in it"),
        (["-p", "simdc-search-tiling{objective=area}"], "expected typing.Literal['cycles', 'energy'"),
        (["--tiling", "search", "--set", "systolic.buffers.weight_bits=8"], "the weight buffer needs"),
    ],
)
def test_what_does_not_go_together_is_refused(
    options: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([written(tmp_path, NET), "--hw", "HI1", *options]) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("machine", ["HI1", "HI2", "HI3"])
def test_every_layer_of_resnet18_is_as_good_as_greedy_or_better(machine: str) -> None:
    hardware, model = simdc.load_hardware(machine), ExactModel()
    for kernel in simdc.load("resnet18").workload(hardware).kernels:
        greedy = model.evaluate(kernel, model.greedy(kernel, hardware), hardware)
        found = search(kernel, hardware, objective_for("cycles", kernel, hardware), rows=0)
        assert found.cost.cycles.total <= greedy.cycles.total
