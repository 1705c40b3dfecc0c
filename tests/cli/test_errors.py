"""What goes wrong at the keyboard: exit code 1, the place and a remedy, no traceback, no output left behind."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simdc.cli import main
from simdc.cost.structure import unstructure
from simdc.frontends.hardware_file import load_hardware
from tests.ir.networks import written

DSL = "network n(x: 3x8x8) {\n  return x -> conv(4, 3) -> bn -> relu\n}\n"


@pytest.fixture
def net(tmp_path: Path) -> str:
    return written(tmp_path, DSL)


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is said on stderr; nothing may come on stdout."""
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith("\n")
    assert "Traceback" not in said.err
    return said.err.rstrip("\n")


def success(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def hardware(folder: Path, change: dict[str, Any] | None = None, text: str | None = None) -> str:
    data = unstructure(load_hardware("HI3"))
    for path, value in (change or {}).items():
        *parents, leaf = path.split(".")
        here = data
        for step in parents:
            here = here[step]
        if value is None:
            del here[leaf]
        else:
            here[leaf] = value
    return written(folder, json.dumps(data) if text is None else text, "hw.json")


# The network


def test_a_network_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    missing = str(tmp_path / "none.dsl")
    assert failure(capsys, missing, "--hw", "HI3").startswith(f"{missing}: ")
    assert "did you mean 'resnet50'?" in failure(capsys, "resnet5O", "--hw", "HI3")
    assert "presets are alexnet, " in failure(capsys, "zzz", "--hw", "HI3")
    assert failure(capsys, str(tmp_path / "resnet50.dsl"), "--hw", "HI3").endswith("there is no such file")


def test_a_directory_as_network(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "net.dsl"
    folder.mkdir()
    assert failure(capsys, str(folder), "--hw", "HI3").startswith(f"{folder}: is a directory")


@pytest.mark.parametrize(("file", "what"), [("n.onxx", "'.onxx' files are"), ("n", "a file without a suffix is")])
def test_an_unknown_kind_of_network(file: str, what: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = written(tmp_path, DSL, file)
    text = failure(capsys, path, "--hw", "HI3")
    assert text.startswith(f"{path}: {what} not supported; supported: .dsl")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("network n(x: 3x8x8) {\n  return cnov(x, 4, 3)\n}", "2:10: error: unknown layer or block 'cnov'"),
        ("network n(x: 3x8x8) {\n  return x -> conv(4, 9)\n}", "2:15: error: "),
        ("network n(x: 3x8x8) {\n  return y\n}", "2:10: error: "),
        ("network n(x: 3x8x8) {\n  return x ->\n}", "3:1: error: "),
    ],
)
def test_an_error_in_the_network_shows_the_line(
    source: str, says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = written(tmp_path, source)
    text = failure(capsys, path, "--hw", "HI3")
    assert text.startswith(f"{path}:{says[: says.index(': ')]}: error: ")
    line, column = (int(number) for number in says.split(":")[:2])
    _, excerpt, caret = text.splitlines()
    assert excerpt == "  " + source.splitlines()[line - 1]
    assert caret == " " * (column + 1) + "^"


@pytest.mark.parametrize("batch", ["0", "-1", "1000000001", str(10**30), "two", "1.5", ""])
@pytest.mark.parametrize("command", ["cost", "explain"])
def test_a_batch_that_makes_no_sense(command: str, batch: str, net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, net, "--hw", "HI3", "--batch", batch]) == 2
    says = f"simdc: error: --batch: expected 1 to 1000000000 inputs, got '{batch}'"
    assert capsys.readouterr().err.splitlines() == [says]


def test_a_batch_too_large_for_the_network(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    # 10**9 images of 3 x 8 x 8 are fewer than 2**48 elements; of 3 x 1024 x 1024 they are more.
    assert "n: inference, batch 1000000000" in success(capsys, net, "--hw", "HI3", "--batch", "1000000000")
    large = written(Path(net).parent, "network n(x: 3x1024x1024) { return relu(x) }", "large.dsl")
    text = failure(capsys, large, "--hw", "HI3", "--batch", "1000000000")
    assert text.startswith(f"{large}:1:11: error: input 'x' must have positive sizes, at most ")


# The machine


def test_no_machine(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert failure(capsys, net) == "simdc: choose a machine with --hw: a JSON file, or a preset such as HI1, HI2, HI3"


def test_no_machine_where_a_pass_needs_one(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = failure(capsys, net, "-p", "simdc-assign-widths", "--emit-ir")
    assert text.startswith("simdc: the module has no 'simdc.hardware' attribute: choose a machine")
    assert "--hw" in text


def test_no_machine_for_a_report(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = failure(capsys, net, "-p", "simdc-fold-batch-norm")
    assert text == "simdc: choose a machine with --hw: a JSON file, or a preset such as HI1, HI2, HI3"


def test_a_machine_that_is_not_there(net: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert failure(capsys, net, "--hw", "HI4").startswith("simdc: there is no file or preset 'HI4'; did you mean 'HI")
    assert failure(capsys, net, "--hw", "hi3").startswith(
        "simdc: there is no file or preset 'hi3'; did you mean 'HI3'?"
    )
    missing = str(tmp_path / "hw.json")
    assert failure(capsys, net, "--hw", missing) == f"{missing}: there is no such file"
    assert failure(capsys, net, "--hw", str(tmp_path)).startswith(f"{tmp_path}: is a directory")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"simd.lanes": None}, "simd.lanes: missing (lane)"),
        ({"systolic.buffers": None}, "systolic.buffers: missing (an object)"),
        ({"simd.lanes": 0}, "simd.lanes: must be positive, got 0"),
        ({"systolic.rows": -4}, "systolic.rows: must be positive, got -4"),
        (
            {"systolic.bandwidths.ifmap_bits_per_cycle": "fast"},
            "systolic.bandwidths.ifmap_bits_per_cycle: must be bits per cycle as a number or a bandwidth",
        ),
        ({"simd.vmem_bits": "1 Gb"}, "simd.vmem_bits: must be bits as a whole number or a size such as '256 KiB'"),
        ({"clock_ns": 0}, "clock_ns: must be positive, got 0"),
        ({"simd.lane": 4}, "simd.lane: unknown field; did you mean 'lanes'?"),
        ({"prices": 3}, "prices: must be an object, got 3"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_field_of_the_machine(
    change: dict[str, Any], says: str, net: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = hardware(tmp_path, change)
    place, _, what = says.partition(": ")
    said = rf"{re.escape(path)}:1:[0-9]+: {re.escape(place)}: error: {re.escape(what)}"
    assert re.match(said, failure(capsys, net, "--hw", path))


@pytest.mark.parametrize(
    ("text", "says"),
    [("", ": is empty, expected JSON"), ('{"name": ', ":1:10: error: "), ("[1]", ": "), ("\u00e9", ":1:1: error: ")],
)
def test_a_machine_that_is_no_json(
    text: str, says: str, net: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = hardware(tmp_path, text=text)
    assert failure(capsys, net, "--hw", path).startswith(f"{path}{says}")


def test_a_machine_that_is_no_text(net: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "hw.json"
    path.write_bytes(b'{"name": "\xff"}')
    text = failure(capsys, net, "--hw", str(path))
    assert text.startswith(f"{path}")
    assert "UTF-8" in text


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("simd.lanes=0", "--set simd.lanes: must be positive, got 0"),
        ("simd.lanes=many", "--set simd.lanes: must be a whole number, got 'many'"),
        ("simd.lane=4", "--set simd.lane: unknown field; did you mean 'simd.lanes'?"),
        ("simd=4", "--set simd: unknown field"),
        (
            "simd.vmem_bits=1 Gb",
            "--set simd.vmem_bits: must be bits as a whole number or a size such as '256 KiB', got",
        ),
        ("simd.lanes", "--set simd.lanes: must be field=value, for example simd.lanes=128"),
        ("=4", "--set =4: must be field=value, for example simd.lanes=128"),
        ("clock_ns=NaN", "--set clock_ns: "),
        ("clock_ns=-1", "--set clock_ns: must be positive, got -1"),
        ("stores_padding=yes", "--set stores_padding: must be true or false, got 'yes'"),
    ],
)
def test_settings(setting: str, says: str, net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert failure(capsys, net, "--hw", "HI3", "--set", setting).startswith(f"simdc: {says}")


# Room


@pytest.mark.parametrize(
    ("setting", "layer", "need", "limit"),
    [
        # One inner tile of the convolution: 64 x 64 weights of 8 bits, 64 values of 8, 64 psums of 32; half a buffer.
        ("systolic.buffers.weight_bits=65534", "conv1", "the weight buffer needs 32,768 bits", "32,767"),
        ("systolic.buffers.ifmap_bits=1022", "conv1", "the ifmap buffer needs 512 bits", "511"),
        ("systolic.buffers.psum_bits=4094", "conv1", "the psum buffer needs 2,048 bits", "2,047"),
        ("systolic.buffers.bias_bits=4094", "conv1", "the bias buffer needs 2,048 bits", "2,047"),
        # 64 lanes of 32 bits, which the result takes over.
        ("simd.vmem_bits=2047", "relu1", "the vector memory needs 2,048 bits", "2,047"),
    ],
)
def test_a_buffer_too_small_for_one_inner_tile(
    setting: str, layer: str, need: str, limit: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    net = written(tmp_path, "network n(x: 3x8x8) {\n  return x -> conv(4, 3, bias=true) -> relu\n}\n")
    text = failure(capsys, net, "--hw", "HI3", "--set", setting)
    column = {"conv1": 15, "relu1": 40}[layer]
    kind = {"conv1": "conv2d", "relu1": "relu"}[layer]
    assert text.startswith(f"{net}:2:{column}: error: simdc.{kind} '{layer}': {need} for a tile of ")
    field = setting.partition("=")[0]
    assert f"it can hold {limit} bits at a time: enlarge {field} or tile smaller" in text
    # One bit more on each side of a double buffer is enough.
    path, _, bits = setting.partition("=")
    success(capsys, net, "--hw", "HI3", "--set", f"{path}={int(bits) + 2}")


# Passes


@pytest.mark.parametrize(
    ("pipeline", "says"),
    [
        (
            "simdc-fold-batchnorm",
            "simdc: -p: there is no pass 'simdc-fold-batchnorm'; did you mean 'simdc-fold-batch-norm'?",
        ),
        ("simdc-split-units{", "simdc: -p 'simdc-split-units{': "),
        ("simdc-assign-widths{rule=wide}", "simdc: -p: simdc-assign-widths: "),
        ("simdc-annotate-cost{model=x}", "simdc: -p: simdc-annotate-cost: there is no cost model 'x'; known models: "),
    ],
)
def test_pipelines(pipeline: str, says: str, net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert failure(capsys, net, "--hw", "HI3", "-p", pipeline).startswith(says)


def test_a_pipeline_that_ends_before_the_cost(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = failure(capsys, net, "--hw", "HI3", "-p", "simdc-fold-batch-norm")
    assert text.splitlines() == [
        f"{net}:2:15: error: simdc.conv2d 'conv1': has no cost; "
        "the pipeline must end with simdc-annotate-cost (without -p it does)",
        "    return x -> conv(4, 3) -> bn -> relu",
        "                ^",
    ]


def test_ir_after_a_pass_that_does_not_run(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = failure(capsys, net, "--hw", "HI3", "-p", "simdc-split-units", "--print-ir-after", "simdc-fold-batch-norm")
    assert text == "simdc: --print-ir-after: 'simdc-fold-batch-norm' is not in the pipeline: simdc-split-units, or all"
    assert "'simdc-tile' is not in the pipeline" in failure(
        capsys, net, "--hw", "HI3", "--print-ir-after", "simdc-tile"
    )


def test_tilings_of_a_network_that_has_none(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "only a SimDIT specification gives tilings" in failure(capsys, net, "--hw", "HI3", "--tiling", "given")


# Output files


def test_output_to_a_directory(net: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    assert failure(capsys, net, "--hw", "HI3", "-o", str(tmp_path)) == (
        f"{tmp_path}: is a directory; name a file to write to"
    )  # fmt: skip
    assert sorted(tmp_path.iterdir()) == before


def test_output_into_a_missing_folder(net: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "missing" / "cost.json"
    text = failure(capsys, net, "--hw", "HI3", "-o", str(target))
    assert text == f"{target}: cannot be written: No such file or directory"
    assert not target.parent.exists()


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize(
    "arguments",
    [
        ("--hw", "HI9"),
        ("--hw", "HI3", "--set", "simd.vmem_bits=1"),
        ("--hw", "HI3", "-p", "simdc-fold-batch-norm"),
        ("--hw", "none.json"),
    ],
)
def test_a_failing_run_leaves_files_alone(
    there: bool, arguments: tuple[str, ...], net: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    target = tmp_path / "cost.json"
    if there:
        target.write_text("precious")
    before = sorted(tmp_path.iterdir())
    failure(capsys, net, *arguments, "-o", str(target))
    assert sorted(tmp_path.iterdir()) == before
    if there:
        assert target.read_text() == "precious"


def test_a_failing_write_leaves_the_file_alone(
    net: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    target = tmp_path / "cost.json"
    target.write_text("precious")
    before = sorted(tmp_path.iterdir())
    text = failure(capsys, net, "--hw", "HI3", "-o", str(target))
    assert text == f"{target}: cannot be written: No space left on device"
    assert sorted(tmp_path.iterdir()) == before
    assert target.read_text() == "precious"


def test_output_replaces_a_file_whole(net: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "cost.json"
    target.write_text("x" * 100_000)
    assert success(capsys, net, "--hw", "HI3", "--format", "json", "-o", str(target)) == ""
    printed = success(capsys, net, "--hw", "HI3", "--format", "json")
    assert target.read_text() == printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cost.json", "net.dsl"]


# What files may put before a person


def test_a_source_line_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = written(tmp_path, "network n(x: 3x8x8) {\n  return x -> \x1b[2J\x07conv(4)\n}\n")
    text = failure(capsys, path, "--hw", "HI3")
    assert "return x ->" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_a_layer_cannot_be_a_formula(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    layers = [{"name": name, "op": "relu", "inputs": [source]} for source, name in (("x", "=cmd()"), ("=cmd()", "-1"))]
    graph = {"schema": "simdc-network/1", "name": "n", "inputs": [{"name": "x", "shape": [3, 8, 8]}], "outputs": ["-1"]}
    path = written(tmp_path, json.dumps({**graph, "layers": layers}), "net.json")
    rows = success(capsys, path, "--hw", "HI3", "--format", "csv").splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["'=cmd()", "'-1"]
