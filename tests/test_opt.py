"""`simdc-opt`, and what xDSL's own tools see of simdc."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from xdsl.universe import XDSL_UNIVERSE

from simdc.cli import main as simdc
from simdc.ir.dialect import Simdc
from simdc.opt import main
from simdc.passes import PASSES
from simdc.passes.pipeline import default_passes
from simdc.universe import UNIVERSE, make_universe
from tests.distributions import install, visible
from tests.ir.networks import written

DSL = "network n(x: 3x8x8) {\n  return x -> conv(4, 3) -> bn -> relu\n}\n"


@pytest.fixture
def ir(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The network as it is read, with its locations."""
    assert simdc([written(tmp_path, DSL), "-p", "", "--emit-ir", "--locations"]) == 0
    return written(tmp_path, capsys.readouterr().out, "net.mlir")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return said.err


def test_runs_passes_over_ir(ir: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, ir, "-p", "simdc-fold-batch-norm,simdc-split-units")
    assert 'folded = ["bn1"]' in text
    assert text.count("#simdc.unit<") == 2
    assert f'loc("{Path(ir).with_suffix(".dsl")}":2:15)' in run(capsys, ir, "--print-debuginfo")


def test_takes_networks_and_a_machine_and_gives_what_simdc_gives(ir: str, capsys: pytest.CaptureFixture[str]) -> None:
    network = str(Path(ir).with_suffix(".dsl"))
    pipeline = ",".join(step.name for step in default_passes("exact"))
    assert simdc([network, "--hw", "HI2", "--emit-ir"]) == 0
    expected = unsigned(capsys.readouterr().out)
    for source in (network, ir):
        assert unsigned(run(capsys, source, "--hw", "HI2", "-p", pipeline)).rstrip() == expected.rstrip()


def unsigned(text: str) -> str:
    """Without the command and the files that made it, which are the command line's to say."""
    return re.sub(r"(, )?simdc\.provenance = \[\{.*?\}\]\}\](, )?", lambda found: (found[1] and found[2]) or "", text)


def test_generic_form_and_passes_of_xdsl(ir: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert '"simdc.relu"(' in run(capsys, ir, "--print-op-generic", "-p", "canonicalize")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-p", "none-such"), "simdc-opt: -p: there is no pass 'none-such'; simdc --list passes shows ours"),
        (
            ("-p", "simdc-assign-width"),
            "simdc-opt: -p: there is no pass 'simdc-assign-width'; did you mean 'simdc-assign-widths'?",
        ),
        (("-p", "simdc-assign-widths{rule=wide}"), "simdc-opt: -p: "),
        (("-p", "simdc-split-units{"), "simdc-opt: "),
        (("-p", "simdc-assign-widths"), "simdc-opt: the module has no 'simdc.hardware' attribute"),
        (("--hw", "HI9"), "simdc-opt: there is no file or preset 'HI9'"),
    ],
)
def test_what_is_wrong_is_said(
    arguments: tuple[str, ...], says: str, ir: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failure(capsys, ir, *arguments).startswith(says)


def test_wrong_text_is_shown_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "builtin.module {\n  simdc.none_such\n}\n", "net.mlir")
    assert f"{path}:2:" in failure(capsys, path)
    assert "net.missing" in failure(capsys, str(tmp_path / "net.missing"))


def test_universe_has_the_dialect_and_every_pass() -> None:
    assert UNIVERSE.all_dialects["simdc"]() is Simdc
    assert {name: factory().name for name, factory in UNIVERSE.all_passes.items()} == dict(
        zip(PASSES, PASSES, strict=True)
    )
    # xDSL ends with a traceback when two universes have something of one name.
    assert not UNIVERSE.all_passes.keys() & XDSL_UNIVERSE.all_passes.keys()
    assert not UNIVERSE.all_dialects.keys() & XDSL_UNIVERSE.all_dialects.keys()


def test_universe_survives_a_broken_plugin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points = {"simdc.passes": {"absent": "p_absent:Pass"}, "simdc.ops": {"gone": "p_gone:DIALECT"}}
    install(tmp_path / "site", "bad-one", points)
    with visible(tmp_path / "site"):
        universe = make_universe()
        assert {"absent", *PASSES} == universe.all_passes.keys()
        assert list(universe.all_dialects["gone"]().operations) == []
    assert "'gone' (simdc.ops) of bad-one 1.5 is left out: ModuleNotFoundError" in capsys.readouterr().err
