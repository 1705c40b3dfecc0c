"""What pictures and traces of a run show: sums of bars, memory over time, slices that follow each other."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import simdc
from simdc.backends.report import Report, make_report
from simdc.backends.report.chart import Roof, roofline_chart, under_roofs
from simdc.backends.report.chart_run import BARS, energy_bars, layer_bars, memory_steps
from simdc.backends.report.trace import render_trace
from simdc.cli import main

needs_matplotlib = pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs matplotlib")


def report(network: str = "resnet18", machine: str = "HI3") -> Report:
    return make_report(simdc.compile(simdc.load(network), simdc.load_machine(machine)))


RESNET = report()
TRAINING = make_report(simdc.compile(simdc.load("resnet18").training_step(), simdc.load_machine("HT3")))


def test_bars_add_up() -> None:
    layers, energy = layer_bars(RESNET), energy_bars(RESNET)
    assert len(layers) == BARS + 1
    assert layers[-1].name == f"{len(RESNET.layers) - BARS} others"
    assert sum(sum(bar.parts) for bar in layers) == RESNET.total.cycles.total
    assert [sum(bar.parts) for bar in layers[:-1]] == sorted((sum(bar.parts) for bar in layers[:-1]), reverse=True)
    for place, part in enumerate(("systolic", "simd", "sram", "dram")):
        assert sum(bar.parts[place] for bar in energy) == pytest.approx(getattr(RESNET.total.energy, part))
    assert energy[0].name == "conv2d"


def test_memory_over_time() -> None:
    steps = memory_steps(RESNET)
    assert len(steps) == len(RESNET.layers) + 1
    assert steps[0][0] == 0
    assert steps[-1][0] == pytest.approx(RESNET.total.runtime_s(RESNET.hardware) * 1e3)
    # Weights of a byte each and biases of four are there all the time.
    assert min(size for _, size in steps) > 11_000_000
    assert max(size for _, size in steps) == max(RESNET.around.alive_bytes().values())


def test_roofs_where_the_model_has_none() -> None:
    chart = roofline_chart(under_roofs(RESNET))
    # 64 x 64 PEs: 8,192 operations a cycle, over three ports of 512 bits: 192 bytes.
    assert Roof("conv", 8192, 192.0) in chart.roofs
    assert chart.left_out == ()
    assert sum(dot.share for dot in chart.dots) == pytest.approx(1)
    (first,) = [dot for dot in chart.dots if "conv1" in dot.names]
    layer = next(layer for layer in RESNET.layers if layer.name == "conv1")
    # 118,013,952 products, 2 operations each; 3 channels on 64 rows.
    assert first.achieved == pytest.approx(2 * 118_013_952 / layer.cost.cycles.total)
    assert first.ceiling == pytest.approx(8192 * 3 / 64)
    assert first.intensity == pytest.approx(2 * 118_013_952 / (layer.cost.dram_bits.total / 8))
    assert first.binding == "compute"
    analysed = make_report(simdc.compile(simdc.load("lenet5"), simdc.load_machine("nv_small"), "nvdla"))
    assert under_roofs(analysed) is analysed


def test_a_trace_is_the_run() -> None:
    events = json.loads(render_trace(RESNET))["traceEvents"]
    names = {event["args"]["name"]: event["tid"] for event in events if event["name"] == "thread_name"}
    slices = [event for event in events if event["ph"] == "X"]
    layers = [event for event in slices if event["tid"] != names["blocks"]]
    assert [event["name"] for event in layers] == [layer.name for layer in RESNET.layers]
    for one, following in pairwise(layers):
        assert following["ts"] == pytest.approx(one["ts"] + one["dur"], abs=2e-5)
    assert layers[-1]["ts"] + layers[-1]["dur"] == pytest.approx(RESNET.total.runtime_s(RESNET.hardware) * 1e6)
    assert {event["tid"] for event in layers} == {names["conv"], names["simd"]}
    blocks = {event["name"]: event for event in slices if event["tid"] == names["blocks"]}
    first, inner = blocks["layer1"], blocks["layer1.0"]
    inside = [event for event in layers if event["name"].startswith("layer1.0.")]
    assert (inner["ts"], inner["ts"]) == (inside[0]["ts"], first["ts"])
    assert inner["dur"] == pytest.approx(sum(event["dur"] for event in inside), abs=1e-4)
    counters = [event for event in events if event["ph"] == "C"]
    assert {event["name"] for event in counters} >= {"weight port [%]", "DRAM in use [MiB]"}
    assert all(0 <= event["args"][event["name"]] <= 100.0001 for event in counters if "%" in event["name"])
    assert counters[-1]["args"] == {"DRAM in use [MiB]": 0.0}


READINGS: dict[str, Callable[[float], int]] = {
    "cut off": lambda us: int(us * 1000.0),
    "rounded": lambda us: round(us * 1000.0),
    "by digits": lambda us: int(f"{us:.12f}".replace(".", "")[:-9]),
}
"""How viewers make whole ns of the us of a trace, one version and another."""


@pytest.mark.parametrize("reading", READINGS.values(), ids=list(READINGS))
@pytest.mark.parametrize("report", [RESNET, TRAINING], ids=["inference", "training"])
def test_slices_of_a_thread_lie_inside_or_behind_each_other(report: Report, reading: Callable[[float], int]) -> None:
    # What is half inside a slice that began before it viewers drop. Slices that begin together stack as the file has
    # them; so do counters, whose last word holds.
    threads: dict[int, list[dict[str, Any]]] = {}
    for event in json.loads(render_trace(report))["traceEvents"]:
        if event["ph"] == "X":
            threads.setdefault(event["tid"], []).append(event)
    assert len(threads) == 3
    for events in threads.values():
        stack: list[int] = []
        for event in sorted(events, key=lambda event: reading(event["ts"])):
            begin = reading(event["ts"])
            end = begin + reading(event["dur"])
            while stack and stack[-1] <= begin:
                stack.pop()
            assert not stack or end <= stack[-1], event["name"]
            stack.append(end)


def test_every_event_of_a_trace_has_what_its_kind_needs() -> None:
    needed = {
        "X": {"name", "pid", "tid", "ts", "dur", "args"},
        "C": {"name", "pid", "ts", "args"},
        "M": {"name", "pid", "args"},
    }
    data = json.loads(render_trace(TRAINING))
    assert data["displayTimeUnit"] in ("ms", "ns")
    for event in data["traceEvents"]:
        assert needed[event["ph"]] <= event.keys()
        assert event.get("ts", 0) >= 0
        assert event.get("dur", 0) >= 0
        if event["ph"] == "C":
            assert all(isinstance(value, (int, float)) for value in event["args"].values())
    # 0.97 ns, 623,488 cycles of conv1: 604,783 ns.
    conv1 = next(event for event in json.loads(render_trace(RESNET))["traceEvents"] if event["name"] == "conv1")
    assert (conv1["ts"], conv1["dur"]) == (1e-5, 604.78301)
    # A block around another one that begins with it stands before it.
    blocks = [event["name"] for event in data["traceEvents"] if event["ph"] == "X" and event["tid"] == 1]
    assert blocks.index("layer1") < blocks.index("layer1.0")


def test_a_trace_beside_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "t.json"
    assert main(["lenet5", "--hw", "GeneSys16", "--trace", str(target), "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("name,op")
    slices = [event for event in json.loads(target.read_text())["traceEvents"] if event["ph"] == "X"]
    # A machine without prices.
    assert "energy [pJ]" not in slices[-1]["args"]
    assert slices[-1]["args"]["shape"] == "1x10"


@needs_matplotlib
@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        ("run", ["runtime [ms]", "intensity [op/B of DRAM]", "energy [uJ]", "alive in DRAM [MiB]"]),
        ("layers", ["runtime [ms]", "compute", "stall", "conv1"]),
        ("energy", ["energy [uJ]", "SRAM"]),
        ("memory", ["time [ms]"]),
        ("roofline", ["conv: 8,445 Gop/s, ridge 42.67 op/B"]),
    ],
)
def test_pictures(kind: str, labels: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["lenet5", "--hw", "HI3", "-o", "r.txt", "--plot"]
    assert main([*words, "a.svg", *(["--plot-kind", kind] if kind != "run" else [])]) == 0
    text = Path("a.svg").read_text()
    for label in labels:
        assert f"<!-- {label} -->" in text, label


@needs_matplotlib
def test_without_prices_there_is_no_energy(tmp_path: Path) -> None:
    target = tmp_path / "a.svg"
    assert main(["lenet5", "--hw", "GeneSys16", "-o", str(tmp_path / "r"), "--plot", str(target)]) == 0
    assert "<!-- GeneSys16 has no energy prices -->" in target.read_text()
