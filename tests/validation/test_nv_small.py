"""`nv_small`: whole networks through the passes, beside cycles of NVIDIA's RTL."""

from __future__ import annotations

from functools import cache

import pytest

from simdc.validation import load_data_set
from simdc.validation.data_set import DataSet, KindErrors, errors_by_kind


@cache
def nv_small() -> DataSet:
    return load_data_set("nv_small")


def errors(kind: str) -> KindErrors:
    (found,) = [each for each in errors_by_kind(nv_small().rows) if each.kind == kind]
    return found


def test_every_row_that_was_measured_is_there() -> None:
    assert {each.kind: each.rows for each in errors_by_kind(nv_small().rows)} == {
        "conv": 48, "pdp": 4, "sdp": 3, "alexnet": 5, "pair": 5
    }  # fmt: skip
    rows = {(row.name, *row.conditions): row.measured for row in nv_small().rows}
    assert len(rows) == 65
    assert rows["lenet_ip1", 50, 8] == 403_004
    assert rows["fc_512_128", 200, 1] == 9_315
    assert rows["1x1 two inputs fit", 50, 1] == 25_153


def test_errors_fall_as_published_with_the_measurements() -> None:
    found = errors("conv")
    assert [round(100 * mean, 1) for mean in found.mean[:5]] == [26.9, 19.3, 13.4, 12.8, 2.5]
    assert round(100 * found.mean[5], 2) == 0.31
    assert found.worst[5] < 0.023


def test_units_by_themselves_are_exact() -> None:
    assert errors("sdp").worst[5] == errors("pdp").worst[5] == 0


def test_layers_of_alexnet_were_not_fitted_to() -> None:
    assert max(errors("alexnet").worst[5:]) < 0.0005
    alexnet = {row.name: row.predicted[3] for row in nv_small().rows if row.kind == "alexnet"}
    # ceil(K / 8) * ceil(C / 8) * R * S * P * Q, and 8 cycles where there is one pixel.
    assert alexnet == {
        "conv2_half_pool2": 16 * 6 * 25 * 729, "conv3": 48 * 32 * 9 * 169, "conv4_half": 24 * 24 * 9 * 169,
        "conv5_half": 16 * 24 * 9 * 169, "fc8": 512_887
    }  # fmt: skip


def test_what_was_counted_is_what_the_model_counts() -> None:
    counts = {each.name: (len(each.pairs), each.equal) for each in nv_small().counts}
    # The array and weights of 48 convolutions; three SDP and four PDP rows move data, too.
    assert counts == {
        "the array multiplies": (48, 48), "input and addend read": (55, 55), "weights read": (48, 48),
        "bias read": (48, 48), "results written": (55, 55)
    }  # fmt: skip
    assert all(each.worst == 0 for each in nv_small().counts)


def test_lenet() -> None:
    (lenet,) = nv_small().sums
    # As measured: conv1+pool1, conv2+pool2, ip1, ip2.
    assert [row.measured for row in lenet.rows] == [44_456, 34_908, 57_701, 1_805]
    assert (lenet.whole.measured, lenet.whole.predicted[-1]) == (138_870, 138_931)
    accuracy = [round(100 * (1 - abs(each)), 1) for each in lenet.whole.errors]
    assert accuracy == [58.0, 92.0, 92.0, 96.7, 99.2, 100.0]


def test_levels_of_a_layer_by_hand() -> None:
    (ip1,) = [row for row in nv_small().rows if row.name == "lenet_ip1" and row.conditions == (50, 1)]
    # 800 + 400,000 + 1,000 + 500 bytes, 8 a cycle: 50,287.5. Runs of 8: 63 groups of 7 * 16 * 8.
    assert (ip1.predicted[0], ip1.predicted[3]) == (50_288, 56_448)


def test_pairs_hide_the_load_where_both_inputs_fit() -> None:
    pairs = {row.name: row for row in nv_small().rows if row.kind == "pair"}
    assert pairs["1x1 two inputs fit"].predicted[-1] == 25_088 + 65
    assert pairs["3x3 pad 1"].predicted[-1] == 28_224 + 65
    # The run gave the input 13 of 17 banks, which is all that it needs once.
    assert pairs["1x1 one input fits"].predicted[-1] == 33_884 + 65
    assert errors("pair").worst[5] == pytest.approx(0.021, abs=5e-4)
    assert max(abs(pairs[name].errors[5]) for name in pairs if "one input" not in name) < 0.0125


def test_the_model_is_that_of_the_command() -> None:
    """Level 5 is what a cost report says of the layer."""
    import simdc
    from simdc.api import load_machine

    net = simdc.NetworkBuilder("pool3s2_64x15")
    network = net.finish(net.maxpool(net.input("image", (64, 15, 15)), kernel=3, stride=2))
    (layer,) = simdc.evaluate(network, load_machine("nv_small"), "nvdla")
    (row,) = [row for row in nv_small().rows if row.name == "pool3s2_64x15"]
    assert layer.cost is not None
    assert layer.cost.cycles.total == row.predicted[-1] == row.measured == 14_574
