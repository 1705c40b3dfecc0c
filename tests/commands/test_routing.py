"""Costs by how experts are routed: one run says what three runs of the network, each routed another way, would."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest

import simdc
from simdc.cli import main
from simdc.frontends.dsl import parse_dsl
from simdc.ir.network import network_of
from simdc.ir.routing import ExpertPlace, mixtures_of, places_of
from tests.ir.networks import written

SCHEMA = json.loads((Path(simdc.__file__).parent / "backends/report/cost.schema.json").read_text())
ROUTINGS = ("best", "balanced", "worst")
# Two mixtures alike and one of another kind, whose sums go to a sum, a norm and a product.
TEXT = """
network n(x: TOKENSx16) {
  y = add(x, moe(x, experts=EXPERTS, active=ACTIVE, hidden=24, HOW name="one"))
  z = rms_norm(moe(y, experts=EXPERTS, active=ACTIVE, hidden=24, HOW name="two"))
  return fc(moe(z, experts=3, active=1, hidden=9, routing="ROUTING", name="three"), 5, name="head")
}
"""


def text(tokens: int, experts: int, active: int, how: str, routing: str = "balanced") -> str:
    words = {"TOKENS": tokens, "EXPERTS": experts, "ACTIVE": active, "HOW": how, "ROUTING": routing}
    made = TEXT
    for word, value in words.items():
        made = made.replace(word, str(value))
    return made


def report(capsys: pytest.CaptureFixture[str], path: str, *words: str, machine: str = "HI3") -> dict[str, Any]:
    assert main([path, "--hw", machine, *words, "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    return data


def of_run(data: dict[str, Any]) -> tuple[int, int, float]:
    totals = data["totals"]
    return totals["cycles"]["total"], totals["dram_bits"]["total"], totals["energy_pj"]["total"]


def test_every_routing_is_a_run_of_the_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever way the file states, and however many experts that reaches: from one to all."""
    random = Random(5)
    cases = [(1, 4, 2), (3, 1, 1), (2, 6, 1), (random.randint(20, 40), 5, random.randint(2, 4))]
    for tokens, experts, active in cases:
        machine, words = random.choice(("HI1", "HI3")), ["--batch", str(random.choice((1, 2)))]
        runs: dict[str, tuple[int, int, float]] = {}
        said: list[dict[str, Any]] = []
        for routing in ROUTINGS:
            path = written(tmp_path, text(tokens, experts, active, f'routing="{routing}",', routing))
            data = report(capsys, path, *words, machine=machine)
            runs[routing] = of_run(data)
            said.append(data["routing"])
        for found in said:
            for routing, (cycles, dram_bits, energy) in runs.items():
                assert (found[routing]["cycles"], found[routing]["dram_bits"]) == (cycles, dram_bits)
                assert found[routing]["energy_pj"] == pytest.approx(energy, rel=1e-12)


@pytest.mark.parametrize(
    "words",
    [
        ["--tiling", "greedy"],
        ["--tiling", "search", "--objective", "dram", "--search-steps", "200"],
        ["--form", "two.softmax=streamed"],
        ["--set", "systolic.widths.weight_bits=4"],
    ],
)
def test_options_hold_for_every_routing(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(capsys, written(tmp_path, text(12, 4, 2, "")), *words)["routing"]
    other = report(capsys, written(tmp_path, text(12, 4, 2, 'routing="worst",', "worst")), *words)
    assert (found["worst"]["cycles"], found["worst"]["dram_bits"]) == of_run(other)[:2]
    assert found["stated"] == "balanced"
    assert other["routing"] == {**found, "stated": "worst"}


def test_tokens_that_are_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No way that has a name: the run itself is beside the three."""
    data = report(capsys, written(tmp_path, text(6, 4, 2, "tokens_per_expert=[6, 3, 2, 1],")))
    assert data["routing"]["stated"] == "given"
    plain = report(capsys, written(tmp_path, text(6, 4, 2, "")))
    assert data["routing"]["balanced"]["cycles"] == of_run(plain)[0]
    assert main([written(tmp_path, text(6, 4, 2, "")), "--hw", "HI3"]) == 0
    table = capsys.readouterr().out
    assert "routing of experts" in table
    assert "balanced (stated)" in table


def test_ir_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, text(7, 4, 2, ""))
    expected = report(capsys, path)["routing"]
    assert main([path, "--hw", "HI3", "--emit-ir", "-o", str(tmp_path / "n.mlir")]) == 0
    assert report(capsys, str(tmp_path / "n.mlir"))["routing"] == expected


def test_what_has_no_routings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A network without experts, a training step, passes of one's own, and a model that does not price experts."""
    path = written(tmp_path, text(6, 4, 2, ""))
    own = "simdc-assign-widths,simdc-split-units,simdc-legalize-tiling,simdc-annotate-cost"
    for words in (["--train"], ["-p", own], ["--model", "simdit"]):
        assert "routing" not in report(capsys, path, *words), words
    assert "routing" not in report(capsys, written(tmp_path, "network n(x: 4x3) { return fc(x, 2) }"))


def test_places_by_hand() -> None:
    assert places_of((3, 0, 2, 1)) == [
        ExpertPlace(3, True, False),
        ExpertPlace(2, False, False),
        ExpertPlace(1, False, True),
    ]
    assert places_of((0, 5)) == [ExpertPlace(5, True, True)]


def test_layers_of_experts() -> None:
    """Rows are picked, four layers on them, shares are picked, weigh the rows, and these are added up."""
    network = network_of(parse_dsl(text(6, 4, 2, "tokens_per_expert=[6, 0, 5, 1],"), "n.dsl", 1))
    one, two, three = mixtures_of(network)
    assert [each.counts for each in (one, two, three)] == [(6, 5, 1), (6, 5, 1), (2, 2, 2)]
    kinds = [op.name.removeprefix("simdc.") for op in one.experts[1].layers]
    assert kinds == ["gather", "linear", "linear", "gated", "linear", "gather", "multiply", "scatter_add"]
    assert {op.layer.data.rpartition(".")[0] for op in one.experts[1].layers} == {"one.expert2"}
    # An expert of which a layer is missing is none.
    scatter = one.experts[2].layers[-1]
    scatter.results[0].replace_all_uses_with(scatter.operands[2])
    scatter.detach()
    assert not mixtures_of(network)
