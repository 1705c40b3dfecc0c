"""Bars of several runs: one scale, as long as the time, in what units compute and wait."""

from __future__ import annotations

import re

import pytest

from simdc.backends.report.model import sum_layers
from simdc.report.time_bars import time_bars
from tests.report.pages import report_of


def test_bars_are_as_long_as_the_time() -> None:
    reports = [report_of("lenet5", machine) for machine in ("HI1", "HI3")]
    text = time_bars(reports)
    times = [report.total.runtime_s(report.hardware) for report in reports]
    bars = text.split('class="time-bar"')
    lengths = [sum(float(width) for width in re.findall(r"width:([\d.e-]+)%", bar)) for bar in _bars(text)]
    assert len(bars) == 3
    # The first is the longest: it has all the room.
    assert lengths == [pytest.approx(100, rel=0.01), pytest.approx(100 * times[1] / times[0], rel=0.01)]
    first = reports[0].by_unit["conv"].cycles.compute / reports[0].total.cycles.total
    assert float(re.findall(r'unit0" style="width:([\d.e-]+)%', text)[0]) == pytest.approx(100 * first, rel=0.01)
    assert "lenet5 on HI1: 75.4 µs: conv computes 66.2 µs, conv waits 1.60 µs, simd computes" in text
    assert re.findall(r"swatch \w+\"></span>([^<]+)<", text) == [
        "conv computes",
        "conv waits",
        "simd computes",
        "simd waits",
    ]


def test_nothing_has_no_bar() -> None:
    report = report_of("lenet5", "HI1")
    assert time_bars([report._replace(total=sum_layers([]))]) == ""


def _bars(text: str) -> list[str]:
    return text.partition('class="times"')[2].split('class="time-row"')[1:]
