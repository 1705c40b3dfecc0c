"""Explorations over several batches and lengths: each counts as a network that was read by itself."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

import simdc
from simdc.cli import main
from simdc.commands import network_line
from simdc.commands.network_line import NetworkLine
from simdc.cost import ExactModel, Hardware, Kernel, Tiling, with_field
from simdc.cost.greedy import greedy_tiling
from simdc.cost.machines import AnyMachine
from simdc.explore.exploration import Exploration, NetworkChoice
from simdc.explore.space import Space
from simdc.ir.forms_between import FormsBetween
from simdc.ir.stretch import LayersBetween
from simdc.ir.token_run import TokenRun, decode_step
from tests.commands.test_batches import IMAGES
from tests.commands.test_lengths import drawn
from tests.frontends.test_token_runs import decoder
from tests.ir.networks import written

SPACE = {
    "schema": "simdc-space/1",
    "base": "HI1",
    "fields": {"simd.lanes": [5, 16], "systolic.buffers.psum_bits": ["16 KiB", "64 KiB"]},
}
LANES_AND_PSUM = [(5, 16), (5, 64), (16, 16), (16, 64)]


def explored(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[tuple[int, int], tuple[int, int]]:
    """Cycles and DRAM bits of each machine, by lanes and KiB of psum buffer."""
    (folder / "space.json").write_text(json.dumps(SPACE | {"pareto": ["cycles", "dram_bits"]}), encoding="utf-8")
    assert main(["explore", "--space", str(folder / "space.json"), *words, "--format", "csv", "--quiet"]) == 0
    header, *lines = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for line in lines:
        row = {name.split(" ")[0]: number for name, number in zip(header, line, strict=True)}
        key = int(row["simd.lanes"]), int(row["systolic.buffers.psum_bits"]) // 8192
        found[key] = int(float(row["cycles"])), int(float(row["dram_bits"]))
    return found


def alone(network: simdc.Network, lanes: int, psum_kib: int) -> tuple[int, int]:
    machine = with_field(simdc.load_hardware("HI1"), "simd.lanes", lanes)
    machine = with_field(machine, "systolic.buffers.psum_bits", psum_kib * 8192)
    costs = [layer.cost for layer in simdc.evaluate(network, machine)]
    return sum(cost.cycles.total for cost in costs if cost), sum(cost.dram_bits.total for cost in costs if cost)


@pytest.mark.parametrize("train", [False, True])
def test_batches_add_up_as_networks_of_their_own(
    train: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, batches = written(tmp_path, IMAGES), (1, 2, 3, 5, 8)
    found = explored(tmp_path, capsys, path, "--batch", "1,2,3,5,8", *(["--train"] if train else []))
    networks = [simdc.load(path, batch) for batch in batches]
    networks = [network.training_step() if train else network for network in networks]
    for lanes, psum in LANES_AND_PSUM:
        each = [alone(network, lanes, psum) for network in networks]
        assert found[lanes, psum] == tuple(map(sum, zip(*each, strict=True)))


@pytest.mark.parametrize("decode", [False, True])
def test_lengths_do_with_each_batch(decode: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, lengths = written(tmp_path, decoder().replace("rows=9", "rows=200")), (2, 3, 7, 40, 41)
    words = ["--batch", "1,3", "--context", ",".join(map(str, lengths)), *(["--decode"] if decode else [])]
    found = explored(tmp_path, capsys, path, *words)
    runs = [decode_step(length) if decode else TokenRun(length) for length in lengths]
    networks = [simdc.load(path, batch, run=run) for batch in (1, 3) for run in runs]
    for lanes, psum in LANES_AND_PSUM:
        each = [alone(network, lanes, psum) for network in networks]
        assert found[lanes, psum] == tuple(map(sum, zip(*each, strict=True)))


@pytest.mark.parametrize("seed", range(3))
def test_layers_between_are_those_of_the_network(seed: int, tmp_path: Path) -> None:
    """Kernels in all their forms, on a machine of which each field was drawn by itself."""
    random = Random(seed)
    path, machine = written(tmp_path, random.choice((IMAGES, decoder()))), drawn(random)
    numbers = sorted(random.sample(range(2, 400), 6))
    read = list[int]()

    def load(batch: int) -> simdc.Network:
        read.append(batch)
        return simdc.load(path, batch)

    line = NetworkLine(load, numbers)
    for number in numbers:
        found = line.workload(number, machine, "exact", fold=True, fuse=True)
        expected = simdc.load(path, number).workload(machine)
        assert found.distinct == expected.distinct
        assert found.occurrences() == expected.occurrences()
        model = ExactModel()
        assert found.price(model, machine) == expected.price(model, machine)
    assert read == [numbers[0], numbers[-1]]


def test_layers_alike_at_both_ends_are_read_off_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three blocks, two of them alike: of 3 x (convolution, ReLU) four kinds move with the batch."""
    text = """
network n(x: 6x9x9) {
  repeat 2 { x = conv(x, 6, 3, pad=1) -> relu }
  return conv(x, 6, 3, pad=1, bias=false) -> sigmoid
}
"""
    made: list[str] = []

    class Counted(FormsBetween):
        def __init__(self, layers: LayersBetween, machine: AnyMachine, given: str | None, whole: int):
            made.append(given or "")
            super().__init__(layers, machine, given, whole)

    monkeypatch.setattr(network_line, "FormsBetween", Counted)
    path, machine = written(tmp_path, text), simdc.load_hardware("HI1")
    line = NetworkLine(lambda batch: simdc.load(path, batch), [2, 3, 5, 9])
    for number in (3, 5):
        found = line.workload(number, machine, "exact", fold=True, fuse=True)
        expected = simdc.load(path, number).workload(machine)
        assert found.names == expected.names
        assert found.occurrences() == expected.occurrences()
    assert len(made) == 4


def test_layers_that_are_priced_together_are_asked_for_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether they have a price is known then; a layer that is not packed is asked for once."""
    asked: list[Kernel] = []

    def greedy(self: ExactModel, kernel: Kernel, hardware: Hardware) -> Tiling:
        asked.append(kernel)
        return greedy_tiling(kernel, hardware)

    monkeypatch.setattr(ExactModel, "greedy", greedy)
    network = simdc.load(written(tmp_path, IMAGES))
    space = Space(simdc.load_hardware("HI1"), ())
    Exploration(space, [NetworkChoice("n", "inference", network.workload)])
    assert not asked
    clipped = space._replace(base=with_field(space.base, "stores_padding", False))
    exploration = Exploration(clipped, [NetworkChoice("n", "inference", network.workload)])
    left_over = {forms[0][1] for forms, _, _ in network.workload(clipped.base).occurrences()}
    assert set(asked) <= left_over
    assert len(asked) == len(set(asked)) > 0
    assert not exploration.uncosted


def test_what_is_said_of_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, IMAGES)
    (tmp_path / "space.json").write_text(json.dumps(SPACE), encoding="utf-8")
    words = ["explore", path, "--space", str(tmp_path / "space.json"), "--quiet"]
    assert main([*words, "--batch", "1,4"]) == 0
    assert capsys.readouterr().out.startswith("n, batch 1 (inference), n, batch 4 (inference): least cycles")
    assert main([*words, "--batch", "4"]) == 0
    assert capsys.readouterr().out.startswith("n (inference): least cycles")
    assert main([*words, "--batch", "2:64"]) == 0
    assert "n, batch 4 (inference) and 60 more: least cycles" in capsys.readouterr().out.splitlines()[0]
    assert main([*words, "--batch", "4,1"]) == 2
    assert "--batch: batches must rise" in capsys.readouterr().err
