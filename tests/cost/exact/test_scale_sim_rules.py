"""SCALE-Sim's cycles from the fields of a machine: the array maps windows on its rows, loads weights before each fold
and drains behind it. Nothing here is a model of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import simdc
from simdc.cost import Contraction, ExactModel, Tiling
from simdc.cost.array_kernel import mapped
from tests.cost.machines import image_convolution
from tests.oracles.scale_sim_layers import DATAFLOWS, LAYERS, run_package

RULES = ("systolic.row_mapping=window", "systolic.weight_load=exposed", "systolic.fold_drain=serial")
AMPLE = tuple(
    f"systolic.{field}={1 << 40}"
    for name in ("weight", "ifmap", "psum")
    for field in (f"bandwidths.{name}_bits_per_cycle", f"buffers.{name}_bits")
)


def compute(kernel: Contraction, *settings: str, side: int = 16) -> int:
    """Of the kernel in one tile."""
    array = (f"systolic.rows={side}", f"systolic.columns={side}", "stores_padding=false")
    machine = simdc.load_hardware("HI1", [*array, *RULES, *AMPLE, *settings])
    bounds = kernel.bounds
    window = bounds["kh"] * bounds["kw"] > 1 and "window" in machine.systolic.mappings
    whole = Tiling(tuple(bounds), tuple(bounds.values()))
    return int(ExactModel().evaluate(mapped(kernel, ("window",) if window else ()), whole, machine).cycles.compute)


@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_ten_layers_in_three_dataflows(dataflow: str) -> None:
    for layer in LAYERS:
        kernel = image_convolution(layer.out, layer[2:4], layer.ic, layer.oc, layer.stride)
        reported = getattr(layer, dataflow)
        assert compute(kernel, f"systolic.dataflow={dataflow}") == reported + 1, layer


@pytest.mark.parametrize(
    ("size", "window", "ic", "oc", "reported"),
    [
        (8, 1, 16, 16, 109),
        (8, 1, 32, 32, 439),
        (8, 1, 24, 40, 659),
        # 9 x 1 and 2 folds of 64 positions: 18 (32 + 16 + 64 - 2) = 1,980.
        (8, 3, 16, 32, 1979),
        (56, 1, 64, 64, 50911),
        (56, 3, 64, 64, 458207),
    ],
)
def test_layers_of_networks(size: int, window: int, ic: int, oc: int, reported: int) -> None:
    assert compute(image_convolution((size, size), (window, window), ic, oc)) == reported + 1


def test_the_regression_trace() -> None:
    """Of version 2: the first convolution of AlexNet on 32 x 32 PEs. 363 rows are 12 blocks, 96 columns 3: 36 folds of
    64 + 32 + 3,025 - 2 cycles."""
    kernel = image_convolution((55, 55), (11, 11), 3, 96, stride=4)
    assert compute(kernel, side=32) == 36 * 3119 == 112_283 + 1


def package_python() -> str:
    found = os.environ.get("SCALE_SIM_PYTHON")
    if not found:
        pytest.skip("SCALE_SIM_PYTHON names no interpreter with scalesim: tests/oracles/scale_sim_layers.py says how")
    return found


@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_the_package_says_so_today(dataflow: str, tmp_path: Path) -> None:
    python = package_python()
    assert run_package(python, dataflow, tmp_path) == [getattr(layer, dataflow) for layer in LAYERS]
