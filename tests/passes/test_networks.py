"""Whole networks from DSL to totals: the numbers that SimDIT's paper and the literature print."""

from __future__ import annotations

import pytest

import simdc
from simdc.api import Network, evaluate, load
from simdc.backends.report import Report, make_report
from simdc.backends.report.table import render_table
from simdc.cost import Contraction
from simdc.frontends.hardware_file import load_hardware, load_machine
from simdc.ir.attributes import Unit


@pytest.fixture(scope="module")
def resnet50() -> Network:
    return load("resnet50")


def report(network: Network, machine: str, model: str) -> Report:
    return make_report(simdc.compile(network, load_hardware(machine), model))


def share(simd: float, both: float) -> float:
    return 100 * simd / both


# SimDIT Table VI, ResNet-50, batch 1. Cycles are those of the released program; of the paper's columns runtime,
# on-chip and off-chip shares are the SIMD array's in percent (rounded to a digit), energy share in percent, power in W.
@pytest.mark.parametrize(
    ("machine", "cycles", "runtime", "onchip", "offchip", "energy", "power"),
    [
        ("HI1", 28800683.285714287, 30.052, 1.897, 38.698, 33.2, 0.46),
        ("HI2", 10395344.285714285, 41.62, 2.048, 54.376, 40.3, 1.02),
        ("HI3", 4403046.0, 49.302, 1.839, 56.642, 38.2, 2.55),
    ],
)
def test_resnet50_as_in_simdit_table_vi(
    resnet50: Network,
    machine: str,
    cycles: float,
    runtime: float,
    onchip: float,
    offchip: float,
    energy: float,
    power: float,
) -> None:
    result = report(resnet50, machine, "simdit")
    both, simd = result.total, result.by_unit[Unit.SIMD]
    assert both.cycles.total == pytest.approx(cycles, rel=1e-12)
    assert share(simd.cycles.total, both.cycles.total) == pytest.approx(runtime, abs=6e-4)
    assert share(simd.sram_bits.total, both.sram_bits.total) == pytest.approx(onchip, abs=6e-4)
    assert share(simd.dram_bits.total, both.dram_bits.total) == pytest.approx(offchip, abs=6e-4)
    assert share(simd.energy.total, both.energy.total) == pytest.approx(energy, abs=0.2)
    assert both.average_power_w(result.hardware) == pytest.approx(power, rel=0.015)


# Literature: trained parameters and multiply-accumulates of one image.
@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    [
        ("lenet5", 431_080, 2_293_000),
        ("alexnet", 60_965_224, 724_406_816),
        ("vgg16", 138_357_544, 15_470_264_320),
        ("resnet18", 11_689_512, 1_814_073_344),
        ("resnet50", 25_557_032, 4_089_184_256),
    ],
)
@pytest.mark.parametrize("model", ["exact", "simdit"])
def test_parameters_and_macs(name: str, parameters: int, macs: int, model: str) -> None:
    result = report(load(name), "HI3", model)
    assert result.parameters == parameters
    assert dict(result.total.ops)["mac"] == macs
    # A multiply-accumulate a cycle is the most that a PE can do.
    assert 0 < result.utilization() <= 1


def test_macs_grow_with_the_batch_and_parameters_do_not() -> None:
    result = report(load("resnet18", 5), "HI2", "exact")
    assert (result.parameters, dict(result.total.ops)["mac"]) == (11_689_512, 5 * 1_814_073_344)


def test_alexnet_under_simdit_names_what_the_release_does_not_know() -> None:
    result = report(load("alexnet"), "HI2", "simdit")
    assert [(name, op) for name, op, _ in result.uncosted] == [
        ("norm1", "local_response_norm"), ("norm2", "local_response_norm"), ("prob", "softmax"),
    ]  # fmt: skip
    assert result.free == (("flatten1", "flatten"), ("drop6", "dropout"), ("drop7", "dropout"))
    assert not {"local_response_norm", "softmax"} & {layer.op for layer in result.layers}
    text = " ".join(render_table(result).split())
    for name, op in [("norm1, norm2", "local_response_norm"), ("prob", "softmax")]:
        assert f"NOT COSTED, missing from every sum: {name} ({op}): the released SimDIT has no layer '{op}'" in text


def test_alexnet_is_costed_throughout_by_exact() -> None:
    result = report(load("alexnet"), "HI2", "exact")
    assert result.uncosted == ()
    # 8 convolutions and fully connected layers, 7 relus, 3 pools, 2 LRNs, a softmax
    assert len(result.layers) == 8 + 7 + 3 + 2 + 1


@pytest.mark.parametrize("model", ["exact", "simdit"])
@pytest.mark.parametrize("name", ["resnet50", "alexnet", "lenet5"])
def test_both_ways_to_a_cost_agree(name: str, model: str) -> None:
    """Pricing a network in process, without IR, and the passes."""
    network, machine = load(name, 2), load_hardware("HI1")
    result = make_report(simdc.compile(network, machine, model))
    priced = {layer.name: layer for layer in evaluate(network, machine, model)}
    assert {name for name, layer in priced.items() if layer.cost is None} == {name for name, *_ in result.uncosted}
    assert {name for name, layer in priced.items() if layer.cost is not None} == {layer.name for layer in result.layers}
    for layer in result.layers:
        assert (priced[layer.name].tiling, priced[layer.name].cost) == (layer.tiling, layer.cost)


def test_a_network_is_compiled_for_machines_of_other_widths(resnet50: Network) -> None:
    """HI machines have 8-bit weights and values, HT machines 16; the network itself stays as it was read."""
    before = str(resnet50.module)
    first = evaluate(resnet50, load_hardware("HI1"))
    wide = evaluate(resnet50, load_hardware("HT1"))
    again = evaluate(resnet50, load_hardware("HI1"))
    assert first == again
    conv = {machine: layers[0].kernel for machine, layers in (("HI1", first), ("HT1", wide))}
    assert isinstance(conv["HI1"], Contraction)
    assert isinstance(conv["HT1"], Contraction)
    assert (conv["HI1"].weight.bits, conv["HT1"].weight.bits) == (8, 16)
    assert str(resnet50.module) == before


# As the sheet is saved: 2048 MACs, 512 KiB, 10 GB/s at 1 GHz.
@pytest.mark.parametrize(
    ("network", "sheet", "cycles"),
    [
        ("resnet50_v1", "resnet50", 7_113_691),
        ("googlenet", "googlenet", 1_222_071),
        ("alexnet_sheet", "alexnet", 895_443.5625),
    ],
)
def test_the_networks_of_nvidias_sheet_give_its_totals(network: str, sheet: str, cycles: float) -> None:
    machine = load_machine("primer_2048", ["memories.dram.read_bits_per_cycle=80"])
    layers = evaluate(load(network), machine, f"nvdla-sheet{{sheet={sheet}}}")
    assert sum(each.cost.cycles.total for each in layers if each.cost is not None) == cycles
