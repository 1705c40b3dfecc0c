"""`simdc grow`: what the steps say, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simdc.cli import main

NET = "network n(x: 8x32x32) { return x -> conv(64, 3, pad=1) -> softmax }\n"


@pytest.fixture
def net(tmp_path: Path) -> str:
    path = tmp_path / "n.dsl"
    path.write_text(NET)
    return str(path)


# 8 x 1 granules of channels, 9 places of the window, 1,024 pixels: 73,728 cycles of the array at levels up to 3, more
# than 8 * 11 * 1,024 / 8 of the port. Twice the rate halves them.
def test_steps_as_json(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grow", net, "--hw", "nv_small", "--model", "nvdla{level=1}", "--steps", "2", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "simdc-growth/1"
    first, second, third = data["steps"]
    assert (first["doubled"], first["cycles"], first["uncosted"]) == ([], 73_728, ["softmax1"])
    assert (second["doubled"], second["cycles"]) == (["units.conv.rate_per_cycle"], 36_864)
    assert third["cycles"] == 18_432
    assert first["bound_cycles"] == {"mac": 73_728}
    assert data["provenance"]["command"].startswith("simdc grow ")


def test_steps_as_a_table(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grow", net, "--hw", "nv_small", "--model", "nvdla{level=1}", "--steps", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "n, growing nv_small under the model nvdla{level=1}"
    assert lines[4].split() == ["0", "-", "73,728", "1.00", "mac", "100%"]
    assert lines[5].split() == ["1", "units.conv.rate_per_cycle", "36,864", "2.00", "mac", "100%"]
    assert "NOT COSTED, missing from every sum: softmax1" in lines


def test_a_picture(net: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "growth.svg"
    assert main(["grow", net, "--hw", "nv_small", "--model", "nvdla", "--plot", str(path), "-o", "-"]) == 0
    assert path.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--hw", "HI1", "--model", "exact"], 1, "HI1 has arrays; simdc explore varies them"),
        (["--hw", "nv_small", "--model", "exact"], 1, "'exact' takes a machine with a systolic"),
        (["--hw", "nv_small"], 2, "--model"),
        (["--hw", "nv_small", "--model", "nvdla", "--steps", "0"], 2, "--steps must be from 1 to 64, got 0"),
        (["--hw", "nv_small", "--model", "nvdlo"], 1, "did you mean 'nvdla'"),
        (["--hw", "nv_small", "--model", "nvdla", "--set", "memories.cbuf.capacity_bits=64"], 1, "buffer"),
    ],
)
def test_what_is_refused(
    arguments: list[str], code: int, message: str, net: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["grow", net, *arguments]) == code
    assert message in capsys.readouterr().err
