"""Numbers and findings in words."""

from __future__ import annotations

import re
from typing import Any

import pytest

import simdc
from simdc.api import Network
from simdc.backends.report import Report, make_report
from simdc.backends.report.explained_text import remedy_in_words
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_machine
from simdc.report.amounts import amount, digits
from simdc.report.bandwidth import bytes_per_cycle
from simdc.report.cards import cards_of
from simdc.report.differences import in_words
from simdc.report.field_tables import fields_of, fields_that_differ
from simdc.report.findings import findings_of
from simdc.report.shown_run import shown_run
from simdc.report.side_by_side import side_by_side
from tests.report.pages import NOTHING, report_of


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0041313, "s", "4.13 ms"),
        (1.5, "s", "1.50 s"),
        (3e-10, "s", "0.30 ns"),
        (0.0, "s", "0 s"),
        (0.0, "B", "0 B"),
        (0.0, "op/s", "0 OPS"),
        (0.0, "images/s", "0 images/s"),
        (197_656_576, "B", "188.5 MiB"),
        (1023, "B", "1,023 B"),
        (2.0**40, "B", "1 TiB"),
        (0.0103, "J", "10.3 mJ"),
        (1.98e12, "op/s", "1.98 TOPS"),
        (0.234, "share", "23.4 %"),
        (1.0, "share", "100 %"),
        (258.9, "images/s", "258.9 images/s"),
        (14_436.2, "tokens/s", "14,436 tokens/s"),
    ],
)
def test_amounts(value: float, unit: str, text: str) -> None:
    assert str(amount(value, unit)) == text


def test_digits_that_count() -> None:
    assert [digits(value) for value in (0.00123, 0.5, 12.345, 999.96, 1234.5, 7.0)] == [
        "0.0012",
        "0.50",
        "12.3",
        "1,000",
        "1,234",
        "7",
    ]


def test_all_ports_of_the_array_are_the_slope() -> None:
    ports = load_machine("HI3").systolic.bandwidths
    bits = ports.weight_bits_per_cycle + ports.ifmap_bits_per_cycle + ports.psum_bits_per_cycle
    assert bytes_per_cycle(load_machine("HI3")) == bits / 8
    # One channel for all counts once.
    channel = [f"dram.{name}_channel=weight" for name in ("ifmap", "psum", "result", "bias")]
    assert bytes_per_cycle(load_machine("HI3", channel)) == ports.weight_bits_per_cycle / 8
    memory = dict(load_machine("nv_small").memories)["dram"]
    assert bytes_per_cycle(load_machine("nv_small")) == memory.read_bits_per_cycle / 8


def test_cards_say_what_the_report_does() -> None:
    report = report_of("resnet18", "HI1")
    cards = {card.name: card for card in cards_of(report)}
    assert cards["runtime"].value == report.total.runtime_s(report.hardware)
    assert cards["rate"].unit == "images/s"
    assert cards["array in use"].value == report.utilization()
    assert cards["on simd"].value == pytest.approx(report.by_unit["simd"].cycles.total / report.total.cycles.total)
    words = {card.name: card for card in cards_of(report_of("gpt2", "HI3"))}
    assert words["rate"].unit == "tokens/s"
    # 128 tokens a step, also where they are learnt from; nobody counts those of a sentence that is classified.
    step = report_of("gpt2", "HT3", train=True)
    learnt = {card.name: card for card in cards_of(step)}["rate"]
    assert (learnt.value, learnt.unit) == (pytest.approx(128 / step.total.runtime_s(step.hardware)), "tokens/s")
    assert {card.name: card for card in cards_of(report_of("bert_base", "HT3"))}["rate"].unit == "samples/s"
    # Without prices there is no energy; a machine of four units has no other array.
    plain = {card.name: card for card in cards_of(report_of("lenet5", "nv_small", model="nvdla"))}
    assert plain["energy"].value is plain["energy"].shown is None
    assert not [name for name in plain if name.startswith("on ")]


def words_of(report: Report) -> list[str]:
    return [finding.text for finding in findings_of(shown_run(report))]


def test_shares_of_the_time_are_those_of_the_layers_that_are_named() -> None:
    report = report_of("resnet18", "HI1")
    whole = report.total.cycles.total
    bounds = [found for found in findings_of(shown_run(report)) if "goes to layers bound by" in found.text]
    assert bounds
    for finding in bounds:
        cycles = sum(report.layers[number].cost.cycles.total for number in finding.layers)
        assert finding.text.startswith(f"{amount(cycles / whole, 'share')} of the time")
    # The costliest comes first.
    costs = [report.layers[number].cost.cycles.total for number in bounds[0].layers]
    assert costs == sorted(costs, reverse=True)


def test_the_layer_where_the_array_idles_most() -> None:
    idle = next(text for text in words_of(report_of("resnet50", "HI3")) if "idles most" in text)
    assert idle.startswith("conv1 is where the array idles most: 4.65 % of its multipliers work")
    assert idle.endswith("it has 3 values to lie along the rows and 64 along the columns.")
    # Two images of 20 channels, 50 made of them: the gradient of these weights sums over the images.
    step = next(text for text in words_of(report_of("lenet5", "HT1", train=True, batch=2)) if "idles most" in text)
    assert step.startswith("conv2.grad_weight is where")
    assert step.endswith("it has 2 values to lie along the rows and 50 along the columns.")


def test_results_that_leave_are_not_called_partial_sums() -> None:
    text = " ".join(words_of(report_of("resnet50", "HI3")))
    assert "result port" in text
    assert "psum port" not in text


def test_memory_of_a_training_step() -> None:
    report = report_of("lenet5", "HT1", train=True)
    assert report.memory is not None
    text = next(text for text in words_of(report) if text.startswith("At most"))
    assert report.memory.peak_layer in text
    assert f"{amount(report.memory.kept, 'B')} are kept for the backward layers" in text


