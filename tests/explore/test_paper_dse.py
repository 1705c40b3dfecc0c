"""Tables VIII to X and Fig. 12: what `simdit` must reproduce of the paper and of the released program."""

from __future__ import annotations

import paper_dse
import pytest
from paper_dse import (
    FIG_12,
    IFMAP_BITS,
    PORTS,
    SIZES,
    TABLE_VIII,
    TABLE_X,
    allocation,
    economic_points,
    explore,
    paper_space,
    times_best,
)

from simdc.cost.forms import only
from simdc.cost.workload import Workload
from simdc.explore.exploration import Exploration, NetworkChoice
from simdc.explore.findings import find
from tests.cost.simdit.release_layers import release_kernels

# Array: cycles of the best machine, worst over best, the worst machine. Of the released per-layer models.
RELEASED = {
    16: (23927120.85714286, 9.643, (8, 256, 128, 64, 256, 8, 128, 64)),
    32: (8622832.657142857, 13.652, (256, 512, 16, 128, 512, 8, 256, 128)),
    64: (3719340.0, 18.427, (256, 1024, 32, 512, 1024, 8, 512, 256)),
    128: (2263177.0, 25.371, (1024, 2048, 64, 512, 2048, 8, 1024, 512)),
}
OTHER_NETWORKS = {
    "resnet18": (1460462.4, 13.735, (512, 128, 128, 1024, 512, 256, 256, 1024)),
    "vgg16": (7463278.0, 19.737, (512, 256, 512, 512, 512, 256, 256, 1024)),
    "alexnet_one_tower": (1524401.0, 41.386, (1024, 256, 128, 512, 512, 256, 256, 1024)),
}
LOWER_BOUND_OF_SIZES = {32: (0.80, 14.446), 64: (0.75, 18.436), 128: (0.75, 25.548)}
"""With a looser lower bound on the sum of sizes the paper's ratios for 32 and 128 come out as printed."""
TIMES_BEST = {
    "systolic.buffers.weight_bits": {128: 1.04558228, 256: 1.0, 512: 0.99903531, 2048: 1.02169084},
    "systolic.buffers.ifmap_bits": {32: 1.22768962, 64: 1.15574568, 128: 1.05144999, 1024: 1.01255707},
    "systolic.buffers.psum_bits": {32: 1.16763219, 64: 1.04389354, 128: 1.07842709, 2048: 1.03995402},
    "simd.vmem_bits": {32: 1.09323267, 256: 1.00994478, 2048: 0.99800825},
    "systolic.bandwidths.weight_bits_per_cycle": {8: 7.68088508, 128: 1.17228648, 2048: 0.93866977},
    "systolic.bandwidths.ifmap_bits_per_cycle": {8: 11.01974225, 64: 1.75537655, 2048: 0.96017949},
    "systolic.bandwidths.psum_bits_per_cycle": {32: 4.43751409, 256: 1.11950830, 2048: 0.94082794},
    "simd.bandwidth_bits_per_cycle": {32: 8.88163169, 512: 1.25424618, 2048: 0.87287691},
}

CONV = ("OC", "N", "IC", "KH", "KW", "OH", "OW")
POOL = ("N", "C", "KH", "KW", "OH", "OW")
TENSOR = ("N", "C", "H", "W")


@pytest.mark.parametrize("side", RELEASED)
def test_table_viii_best_and_worst_allocations(side: int) -> None:
    cycles, ratio, worst = RELEASED[side]
    findings = explore("resnet50", paper_space(side))
    assert allocation(findings.best.fields) == TABLE_VIII[side].allocation
    assert findings.best.values["cycles"] == pytest.approx(cycles, rel=1e-12)
    assert findings.over_best(findings.worst) == pytest.approx(ratio, abs=5e-4)
    assert allocation(findings.worst.fields) == worst
    assert findings.survey.missing == findings.survey.over_limit == 0
    assert not findings.survey.infeasible


@pytest.mark.parametrize("side", LOWER_BOUND_OF_SIZES)
def test_table_viii_ratios_with_a_looser_bound(side: int) -> None:
    share, ratio = LOWER_BOUND_OF_SIZES[side]
    space = paper_space(side)
    sizes, ports = space.constraints
    looser = space._replace(constraints=(sizes._replace(low=share * sizes.high), ports))
    findings = explore("resnet50", looser)
    assert findings.over_best(findings.worst) == pytest.approx(ratio, abs=5e-4)
    assert allocation(findings.best.fields) == TABLE_VIII[side].allocation


def test_a_symmetric_bound_is_not_the_papers_rule() -> None:
    """With budgets exceeded by up to 15 % another machine wins."""
    space = paper_space(64)
    wider = [each._replace(high=1.15 * each.high) for each in space.constraints]
    findings = explore("resnet50", space._replace(constraints=tuple(wider)))
    assert findings.best.values["cycles"] == 3410660
    assert findings.best.sums["bandwidth"] == 2304


