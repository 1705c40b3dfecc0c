"""Tables VI and VII: what `simdit` must reproduce of the paper and of the release, and that `exact` is explained."""

from __future__ import annotations

import json
from pathlib import Path

import paper_tables
import pytest
from paper_tables import BATCH, PAPER, Numbers, Step, reasons, steps_of, table
from release_program import Quirks, Row, as_released, release_program

import simdc
from simdc.cost import ExactModel, Hardware
from simdc.frontends.simdit_spec import parse_simdit_spec
from simdc.ir.network import network_of
from simdc.ir.unmodelled import UnmodelledOp

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference"

RELEASED_CYCLES = {
    ("resnet50", "HI1"): 28800683.285714287,
    ("resnet50", "HI2"): 10395344.285714285,
    ("resnet50", "HI3"): 4403046.0,
    ("resnet50", "HT1"): 5625219892.857143,
    ("resnet50", "HT2"): 2081951448.7885711,
    ("resnet50", "HT3"): 992512402.25,
    ("resnet18", "HI1"): 11424803.142857144,
    ("resnet18", "HI2"): 4015700.0,
    ("resnet18", "HI3"): 1668104.0,
    ("resnet18", "HT1"): 2050275152.6785715,
    ("resnet18", "HT2"): 749493298.8571429,
    ("resnet18", "HT3"): 345357910.0625,
}
"""Of the released program, and for ResNet-18 of an independent one that equals it on everything released."""
RIGHT_POOLS_CYCLES = {"HT1": 1973331749.6785715, "HT2": 710987378.8571429, "HT3": 326070006.0625}
"""ResNet-18 with the gradients of as many pooling windows as there are."""
# The released program itself is past a rounding edge here, by less than 0.005 points: 59.247 and 41.747 %.
OFF_BY_A_DIGIT = {("resnet50", "HT2", "off_chip"), ("resnet18", "HT1", "off_chip")}


def cycles(step: Step) -> float:
    return 1e6 * sum(step.megacycles())


@pytest.mark.parametrize(("network", "machine"), PAPER)
def test_a_row_of_the_tables(network: str, machine: str) -> None:
    """All that one row shows, for its steps take seconds to work out."""
    hardware = simdc.load_hardware(machine)
    steps = steps_of(network, hardware)
    assert cycles(steps[0]) == pytest.approx(RELEASED_CYCLES[network, machine], rel=1e-9)
    if network == "resnet18" and machine in RIGHT_POOLS_CYCLES:
        assert cycles(steps[1]) == pytest.approx(RIGHT_POOLS_CYCLES[machine], rel=1e-9)
    check_shares(network, machine, steps[0].numbers(hardware))
    check_time_and_energy(network, machine, steps[0].numbers(hardware))
    if machine.startswith("HT"):
        check_corrections(steps)
    if (network, machine) == ("resnet18", "HI2"):
        check_last(steps)
    if (network, machine) == ("resnet50", "HT3"):
        check_text(steps, hardware)


def check_shares(network: str, machine: str, simdit: Numbers) -> None:
    """34 of 36 agree to the printed digit."""
    for share in ("runtime", "on_chip", "off_chip"):
        printed, mine = getattr(PAPER[network, machine], share), getattr(simdit, share)
        assert (f"{mine:.1f}" != f"{printed:.1f}") == ((network, machine, share) in OFF_BY_A_DIGIT)
        assert abs(mine - printed) < 0.055


def check_time_and_energy(network: str, machine: str, simdit: Numbers) -> None:
    """Clock and prices are fitted to the paper, so these agree as well as the fit does."""
    paper = PAPER[network, machine]
    assert abs(simdit.energy - paper.energy) < 0.2
    assert simdit.power_w == pytest.approx(paper.power_w, rel=0.02)
    digits = 2 if machine.startswith("HT") else 3
    assert round(simdit.runtime_s, digits) == pytest.approx(paper.runtime_s, abs=1e-9)


def check_corrections(steps: list[Step]) -> None:
    """Only those that are listed separate the release from the derived step: once they are made, all convolutions of
    both programs cost the same, whichever order they run in."""
    corrected, own = steps[3], steps[4]
    assert own.conv["conv2d"] == pytest.approx(corrected.conv["conv2d"], rel=1e-9)
    assert own.conv["linear"].cycles == pytest.approx(corrected.conv["linear"].cycles, rel=1e-9)


def check_last(steps: list[Step]) -> None:
    """It is `exact`, under greedy tilings, the release's rules."""
    machine, model = simdc.load_hardware("HI2"), ExactModel()
    layers = simdc.load("resnet18", 1).workload(machine).price(model, machine, model.greedy)
    expected = sum(layer.cost.cycles.total for layer in layers if layer.cost)
    assert cycles(steps[-1]) == pytest.approx(expected, rel=1e-12)