def test_what_has_no_price_is_said_first() -> None:
    report = report_of("alexnet", "nv_small", model="nvdla")
    assert words_of(report)[0] == f"1 layer without a price, missing here: {report.uncosted[0][0]}."


def test_what_helps_most_is_what_was_priced() -> None:
    run = shown_run(report_of("resnet50", "HI3"))
    text = next(text for text in words_of(run.report) if text.startswith("With "))
    remedies = {remedy_in_words(remedy): remedy for each in run.explained.values() for remedy in each.helpful}
    setting = text.split()[1]
    assert f"--set {setting}" in remedies
    saved = sum(
        len(run.kinds[kind]) * each.saved(remedy)
        for kind, each in run.explained.items()
        for remedy in each.remedies
        if remedy.setting == setting
    )
    worse = [each.saved(remedy) < 0 for each in run.explained.values() for remedy in each.remedies if remedy.setting]
    assert any(worse)
    assert f"{amount(saved / run.report.total.cycles.total, 'share')} shorter" in text


def test_layers_that_are_alike_are_one_kind() -> None:
    run = shown_run(report_of("resnet50", "HI3"))
    layers = run.report.layers
    assert sorted(number for numbers in run.kinds for number in numbers) == list(range(len(layers)))
    by_name = {layer.name: kind for number, kind in run.of_layer.items() for layer in [layers[number]]}
    assert by_name["layer1.1.conv1"] == by_name["layer1.2.conv1"] != by_name["layer1.0.conv1"]


def cells(page: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", page.partition("<tbody>")[2].partition("</tbody>")[0], re.DOTALL)
    return [[re.sub(r"<.*?>", " ", cell).split() for cell in re.findall(r"<td.*?</td>", row)] for row in rows]


def test_runs_side_by_side() -> None:
    reports = [report_of("resnet18", "HI1"), report_of("resnet18", "HI3"), report_of("lenet5", "HI1")]
    page = side_by_side(reports)
    first, second, other = cells(page)
    times: list[Any] = [report.total.runtime_s(report.hardware) for report in reports]
    assert first[0] == str(amount(times[0], "s")).split()
    assert second[0] == [*str(amount(times[1], "s")).split(), f"{times[1] / times[0]:.2f}×", "best"]
    # Nothing to be better than, and no ratio to another network.
    assert other[0] == str(amount(times[2], "s")).split()
    assert side_by_side(reports[:1]) == ""


def test_one_sentence_for_each_run_beside_the_first() -> None:
    slow, fast = report_of("resnet18", "HI1"), report_of("resnet18", "HI3")
    ratio = fast.total.runtime_s(fast.hardware) / slow.total.runtime_s(slow.hardware)
    text = in_words(slow, fast)
    assert text.startswith(f"On HI3 resnet18 takes {ratio:.2f} times as long as on HI1: conv2d saves ")
    saved = sum(
        (was.cost.cycles.total * slow.hardware.clock_ns - now.cost.cycles.total * fast.hardware.clock_ns) * 1e-9
        for was, now in zip(slow.layers, fast.layers, strict=True)
        if now.operator == "conv2d"
    )
    assert f"conv2d saves {amount(saved, 's')}" in text
    assert "longer" not in text
    back = in_words(fast, slow)
    assert "conv2d costs" in back
    assert back.endswith("; every layer takes longer.")
    assert in_words(slow, slow) == "On HI1 resnet18 takes 1.00 times as long as on HI1."


def test_layers_that_take_longer_are_named() -> None:
    plain = report_of("resnet18", "HI1")
    first = plain.layers[2]
    slower = first._replace(cost=first.cost._replace(cycles=first.cost.cycles._replace(stall=10**9)))
    changed = plain._replace(layers=(*plain.layers[:2], slower, *plain.layers[3:]))
    assert in_words(plain, changed).endswith(f"; 1 layer takes longer: {first.name}.")


def test_fields_in_which_machines_differ() -> None:
    machines = [load_machine("HI1"), load_machine("HI1", ["simd.lanes=32"]), load_machine("HI1")]
    page = fields_that_differ(machines)
    assert "1 fields" not in page
    assert "One field in which the machines differ" in page
    row = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", page.partition("<tbody>")[2])
    assert row == ["simd.lanes", "16", "32"]
    assert page.count("differs") == 1
    assert fields_that_differ(machines[:1]) == ""
    # Machines of either kind: what one has no field for is a dash.
    assert "–" in fields_that_differ([load_machine("HI1"), load_machine("nv_small")])
    assert fields_of(machines[0])["systolic.rows"] == "16"


def test_a_run_without_a_priced_layer_has_no_findings() -> None:
    report = make_report(simdc.compile(Network(parse_dsl(NOTHING, "n.dsl", 1)), simdc.load_hardware("HI1")))
    assert findings_of(shown_run(report)) == []
    assert in_words(report, report) == "On HI1 n takes 1.00 times as long as on HI1."


def test_the_layer_that_a_page_begins_with_is_explained() -> None:
    # Of each kind there are many, which together take longer than the first convolution: the longest layer alone.
    report = report_of("resnet50", "HT3", train=True, batch=32)
    longest = max(range(len(report.layers)), key=lambda number: report.layers[number].cost.cycles.total)
    run = shown_run(report, 2)
    cycles = [sum(report.layers[number].cost.cycles.total for number in numbers) for numbers in run.kinds]
    ranked = sorted(range(len(cycles)), key=lambda kind: -cycles[kind])
    assert run.of_layer[longest] not in ranked[:2]
    assert list(run.explained) == [ranked[0], run.of_layer[longest]]
    assert shown_run(report, 0).explained == {}
