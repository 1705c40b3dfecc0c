"""The command as people use it: outputs, what it imports, pipes, determinism."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

import simdc
from simdc import __version__
from simdc.cli import main
from simdc.cost.structure import unstructure
from simdc.frontends.hardware_file import load_hardware
from simdc.passes.pipeline import default_passes
from tests.conftest import parsed
from tests.ir.networks import written

ROOT = Path(__file__).resolve().parents[2]
DSL = "network n(x: 3x8x8) {\n  return x -> conv(4, 3) -> bn -> relu\n}\n"


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, check=False
    )  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    assert main(arguments) == 0
    said = capsys.readouterr()
    return said.out, said.err


@pytest.fixture
def net(tmp_path: Path) -> str:
    return written(tmp_path, DSL)


def test_the_cost_report_is_what_comes_by_default(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = run(capsys, net, "--hw", "HI3")
    assert table == run(capsys, net, "--hw", "HI3", "--emit-cost", "--format", "table")
    assert table[0].startswith("n: inference, batch 1, on HI3, model exact\n")
    assert table[1] == ""


def test_formats_say_the_same(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(run(capsys, net, "--hw", "HI3", "--format", "json")[0])
    rows = list(csv.DictReader(StringIO(run(capsys, net, "--hw", "HI3", "--format", "csv")[0])))
    assert [layer["name"] for layer in data["layers"]] == [row["name"] for row in rows] == ["conv1", "relu1"]
    assert [layer["cycles"]["total"] for layer in data["layers"]] == [int(row["total [cycle]"]) for row in rows]


def test_ir_with_costs_parses_back(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    text, _ = run(capsys, net, "--hw", "HI3", "--emit-ir")
    assert text.count("#simdc.cost<") == 2
    assert str(parsed(text)) + "\n" == text


def test_settings_and_batch_reach_the_report(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ("--set", "name=mine", "--set", "clock_ns=2", "--set", "systolic.buffers.weight_bits=1 MiB")
    text, _ = run(capsys, net, "--hw", "HI3", *settings, "--batch", "3", "--format", "json")
    data = json.loads(text)
    assert (data["hardware"]["name"], data["hardware"]["clock_ns"]) == ("mine", 2)
    assert data["hardware"]["changed"] == "clock_ns=2, systolic.buffers.weight_bits=1 MiB"
    assert data["network"]["batch"] == data["layers"][0]["dims"]["n"] == 3


def test_a_field_that_is_not_modelled_changes_no_number_and_is_named(
    net: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (("--model", "exact"), ("--model", "simdit"), ("--train",)):
        plain, silent = run(capsys, net, "--hw", "HI3", *command, "--format", "json")
        # One bit holds no instruction: a model that looked at it would refuse.
        settings = ("--set", "simd.instruction_memory_bits=1", "--set", "simd.immediate_memory_bits=1")
        text, said = run(capsys, net, "--hw", "HI3", *command, *settings, "--format", "json")
        before, after = json.loads(plain), json.loads(text)
        assert after["hardware"]["simd"]["instruction_memory_bits"] == 1
        for report in (before, after):
            del report["provenance"], report["hardware"]
        assert before == after
        for field in ("instruction_memory_bits", "immediate_memory_bits"):
            assert f"warning: --set simd.{field}: this field is not modelled: no cost depends on it\n" in said
        assert "not modelled" not in silent


def test_a_hardware_file_is_as_good_as_a_preset(net: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    machine = written(tmp_path, json.dumps(unstructure(load_hardware("HI2"))), "hw.json")
    reports = [json.loads(run(capsys, net, "--hw", hw, "--format", "json")[0]) for hw in (machine, "HI2")]
    assert reports[0].pop("provenance") != reports[1].pop("provenance")
    assert reports[0] == reports[1]


def test_all_layers_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    few, _ = run(capsys, "lenet5", "--hw", "HI1")
    every, _ = run(capsys, "lenet5", "--hw", "HI1", "--layers")
    assert "\ncostliest layers " in few
    assert "\nlayer " in every


def test_ir_after_each_pass(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = run(capsys, net, "--hw", "HI3", "--print-ir-after", "all")
    assert out == run(capsys, net, "--hw", "HI3")[0]
    steps = [line.removeprefix("// IR after ") for line in err.splitlines() if line.startswith("// IR after ")]
    assert [step.partition("{")[0] for step in steps] == [step.name for step in default_passes("exact")]
    for text in err.split("// IR after ")[1:]:
        parsed("//" + text)


def test_ir_after_one_pass(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, err = run(capsys, net, "--hw", "HI3", "--print-ir-after", "simdc-tidy")
    assert err.count("// IR after ") == 1
    assert "simdc.batch_norm" not in err
    assert 'folded = ["bn1"]' in err


def test_a_pipeline_of_ones_own(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline = "simdc-assign-widths,simdc-split-units,simdc-legalize-tiling,simdc-annotate-cost"
    data = json.loads(run(capsys, net, "--hw", "HI3", "-p", pipeline, "--format", "json")[0])
    # Nobody folded the batch norm.
    assert [layer["op"] for layer in data["layers"]] == ["conv2d", "batch_norm", "relu"]
    text, _ = run(capsys, net, "-p", "simdc-fold-batch-norm", "--emit-ir")
    assert "simdc.batch_norm" not in text


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)])
def test_help_and_version_import_next_to_nothing(arguments: tuple[str, ...]) -> None:
    # `-X importtime` lists every module on stderr; `python -m simdc` itself, not a function of it.
    done = python("-X", "importtime", "-m", "simdc", *arguments)
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()}
    assert {"simdc", "simdc.cli", "argparse"} <= imported
    assert not {name for name in imported if name.partition(".")[0] in ("xdsl", "numpy", "lark", "attrs", "attr")}
    ours = {name for name in imported if name.startswith("simdc.")}
    rooms = {"cli", "commands", "choices", "errors", "visible", "streams", "terminal", "__main__"}
    if arguments == ("--version",):
        # It loads the core, to tell which form of it runs.
        rooms |= {"cost", "digests", "frozen", "named", "plugins"}
    assert {name.split(".")[1] for name in ours} <= rooms
    if arguments == ("--version",):
        assert done.stdout.decode() in (
            f"simdc {__version__} (compiled core)\n",
            f"simdc {__version__} (core in plain Python)\n",
        )
    else:
        assert done.stdout.startswith(b"usage: simdc ")


def test_the_version_tells_a_core_of_other_sources(tmp_path: Path) -> None:
    # The package again, with a comment more in a file of the core: one that was built beside it does not run.
    shutil.copytree(Path(simdc.__file__).parent, tmp_path / "simdc", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "simdc/cost/flat/tiles.py").open("a") as source:
        source.write("# Changed.\n")
    command = [sys.executable, "-m", "simdc", "--version"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"simdc {__version__} (core in plain Python)\n"


def test_a_run_needs_no_numpy() -> None:
    code = "import sys; from simdc.cli import main; main(['lenet5', '--hw', 'HI1']); sys.exit('numpy' in sys.modules)"
    assert python("-c", code).returncode == 0


def test_importing_simdc_does_nothing() -> None:
    code = "import sys, simdc; sys.exit('xdsl' in sys.modules or 'simdc.api' in sys.modules)"
    assert python("-c", code).returncode == 0


@pytest.mark.parametrize("arguments", [("--format", "json"), ("--layers",), ("--emit-ir",)])
def test_a_reader_that_leaves_early(arguments: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "simdc", "resnet50", "--hw", "HI3", "--batch", "2", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) in (0, 141)
    assert said == b""


@pytest.mark.parametrize("arguments", [("--format", "json"), ("--emit-ir", "--model", "simdit")])
def test_the_same_bytes_every_time(arguments: tuple[str, ...]) -> None:
    first, second = (
        python("-m", "simdc", "alexnet", "--hw", "HI2", *arguments, PYTHONHASHSEED=seed) for seed in ("1", "4242")
    )
    assert first.returncode == 0
    assert first.stdout == second.stdout != b""
    assert first.stderr == b""
