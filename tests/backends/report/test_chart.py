"""What the charts show, by hand; how the picture looks is for the eye."""

from __future__ import annotations

from math import isclose

import pytest

import simdc
from simdc.api import Network, load
from simdc.backends.report import Report, make_report
from simdc.backends.report.chart import BARS, Roof, level_bars, roofline_chart
from simdc.cost.analysis import Analysis, TimeTerm
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_machine

LENET = make_report(simdc.compile(load("lenet5", 1), load_machine("nv_small", []), "nvdla"))
BLOCK = """network n(x: 8x8x8) {
  return x -> conv(8, 3, pad=1) -> conv(8, 3, pad=1) -> conv(8, 3, pad=1) -> maxpool(2, stride=2) -> softmax
}
"""


def changed(report: Report, *analyses: Analysis | None) -> Report:
    """The report's first layers, with other analyses, for 100 cycles each."""
    layers = tuple(layer._replace(analysis=found) for layer, found in zip(report.layers, analyses, strict=False))
    return report._replace(layers=layers)


def under_a_roof(**fields: object) -> Analysis:
    found = Analysis(
        operations=1000,
        memory_bytes=(("dram", 100),),
        intensity=10.0,
        ridge=4.0,
        peak=64,
        attainable=64.0,
        achieved=2.0,
        binding="conv",
        runner_up="dram",
        terms=(),
    )
    return found._replace(**fields)


def test_roofs_of_lenet_on_nv_small() -> None:
    # 64 MACs are 128 operations a cycle, over 8 bytes a cycle: 16 operations a byte.
    (roof,) = roofline_chart(LENET).roofs
    assert roof == Roof("conv", 128, 8.0)
    assert roof.ridge == 16


def test_dots_of_lenet_on_nv_small() -> None:
    chart = roofline_chart(LENET)
    assert [dot.names[0] for dot in chart.dots] == ["fc1+relu1", "conv1+maxpool1", "conv2+maxpool2", "fc2"]
    assert [round(dot.share * 138_931) for dot in chart.dots] == [57_596, 44_625, 34_903, 1_807]
    fc1, conv1, conv2, _ = chart.dots
    # One channel of eight and 20 kernels of 24: 43,200 cycles for 576,000 operations; the roof allows 128 a cycle.
    assert (conv1.attainable, conv1.ceiling, conv1.achieved) == (128, 576_000 / 43_200, 576_000 / 44_625)
    assert (conv2.ceiling, conv2.achieved) == (3_200_000 / 33_600, 3_200_000 / 34_903)
    # One pixel, for which the array holds its weights 8 cycles: 63 * 7 * 16 runs of 8 cycles.
    assert fc1.ceiling == 800_000 / (63 * 7 * 16 * 8) < fc1.attainable
    assert chart.left_out == ("softmax1",)


def test_equal_layers_are_one_dot_and_others_are_not() -> None:
    network = Network(parse_dsl(BLOCK, "n.dsl", 1))
    report = make_report(simdc.compile(network, load_machine("nv_small", []), "nvdla"))
    dots = {dot.names: dot for dot in roofline_chart(report).dots}
    # The third convolution has the pool behind it.
    assert set(dots) == {("conv1", "conv2"), ("conv3+maxpool1",)}
    one, _, pooled = (layer.cost.cycles.total for layer in report.layers)
    assert isclose(dots["conv1", "conv2"].share, 2 * one / (2 * one + pooled))
    assert roofline_chart(report).left_out == ("softmax1",)


def test_idle_rows_lower_the_ceiling() -> None:
    """LeNet's conv1: 288,000 of 2,764,800 executed MACs are the layer's, 5/48."""
    (dot,) = roofline_chart(changed(LENET, under_a_roof())).dots
    assert dot.ceiling == pytest.approx(64 * 5 / 48)
    # The unit's own term says more, a memory's nothing.
    terms = (TimeTerm("dram", 900), TimeTerm("conv", 250))
    (dot,) = roofline_chart(changed(LENET, under_a_roof(terms=terms))).dots
    assert dot.ceiling == 1000 / 250
    (dot,) = roofline_chart(changed(LENET, under_a_roof(attainable=3.0))).dots
    assert dot.ceiling == 3.0


