"""The model `nvdla-sheet` on kernels and chains of them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simdc.cost.guards import SOUND
from simdc.cost.kernel import Chain, Contraction, Kernel, Operand, affine
from simdc.cost.machine import Machine
from simdc.cost.model import Uncosted
from simdc.cost.model_table import load_model
from simdc.cost.nvdla_sheet import NvdlaSheetModel
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.frontends.hardware_file import load_machine
from simdc.frozen import evolve
from tests.cost.nvdla_sheet.layers import addition, convolution, linear, loops, machine, pool

KIB = 8192


def priced(kernel: Kernel, sheet: str = "resnet50", on: Machine | None = None) -> Cost:
    on = on or machine()
    model = NvdlaSheetModel(sheet=sheet)
    cost = model.evaluate(kernel, model.greedy(kernel, on), on)
    SOUND.check(cost, on)  # pyright: ignore[reportArgumentType]
    return cost


def test_a_layer_is_a_row_of_the_sheet() -> None:
    # Res2a_branch2c: 196, 16 and 784 KiB, and 784 of the other summand; 178,000 cycles, 25,088 of them MACs.
    cost = priced(Chain((convolution(64, 256, (56, 56)), addition(1, 256, 56, 56))))
    assert cost.cycles == Cycles(25_088, 178_000 - 25_088)
    assert cost.dram_bits == DramBits(weight=16 * KIB, ifmap=(196 + 784) * KIB, ofmap=784 * KIB)
    assert cost.sram_bits == SramBits()
    assert cost.ops == (("mac", 51_380_224), ("mac_executed", 25_088 * 2048))
    # The channel carries the input most.
    assert cost.busy == Busy(25_088, ifmap_port=178_000)


def test_what_passes_is_what_a_fused_pool_leaves() -> None:
    # 3a of GoogLeNet with a pool behind it: 14 x 14 x 128 bytes.
    cost = priced(Chain((convolution(96, 128, (28, 28), (3, 3), border=1), pool(128, (28, 28)))))
    assert cost.dram_bits.ofmap == 14 * 14 * 128 * 8
    # A sum before it leaves all 28 x 28.
    links = (convolution(96, 128, (28, 28), (3, 3), border=1), addition(1, 128, 28, 28), pool(128, (28, 28)))
    assert priced(Chain(links)).dram_bits.ofmap == cost.dram_bits.ofmap


def test_each_image_and_group_is_a_row() -> None:
    one = priced(convolution(48, 128, (27, 27), (5, 5), border=2), "alexnet")
    both = priced(convolution(48, 128, (27, 27), (5, 5), border=2, groups=2, images=3), "alexnet")
    assert one.cycles == Cycles(54_675, 0)
    assert both.cycles == Cycles(6 * 54_675, 0)
    assert both.dram_bits.total == 6 * one.dram_bits.total
    assert dict(both.ops) == {name: 6 * count for name, count in one.ops}
    assert both.busy == Busy(*(6 * each for each in one.busy))


def test_widths_are_those_of_the_tensors() -> None:
    cost = priced(convolution(64, 256, (56, 56), bits=(16, 4)))
    assert cost.dram_bits == DramBits(weight=8 * KIB, ifmap=2 * 196 * KIB, ofmap=2 * 784 * KIB)
    assert cost.cycles == Cycles(25_088, (8 + 392 + 1568) * 100 - 25_088)


def test_fully_connected_layers_are_told_by_their_one_window() -> None:
    # 256 x 6 x 6 to 4096 by a window of 6 x 6 is AlexNet's fc1, and so is a product of 9216 by 4096.
    for kernel in (convolution(256, 4096, (6, 6), (6, 6)), linear(9216, 4096)):
        assert priced(kernel, "alexnet").cycles == Cycles(18_432, 231_700 - 18_432)
    # With 7 rows there are two windows, and the weights are one image's.
    assert priced(convolution(256, 4096, (7, 6), (6, 6)), "alexnet").dram_bits.weight == 36_864 * KIB


def test_fractions_stay() -> None:
    assert isinstance(priced(convolution(64, 256, (56, 56))).cycles.compute, int)
    # AlexNet's first row with 54 x 54 positions counted: 49,617.5625.
    first = convolution(3, 96, (224, 224), (11, 11), stride=4, border=2)
    assert priced(first, "alexnet").cycles == Cycles(49_617.5625, 0)
    # Two thirds of an eighth: 16 * 16 * 1 / 3 on 3 MACs is the nearest float.
    assert priced(linear(16, 128), on=machine(3)).cycles.compute == float(Fraction(16 * 128, 3))


def test_what_the_units_behind_do_is_free() -> None:
    model = load_model("nvdla-sheet")
    alone = addition(1, 64, 8, 8)
    tiling = model.greedy(alone, machine())
    assert tiling.as_dict() == dict(alone.bounds)
    assert model.evaluate(alone, tiling, machine()) == Cost(Cycles(), DramBits(), SramBits(), (), Busy())
    assert model.artefacts(alone, tiling, machine()) == ()
    assert model.analyse(alone, tiling, machine()) is None


def test_the_analysis_is_a_roofline_with_the_sheets_bytes() -> None:
    model, on = NvdlaSheetModel("inference", "alexnet"), machine()
    kernel = convolution(192, 192, (13, 13), (3, 3), border=1)
    found = model.analyse(kernel, model.greedy(kernel, on), on)
    assert found is not None
    # 639.375 KiB at 10 bytes a cycle; 4096 operations a cycle over 10 bytes.
    assert found.memory_bytes == (("dram", 654_720.0),)
    assert (found.operations, found.ridge) == (2 * 56_070_144, 409.6)
    assert found.intensity == 2 * 56_070_144 / 654_720
    assert found.attainable == found.intensity * 10
    assert found.achieved == 2 * 56_070_144 / 63_938
    assert [(each.name, each.cycles) for each in found.terms] == [("dram", 63_938), ("mac", 12_168)]
    assert (found.binding, found.runner_up) == ("dram", "mac")
    assert found.remarks == ("NVIDIA's estimate by the rules of its sheet, not a measurement",)
    assert model.artefacts(kernel, model.greedy(kernel, on), on) == found.remarks
    # Two groups, with a sum behind: twice the work in twice the time, half of the summand's 63.375 KiB a group.
    both = Chain((convolution(192, 192, (13, 13), (3, 3), border=1, groups=2), addition(1, 384, 13, 13)))
    twice = model.analyse(both, model.greedy(both, on), on)
    assert twice is not None
    assert (twice.operations, twice.memory_bytes) == (4 * 56_070_144, (("dram", 2 * (639.375 + 31.6875) * 1024),))
    assert [(each.name, each.cycles) for each in twice.terms] == [("dram", 2 * 67_107), ("mac", 24_336)]
    assert twice.achieved == 4 * 56_070_144 / (2 * 67_107)
    assert priced(both, "alexnet", on).cycles == Cycles(24_336, 2 * 67_107 - 24_336)
    wide = convolution(48, 128, (27, 27), (5, 5), border=2)
    bound = model.analyse(wide, model.greedy(wide, on), on)
    assert bound is not None
    assert (bound.binding, bound.runner_up) == ("mac", "dram")
    assert bound.attainable == 4096


def test_quirks_are_those_of_the_sheet_that_is_asked_for() -> None:
    # 64 x 56 x 56 to 64: 256 channels in ResNet-50's sheet, left out in GoogLeNet's, itself in AlexNet's.
    kernel = convolution(64, 64, (56, 56))
    assert priced(kernel).cycles.total == 99_600
    assert priced(kernel, "alexnet").cycles.total == (196 + 4 + 196) * 100
    with pytest.raises(Uncosted, match=r"sheet of googlenet leaves this layer out"):
        priced(kernel, "googlenet")


def test_what_has_no_row() -> None:
    # Weights with two loops of columns.
    product = Contraction(
        "matmul",
        loops(oc=4, m=5, ic=3, n=2),
        ifmap=Operand("ifmap", 8, (2, 3), tuple(map(affine, ("n", "ic")))),
        weight=Operand("weight", 8, (4, 5, 3), tuple(map(affine, ("oc", "m", "ic")))),
        psum=Operand("psum", 32, (2, 4, 5), tuple(map(affine, ("n", "oc", "m")))),
        ofmap_bits=8,
    )
    with pytest.raises(Uncosted, match="has convolutions and fully connected layers; 'matmul' is neither"):
        priced(product)
    with pytest.raises(Uncosted, match=r"'conv2d\+conv2d' is neither"):
        priced(Chain((convolution(4, 4, (5, 5)), convolution(4, 4, (5, 5)))))
    with pytest.raises(Uncosted, match=r"; '[a-z0-9+]{80}' is neither"):
        priced(Chain((convolution(4, 4, (5, 5)),) * 14))
    bare = evolve(machine(), memories=machine().memories[1:])
    with pytest.raises(Uncosted, match="needs unit conv and memories cbuf and dram; sheet lacks 'cbuf'"):
        priced(convolution(4, 4, (5, 5)), on=bare)
    with pytest.raises(Uncosted, match="sheet lacks 'cbuf'"):
        NvdlaSheetModel().greedy(convolution(4, 4, (5, 5)), bare)


def test_the_sheet_is_an_option() -> None:
    kernel = linear(2048, 1000)
    for sheet, cycles in (("resnet50", 200_299), ("googlenet", 200_299), ("alexnet", 12_799)):
        model = load_model(f"nvdla-sheet{{sheet={sheet}}}")
        assert model.evaluate(kernel, model.default(kernel, machine()), machine()).cycles.total == cycles
    with pytest.raises(ValueError, match="sheet must be one of resnet50, googlenet, alexnet, got vgg16"):
        load_model("nvdla-sheet{sheet=vgg16}")


@pytest.mark.parametrize(
    ("macs", "buffer_kib", "giga_bytes"),
    [(2048, 512, 20), (1024, 256, 15), (512, 256, 10), (256, 256, 5), (128, 256, 2), (64, 128, 1), (32, 128, 0.5)],
)
def test_presets_are_the_rows_of_the_primer(macs: int, buffer_kib: int, giga_bytes: float) -> None:
    on = load_machine(f"primer_{macs}")
    assert isinstance(on, Machine)
    assert (on.clock_ns, on.unit("conv").rate_per_cycle) == (1.0, macs)
    assert on.memory("cbuf").capacity_bits == buffer_kib * KIB
    assert on.memory("dram").read_bits_per_cycle == on.memory("dram").write_bits_per_cycle == 8 * giga_bytes
    granule = on.unit("conv").granule
    assert granule.input_channels * granule.output_channels == macs
    assert on.mark_of("units.conv.rate_per_cycle") == "published"
    assert on.mark_of("units.sdp.rate_per_cycle") == "assumed"
