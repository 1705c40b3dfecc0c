"""What resizing costs: random sizes against the simulator, three of the field by hand."""

from __future__ import annotations

from simdc.api import Network, load_hardware
from simdc.backends.simulate import simulate
from simdc.cost import ExactModel, Kernel, Tiling
from simdc.cost.tiling import loop_bounds
from simdc.frontends.dsl import parse_dsl
from tests.oracles.random_resizes import check

VECTOR_BITS = {"HI2": 32 * 32, "HI3": 64 * 32}
"""Channels are rounded up to whole vectors of 32-bit elements."""


def kernel_of(image: str, size: str, batch: int, machine: str) -> Kernel:
    text = f"network n(x: {image}) {{ return resize(x, {size}) }}"
    (kernel,) = Network(parse_dsl(text, "n.dsl", batch)).workload(load_hardware(machine)).kernels
    return kernel


def loads_bits(kernel: Kernel, tiling: Tiling, machine: str) -> int:
    cost = ExactModel().evaluate(kernel, tiling, load_hardware(machine))
    assert cost == simulate(kernel, tiling, load_hardware(machine))
    return cost.dram_bits.ifmap


def test_random_resizes_and_their_gradients_cost_what_the_simulator_counts() -> None:
    drawn, wrong = check(seed=3, count=200)
    assert not wrong
    assert drawn["in two walks"] > 40
    assert drawn["resize_grad"] > 40


def test_a_feature_pyramid() -> None:
    """Rows twice, each from its own: 2 runs of 100 rows read 100 x 167 positions each. 167 and 333 have no common
    factor, so each of 333 columns is a run of its own and reads 200 positions. No tiling makes a difference."""
    kernel = kernel_of("64x100x167", '[200, 333], coordinates="asymmetric"', 1, "HI3")
    for sizes in ({}, {"h": 7, "oh": 50, "w": 42}):
        bounds = loop_bounds(kernel) | {"h": 25, "w": 42, "oh": 50} | sizes
        tiling = Tiling(tuple(bounds), tuple(bounds.values()))
        assert loads_bits(kernel, tiling, "HI3") == (2 * 100 * 167 + 333 * 200) * VECTOR_BITS["HI3"] == 204_800_000


def test_a_segmentation_head() -> None:
    """33 to 513: weights repeat after 171 = 513 / 3 positions, 11 = 33 / 3 inputs further. Of the runs along an axis
    154 have 3 positions between two inputs each, one has 3 on an input, and at the two ends of the image 16 have 1
    position and 16 have 2. Rows are whole: boxes of 2*11 + 2, 2*11 + 1, 1 and 11 + 2 rows, 33 columns each. Columns
    go one by one: 2 inputs where they lie between two, else 1, each over 513 rows."""
    kernel = kernel_of("21x33x33", '[513, 513], mode="linear"', 1, "HI3")
    rows = 154 * 24 + 23 + 16 * 1 + 16 * 13
    columns = 154 * 3 * 2 + 3 + 16 * 1 + 16 * 2 * 2
    order = ("c", "n", "w", "ow", "h2", "kh2", "h", "oh", "ow2", "kow2")
    tiling = Tiling(order, (64, 1, 1, 1, 2, 2, 3, 23, 1, 2))
    assert loads_bits(kernel, tiling, "HI3") == (rows * 33 + columns * 513) * VECTOR_BITS["HI3"] == 1_324_462_080


def test_columns_that_repeat_and_rows_that_do_not() -> None:
    """5 to 4 rows: 4 runs of one row, 6 positions each. 6 to 38 columns: 19 runs of 2 positions, 3 inputs apart, which
    a box of 4 columns holds, 4 rows each. Two images."""
    kernel = kernel_of("1x5x6", "[4, 38]", 2, "HI2")
    bounds = loop_bounds(kernel)
    tiling = Tiling(tuple(bounds), tuple(bounds.values()))
    assert loads_bits(kernel, tiling, "HI2") == (4 * 6 + 19 * 4 * 4) * 2 * VECTOR_BITS["HI2"] == 671_744