def test_idle_rows_of_a_systolic_array() -> None:
    """3 of 64 rows and 96 of two times 64 columns, though a roofline takes all PEs for busy."""
    network = Network(parse_dsl("network n(x: 3x64x64) { return conv(x, 96, 7, pad=3) }", "n.dsl", 1))
    machine = load_machine("HI3", [])
    (dot,) = roofline_chart(make_report(simdc.compile(network, machine, "roofline"))).dots
    assert (dot.unit, dot.ceiling) == ("conv", 2 * 64 * 64 * 3 / 64 * 96 / 128)
    assert dot.achieved > dot.ceiling


def test_the_ceiling_of_a_unit_without_macs() -> None:
    """16 x 64 elements, one a cycle: 1,024 cycles and latencies. Two inputs and a result are 3 bytes an element."""
    network = Network(parse_dsl("network n(x: 16x8x8, y: 16x8x8) { return add(x, y) }", "n.dsl", 1))
    (dot,) = roofline_chart(make_report(simdc.compile(network, load_machine("nv_small", []), "nvdla"))).dots
    assert (dot.unit, dot.intensity, dot.attainable, dot.ceiling) == ("sdp", 1 / 3, 1, 1)
    assert dot.achieved == 1024 / (1024 + 167 + 5)


def test_layers_without_a_place_are_named() -> None:
    """A logarithm has no zero."""
    chart = roofline_chart(
        changed(LENET, under_a_roof(), None, under_a_roof(intensity=0.0), under_a_roof(achieved=0.0))
    )
    assert [dot.names for dot in chart.dots] == [("conv1+maxpool1",)]
    assert chart.left_out == ("softmax1", "conv2+maxpool2", "fc1+relu1", "fc2")


def test_units_behind_one_memory_have_one_slope() -> None:
    # 384 / (384 / 20) is 20.000000000000004 or 20, as the rounding falls.
    rates = (3, 7, 384, 4096)
    analyses = [under_a_roof(peak=rate, ridge=rate / 20, attainable=1.0, achieved=0.5) for rate in rates]
    roofs = roofline_chart(changed(LENET, *analyses)).roofs
    assert {roof.bytes_per_cycle for roof in roofs} == {20.0}
    assert [roof.peak for roof in roofs] == list(rates)


def test_bars_of_lenet() -> None:
    whole, *bars = level_bars(LENET)
    assert whole.cycles == (80_480, 127_808, 127_808, 134_256, 137_717, 138_931)
    assert len(whole.names) == 4
    assert [bar.names for bar in bars] == [("fc1+relu1",), ("conv1+maxpool1",), ("conv2+maxpool2",), ("fc2",)]
    assert bars[2].cycles == (25_000, 33_600, 33_600, 33_600, 34_532, 34_903)


def test_many_bars_are_one_and_equal_layers_too() -> None:
    analyses = [under_a_roof(levels=(10, 100 + number // 2)) for number in range(2 * BARS + 6)]
    many = LENET._replace(layers=LENET.layers[:1] * len(analyses))
    whole, *bars, others = level_bars(changed(many, *analyses))
    assert len(bars) == BARS
    # 23 pairs: from 122 down to 103 cycles each, and three with 102, 101 and 100 together.
    assert [bar.cycles for bar in bars] == [(20, 2 * cycles) for cycles in range(122, 102, -1)]
    assert (others.cycles, len(others.names)) == ((60, 606), 6)
    assert (whole.cycles, len(whole.names)) == ((460, 2 * sum(range(100, 123))), 46)


def test_a_model_without_levels_has_no_bars_for_a_layer() -> None:
    bars = level_bars(changed(LENET, under_a_roof(levels=(1, 2)), None, under_a_roof()))
    assert [bar.names for bar in bars] == [("conv1+maxpool1",), ("conv1+maxpool1",)]
