"""Tables that fit, in Markdown and as HTML; units; sizes of layers in a word."""

from __future__ import annotations

import pytest

import simdc
from simdc.backends.report import make_report
from simdc.backends.report.columns import PLAIN, Style, columns, html, markdown, shortened
from simdc.backends.report.shapes import shape_text
from simdc.backends.report.table import render_markdown, render_table
from simdc.backends.report.units import DRAM, ENERGY, unit_for

HEADS = ["layer", "op", "cycles", "bound by"]
ROWS = [["block0.conv1", "conv2d", "1,200", "compute"], ["relu", "relu", "34", "simd port"]]


def table(width: int | None) -> str:
    return Style(width).table(HEADS, ROWS, left=2, right_text=1, spare=["op", "bound by"])


def test_all_columns_where_there_is_room() -> None:
    # 12 + 2 + 6 + 2 + 6 + 2 + 9 = 39.
    assert table(39) == table(None) == columns(HEADS, ROWS, left=2, right_text=1)


def test_columns_go_in_their_order() -> None:
    # Without the operator 31 columns.
    assert table(38) == columns([HEADS[0], *HEADS[2:]], [[row[0], *row[2:]] for row in ROWS], left=1, right_text=1) + (
        "\nno room for: op"
    )
    two = columns(["layer", "cycles"], [["block0.conv1", "1,200"], ["relu", "34"]], left=1)
    assert table(30) == f"{two}\nno room for: op, bound by"
    assert max(map(len, two.splitlines())) == 20


def test_names_are_shortened_where_nothing_else_is_left() -> None:
    rows = [["stages.0.blocks.1.dw", "1"]]
    assert Style(21).table(["layer", "cycles"], rows, left=1).splitlines()[2] == "stage..s.1.dw       1"
    # No shorter than 12 letters.
    assert shortened("abcdefghijklmnop", 12) == "abcde..lmnop"
    assert shortened("abc", 12) == "abc"
    assert Style(5).table(["layer", "cycles"], rows, left=1).splitlines()[2].startswith("stage..")


def test_nothing_for_no_rows() -> None:
    assert PLAIN.table(HEADS, [], left=1) == ""


def test_markdown_and_html_take_names_for_names() -> None:
    rows = [["a|b_<i>", "1"]]
    assert markdown(["layer", "cycles"], rows, left=1) == "| layer | cycles |\n| --- | --: |\n| a\\|b\\_\\<i> | 1 |"
    found = html(["layer", "cycles"], rows, left=1)
    assert "a|b_&lt;i&gt;</td>" in found
    assert '<td style="text-align: right">1</td>' in found


def test_units_follow_the_largest() -> None:
    assert unit_for([3, 99_999 * 8192], DRAM).name == "KiB"
    assert unit_for([3, 100_000 * 8192], DRAM).name == "MiB"
    assert unit_for([1e30], DRAM).name == "GiB"
    assert unit_for([], ENERGY).name == "uJ"
    assert unit_for([2e11], ENERGY).text(1.5e9) == "1.50"


@pytest.mark.parametrize(
    ("network", "layer", "shape"),
    [
        ("resnet50", "conv1", "3->64 7x7 112x112"),
        ("resnet50", "relu", "1x64x112x112"),
        ("resnet50", "fc", "1x1000 k2048"),
        ("alexnet", "conv2", "96->256 g2 5x5 27x27"),
        ("mobilenet_v2", "stage1.0.conv1", "1x32x112x112 by 3x3"),
        ("gpt2", "layer0.attention.scores", "12x128x128 k64"),
    ],
)
def test_shapes(network: str, layer: str, shape: str) -> None:
    layers = {one.name: one for one in simdc.evaluate(simdc.load(network), simdc.load_hardware("HI3"))}
    assert shape_text(layers[layer].kernel) == shape


def test_a_batch_and_a_depthwise_layer_on_the_array() -> None:
    (first, *_) = simdc.evaluate(simdc.load("lenet5", batch=8), simdc.load_hardware("HI3"))
    assert shape_text(first.kernel) == "1->20 5x5 24x24 n8"
    # What is fully connected to an image has a window, and no image behind it.
    chain = make_report(simdc.compile(simdc.load("alexnet"), simdc.load_machine("nv_small"), "nvdla"))
    (connected,) = [layer for layer in chain.layers if layer.name.startswith("fc6")]
    assert shape_text(connected.kernel) == "256->4096 6x6 1x1"
    forms = simdc.explain(simdc.load("mobilenet_v2"), "stage1.0.conv1", simdc.load_hardware("HI1"))
    (other,) = [each for each in forms.remedies if each.kind == "form"]
    assert other.what == "array"


def test_the_head_counts_and_names_what_it_is_asked_for() -> None:
    found = make_report(simdc.compile(simdc.load("resnet50"), simdc.load_hardware("HI3")))
    short, long = render_table(found), render_table(found, names=True)
    assert "53 folded into the layers before them, 1 costs nothing: flatten (flatten) (-v names" in short
    assert "bn1 (in conv1)" not in short
    assert "bn1 (in conv1)" in long
    assert "layer4.2.bn3 (in layer4.2.conv3)" in " ".join(long.split())
    assert "-v names" not in long


@pytest.mark.parametrize("width", [80, 120, 200])
def test_every_table_of_a_report_fits(width: int) -> None:
    for network in ("resnet18", "gpt2"):
        found = make_report(simdc.compile(simdc.load(network), simdc.load_hardware("HI3")))
        text = render_table(found, every_layer=True, style=Style(width)).partition("\nenergy prices")[0]
        assert max(map(len, text.splitlines())) <= width


def test_markdown_is_the_same_report() -> None:
    found = make_report(simdc.compile(simdc.load("lenet5"), simdc.load_hardware("HI3")))
    text = render_markdown(found, every_layer=True)
    assert "| layer | operator | shape | compute \\[cycle] |" in text
    for layer in found.layers:
        assert f"| {layer.name} | {layer.operator.replace('_', chr(92) + '_')} | " in text
        assert f" {layer.cost.cycles.total:,} |" in text


def test_a_product_with_a_window_and_no_image() -> None:
    """AlexNet's first product reads 256 channels of 6 x 6; on machines of units it stays a convolution of them."""
    kernels = simdc.load("alexnet").workload(simdc.load_machine("nv_small"), "nvdla").kernels
    assert "256->4096 6x6 1x1" in [shape_text(kernel) for kernel in kernels]
