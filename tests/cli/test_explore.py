"""`simdc explore` as people use it."""

from __future__ import annotations

import csv
import json
import re
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from simdc.cli import main
from simdc.explore import data
from tests.explore.spaces import NET, PLAIN, SPACE, WEIGHTS

SCHEMA = json.loads(Path(data.__file__).with_name("exploration.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.dsl").write_text(NET)
    (tmp_path / "plain.dsl").write_text(PLAIN)
    (tmp_path / "space.json").write_text(
        json.dumps({**SPACE, "economic": [{"least": "SRAM", "within": 0.2}], "pareto": ["cycles", "SRAM"]})
    )
    return tmp_path


def explore(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str, net: str = "small.dsl") -> str:
    names = [str(folder / net)] if net else []
    assert main(["explore", "--space", str(folder / "space.json"), *names, *arguments]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def fails(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 1) -> str:
    assert main(["explore", *arguments]) == code
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


def test_the_table_says_what_was_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = explore(folder, capsys, "--model", "simdit", "--top", "3").splitlines()
    assert lines[0] == "small (inference): least cycles on machines like HI1, model simdit, tiling greedy"
    assert lines[1].startswith("432 machines in the space, ")
    found = json.loads(explore(folder, capsys, "--model", "simdit", "--top", "3", "--format", "json"))
    machines = found["machines"]
    assert f"{machines['admitted']} keep its constraints, {machines['compared']} of these are compared" in lines[1]
    first = machines["infeasible"][0]
    assert f"{first['machines']:,} are infeasible: {first['buffer']} too small for '{first['layer']}'" in lines
    best = next(line for line in lines if line.startswith("best "))
    assert f"{found['best']['metrics']['cycles']:,}" in best
    assert any(line.startswith("least SRAM within 20 %") for line in lines)
    assert f"Pareto front of cycles, SRAM: {len(found['pareto']['machines'])} machines" in lines
    assert sum(line[:2] in ("1 ", "2 ", "3 ") for line in lines[lines.index("") :]) >= 3


def test_json_keeps_its_contract_and_adds_up(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for model in ("exact", "simdit"):
        found = json.loads(explore(folder, capsys, "--format", "json", "--model", model, "--objective", "edp"))
        jsonschema.validate(found, SCHEMA)
        machines = found["machines"]
        refused = sum(each["machines"] for each in machines["infeasible"])
        assert machines["compared"] + refused == machines["admitted"]
        assert found["ranking"][0] == found["best"]
        assert len(found["ranking"]) == 10
        ratio = found["worst"]["metrics"]["edp_pj_s"] / found["best"]["metrics"]["edp_pj_s"]
        assert found["worst_over_best"] == pytest.approx(ratio)


def test_csv_has_every_machine(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(explore(folder, capsys, "--format", "json", "--model", "simdit"))
    rows = list(csv.DictReader(StringIO(explore(folder, capsys, "--format", "csv", "--model", "simdit"))))
    assert len(rows) == found["machines"]["compared"]
    best = min(rows, key=lambda row: (float(row["cycles"]), int(row["machine"])))
    assert int(best["machine"]) == found["best"]["number"]
    assert {path: int(best[path]) for path in found["best"]["fields"]} == found["best"]["fields"]
    assert best["array"] in ("8 x 8", "16 x 16")
    assert [int(row["machine"]) for row in rows] == sorted(int(row["machine"]) for row in rows)


def test_networks_of_the_space_and_several_on_the_command_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [str(folder / "plain.dsl"), "--model", "simdit", "--format", "json"]
    found = json.loads(explore(folder, capsys, *both))
    assert [each["name"] for each in found["networks"]] == ["small", "plain"]
    named = [
        {"network": str(folder / "small.dsl"), "weight": 2},
        {"network": str(folder / "plain.dsl"), "batch": 3, "train": True},
    ]
    (folder / "space.json").write_text(json.dumps({**SPACE, "networks": named}))
    found = json.loads(explore(folder, capsys, "--format", "json", net=""))
    assert [(each["phase"], each["weight"]) for each in found["networks"]] == [("inference", 2), ("training", 1)]


def test_the_base_machine_is_named_found_beside_the_space_and_changed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Path(__file__).resolve().parents[2] / "examples" / "hardware" / "HI2.json"
    (folder / "own.json").write_text(machine.read_text().replace('"HI2"', '"own"'))
    (folder / "space.json").write_text(json.dumps({**SPACE, "base": "own.json"}))
    brief = ("--format", "json", "--model", "simdit")
    assert json.loads(explore(folder, capsys, *brief))["base"] == "own"
    assert json.loads(explore(folder, capsys, *brief, "--hw", "HI3"))["base"] == "HI3"
    slower = json.loads(explore(folder, capsys, *brief, "--objective", "runtime", "--set", "clock_ns=97"))
    runtime, cycles = (slower["best"]["metrics"][name] for name in ("runtime_s", "cycles"))
    assert runtime == pytest.approx(cycles * 97e-9)


def test_search_is_never_worse_than_greedy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    space = {**SPACE, "fields": {WEIGHTS: ["1 KiB", "16 KiB"], "simd.bandwidth_bits_per_cycle": [32, 128]}}
    (folder / "space.json").write_text(json.dumps({**space, "constraints": []}))
    columns = {
        tiling: [float(row["cycles"]) for row in csv.DictReader(StringIO(text))]
        for tiling in ("greedy", "search")
        for text in [explore(folder, capsys, "--tiling", tiling, "--format", "csv", "--workers", "1")]
    }
    assert len(columns["search"]) == len(columns["greedy"]) == 8
    assert all(best <= greedy for best, greedy in zip(columns["search"], columns["greedy"], strict=True))
    assert columns["search"] != columns["greedy"]


def test_what_is_wrong_is_said_without_a_traceback(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net, space = str(folder / "small.dsl"), str(folder / "space.json")
    given = [net, "--space", space]
    assert "there is no such file" in fails(capsys, net, "--space", "none.json")
    assert "--workers must be at least 1" in fails(capsys, *given, "--workers", "0", code=2)
    assert "--model: there is no cost model 'exakt'" in fails(capsys, *given, "--model", "exakt")
    assert "model 'simdit' cannot be searched" in fails(capsys, *given, "--model", "simdit", "--tiling", "search")
    assert "name it with -o" in fails(capsys, *given, "--format", "parquet", code=2)
    assert "must be one of .png, .svg, .pdf" in fails(capsys, *given, "--plot", "picture.txt")
    assert "name a network" in fails(capsys, "--space", space)
    (folder / "space.json").write_text(json.dumps({**SPACE, "base": None} | {"fields": {"simd.lane": [1]}}))
    assert "base: must be a printable text" in fails(capsys, *given)
    data: dict[str, Any] = {**SPACE, "fields": {"simd.lane": [1]}}
    (folder / "space.json").write_text(json.dumps(data))
    assert "fields.simd.lane: unknown field; did you mean 'simd.lanes'?" in fails(capsys, *given)
    data.pop("base")
    (folder / "space.json").write_text(json.dumps(data))
    assert "names no 'base' machine" in fails(capsys, *given)


def test_a_space_in_which_nothing_fits_names_layers_and_buffers(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = {**SPACE, "fields": {WEIGHTS: [64, 128], "simd.vmem_bits": ["1 KiB", "64 KiB"]}, "constraints": []}
    (folder / "space.json").write_text(json.dumps(tiny))
    for model in ("exact", "simdit"):
        said = fails(capsys, str(folder / "small.dsl"), "--space", str(folder / "space.json"), "--model", model)
        assert "none of 8 machines is left: " in said
        assert "are infeasible: weight buffer too small for 'conv1'" in said
    (folder / "space.json").write_text(json.dumps({**SPACE, "limits": {"cycles": 3}}))
    said = fails(capsys, str(folder / "small.dsl"), "--space", str(folder / "space.json"))
    assert "are over a limit (cycles at most 3)" in said


def test_layers_without_a_price_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "lrn.dsl").write_text('network lrn(x: 8x8x8) {\n  return x -> conv(8, 3) -> lrn(name="norm")\n}\n')
    assert "NOT COSTED, missing from every number: norm: the released SimDIT has no layer" in explore(
        folder, capsys, "--model", "simdit", net="lrn.dsl"
    )
    (folder / "lrn.dsl").write_text('network lrn(x: 8x8x8) {\n  return x -> lrn(name="norm")\n}\n')
    said = fails(capsys, str(folder / "lrn.dsl"), "--space", str(folder / "space.json"), "--model", "simdit")
    assert "the model 'simdit' has no price for any layer" in said


@pytest.mark.skipif(find_spec("matplotlib") is not None, reason="matplotlib is here")
def test_without_matplotlib_the_remedy_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(folder / "small.dsl"), "--space", str(folder / "space.json"), "--plot", str(folder / "p.svg")]
    assert "pip install 'simdc[plot]'" in fails(capsys, *arguments)
    assert not (folder / "p.svg").exists()


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs matplotlib")
@pytest.mark.parametrize("kind", ["landscape", "sensitivity", "pareto", "map"])
def test_pictures_are_labelled_and_the_same_every_time(
    kind: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts: list[str] = []
    for name in ("one.svg", "other.svg"):
        explore(folder, capsys, "--model", "simdit", "--plot", str(folder / name), "--plot-kind", kind)
        texts.append((folder / name).read_text())
    assert texts[0] == texts[1]
    # Letters are drawn as outlines; each text stands beside its own as a comment.
    labels = {"landscape": "cycles [cycle]", "sensitivity": "size [KiB]", "pareto": "SRAM [KiB]", "map": "least cycles"}
    assert f"<!-- {labels[kind]}" in texts[0]
    explore(folder, capsys, "--model", "simdit", "--plot", str(folder / "p.png"), "--plot-kind", kind)
    assert (folder / "p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(find_spec("pyarrow") is None, reason="needs pyarrow")
def test_parquet_is_the_csv(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pyarrow import parquet  # pyright: ignore[reportMissingImports]

    rows = list(csv.DictReader(StringIO(explore(folder, capsys, "--format", "csv", "--model", "simdit"))))
    path = str(folder / "machines.parquet")
    assert explore(folder, capsys, "--format", "parquet", "-o", path, "--model", "simdit") == ""
    table = parquet.read_table(path).to_pydict()
    assert list(table) == list(rows[0])
    for name, column in table.items():
        assert [str(value) if name == "array" else float(value) for value in column] == [
            row[name] if name == "array" else float(row[name]) for row in rows
        ]


def test_of_a_choice_with_many_options_a_line_shows_some(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    widths = list(range(8, 8 * 101, 8))
    space = {"schema": "simdc-space/1", "base": "HI1", "fields": {"systolic.bandwidths.weight_bits_per_cycle": widths}}
    (folder / "space.json").write_text(json.dumps(space))
    found = json.loads(explore(folder, capsys, "--format", "json"))
    best = found["best"]["fields"]["systolic.bandwidths.weight_bits_per_cycle"]
    line = explore(folder, capsys).split("one choice changed")[1].splitlines()[1]
    shown = [int(number.replace(",", "")) for number in re.findall(r"([\d,]+)(?: bit)?: ", line)]
    assert shown == sorted(set(shown))
    assert {8, 800, best} <= set(shown)
    assert len(shown) in (12, 13)
    assert line.count("*") == 1
    assert line.endswith(f"  ({100 - len(shown)} more between, see --format json)")
