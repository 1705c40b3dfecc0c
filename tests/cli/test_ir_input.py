"""IR text on the command line: the same bytes as from the network, with the machine and the model that it has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from simdc.cli import main
from tests.ir.networks import written

DSL = "network n(x: 3x8x8) {\n  return x -> conv(4, 3) -> bn -> relu -> flatten -> fc(2)\n}\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def numbers(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """A report without what made it, and without where layers were written: IR keeps that with --locations only."""
    text = run(capsys, *arguments)
    if text.startswith("{"):
        data = {key: value for key, value in json.loads(text).items() if key != "provenance"}
        for layer in data["layers"]:
            layer.pop("source", None)
        return json.dumps(data)
    return text.partition("\n\nenergy prices: ")[0]


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


@pytest.fixture
def net(tmp_path: Path) -> str:
    return written(tmp_path, DSL)


@pytest.mark.parametrize("form", [(), ("--generic",), ("--locations",), ("--generic", "--locations")])
@pytest.mark.parametrize("options", [(), ("--train", "--optimizer", "adam"), ("--model", "simdit"), ("--batch", "2")])
def test_report_from_ir_is_that_of_the_network(
    options: tuple[str, ...], form: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = numbers(capsys, "lenet5", "--hw", "HI3", *options, "--format", "json")
    path = written(tmp_path, run(capsys, "lenet5", "--hw", "HI3", *options, "--emit-ir", *form), "net.mlir")
    # It carries its machine, and the model that priced it.
    assert numbers(capsys, path, "--format", "json") == report
    assert numbers(capsys, path, "--format", "json", "--hw", "HI3") == report
    # What it cost when it was written.
    assert numbers(capsys, path, "--format", "json", "-p", "") == report


def test_ir_before_any_pass(net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, net, "-p", "", "--emit-ir")
    assert "simdc.hardware" not in text
    path = written(tmp_path, text, "net.mlir")
    for options in ((), ("--train",), ("--model", "simdit")):
        assert numbers(capsys, path, "--hw", "HI1", *options) == numbers(capsys, net, "--hw", "HI1", *options)
    assert failure(capsys, path).startswith("simdc: choose a machine with --hw")


def test_the_machine_of_the_ir_can_be_changed(net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, run(capsys, net, "--hw", "HI1", "--emit-ir"), "net.mlir")
    changed = json.loads(run(capsys, path, "--set", "clock_ns=2", "--format", "json"))
    assert (changed["hardware"]["name"], changed["hardware"]["changed"]) == ("HI1", "clock_ns=2")
    other = json.loads(run(capsys, path, "--hw", "HI2", "--format", "json"))
    assert other["hardware"]["name"] == "HI2"


def test_tilings_of_the_ir_stay_unless_they_shall_not(
    net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = run(capsys, net, "--hw", "HI1", "--tiling", "greedy", "--emit-ir")
    assert text.count("oh = 6, ow = 6") == 1
    path = written(tmp_path, text.replace("oh = 6, ow = 6", "oh = 2, ow = 6"), "net.mlir")
    tiles = {
        option: json.loads(run(capsys, path, *option, "--format", "json"))["layers"][0]["tiling"]["tile"]["oh"]
        for option in ((), ("--tiling", "given"), ("--tiling", "greedy"), ("--tiling", "default"))
    }
    # By default the loads of one tile go on behind the steps of another, so there is more than one.
    assert tiles.pop(("--tiling", "default")) not in (2, 6)
    assert tiles == {(): 2, ("--tiling", "given"): 2, ("--tiling", "greedy"): 6}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--hw", "HI1", "-p", "simdc-fold-batch-norm"), "has no cost: it was priced for another machine or phase; "),
        (("--set", "simd.lanes=8", "-p", ""), "has no cost: it was priced for another machine or phase; "),
        (("-p", "simdc-assign-widths{rule=program-order}"), "has no cost: it was priced for other shapes or widths; "),
    ],
)
def test_what_it_cost_elsewhere_is_not_reported(
    arguments: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = run(capsys, "lenet5", "--hw", "HI3", "--emit-ir")
    path = written(tmp_path, text, "net.mlir")
    err = failure(capsys, path, *arguments)
    assert err.startswith(f"{path}:5:5: error: simdc.conv2d 'conv1': {says}")
    assert numbers(capsys, path, "-p", "") == numbers(capsys, "lenet5", "--hw", "HI3")
    lie = written(tmp_path, re.sub(r"compute = \d+,", "compute = 1,", text, count=1), "lie.mlir")
    assert "error: simdc.conv2d 'conv1': was priced with another answer" in failure(capsys, lie, "-p", "")


def test_a_model_that_is_not_here(net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, net, "--hw", "HI1", "--emit-ir")
    path = written(tmp_path, text.replace('cost_model = "exact"', 'cost_model = "nix"'), "net.mlir")
    err = failure(capsys, path)
    assert err.startswith("simdc: the IR was priced by a model that is not here: there is no cost model 'nix'; known")
    assert err.endswith("; choose one with --model, or show the costs as they are with -p ''\n")
    assert numbers(capsys, path, "--model", "exact") == numbers(capsys, net, "--hw", "HI1")


@pytest.mark.parametrize("objective", [(), ("--tiling", "search")])
def test_for_another_machine_the_ir_is_tiled_anew(
    objective: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, run(capsys, "vgg16", "--hw", "HI1", *objective, "--emit-ir"), "net.mlir")
    assert numbers(capsys, path, "--hw", "HI3") == numbers(capsys, "vgg16", "--hw", "HI3")
    kept = numbers(capsys, path, "--hw", "HI3", "--tiling", "given")
    assert kept != numbers(capsys, "vgg16", "--hw", "HI3")
    assert "searched" not in kept


def test_a_tiling_that_does_not_fit_is_refused_at_its_line(
    net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = run(capsys, net, "--hw", "HI1", "--emit-ir")
    path = written(tmp_path, text, "net.mlir")
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "simdc.conv2d" in row)
    err = failure(capsys, path, "--set", "systolic.buffers.weight_bits=1024")
    assert err.startswith(f"{path}:{line}:5: error: simdc.conv2d 'conv1': the weight buffer needs ")


def test_folded_batch_norms_are_missing_in_training(
    net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, run(capsys, net, "-p", "simdc-fold-batch-norm", "--emit-ir", "--locations"), "net.mlir")
    err = failure(capsys, path, "--hw", "HI1", "--train")
    assert err.startswith(f"{net}:2:15: error: simdc.conv2d 'conv1': a batch norm is folded into it")


def test_a_step_is_not_derived_twice(net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, run(capsys, net, "--hw", "HI1", "--train", "--emit-ir"), "net.mlir")
    assert failure(capsys, path, "--train") == "simdc: the network is a training step already\n"


def test_forms_go_with_the_ir(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--generic", "--locations"):
        assert main([net, "--hw", "HI1", option]) == 2
        assert capsys.readouterr().err == f"simdc: error: {option} goes with --emit-ir\n"
