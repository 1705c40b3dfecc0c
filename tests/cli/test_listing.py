"""`simdc --list`: everything that there is, each with what it is and where it is from."""

from __future__ import annotations

import pytest

from simdc.backends.report import REPORTS
from simdc.cli import main
from simdc.commands.list import KINDS
from simdc.commands.listing import KINDS as LISTED
from simdc.cost.model_table import MODELS
from simdc.frontends import FRONT_ENDS
from simdc.frontends.presets import presets
from simdc.ir.dialect import Simdc
from simdc.ir.layer_table import layer_table
from simdc.passes import PASSES
from tests.distributions import visible

THERE_IS = {
    "passes": list(PASSES),
    "models": list(MODELS),
    "ops": [op.name for op in Simdc.operations],
    "layers": list(layer_table()),
    "hardware": list(presets("hardware")),
    "networks": list(presets("networks")),
    "frontends": list(FRONT_ENDS),
    "reports": list(REPORTS),
}


def listed(kind: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["--list", kind]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def test_the_command_line_offers_what_can_be_listed() -> None:
    assert KINDS == list(LISTED) == list(THERE_IS)


@pytest.mark.parametrize("kind", THERE_IS)
def test_lists_all_of_a_kind(
    kind: str, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    with visible(tmp_path_factory.mktemp("site")):
        rows = [line.split("  ", 1) for line in listed(kind, capsys).splitlines()]
    built_in = [(name, rest.split("built in", 1)[1].strip()) for name, rest in rows if "built in" in rest]
    assert [name for name, _ in built_in] == THERE_IS[kind]
    for name, says in built_in:
        assert len(says) > 2, f"{name} says nothing about itself"


def test_an_unknown_kind_is_a_matter_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "wishes"]) == 2
    assert "there is no 'wishes'; there are passes, models" in capsys.readouterr().err


def test_machines_and_networks_are_described(capsys: pytest.CaptureFixture[str]) -> None:
    # How wide the first column is depends on the longest name.
    machines, networks = (listed(kind, capsys).splitlines() for kind in ("hardware", "networks"))
    assert "HI3 built in 64 x 64 PEs, 64 lanes, 0.97 ns" in (" ".join(row.split()) for row in machines)
    assert any(" ".join(row.split()).startswith("lenet5 built in LeNet-5 as Caffe trains it") for row in networks)


def test_layers_are_listed_with_their_typed_options(capsys: pytest.CaptureFixture[str]) -> None:
    rows = listed("layers", capsys).splitlines()
    assert [" ".join(row.split()) for row in rows if row.startswith("matmul ")] == [
        "matmul built in (x, y): The product of matrices or stacks of them, `[..., m, k]` and `[..., k, n]`"
    ]
    (pool,) = [row for row in rows if row.startswith("maxpool ")]
    assert "(x, kernel: pair, stride: pair, pad: border = 0, dilation: pair = 1, ceil_mode: flag = false): " in pool
    (sigmoid,) = [row for row in rows if row.startswith("hardsigmoid ")]
    assert "(x, alpha: number = 1/6, beta: number = 0.5): " in sigmoid
