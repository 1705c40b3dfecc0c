"""Standard input, output and error in every state: the answer, or one line that says why there is none."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from simdc.cli import main
from simdc.cost.structure import unstructure
from simdc.frontends.hardware_file import load_hardware
from simdc.opt import main as opt
from tests.ir.networks import written

ROOT = Path(__file__).resolve().parents[2]
DSL = "# a comment\nnetwork n(x: 3x8x8) {\n  return x -> conv(4, 3) -> relu\n}\n"
GRAPH = {
    "schema": "simdc-network/1",
    "name": "g",
    "inputs": [{"name": "x", "shape": [3, 8, 8]}],
    "layers": [{"name": "r", "op": "relu", "inputs": ["x"]}],
    "outputs": ["r"],
}
TOPOLOGY = """Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
conv, 8, 8, 3, 3, 4, 4, 1,
"""


def feed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def shell(command: str) -> tuple[int, str]:
    """Exit code and standard error of a line of the shell, with the program as `simdc`."""
    script = f'simdc() {{ "{sys.executable}" -m simdc "$@"; }}; {command}'
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done.returncode, done.stderr


def test_what_standard_input_holds_is_recognized(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    net = written(tmp_path, DSL)
    assert main([net, "--hw", "HI1"]) == 0
    expected = capsys.readouterr().out.partition("\nmade by ")[0]
    assert main([net, "--hw", "HI1", "--emit-ir"]) == 0
    text = capsys.readouterr().out
    assert main([net, "-p", "", "--emit-ir", "--generic"]) == 0
    generic = capsys.readouterr().out
    for given, options in (
        (DSL, ()),
        (text, ()),
        ("// a comment\n" + text, ("--model", "exact")),
        (generic, ()),
        (DSL, ("--input-format", "dsl")),
        (generic, ("--input-format", "mlir")),
    ):
        feed(monkeypatch, given)
        assert main(["-", "--hw", "HI1", *options]) == 0
        found, _, made = capsys.readouterr().out.partition("\nmade by ")
        assert found == expected
        assert f"\nsha256 of - {sha256(given.encode()).hexdigest()[:12]}, HI1 " in made
    for given, options, name in ((json.dumps(GRAPH), (), "g"), (TOPOLOGY, ("--input-format", "csv"), "stdin")):
        feed(monkeypatch, given)
        assert main(["-", "--hw", "HI1", *options]) == 0
        assert capsys.readouterr().out.startswith(f"{name}: inference")


def test_a_machine_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, json.dumps(unstructure(load_hardware("HI2"))))
    assert main([written(tmp_path, DSL), "--hw", "-"]) == 0
    assert "on HI2, " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("network n(x: 3x8x8) {\n  return y\n}", (), "<stdin>:2:10: error: "),
        ('{"a": }', (), "<stdin>:1:7: error: "),
        ("builtin.module {", (), "<stdin>:1:"),
        ("", (), "<stdin>:1:1: error: there is no network"),
        (
            DSL,
            ("--input-format", "dls"),
            "simdc: --input-format: there is no 'dls'; there are dsl, json, mlir, csv, onnx, pt2; did",
        ),
    ],
)
def test_faults_in_standard_input_have_their_place(
    text: str, options: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, text)
    assert main(["-", "--hw", "HI1", *options]) == 1
    assert capsys.readouterr().err.startswith(says)


def test_a_file_may_be_read_as_another_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([written(tmp_path, DSL, "net.txt"), "--hw", "HI1", "--input-format", "dsl"]) == 0
    assert capsys.readouterr().out.startswith("n: inference")


def test_simdc_opt_takes_a_dash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([written(tmp_path, DSL), "-p", "", "--emit-ir"]) == 0
    text = capsys.readouterr().out
    for arguments in (["-"], []):
        feed(monkeypatch, text)
        assert opt([*arguments, "-p", "simdc-fold-batch-norm"]) == 0
        assert capsys.readouterr().out == text + "\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("echo '{}' | simdc - --hw HI1".format(DSL.replace("# a comment\n", "")), 0, ""),
        ("simdc /dev/stdin --hw HI1 < examples/networks/lenet5.dsl", 0, ""),
        ("simdc <(cat examples/networks/lenet5.dsl) --hw HI1", 0, ""),
        ("simdc - --hw HI1 <&-", 1, "<stdin>: standard input is closed\n"),
        ("simdc lenet5 --hw HI1 >&-", 1, "simdc: standard output is closed; name a file with -o\n"),
        ("simdc --list networks >&-", 1, "simdc: standard output is closed; name a file with -o\n"),
        ("simdc --help >&-", 1, "simdc: standard output is closed; name a file with -o\n"),
        ("simdc --help > /dev/full", 1, "simdc: standard output cannot be written: No space left on device\n"),
        ("simdc --list ops > /dev/full", 1, "simdc: standard output cannot be written: No space left on device\n"),
        ("simdc lenet5 --hw HI1 -o - > /dev/full", 1, "simdc: standard output cannot be written: No space left on"),
        ("simdc zzz --hw HI1 2> /dev/full", 1, ""),
        ("simdc zzz --hw HI1 2>&-", 1, ""),
        ("simdc --zzz 2> /dev/full", 2, ""),
        ("simdc verify lenet5 --hw HI1 >&-", 1, "simdc: standard output is closed; name a file with -o\n"),
    ],
)
def test_streams_that_are_closed_or_full(command: str, code: int, says: str) -> None:
    ended, said = shell(command)
    assert (ended, said[: len(says) or None]) == (code, says)


@pytest.mark.parametrize("arguments", ["--list ops", "--help", "lenet5 --hw HI1 --emit-ir"])
def test_a_pipe_without_a_reader(arguments: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "simdc", *arguments.split()]
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, timeout=120, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(28, "No space left on device", "journal"), "journal: No space left on device\n"),
        (OSError(5, "Input/output error"), "simdc: Input/output error\n"),
        (RecursionError("maximum recursion depth"), "simdc: the input nests too deeply\n"),
        (MemoryError(), "simdc: there is not enough memory for this input\n"),
    ],
)
def test_what_nobody_else_catches(
    error: BaseException, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fall(_: object) -> int:
        raise error

    monkeypatch.setattr("simdc.commands.cost_report.run", fall)
    assert main(["lenet5", "--hw", "HI1"]) == 1
    assert capsys.readouterr().err == says
