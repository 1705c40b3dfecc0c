"""The model against cycles of NVIDIA's RTL."""

from __future__ import annotations

from statistics import fmean

import pytest

from simdc.cost.nvdla.hardware_layer import Before, convolution_layer
from simdc.cost.nvdla.levels import LEVELS, LOADED, PADDED, RUNS, WHOLE
from simdc.cost.nvdla.sizes import ConvolutionPass
from simdc.cost.nvdla.split import Windows
from tests.cost.nvdla.measured import layer_of, machine_of, number, nv_small, rows

CYCLES = rows("nv_small_cycles.csv")
CONVOLUTIONS = [row for row in CYCLES if row["kind"] == "conv"]


def error(row: dict[str, str], level: int) -> float:
    return layer_of(row, machine_of(row)).cycles(level) / number(row, "cycles") - 1


def test_all_rows_are_there() -> None:
    assert (len(CYCLES), len(CONVOLUTIONS)) == (55, 48)
    assert not any(number(row, "mismatches") for row in CYCLES)


def test_active_cycles_and_beats_are_those_that_were_counted() -> None:
    for row in CONVOLUTIONS:
        layer = layer_of(row, machine_of(row))
        assert layer.active_cycles(PADDED) == number(row, "mac_cycles"), row["name"]
        names = ("beats_ifmap", "beats_weight", "beats_bias", "beats_addend", "beats_written")
        assert layer.beats == tuple(number(row, name) for name in names), row["name"]
        assert layer.is_whole


def test_beats_of_units_by_themselves_are_those_that_were_counted() -> None:
    for row in CYCLES:
        if row["kind"] != "conv":
            beats = layer_of(row, machine_of(row)).beats
            assert (beats.ifmap, beats.addends) == (number(row, "beats_read_pdp_sdp"), number(row, "beats_addend"))
            assert (beats.ofmap, beats.weight, beats.vectors) == (number(row, "beats_written"), 0, 0)


def test_every_convolution_is_within_two_and_a_half_percent() -> None:
    errors = [abs(error(row, WHOLE)) for row in CONVOLUTIONS]
    assert max(errors) <= 0.025
    assert fmean(errors) <= 0.005


def test_units_by_themselves_are_exact() -> None:
    # None of these pools has windows that overlap by more than a row; where they do, 1.6 % are missing.
    assert [error(row, WHOLE) for row in CYCLES if row["kind"] != "conv"] == [0] * 7


def test_the_mean_error_falls_level_by_level() -> None:
    means = [fmean(abs(error(row, level)) for row in CONVOLUTIONS) for level in range(len(LEVELS))]
    # 26.9, 19.3, 13.4, 12.8, 2.5 and 0.31 %, as published with the measurements.
    assert means == pytest.approx([0.269, 0.193, 0.134, 0.128, 0.025, 0.0031], rel=0.03)


def test_lenet() -> None:
    names = ("lenet_conv1_pool1", "lenet_conv2_pool2", "lenet_ip1", "lenet_ip2")
    found = [next(row for row in CONVOLUTIONS if row["name"] == name) for name in names]
    assert sum(number(row, "cycles") for row in found) == 138_870
    assert sum(layer_of(row, machine_of(row)).cycles(WHOLE) for row in found) == 138_931


def test_independent_layers_back_to_back() -> None:
    machine = nv_small()
    for row in rows("nv_small_pairs.csv"):
        # Windows of 3 x 3 have a border of 1: as many results as pixels.
        size = [number(row, name) for name in ("C", "H", "W", "K", "R", "S", "H", "W", "H", "W")]
        layer = convolution_layer(ConvolutionPass(*size, vectors=1), Windows(), machine, repeats=2)
        # The run says how many banks it gave to inputs: one that fits twice may have been given room for one.
        layer = layer._replace(has_room="one input" not in row["layer"])
        second = layer.cycles(WHOLE) - layer._replace(repeats=1).cycles(WHOLE)
        # 1.2 % where results leave the accumulator: 11 cycles an atom are 11.05 to 11.25.
        tolerance = 0.021 if "one input" in row["layer"] else 0.0125
        assert second == pytest.approx(number(row, "increment"), rel=tolerance), row["layer"]
    exact = {row["layer"]: number(row, "increment") for row in rows("nv_small_pairs.csv")}
    assert (exact["1x1 two inputs fit"], exact["3x3 pad 1"]) == (25_088 + 65, 28_224 + 65)


def test_a_layer_behind_an_independent_one_hides_its_load_where_both_inputs_fit() -> None:
    # 256 channels of 14 x 14 are 13 banks of 32, two groups of 8 kernels are one: 18 are left for the layer before.
    layer = ConvolutionPass(256, 14, 14, 32, 1, 1, 14, 14, 14, 14, vectors=1)
    machine = nv_small()
    assert convolution_layer(layer, Windows(), machine, 1, Before(8, 64, 144)).cycles(WHOLE) == 25_153
    # 8 channels of 64 x 145 are 9,280 entries, more than 18 * 512 = 9,216.
    assert convolution_layer(layer, Windows(), machine, 1, Before(8, 64, 145)).cycles(WHOLE) == 33_884 + 65
    assert convolution_layer(layer, Windows(), machine).cycles(WHOLE) == 34_208
    # A second image needs 13 banks more: 27 of the same size do, 26 do not.
    for banks, second in ((27, 25_153), (26, 33_949)):
        less = nv_small(f"memories.cbuf.capacity_bits={banks * 32_768}", f"memories.cbuf.banks={banks}")
        assert convolution_layer(layer, Windows(), less, 3).cycles(WHOLE) == 34_208 + 2 * second
        # At level 4 without the 65 and the latencies.
        assert convolution_layer(layer, Windows(), less, 2).cycles(LOADED) == 33_884 + second - 65
        assert convolution_layer(layer, Windows(), less, 2).cycles(RUNS) == 2 * 25_088


@pytest.mark.parametrize(
    ("sizes", "pooled", "cycles"),
    [
        # conv2, conv4 and conv5 are one of two groups each, conv2 with its pool.
        ((48, 27, 27, 128, 5, 5, 27, 27, 13, 13), True, 1_758_689),
        ((256, 13, 13, 384, 3, 3, 13, 13, 13, 13), False, 2_347_465),
        ((192, 13, 13, 192, 3, 3, 13, 13, 13, 13), False, 884_553),
        ((192, 13, 13, 128, 3, 3, 13, 13, 13, 13), False, 592_505),
        ((4_096, 1, 1, 1_000, 1, 1, 1, 1, 1, 1), False, 517_073),
    ],
)
def test_alexnet(sizes: tuple[int, ...], pooled: bool, cycles: int) -> None:
    """Measured as the rows of the file, which does not hold them."""
    layer = convolution_layer(ConvolutionPass(*sizes, vectors=1, is_pooled=pooled), Windows(), nv_small())
    assert layer.cycles(WHOLE) == pytest.approx(cycles, rel=0.0005)
