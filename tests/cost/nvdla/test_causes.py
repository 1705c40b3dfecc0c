"""Root causes: what shortens a layer if it takes no time, and what twice a resource brings."""

from __future__ import annotations

from simdc.cost.nvdla.causes import Cause, causes
from simdc.cost.nvdla.hardware_layer import HardwareLayer, convolution_layer, unit_layer
from simdc.cost.nvdla.levels import PORT, RUNS, WHOLE
from simdc.cost.nvdla.sizes import ConvolutionPass, UnitPass
from simdc.cost.nvdla.split import Windows
from tests.cost.nvdla.measured import nv_small


def layer(*sizes: int, rate: int = 64, vectors: int = 1) -> HardwareLayer:
    changes = nv_small(f"memories.dram.read_bits_per_cycle={rate}")
    return convolution_layer(ConvolutionPass(*sizes, vectors=vectors), Windows(), changes)


IP1 = (50, 4, 4, 500, 4, 4, 1, 1, 1, 1)


def test_the_array_binds_where_its_shortest_runs_hide_the_weights() -> None:
    # LeNet's ip1: 63 groups of 7 * 16 runs of 8 cycles, 896 each; 112 beats of input, 50,000 of weights.
    found = {cause.term: cause for cause in causes(layer(*IP1), WHOLE)}
    # A line of 4 beats takes 6 cycles, 12 beside weights do 8: all 112 beats come by 224. The first group's 800 beats
    # are in at 912, then 63 * 896: 57,360. Without runs the port binds, 11 cycles a group: the last group's 400 of
    # 50,000 beats are in at 112 + 50,000 = 50,112 and 11 more. Without weights 112 beats of input take 168.
    assert found["mac"] == Cause("mac", 57_360 - 50_123, 56_448)
    assert found["weights"] == Cause("weights", 57_360 - (168 + 56_448), 112 + 50_000 - 224)
    assert found["load"] == Cause("load", 112, 224)
    assert found["latency"] == Cause("latency", 236, 236)
    assert found["port"].shorter_cycles == found["write"].shorter_cycles == 0
    assert [cause.term for cause in causes(layer(*IP1), WHOLE)][:2] == ["mac", "weights"]


def test_other_layers_are_bound_by_other_terms() -> None:
    assert causes(layer(*IP1, rate=16), WHOLE)[0].term == "weights"
    # 1 x 1 from 8 channels: the accumulator's port; from 256 the array; at a byte a cycle the input that comes first.
    narrow, wide = (8, 14, 14, 32, 1, 1, 14, 14, 14, 14), (256, 14, 14, 32, 1, 1, 14, 14, 14, 14)
    assert causes(layer(*narrow), WHOLE)[0].term == "port"
    assert causes(layer(*wide), WHOLE)[0].term == "mac"
    assert causes(layer(*wide, rate=8), WHOLE)[0].term == "load"
    # One pixel of one channel: latency is nearly all.
    assert causes(layer(1, 1, 1, 1, 1, 1, 1, 1, 1, 1), WHOLE)[0].term == "latency"


def test_levels_have_the_causes_that_they_know() -> None:
    narrow = layer(8, 14, 14, 32, 1, 1, 14, 14, 14, 14)
    # mac 784, port 4 * 196 * 11, traffic 196 + 32 + 8 + 784.
    assert causes(narrow, PORT) == (
        Cause("port", 8_624 - 1_020, 8_624),
        Cause("dram", 0, 1_020),
        Cause("mac", 0, 784),
    )
    # Two terms that hide each other: neither shortens it alone, the larger counts first.
    slow = layer(8, 14, 14, 32, 1, 1, 14, 14, 14, 14, rate=8)
    assert [cause.term for cause in causes(slow, RUNS)] == ["port", "dram", "mac"]
    assert causes(slow, RUNS)[0].shorter_cycles == 8_624 - 1_020 * 8


def test_a_unit_by_itself() -> None:
    machine = nv_small("memories.dram.read_bits_per_cycle=4")
    pool = unit_layer(UnitPass(8, 10, 10, 5, 5), "pdp", machine.pdp, machine)
    # 800 elements; 125 beats at 16 cycles.
    assert causes(pool, WHOLE) == (
        Cause("dram", 1_200, 2_000),
        Cause("latency", 174, 174),
        Cause("pdp", 0, 800),
    )
    assert pool.with_twice_the_port() == pool


def test_twice_as_many_results_in_a_cycle() -> None:
    # 196 pixels of one atom, 11 cycles each: 2,156, half of it 1,078. The input takes 196 * (14 + 4) / 14 = 252, the
    # weights beside it.
    narrow = layer(8, 14, 14, 8, 1, 1, 14, 14, 14, 14)
    before, after = (each.cycles(WHOLE) for each in (narrow, narrow.with_twice_the_port()))
    assert before - after == 1_078
    odd = layer(8, 1, 1, 8, 1, 1, 1, 1, 1, 1)
    assert odd.with_twice_the_port().terms(WHOLE)["port"] == 6


def test_what_takes_no_time_is_in_no_term() -> None:
    found = layer(*IP1)
    for level, names in ((0, ("mac", "dram")), (RUNS, ("mac", "port", "dram")), (WHOLE, tuple(found.terms(WHOLE)))):
        for name in names:
            assert found.without(name).terms(level)[name] == 0
    assert found.without("mac").active_cycles(0) == found.without("mac").active_cycles(WHOLE) == 0


def test_cut_layers_and_images_wait_for_the_sum() -> None:
    wide = ConvolutionPass(512, 14, 14, 512, 3, 3, 14, 14, 14, 14)
    machine = nv_small()
    once, twice = (convolution_layer(wide, Windows(), machine, repeats) for repeats in (1, 2))
    assert {name: 2 * cycles for name, cycles in once.terms(WHOLE).items()} == twice.terms(WHOLE)
    # 6, 6 and 2 rows of 14 pixels: 64 * 64 * 9 cycles a pixel.
    assert once.terms(WHOLE)["mac"] == 64 * 64 * 9 * 14 * 14
