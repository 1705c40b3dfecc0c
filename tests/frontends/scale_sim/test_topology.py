"""SCALE-Sim topologies: sizes by hand, and what is wrong with a row."""

from __future__ import annotations

from pathlib import Path

import pytest

from simdc.backends.report import make_report
from simdc.cost.tiling import loop_bounds
from simdc.errors import SimdcError
from simdc.frontends import load_network
from simdc.frontends.hardware_file import load_hardware
from simdc.frontends.scale_sim.topology import parse_topology
from simdc.ir.context import set_hardware
from simdc.ir.network import network_of, place_of
from simdc.passes.pipeline import default_passes, run_pipeline
from tests.ir.networks import written

HEAD = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
PRODUCTS = "Layer, M, N, K,\n"


def bounds(text: str, batch: int = 1) -> dict[str, dict[str, int]]:
    """Loop bounds of each layer, without those of one round."""
    layers = network_of(parse_topology(text, "net.csv", batch)).layers()
    return {
        layer.layer.data: {name: size for name, size in loop_bounds(layer.kernel()).items() if size > 1}
        for layer in layers
    }


def test_a_convolution() -> None:
    # (224 - 7) / 2 = 108.5: SCALE-Sim counts ceil((224 - 7 + 2) / 2) = 110 windows, the last one over the border.
    assert bounds(HEAD + "conv1, 224, 112, 7, 6, 3, 64, 2,\n") == {
        "conv1": {"oc": 64, "ic": 3, "kh": 7, "kw": 6, "oh": 110, "ow": 54}
    }
    # (227 - 11) / 4 = 54 leaves nothing over.
    assert bounds(HEAD + "conv1, 227, 227, 11, 11, 3, 96, 4,\n", 8)["conv1"] == {
        "oc": 96, "ic": 3, "kh": 11, "kw": 11, "n": 8, "oh": 55, "ow": 55
    }  # fmt: skip


def test_two_strides_and_rows_as_people_write_them() -> None:
    text = HEAD + "\n  a b ,9,8, 3,2, 4, 16,3,2\n,,,\nfc,1,1,1,1,512,1000,1,,,\n"
    assert bounds(text) == {
        "a b": {"oc": 16, "ic": 4, "kh": 3, "kw": 2, "oh": 3, "ow": 4},
        "fc": {"oc": 1000, "ic": 512},
    }


def test_depthwise_layers_have_filters_for_each_channel() -> None:
    found = bounds(HEAD + "conv2_DP, 58, 58, 3, 3, 64, 2, 1,\n")
    assert found == {"conv2_DP": {"g": 64, "oc": 2, "kh": 3, "kw": 3, "oh": 56, "ow": 56}}


def test_products_of_matrices() -> None:
    assert bounds(PRODUCTS + "qkv, 197, 2304, 768,\nqkv, 10, 20, 30\n") == {
        "qkv": {"oh": 197, "oc": 2304, "ic": 768},
        "qkv.2": {"oh": 10, "oc": 20, "ic": 30},
    }


def test_a_whole_file_is_costed(tmp_path: Path) -> None:
    rows = ("conv1, 227, 227, 11, 11, 3, 96, 4,", "conv2, 31, 31, 5, 5, 96, 256, 1,", "fc, 1, 1, 1, 1, 9216, 4096, 1,")
    module = load_network(written(tmp_path, HEAD + "\n".join(rows), "net.csv"), None)
    set_hardware(module, load_hardware("HI3"))
    run_pipeline(module, default_passes("exact"))
    report = make_report(module)
    assert (report.network, report.uncosted) == ("net", ())
    # 55*55*11*11*3*96 + 27*27*5*5*96*256 + 9216*4096; no biases.
    assert dict(report.total.ops)["mac"] == 105_415_200 + 447_897_600 + 37_748_736
    assert report.parameters == 11 * 11 * 3 * 96 + 5 * 5 * 96 * 256 + 9216 * 4096


def test_layers_know_their_line() -> None:
    (layer,) = network_of(parse_topology(HEAD + "\n  conv1, 9, 9, 3, 3, 4, 16, 1,", "net.csv", 1)).layers()
    assert place_of(layer) == ("net.csv", 3, 3)


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("conv1, 9, 9, 3, 3, 4, 16,", 23, "Strides must be a positive whole number, got ''"),
        ("conv1, 9, 9, 3, 3, 4, 16, 1, 1, 1,", 33, "'1' stands in a column without a title"),
        ("conv1, 9, 9.5, 3, 3, 4, 16, 1,", 11, "IFMAP Width must be a positive whole number, got '9.5'"),
        ("conv1, 9, 9, 3, 3, 4, , 1,", 23, "Num Filter must be a positive whole number, got ''"),
        ("conv1, 9, 9, 3, 3, 0, 16, 1,", 20, "Channels must be a positive whole number, got '0'"),
        ("conv1, 9, 9, 3, 3, 4, 16, 1, 2:4,", 30, "'2:4' stands in a column without a title"),
        ("conv1, 9, 9, 3, 3, 4, 99999999999999999999999, 1,", 23, "Num Filter must be a positive whole number"),
        ("  conv1, 9, 9, 3, 11, 4, 16, 1,", 3, "the filter, 3 x 11, is larger than the ifmap, 9 x 9"),
        ("conv1, 9000000, 90000000, 3, 3, 4, 16, 1,", 1, "layer 'conv1': input 'conv1.ifmap' must have"),
    ],
)
def test_a_wrong_row_is_shown(row: str, column: int, says: str) -> None:
    with pytest.raises(SimdcError) as caught:
        parse_topology(f"{HEAD}{row}\n", "net.csv", 1)
    assert says in caught.value.message
    assert (caught.value.file, caught.value.line, caught.value.column) == ("net.csv", 2, column)
    assert caught.value.source_line == row


@pytest.mark.parametrize("text", ["", "\n,,,\n", HEAD, f"{HEAD}AlphaGoZero,\n"])
def test_a_file_without_layers(text: str) -> None:
    with pytest.raises(SimdcError, match="expected a head and a row for each layer"):
        parse_topology(text, "net.csv", 1)
