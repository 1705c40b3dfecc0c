"""The search as a pass and on the command line: never worse than greedy, what it proves is in the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import simdc
from simdc.backends.report.searched import Searched, sentence
from simdc.cli import main
from simdc.cost import ExactModel
from simdc.cost.hardware import NO_PRICES
from simdc.cost.search import Searches, objective_for, search
from simdc.errors import SimdcError
from simdc.frozen import evolve
from simdc.ir.derived import Setting
from simdc.passes.tilers import by_search
from tests.conftest import parsed
from tests.cost.machines import small_machine
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


def test_processes_that_share_the_search_find_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [written(tmp_path, NET), "--hw", "HI1", *SMALL, "--train", "--tiling", "search", "--emit-ir"]
    said = list[str]()
    for more in ((), ("--workers", "2")):
        assert main([*options, *more]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert said[0].count("search = {") > 10


def test_what_workers_found_is_not_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    machine, setting = small_machine(), Setting("exact", "")
    kernels = simdc.load("resnet18").workload(machine).kernels[:3]

    def refuse(*given: object) -> None:
        raise AssertionError(f"asked for again: {given}")

    tile = by_search("cycles", 1000, machine, setting, kernels, workers=2)
    alone = [by_search("cycles", 1000, machine, setting)(kernel) for kernel in kernels]
    monkeypatch.setattr(Searches, "of", refuse)
    assert [tile(kernel) for kernel in kernels] == alone


def test_the_table_says_what_was_searched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([written(tmp_path, NET), "--hw", "HI1", "--tiling", "search"]) == 0
    assert "tilings searched for cycles: 7 distinct layers, " in capsys.readouterr().out


def test_ir_keeps_what_was_proven(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([written(tmp_path, NET), "--hw", "HI1", "--tiling", "search", "--emit-ir"]) == 0
    text = capsys.readouterr().out
    assert str(parsed(text)) + "\n" == text
    assert text.count("search = {") == 7


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--objective", "energy"], 2, "--objective goes with --tiling search"),
        (
            ["--tiling", "search", "--model", "simdit"],
            1,
            "the cost model 'simdit' cannot be searched: ",
        ),
        (["--tiling", "search", "-p", "simdc-split-units"], 2, "with -p, name simdc-search-tiling in it"),
        (["-p", "simdc-search-tiling{objective=area}"], 1, "expected typing.Literal['cycles', 'energy'"),
        (["--tiling", "search", "--search-steps", "0"], 1, "--search-steps must be positive, got 0"),
        (["--search-steps", "5"], 2, "--search-steps goes with --tiling search"),
        (["-p", "simdc-search-tiling{steps=0}"], 1, "steps must be positive, got 0"),
        (["--tiling", "search", "--workers", "0"], 1, "--workers must be positive, got 0"),
        (["--workers", "2"], 2, "--workers goes with --tiling search"),
        (["-p", "simdc-search-tiling{workers=0}"], 1, "workers must be positive, got 0"),
        (["--tiling", "search", "--set", "systolic.buffers.weight_bits=8"], 1, "the weight buffer needs"),
        (
            ["--tiling", "search", "--set", "systolic.buffers.weight_bits=8", "--workers", "2"],
            1,
            "the weight buffer needs",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    options: list[str], code: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([written(tmp_path, NET), "--hw", "HI1", *options]) == code
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("machine", ["HI1", "HI2", "HI3"])
def test_every_layer_of_resnet18_is_as_good_as_greedy_or_better(machine: str) -> None:
    hardware, model = simdc.load_hardware(machine), ExactModel()
    for kernel in simdc.load("resnet18").workload(hardware).kernels:
        greedy = model.evaluate(kernel, model.greedy(kernel, hardware), hardware)
        found = search(kernel, hardware, objective_for("cycles", kernel, hardware), even_only=True)
        assert found.cost.cycles.total <= greedy.cycles.total


def searched(proven: str, best: float, bound: float) -> Searched:
    return Searched("cycles", 1000, 10, best, bound, proven, 500)


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([searched("all", 10, 10)], "1 proven optimal over all tile sizes and loop orders"),
        # 30 over 20 and 7: 37 / 27 is 37.04 % more, and no less may be said.
        (
            [searched("all", 7, 7), searched("even", 30, 20)],
            "1 proven optimal over all tile sizes and loop orders, 1 over tiles as equal as can be; "
            "all together at most 38 % above the optimum",
        ),
        (
            [searched("none", 30, 20), searched("even", 10_001, 10_000)],
            "0 proven optimal over all tile sizes and loop orders, 1 over tiles as equal as can be, "
            "1 not proven, their steps were up; all together at most 0.11 % above the optimum",
        ),
        (
            [searched("none", 30, 0)],
            "0 proven optimal over all tile sizes and loop orders, 1 not proven, their steps were up; "
            "how far above the optimum these are is not known",
        ),
    ],
)
def test_the_sentence_says_no_more_than_is_proven(layers: list[Searched], words: str) -> None:
    assert sentence(layers).endswith(words)


def test_few_steps_end_soon_and_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = reported(tmp_path, capsys, "--tiling", "search", "--search-steps", "1")
    proofs = [layer["search"] for layer in report["layers"]]
    # The greedy schedule or the default one, and a bound that holds before anything is looked at.
    assert {proof["proven"] for proof in proofs} == {"none"}
    assert all(0 < proof["bound"] < proof["best"] for proof in proofs)
    for layer, best in zip(reported(tmp_path, capsys)["layers"], proofs, strict=True):
        assert best["best"] <= layer["cycles"]["total"]


def test_the_least_energy_needs_prices() -> None:
    machine = evolve(small_machine(), prices=NO_PRICES)
    for objective in ("energy", "edp"):
        with pytest.raises(SimdcError, match=f"has no energy prices, so that nothing has the least {objective}"):
            by_search(objective, None, machine, Setting("exact", ""))
    by_search("cycles", None, machine, Setting("exact", ""))
