"""Tables that fit, in Markdown and as HTML; units; sizes of layers in a word."""

from __future__ import annotations

from pathlib import Path

import pytest

import simdc
from simdc.backends.report import make_report
from simdc.backends.report.columns import PLAIN, Style, columns, html, markdown, shortened
from simdc.backends.report.shapes import shape_text
from simdc.backends.report.table import render_markdown, render_table
from simdc.backends.report.units import DRAM, ENERGY, unit_for
from simdc.ir.context import forms_of

MLIR = Path(__file__).resolve().parents[2] / "frontends/mlir/jax"
ONE_CHANNEL = """
func.func @main(%x: tensor<1x1x28x28xf32>, %w: tensor<20x1x5x5xf32>) -> tensor<1x20x24x24xf32> {
  %none = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1x20x24x24xf32>
  %zero = linalg.fill ins(%none : f32) outs(%empty : tensor<1x20x24x24xf32>) -> tensor<1x20x24x24xf32>
  %sum = linalg.generic {
    indexing_maps = [affine_map<(o, h, w, a, b) -> (0, 0, h + a, w + b)>, affine_map<(o, h, w, a, b) -> (o, 0, a, b)>,
                     affine_map<(o, h, w, a, b) -> (0, o, h, w)>],
    iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]
  } ins(%x, %w : tensor<1x1x28x28xf32>, tensor<20x1x5x5xf32>) outs(%zero : tensor<1x20x24x24xf32>) {
  ^bb0(%one: f32, %other: f32, %so_far: f32):
    %product = arith.mulf %one, %other : f32
    %added = arith.addf %so_far, %product : f32
    linalg.yield %added : f32
  } -> tensor<1x20x24x24xf32>
  return %sum : tensor<1x20x24x24xf32>
}
"""

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
    machine = simdc.load_hardware("HI1")
    found = make_report(simdc.compile(simdc.load("mobilenet_v2"), machine))
    (depthwise,) = [layer for layer in found.layers if layer.name == "stage1.0.conv1"]
    assert shape_text(dict(forms_of(depthwise.source, machine))["array"]) == "32 dw 3x3 112x112"


def test_what_is_fully_connected_to_an_image_is_a_product() -> None:
    """On machines of units it stays a convolution in which nothing slides: AlexNet's 256 channels of 6 x 6."""
    kernels = simdc.load("alexnet").workload(simdc.load_machine("nv_small"), "nvdla").kernels
    assert "1x4096 k9216" in [shape_text(kernel) for kernel in kernels]


def test_what_made_a_report_is_broken_once() -> None:
    """In a document not at all: the prices of a changed machine take more than a line of a table."""
    machine = simdc.load_machine("HI3", ["simd.lanes=128"])
    found = make_report(simdc.compile(simdc.load("lenet5"), machine))
    said = f"energy prices: {machine.price_source}; not adjusted to what was changed"
    assert f"\n{said.replace('_', chr(92) + '_')}  \n" in render_markdown(found)
    narrow = render_table(found, style=Style(70)).partition("\nenergy prices")[2].splitlines()
    # A line ends where no further word fits; what goes on is indented once.
    assert all(len(line) > 50 for line in narrow[:1])
    assert "  " not in " ".join(line.removeprefix("  ") for line in narrow)


def test_convolutions_of_other_compilers(tmp_path: Path) -> None:
    """Their loops are d0, d1, ...; [2, 8, 8, 4] by [3, 3, 4, 8] in steps of 2, then 4 groups of 2 channels; and an
    image of one channel, of which no loop is written."""
    module = tmp_path / "many.mlir"
    module.write_text((MLIR / "convolutions.stablehlo").read_text())
    found = make_report(simdc.compile(simdc.load(str(module)), simdc.load_hardware("HI3")))
    shapes = {layer.name: shape_text(layer.kernel) for layer in found.layers}
    assert shapes["convolution.2"] == "4->8 3x3 4x4 n2"
    assert shapes["convolution.5"] == "8->8 g4 3x3 4x4 n2"
    module.write_text(ONE_CHANNEL)
    machine = simdc.load_hardware("HI3")
    (layer,) = make_report(simdc.compile(simdc.load(str(module)), machine)).layers
    assert shape_text(dict(forms_of(layer.source, machine))["rhs_stationary"]) == "1->20 5x5 24x24"


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
        text = render_table(found, every_layer=True, style=Style(width))
        assert max(map(len, text.splitlines())) <= width


def test_markdown_is_the_same_report() -> None:
    found = make_report(simdc.compile(simdc.load("lenet5"), simdc.load_hardware("HI3")))
    text = render_markdown(found, every_layer=True)
    assert "| layer | operator | shape | compute \\[cycle] |" in text
    for layer in found.layers:
        assert f"| {layer.name} | {layer.operator.replace('_', chr(92) + '_')} | " in text
        assert f" {layer.cost.cycles.total:,} |" in text
