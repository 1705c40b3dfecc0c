"""Machines that are refused, by what is at fault: no text of an error decides what belongs together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simdc.cli import main
from simdc.cost import ExactModel, Hardware, Kernel, Tiling, TilingError
from simdc.cost.model_table import MODELS
from simdc.cost.tiling import Need


class Picky(ExactModel):
    """Refuses every layer on 8 and 16 lanes, in words that differ; with 32 lanes a memory is what is too small."""

    name = "picky"

    def greedy(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        lanes = hardware.simd.lanes
        if lanes < 32:
            raise TilingError(f"{lanes} lanes are no number of lanes for me")
        if lanes == 32:
            raise TilingError("too little", need=Need("vector memory", "simd.vmem_bits", 2, 1))
        return super().greedy(kernel, hardware)

    def default(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        return self.greedy(kernel, hardware)


def explore(tmp_path: Path, lanes: list[int], *more: str) -> int:
    space = {"schema": "simdc-space/1", "base": "HI1", "fields": {"simd.lanes": lanes}}
    (tmp_path / "space.json").write_text(json.dumps(space), "utf-8")
    (tmp_path / "n.dsl").write_text("network n(x: 3x8x8) {\n  return relu(x)\n}", "utf-8")
    arguments = ["explore", str(tmp_path / "n.dsl"), "--space", str(tmp_path / "space.json"), "--model", "picky"]
    return main([*arguments, "-q", *more])


@pytest.mark.parametrize("tiling", ["default", "greedy"])
def test_errors_without_a_buffer_are_one_reason_whatever_they_say(
    tiling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(MODELS, "picky", "tests.explore.test_refusals:Picky")
    assert explore(tmp_path, [8, 16, 32, 64], "--tiling", tiling, "--format", "json") == 0
    machines = json.loads(capsys.readouterr().out)["machines"]
    assert machines["compared"] == 1
    assert machines["infeasible"] == [
        {"layer": "relu1", "buffer": "", "machines": 2},
        {"layer": "relu1", "buffer": "vector memory", "machines": 1},
    ]


def test_people_are_told_what_is_at_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(MODELS, "picky", "tests.explore.test_refusals:Picky")
    texts = (
        "2 are infeasible: no tiling of 'relu1' that the model prices; `simdc cost` on one of them says why",
        "1 are infeasible: vector memory too small for 'relu1'",
    )
    assert explore(tmp_path, [8, 16, 32, 64]) == 0
    assert set(texts) <= set(capsys.readouterr().out.splitlines())
    assert explore(tmp_path, [8, 16, 32]) == 1
    assert f"none of 3 machines is left: {'; '.join(texts)}" in capsys.readouterr().err
