"""Several batches on one command line: a row each, equal to runs of their own."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from simdc.cli import main
from simdc.commands import batch_line, compiled
from tests.frontends.test_token_runs import decoder
from tests.ir.networks import written

IMAGES = """
network n(x: 3x9x9) {
  x = conv(x, 6, 3, pad=1, name="first") -> bn -> relu -> maxpool(2)
  x = conv(x, 6, 3, pad=1, groups=6, name="deep") -> relu
  return flatten(x) -> fc(5) -> softmax
}
"""
NUMBERS = ("cycles", "energy_j", "dram_bytes", "macs", "of_peak", "tokens_per_s", "inputs_per_s", "power_w", "uncosted")


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    assert main([*words, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)["runs"]


def numbers(run: dict[str, object]) -> list[object]:
    return [run[name] or 0 for name in NUMBERS]


def alone(capsys: pytest.CaptureFixture[str], path: str, batch: int, *words: str) -> dict[str, object]:
    """Beside another machine, so that it is a row."""
    return rows(capsys, path, *words, "--hw", "nv_small" if "nvdla" in words else "HI2", "--batch", str(batch))[0]


@pytest.mark.parametrize(
    "words",
    [
        ("--hw", "HI1"),
        ("--hw", "HI3", "--form", "deep=array"),
        ("--hw", "HT1", "--train"),
        ("--hw", "HI1", "--set", "stores_padding=false"),
        ("--hw", "HI1", "--tiling", "greedy"),
        ("--hw", "nv_small", "--model", "nvdla"),
    ],
)
def test_each_batch_is_a_run_of_its_own(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, IMAGES)
    found = rows(capsys, path, *words, "--batch", "1:6")
    assert [run["batch"] for run in found] == [1, 2, 3, 4, 5, 6]
    for run in found[1:5]:
        single = alone(capsys, path, int(str(run["batch"])), *words)
        assert numbers(run) == pytest.approx(numbers(single), rel=1e-12)


def test_a_language_model_decodes_for_several_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, words = written(tmp_path, decoder()), ("--hw", "HI1", "--decode", "--context", "5")
    for run in rows(capsys, path, *words, "--batch", "1,2,3,7,8")[1:]:
        single = alone(capsys, path, int(str(run["batch"])), *words)
        assert numbers(run) == pytest.approx(numbers(single), rel=1e-12)


def test_what_lies_on_a_line_is_not_compiled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[int]()

    def note(module: ModuleType) -> None:
        made = module.compiled

        def noted(arguments: object, *others: object) -> object:
            asked.append(vars(arguments)["batch"])
            return made(arguments, *others)

        monkeypatch.setattr(module, "compiled", noted)

    note(batch_line)
    note(compiled)
    path = written(tmp_path, IMAGES)
    rows(capsys, path, "--hw", "HI1", "--batch", "1,3,5,6,9")
    assert asked == [1, 3, 9]
    asked.clear()
    rows(capsys, path, "--hw", "HI1", "--batch", "1,3,5,6")
    assert asked == [1, 3, 5, 6]


def test_the_table_names_each_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, IMAGES)
    assert main([path, "--hw", "HI1", "--batch", "1,8"]) == 0
    text = capsys.readouterr().out
    assert "ratios are to the same machine with n in batch 1" in text
    assert "n, batch 1 " in text
    assert "n, batch 8 " in text
    assert main([path, "--hw", "HI1", "--hw", "HI2", "--batch", "2,4"]) == 0
    text = capsys.readouterr().out
    assert "ratios are to the same network on HI1 in the same batch" in text
    assert text.count("1.000") >= 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("8,2", "--batch: batches must rise, got 8,2"),
        ("8:2", "--batch: a range goes from less to more, got 8:2"),
        ("1,two", "--batch: expected 1 to 1000000000 inputs, got 'two'"),
        ("1:30000:1", "--batch: 30000 batches are more than 20000; take a step, as in 1:30000:64"),
        ("two", "--batch: expected 1 to 1000000000 inputs, got 'two'"),
    ],
)
def test_what_is_no_batch(given: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([written(tmp_path, IMAGES), "--hw", "HI1", "--batch", given]) == 2
    assert message in capsys.readouterr().err
    assert main([written(tmp_path, IMAGES), "--hw", "HI1", "--batch", "2,4", "--layers"]) == 2
    assert "--layers goes with one network on one machine" in capsys.readouterr().err