def check_text(each: list[Step], hardware: Hardware) -> None:
    """As tables and reasons print it."""
    simdit, exact = each[0].numbers(hardware), each[-1].numbers(hardware)
    lines = list(table([("HT3", PAPER["resnet50", "HT3"], simdit, exact)]))
    assert lines[0].split()[::2] == ["runtime", "on-chip", "off-chip", "energy", "power", "runtime"]
    assert lines[2].split()[:3] == ["HT3", "59.5", "59.5"]
    # Lines of steps are indented by two, those that name layers by more. The last two columns are the chosen shares.
    first, *changes, last = [line for line in reasons(each, [0, 2]) if line[2] != " "]
    assert len(changes) == 8
    for column in (-2, -1):
        start, end, *moves = [float(line.split()[column]) for line in (first, last, *changes)]
        assert sum(moves) == pytest.approx(end - start, abs=0.05)


def test_script_prints_one_machine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["paper_tables.py", "--hw", "HI1"])
    paper_tables.main()
    printed = capsys.readouterr().out
    assert [line.split(".")[0] for line in printed.splitlines() if line.startswith("Table")] == [
        "Table VI: resnet50",
        "Table VII: resnet18",
    ]
    assert "resnet50 on HI1: from simdit to exact" in printed
    assert "HT1" not in printed


def listed(row: Row) -> dict[str, object]:
    """An entry as the layer lists of the reference have it."""
    parameters = row.get("operation_parameters") or {}
    found = {
        "op": row["operation"],
        "dims": row.get("iterable_dimensions"),
        "stride": next(iter(parameters.values()), None),
    }
    return {key: value for key, value in found.items() if value is not None}


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference lists are not here")
def test_program_is_the_released_one() -> None:
    reference = json.loads((REFERENCE / "nets" / "resnet50_training.json").read_text())
    program = release_program("resnet50", as_released("resnet50"))
    assert program["mode"] == reference["mode"]
    assert [listed(row) for row in program["program"]] == reference["layers"]


def dimensions(name: str, operation: str, quirks: Quirks) -> list[dict[str, int]]:
    rows = release_program(name, quirks)["program"]
    return [row["iterable_dimensions"] for row in rows if row["operation"] == operation and len(row) > 1]


def test_program_has_the_release_s_sizes() -> None:
    """SimDIT section VI, Table V, beside what the released program has."""
    gradients = [row for row in dimensions("resnet18", "conv", as_released("resnet18")) if row["N"] != 1]
    released = [(row["KH"], row["OH"]) for row in gradients]
    # The last block, then layer4.0: its shortcut, second and first convolution. Finally the stem.
    assert released[:5] == [(7, 3), (7, 3), (13, 2), (7, 3), (13, 4)]
    assert released[-1] == (223, 7)
    right = [row for row in dimensions("resnet18", "conv", Quirks(strided_sizes=False)) if row["N"] != 1]
    assert {(row["KH"], row["OH"]) for row in right} == {
        *{(7, 3), (13, 1), (13, 3), (14, 3), (27, 1), (27, 3)},
        *{(28, 3), (55, 1), (55, 3), (56, 3), (223, 7)},
    }
    images = [row["OH"] for row in dimensions("resnet18", "conv", as_released("resnet18")) if row["OC"] == 3]
    assert images == [229]
    assert not any(row["OC"] == 3 for row in dimensions("resnet18", "conv", Quirks(first_input=False)))


def test_program_of_resnet18_has_too_many_pooling_windows() -> None:
    for quirks, positions in ((as_released("resnet18"), [112, 7]), (Quirks(), [56, 1])):
        (max_pool,) = dimensions("resnet18", "max_pool_grad", quirks)
        (global_pool,) = dimensions("resnet18", "global_average_pool_grad", quirks)
        assert [max_pool["OH"], global_pool["OH"]] == positions


def test_program_compiles_with_the_parameters_of_the_network() -> None:
    module = parse_simdit_spec(release_program("resnet18", Quirks()), "resnet18", BATCH, given_tilings=False)
    module.verify()
    network = network_of(module)
    assert (network.phase.data, network.batch.value.data, network.parameters.value.data) == ("training", 32, 11_689_512)
    ignored = [op for op in network.layers() if isinstance(op, UnmodelledOp)]
    # Nine rows for each batch norm, four transposes for each convolution; two flattens and the loss with its gradient.
    assert len(ignored) == 20 * 9 + 20 * 4 + 4
