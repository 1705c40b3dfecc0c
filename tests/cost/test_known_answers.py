"""Numbers that others have published, by programs that are not ours."""

from __future__ import annotations

import pytest

import simdc
from simdc.cost import Contraction, ExactModel, Hardware, Loop, Operand, Tiling, affine
from simdc.cost.result import Cost
from simdc.cost.simdit import SimditModel

# SCALE-Sim v2's regression trace: the first convolution of AlexNet (227 x 227 x 3 under 96 windows of 11 x 11, stride
# 4, so 55 x 55 results) on 32 x 32 PEs, weights stationary, nothing ever waits for memory.
PIXELS, TAPS, FILTERS, SIDE = 55 * 55, 11 * 11 * 3, 96, 32


@pytest.fixture(scope="module")
def alexnet_conv1() -> Cost:
    """Each window is one column of a matrix with 11 x 11 x 3 rows, which lie along the rows of the array."""
    kernel = Contraction(
        "matmul",
        (Loop("oc", FILTERS), Loop("tap", TAPS), Loop("pixel", PIXELS)),
        Operand("ifmap", 8, (PIXELS, TAPS), (affine("pixel"), affine("tap"))),
        Operand("weight", 8, (FILTERS, TAPS), (affine("oc"), affine("tap"))),
        Operand("psum", 32, (PIXELS, FILTERS), (affine("pixel"), affine("oc"))),
        ofmap_bits=32,
        rows="tap",
        columns="oc",
    )
    array = [f"systolic.rows={SIDE}", f"systolic.columns={SIDE}", "stores_padding=false"]
    ample = ["weight", "ifmap", "psum"]
    ports = [f"systolic.bandwidths.{name}_bits_per_cycle={1 << 40}" for name in ample]
    buffers = [f"systolic.buffers.{name}_bits={1 << 40}" for name in ample]
    machine = simdc.load_hardware("HI1", [*array, *ports, *buffers])
    return ExactModel().evaluate(kernel, Tiling(("oc", "tap", "pixel"), (SIDE, SIDE, PIXELS)), machine)


def test_cycles_of_scale_sim(alexnet_conv1: Cost) -> None:
    """Their fold is our tile. It takes as many cycles as ours to fill and drain, and 32 more in which the weights are
    shifted in row by row, which our second half of the weight buffer hides; and they count from zero."""
    folds = -(-TAPS // SIDE) * -(-FILTERS // SIDE)
    assert folds == 36
    assert alexnet_conv1.cycles.compute + folds * SIDE - 1 == 112_283


def test_utilization_of_scale_sim(alexnet_conv1: Cost) -> None:
    ops = dict(alexnet_conv1.ops)
    assert ops["mac"] == PIXELS * TAPS * FILTERS
    assert 100 * ops["mac"] / (SIDE * SIDE * 112_283) == pytest.approx(91.683, abs=5e-4)
    # Their mapping efficiency: the share of PEs that hold a weight.
    assert 100 * ops["mac"] / ops["mac_executed"] == pytest.approx(94.53, abs=5e-3)


def test_accesses_of_scale_sim(alexnet_conv1: Cost) -> None:
    sram, dram = alexnet_conv1.sram_bits, alexnet_conv1.dram_bits
    # They write a sum for each column in each cycle of a fold, as we do; we also read what was there, but at first.
    writes = 3_484_800
    assert sram.obuf // 32 == writes + writes - PIXELS * FILTERS
    # We read all rows of the array, they only those that hold weights: 363 of 12 x 32.
    assert sram.ibuf // 8 == writes
    assert sram.ibuf // 8 * TAPS // (12 * SIDE) == 3_294_225
    # Their filter reads fetch each weight once, into the array. Ours come once from DRAM, and are read in every cycle.
    assert dram.weight // 8 == 34_848
    assert sram.wbuf // 8 == SIDE * SIDE * alexnet_conv1.busy.compute - SIDE * SIDE * 36 * (SIDE + SIDE - 2)


@pytest.fixture(scope="module")
def design01() -> Hardware:
    """The 16 x 16 machine of SimDIT's published result files: 4-bit values, 32-bit sums."""
    fields = {
        "systolic.rows": 16, "systolic.columns": 16,
        "systolic.widths.weight_bits": 4, "systolic.widths.ifmap_bits": 4,
        "systolic.buffers.weight_bits": 131_072, "systolic.buffers.ifmap_bits": 131_072,
        "systolic.buffers.psum_bits": 1_048_576, "systolic.buffers.bias_bits": 16_384,
        "systolic.bandwidths.weight_bits_per_cycle": 64, "systolic.bandwidths.ifmap_bits_per_cycle": 128,
        "systolic.bandwidths.psum_bits_per_cycle": 128,
        "simd.lanes": 16, "simd.vmem_bits": 1_048_576, "simd.bandwidth_bits_per_cycle": 128,
    }  # fmt: skip
    machine = simdc.load_hardware("HI1", [f"{path}={value}" for path, value in fields.items()])
    assert (machine.systolic.widths.bias_bits, machine.systolic.widths.psum_bits) == (32, 32)
    return machine


# Systolic compute and stall, SIMD compute and stall cycles; DRAM access in KB; operations.
PUBLISHED = {
    "resnet50": ((19_258_753, 884_071.29, 1_090_144, 7_286_704), 28_519_672.29, 234_534.44, 9_218_242_048),
    "resnet18": (None, 11_370_602.14, 62_842.44, 4_655_839_232),
}
KB = 8192


@pytest.mark.parametrize("network", PUBLISHED)
def test_totals_of_simdit(network: str, design01: Hardware) -> None:
    parts, cycles, dram_kb, operations = PUBLISHED[network]
    layers = simdc.evaluate(simdc.load(network), design01, model="simdit")
    arrays: dict[bool, list[Cost]] = {True: [], False: []}
    for layer in layers:
        assert layer.cost is not None
        arrays[isinstance(layer.kernel, Contraction)].append(layer.cost)
    found = [
        sum(getattr(cost.cycles, part) for cost in arrays[array])
        for array in (True, False)
        for part in ("compute", "stall")
    ]
    every = [*arrays[True], *arrays[False]]
    if parts is not None:
        assert found == pytest.approx(parts, abs=5e-3)
    assert sum(found) == pytest.approx(cycles, abs=5e-3)
    assert sum(cost.dram_bits.total for cost in every) / KB == pytest.approx(dram_kb, abs=5e-3)
    assert sum(SimditModel().op_count(cost) for cost in every) == operations


def test_accesses_of_simdit(design01: Hardware) -> None:
    """ResNet-50, in KB."""
    costs = [layer.cost for layer in simdc.evaluate(simdc.load("resnet50"), design01, model="simdit")]
    sums = {
        name: sum(getattr(cost.sram_bits, name) for cost in costs if cost is not None) / KB
        for name in ("wbuf", "ibuf", "obuf", "vmem")
    }
    published = {"wbuf": 2_274_436.5, "ibuf": 141_967, "obuf": 2_494_026.06, "vmem": 131_674.75}
    assert sums == pytest.approx(published, abs=5e-3)
