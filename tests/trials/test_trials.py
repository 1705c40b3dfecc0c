"""Small inputs of the kinds that people have: files of other tools, bug reports of other tools, networks that a person
would build. `cases.json` says for each what must hold (`check`), and how it was worked out (`why`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simdc.cli import main
from simdc.frontends import load_network
from simdc.ir.base import shape_of
from simdc.ir.network import network_of

FOLDER = Path(__file__).parent / "cases"
LATER = {
    "csv-gemm-as-conv": "a filter as wide as the image lies along one loop of the array only",
}
"""Cases that are known to fail, and why."""
CASES: list[dict[str, Any]] = json.loads((FOLDER.parent / "cases.json").read_text(encoding="utf-8"))


def command(case: dict[str, Any]) -> list[str]:
    machine = case["hw"]
    return [
        str(FOLDER / case["file"]),
        "--hw",
        str(FOLDER / machine) if "/" in machine else machine,
        *case.get("args", []),
    ]


def result_shapes(case: dict[str, Any]) -> list[list[int]]:
    last = network_of(load_network(str(FOLDER / case["file"]), None)).body.block.last_op
    assert last is not None
    return [list(shape_of(value)) for value in last.operands]


def holds(check: dict[str, Any], report: dict[str, Any], case: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What was found and what was wanted, where the two differ."""
    totals = report["totals"]
    found = {
        "mac": totals["ops"].get("mac", 0),
        "params": report["network"]["parameters"],
        "folded": bool(report["coverage"]["folded"]),
        "ifmap_bits": totals["dram_bits"]["ifmap"],
        "reads": True,
        "or_refuse": check.get("or_refuse"),
    }
    wrong = {name: (found[name], wanted) for name, wanted in check.items() if name in found and found[name] != wanted}
    if "atmost" in check and totals["cycles"]["total"] > check["atmost"]:
        wrong["atmost"] = (totals["cycles"]["total"], check["atmost"])
    if "shape" in check and check["shape"] not in result_shapes(case):
        wrong["shape"] = (result_shapes(case), check["shape"])
    assert check.keys() <= {*found, "atmost", "shape"}, f"nobody looks at {check}"
    return wrong


@pytest.mark.parametrize("case", [case for case in CASES if case["id"] not in LATER], ids=lambda case: case["id"])
def test_case(case: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    check = case["check"]
    if "verify" in check:
        assert main(["verify", *command(case)]) == 0, capsys.readouterr().out
        return
    code = main([*command(case), "--format", "json"])
    out, err = capsys.readouterr()
    if "refuse" in check:
        assert code == 1
        assert all(word in err for word in check["refuse"]), err
        assert not out
    elif code:
        assert "or_refuse" in check, err
        assert all(word in err.lower() for word in check["or_refuse"])
    else:
        assert not holds(check, json.loads(out), case), case["why"]


@pytest.mark.parametrize("case", [case for case in CASES if case["id"] in LATER], ids=lambda case: case["id"])
@pytest.mark.xfail(strict=True, reason="known: see LATER")
def test_case_that_is_known_to_fail(case: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """When one of these holds, it moves up."""
    assert main([*command(case), "--format", "json"]) == 0
    assert not holds(case["check"], json.loads(capsys.readouterr().out), case)


def test_the_cases_that_fail_are_there() -> None:
    assert {case["id"] for case in CASES} >= LATER.keys()
