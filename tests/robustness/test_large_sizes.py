"""Huge dimensions and batches: whole numbers, exact to the last digit, or a message."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from simdc.cli import main
from tests.ir.networks import written

SMALL = "network n(x: 3x32x32) { return x -> conv(16, 3, pad=1) -> relu -> maxpool(2) -> global_avgpool -> fc(10) }"
IMAGE_MACS = 16 * 3 * 9 * 32 * 32 + 16 * 10
EDGE = 2**31


def report(capsys: pytest.CaptureFixture[str], folder: Path, text: str, *arguments: str) -> dict[str, Any]:
    begin = time.process_time()
    assert main([written(folder, text), "--hw", "HI3", "--format", "json", *arguments]) == 0
    assert time.process_time() - begin < 20
    data = json.loads(capsys.readouterr().out)
    for layer in data["layers"]:
        for record in ("cycles", "dram_bits", "sram_bits", "ops", "busy_cycles"):
            assert all(type(value) is int and value >= 0 for value in layer[record].values())
    return data


@pytest.mark.parametrize("batch", [10**6, 10**9])
@pytest.mark.parametrize("padding", ["true", "false"])
def test_batches(batch: int, padding: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    flags = ("--batch", str(batch), "--set", f"stores_padding={padding}")
    data = report(capsys, tmp_path, SMALL, *flags)
    assert data["totals"]["ops"]["mac"] == batch * IMAGE_MACS
    relu = next(layer for layer in data["layers"] if layer["op"] == "relu")
    channels = 64 if padding == "true" else 16
    assert relu["dram_bits"]["ofmap"] == batch * channels * 32 * 32 * 32
    report(capsys, tmp_path, SMALL, "--train", *flags)


@pytest.mark.parametrize(
    ("shape", "layer", "macs"),
    [
        (f"{EDGE}", "fc(x, 65536, bias=false)", EDGE * 65536),
        (f"{EDGE}x1x1", "conv(x, 16, 1)", EDGE * 16),
        (f"1x{EDGE}x1", "conv(x, 3, [3, 1], pad=[1, 0, 1, 0])", EDGE * 9),
        (f"1x1x{EDGE}", "conv(x, 3, 1, stride=2)", EDGE // 2 * 3),
        ("1x65536x65536", "conv(x, 4, 3, pad=1)", 2**32 * 36),
    ],
)
@pytest.mark.parametrize("padding", ["true", "false"])
def test_dimensions_of_two_thousand_million(
    shape: str, layer: str, macs: int, padding: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = f"network n(x: {shape}) {{ return {layer} -> relu }}"
    data = report(capsys, tmp_path, text, "--set", f"stores_padding={padding}")
    assert data["totals"]["ops"]["mac"] == macs


@pytest.mark.parametrize("pool", ["maxpool([2, 1])", "avgpool([3, 1])", "avgpool([3, 1], pad=[1, 0])", "lrn", "bn"])
def test_vector_programs_over_two_thousand_million(
    pool: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    report(capsys, tmp_path, f"network n(x: 1x{EDGE}x1) {{ return x -> {pool} }}")


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ("3x0x32", "relu(x)"),
        ("0", "fc(x, 1)"),
        ("3x8x8", "conv(x, 0, 1)"),
        ("3x8x8", "conv(x, 4, 0)"),
        ("3x8x8", "conv(x, 4, 9)"),
        ("3x8x8", "maxpool(x, 2, stride=0)"),
        (f"{EDGE}x{EDGE}x{EDGE}", "relu(x)"),
        (f"{EDGE}", f"fc(x, {EDGE})"),
        ("3x8x8", f"conv(x, 4, 3, pad={2**40})"),
    ],
)
def test_sizes_that_are_refused(shape: str, layer: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    net = written(tmp_path, f"network n(x: {shape}) {{ return {layer} }}")
    for arguments in ((), ("--train",)):
        assert main([net, "--hw", "HI3", *arguments]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(f"{net}:1:")
