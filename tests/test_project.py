"""What the project says of itself in several files is the same in all of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest

import simdc
from tests.same_reports import differing

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# They read the source and are not run by the tests.
READERS = {"ruff", "basedpyright"}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def number(version: str) -> list[int]:
    """`0.66.0` and `0.66` are the same version."""
    parts = [int(part) for part in version.split(".")]
    return parts + [0] * (3 - len(parts))


def test_the_oldest_versions_tested_are_the_oldest_admitted() -> None:
    admitted: dict[str, list[int]] = {}
    for requirement in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]:
        found = re.match(r"([\w-]+)>=([\d.]+)", requirement)
        assert found, requirement
        admitted[found[1]] = number(found[2])
    tested = dict(re.findall(r"^(\S+)==(\S+)$", text_of("tests/oldest.txt"), re.MULTILINE))
    assert {name: number(pinned) for name, pinned in tested.items()} == {
        name: lowest for name, lowest in admitted.items() if name not in READERS
    }


def test_the_version_is_written_once() -> None:
    assert "version" in PROJECT["dynamic"]
    assert "version" not in PROJECT
    assert version("simdc") == simdc.__version__
    assert f"\nversion: {simdc.__version__}\n" in text_of("CITATION.cff")
    assert f"\n## [{simdc.__version__}]" in text_of("CHANGELOG.md")


def test_the_package_says_that_it_is_typed() -> None:
    # A script of a user then sees the types, as `make wheel` checks on the wheel itself.
    assert (files("simdc") / "py.typed").is_file()
    done = subprocess.run(
        [sys.executable, ROOT / "tests/typed_user.py"], capture_output=True, text=True, check=True, timeout=60
    )
    assert re.fullmatch(r"16 lanes: [\d,]+ cycles\n32 lanes: [\d,]+ cycles\n", done.stdout)


def test_the_matrix_of_ci_has_every_python_that_is_named() -> None:
    tested = re.search(r"python: \[(.*)\]", text_of(".github/workflows/ci.yml"))
    assert tested
    versions = re.findall(r"[\d.]+", tested[1])
    assert PROJECT["requires-python"] == f">={versions[0]}"
    named = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
    # A version is named in pyproject.toml once the tests have passed under it.
    assert named == versions[: len(named)]
    assert named


def test_make_dev_installs_every_extra() -> None:
    (extras,) = re.findall(r"^ALL_EXTRAS := (.*)$", text_of("Makefile"), re.MULTILINE)
    assert set(extras.split(",")) == PROJECT["optional-dependencies"].keys()


def test_targets_that_are_named_are_there() -> None:
    targets = set(re.findall(r"^([\w-]+):", text_of("Makefile"), re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md", ".github/workflows/ci.yml", ".github/pull_request_template.md"):
        found = set(re.findall(r"(?:^|run: |`)make ([a-z-]+)", text_of(name), re.MULTILINE))
        assert found, name
        assert found <= targets, name


def test_hooks_are_the_checks_of_make_lint() -> None:
    (recipe,) = re.findall(r"^lint: .*\n((?:\t.*\n)+)", text_of("Makefile"), re.MULTILINE)
    checks = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()]
    plain = [re.sub(r" (--check|--quiet|\.)(?= |$)", "", line) for line in checks]
    hooks = re.findall(r"entry: (.*)$", text_of(".pre-commit-config.yaml"), re.MULTILINE)
    # A hook mends what it can.
    assert [hook.replace(" --fix", "") for hook in hooks] == plain


def test_reports_that_differ_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, now = tmp_path / "before", tmp_path / "now"
    for folder, cycles in ((before, 14), (now, 15)):
        folder.mkdir()
        (folder / "same").write_text("1\n2\n", encoding="utf-8")
        (folder / "other").write_text(f'{{\n "stall": {cycles}\n}}', encoding="utf-8")
    assert differing(before, now) == ["other"]
    assert '- "stall": 14\n+ "stall": 15\n' in capsys.readouterr().out


def test_a_new_field_of_the_machine_is_named_and_no_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, now = tmp_path / "before", tmp_path / "now"
    for folder, more in ((before, {}), (now, {"lanes": 4})):
        folder.mkdir()
        for name, cycles in (("same", 14), ("other", 14 + len(more))):
            report = {"hardware": {"name": "m", "simd": {"width": 8, **more}}, "cycles": cycles}
            (folder / name).write_text(json.dumps(report, indent=1), encoding="utf-8")
    assert differing(before, now) == ["other"]
    said = capsys.readouterr().out
    assert "new: hardware.simd.lanes" in said
    assert said.count("lanes") == 1