@pytest.mark.parametrize("name", OTHER_NETWORKS)
def test_table_ix_other_networks(name: str) -> None:
    cycles, ratio, best = OTHER_NETWORKS[name]
    findings = explore(name, paper_space(64))
    assert allocation(findings.best.fields) == best
    assert findings.best.values["cycles"] == pytest.approx(cycles, rel=1e-12)
    assert findings.over_best(findings.worst) == pytest.approx(ratio, abs=5e-4)


def test_table_ix_alexnet_in_two_towers() -> None:
    """Two convolutions for each grouped one, images of 224 without a border (54 x 54 outputs), no response
    normalization: the program by which the reference ratio was found."""
    rows: list[tuple[str, tuple[int, ...], int]] = [
        ("conv", (96, 1, 3, 11, 11, 54, 54), 4),
        ("relu", (1, 96, 54, 54), 1),
        ("ignored", (), 1),
        ("max_pool", (1, 96, 3, 3, 27, 27), 2),
        *[("conv", (128, 1, 48, 5, 5, 27, 27), 1)] * 2,
        ("relu", (1, 256, 27, 27), 1),
        ("ignored", (), 1),
        ("max_pool", (1, 256, 3, 3, 13, 13), 2),
        ("conv", (384, 1, 256, 3, 3, 13, 13), 1),
        ("relu", (1, 384, 13, 13), 1),
        *[("conv", (192, 1, 192, 3, 3, 13, 13), 1)] * 2,
        ("relu", (1, 384, 13, 13), 1),
        *[("conv", (128, 1, 192, 3, 3, 13, 13), 1)] * 2,
        ("relu", (1, 256, 13, 13), 1),
        ("max_pool", (1, 256, 3, 3, 6, 6), 2),
        ("ignored", (), 1),
        ("gemm", (1, 9216, 4096), 1),
        ("relu", (1, 4096, 1, 1), 1),
        ("gemm", (1, 4096, 4096), 1),
        ("relu", (1, 4096, 1, 1), 1),
        ("gemm", (1, 4096, 1000), 1),
    ]
    names = {"conv": CONV, "relu": TENSOR, "max_pool": POOL, "gemm": ("M", "N", "P")}
    layers = [
        {"op": op, "dims": dict(zip(names[op], dims, strict=True)), "stride": stride} if dims else {"op": op}
        for op, dims, stride in rows
    ]
    kernels = release_kernels(layers, 1, False, IFMAP_BITS)
    workload = Workload([(str(position), only(kernel)) for position, kernel in kernels])
    exploration = Exploration(paper_space(64), [NetworkChoice("alexnet", "inference", lambda _: workload)], "simdit")
    exploration.run()
    findings = find(exploration, exploration.survey())
    assert findings.best.values["cycles"] == 1922101
    assert findings.over_best(findings.worst) == pytest.approx(33.422, abs=5e-4)


def test_table_x_the_cheapest_machines_near_the_best() -> None:
    findings = economic_points("resnet50", 64, "simdit", "greedy", 1)
    # Lower bounds matter for the worst machine only.
    assert findings.best.values["cycles"] == 3719340
    found = {each.resource: machine for each, machine in findings.cheap}
    assert {name: allocation(machine.fields) for name, machine in found.items()} == {
        name: best.allocation for name, best in TABLE_X.items()
    }
    assert found["SRAM"].values["cycles"] == 4205383
    assert found["bandwidth"].values["cycles"] == 4261113
    assert 100 * (findings.over_best(found["SRAM"]) - 1) == pytest.approx(13.07, abs=5e-3)
    assert 100 * (findings.over_best(found["bandwidth"]) - 1) == pytest.approx(14.57, abs=5e-3)


def test_fig_12_one_field_at_a_time() -> None:
    findings = explore("resnet50", paper_space(64))
    for path, expected in TIMES_BEST.items():
        curve = times_best(findings, path)
        assert {size: curve[size] for size in expected} == pytest.approx(expected, abs=1e-8)
    assert times_best(findings, SIZES[1])[32] == pytest.approx(FIG_12["I"][1], abs=5e-3)
    # The paper's text says 11.4, its own program 11.02.
    assert times_best(findings, PORTS[1])[8] == pytest.approx(11.02, abs=5e-3)
    # More memory is not always better under the released tilings.
    sizes = list(times_best(findings, SIZES[2]).values())
    assert sizes != sorted(sizes, reverse=True)


def test_the_example_prints_all_of_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["paper_dse.py", "--array", "64"])
    paper_dse.main()
    said = capsys.readouterr().out
    assert "64x64     256   512   256  1024   256   256   512  1024       3,719,340      18.427  18.43" in said
    assert said.count("as in the paper") == 3
    for head in ("Table VIII", "Table IX", "Table X", "Fig. 11", "Fig. 12"):
        assert head in said
