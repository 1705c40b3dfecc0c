"""`simdc compare`: the released SimDIT's own numbers for some layers of ResNet-50 on HI3 beside ours."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from simdc.cli import main
from tests.ir.networks import written

SQUARE = {"KH": 1, "KW": 1, "N": 1, "S": 1}
RELEASE: dict[str, Any] = {
    "net": "resnet50_inference",
    "hw": "HI3",
    "batch": 1,
    "layers": [
        # Not in the order of our network: what belongs together is told by kind and sizes.
        {"op": "gemm", "dims": {"OH": 1, "OW": 1, "OC": 1024, "IC": 2048, **SQUARE},
         "sram": {"WBUF": 16_777_216, "IBUF": 262_144, "OBUF": 2_064_384, "BBUF": 32_768},
         "dram": {"filter": 16_777_216, "ifmap": 131_072, "ofmap": 32_768, "psum": 0, "bias": 32_768},
         "compute": 1_520, "stall": 31_510},
        {"op": "conv_bias", "dims": {"OH": 112, "OW": 112, "OC": 64, "IC": 64, "KH": 7, "KW": 7, "N": 1, "S": 2},
         "sram": {"WBUF": 20_866_793_472, "IBUF": 314_703_872, "OBUF": 2_491_940_864, "BBUF": 25_690_112},
         "dram": {"filter": 1_605_632, "ifmap": 32_895_441.1966759, "ofmap": 25_690_112, "psum": 0, "bias": 2_048},
         "compute": 619_035, "stall": 4_584},
        {"op": "relu", "dims": {"OH": 112, "OW": 112, "IH": 112, "IW": 112, "OC": 64, **SQUARE},
         "sram": {"VMEM": 51_380_224, "IMM": 401_408, "InsMem": 401_408},
         "dram": {"ifmap": 25_690_112, "ofmap": 25_690_112}, "compute": 13_632, "stall": 100_352},
        {"op": "max_pool", "dims": {"OH": 56, "OW": 56, "OC": 64, "KH": 3, "KW": 3, "N": 1, "S": 2},
         "sram": {"VMEM": 168_591_360, "IMM": 0, "InsMem": 903_168},
         "dram": {"ifmap": 27_557_888, "ofmap": 1_605_632}, "compute": 29_312, "stall": 56_960},
        {"op": "relu", "dims": {"OH": 5, "OW": 5, "OC": 64, **SQUARE}, "sram": {}, "dram": {},
         "compute": 0, "stall": 0},
    ],
}  # fmt: skip


def compared(capsys: pytest.CaptureFixture[str], path: str, *options: str) -> str:
    assert main(["compare", "resnet50", "--hw", "HI3", "--with", path, *options]) == 0
    return capsys.readouterr().out


def rows(text: str) -> dict[str, list[str]]:
    """Cells of the rows by the name of our layer."""
    table = text.split("\n\n")[1].splitlines()[2:]
    return {line.split()[0]: line.split()[1:] for line in table}


@pytest.fixture
def result(tmp_path: Path) -> str:
    return written(tmp_path, json.dumps(RELEASE), "simdit.json")


def test_model_simdit_has_the_numbers_of_the_release(result: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = compared(capsys, result, "--model", "simdit")
    title, table, ours_only, theirs_only, _ = text.rstrip().split("\n\n")
    assert title == "resnet50 on HI3, batch 1, model simdit; SimDIT: resnet50_inference on HI3, batch 1"
    heads = table.splitlines()[0]
    for measure in ("compute [cycle]", "stall [cycle]", "DRAM [KiB]", "SRAM [KiB]"):
        assert f"{measure}" in heads
    found = rows(text)
    assert found["conv1"][:8] == ["1", "conv_bias", "619,035", "619,035", "1.000", "4,584", "4,584", "1.000"]
    # 60,193,233.2 bits of DRAM are 7,347.8 KiB.
    assert found["conv1"][8:11] == ["7,347.8", "7,347.8", "1.000"]
    assert set(found) == {"conv1", "relu", "maxpool", "fc", "all"}
    for cells in found.values():
        assert cells.count("1.000") == 4
    assert ours_only.startswith("not in the SimDIT result: layer1.0.conv1 (conv2d), layer1.0.relu1 (relu), ")
    assert ": conv1 " not in ours_only
    assert ours_only.count(", ") == 121 - 4 - 1
    assert theirs_only == "only in the SimDIT result: 4 relu (OH=5 OW=5 OC=64 KH=1 KW=1 N=1 S=1)"


def test_ratios_are_ours_to_theirs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doubled = deepcopy(RELEASE)
    doubled["layers"][2] |= {"compute": 2 * 13_632, "stall": 0}
    path = written(tmp_path, json.dumps(doubled), "simdit.json")
    cells = rows(compared(capsys, path, "--model", "simdit"))["relu"]
    assert cells[2:8] == ["13,632", "27,264", "0.500", "100,352", "0", "-"]


def test_nothing_in_common(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, json.dumps({"layers": RELEASE["layers"][-1:]}), "simdit.json")
    text = compared(capsys, path)
    assert "; SimDIT: unnamed on unnamed, batch unnamed\n\nno layer is in both\n\n" in text


def test_writes_a_file(result: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = compared(capsys, result)
    assert compared(capsys, result, "-o", str(tmp_path / "table.txt")) == ""
    assert (tmp_path / "table.txt").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"layers": None}, "layers: must be a list, got null"),
        ({"layers": [{"op": "relu"}]}, "layers[0].dims: missing"),
        ({"layers": [{**RELEASE["layers"][2], "compute": "many"}]}, 'layers[0].compute: must be a number, got "many"'),
        ({"layers": [{**RELEASE["layers"][2], "dims": {"N": 0}}]}, "layers[0].dims.N: must be a positive whole"),
        ({"layers": [{**RELEASE["layers"][2], "dram": {"ifmap": True}}]}, "layers[0].dram.ifmap: must be a number"),
    ],
)
def test_a_result_that_is_none(
    change: dict[str, Any], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, json.dumps(RELEASE | change), "simdit.json")
    assert main(["compare", "resnet50", "--hw", "HI3", "--with", path]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{path}: {says}")


@pytest.mark.parametrize(
    ("options", "says"),
    [(("--with", "none.json"), "choose a machine"), (("--hw", "HI3", "--with", "n", "--model", "x"), "--model: there")],
)
def test_what_is_missing(options: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "resnet50", *options]) == 1
    assert says in capsys.readouterr().err


def test_who_looks_for_a_comparison_of_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "resnet50", "--hw", "HI3"]) == 2
    assert (
        "simdc compare: error: --with FILE is needed, a result of SimDIT; networks and machines"
        in capsys.readouterr().err
    )
