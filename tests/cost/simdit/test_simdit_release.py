"""Every layer record and every total of complete runs of the released program, where they are at hand."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simdc.cost.kernel import Contraction, Kernel
from simdc.cost.result import Cost
from simdc.cost.simdit import SimditModel
from simdc.cost.tiling import Tiling
from tests.cost.simdit.release_layers import genesys, release_kernels

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference"
RUNS = sorted(REFERENCE.glob("runs/*.json"))

pytestmark = pytest.mark.skipif(not RUNS, reason="the reference runs are not here")

KB = 8192
OPERATIONS = {"CondMove": "conditional_move", "op_ScmnBN": "common", "mac": "mac_executed"}


def exactly(value: object) -> object:
    """To the rounding of the release's floating point, which leaves a millionth of a bit where zero is meant."""
    return pytest.approx(value, rel=1e-9, abs=1e-6)


def costs(run: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Kernel, Tiling, Cost]]:
    net = json.loads((REFERENCE / "nets" / f"{run['net']}.json").read_text())
    fields = json.loads((REFERENCE / "hw" / f"{run['hw']}.json").read_text())
    machine, model = genesys(fields, run["hw"]), SimditModel(net["mode"])
    kernels = dict(release_kernels(net["layers"], run["batch"], net["mode"] == "training", fields["ACT_DATA_WIDTH"]))
    assert list(kernels) == [row["i"] for row in run["layers"]]
    for row in run["layers"]:
        kernel = kernels[row["i"]]
        tiling = model.greedy(kernel, machine)
        yield row, kernel, tiling, model.evaluate(kernel, tiling, machine)


def released_tile(row: dict[str, Any], kernel: Kernel) -> dict[str, int]:
    """The release calls channels OC, the image OH x OW or IH x IW, as the layer's model has it."""
    tile = row["tile"]
    if isinstance(kernel, Contraction):
        return {loop.name: tile[loop.name.upper()] for loop in kernel.loops}
    other = {"c": ("C", "OC"), "h": ("H", "IH"), "w": ("W", "IW")}
    names = [loop.name for loop in kernel.nests[0].loops]
    return {name: next(tile[key] for key in other.get(name, (name.upper(),)) if key in tile) for name in names}


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_run_equals_the_release(path: Path):
    run = json.loads(path.read_text())
    totals: defaultdict[str, float] = defaultdict(float)
    model = SimditModel("training" if "training" in run["net"] else "inference")
    for row, kernel, tiling, cost in costs(run):
        where = f"layer {row['i']} {row['op']}"
        assert tiling.as_dict() == released_tile(row, kernel), where
        assert cost.cycles.compute == exactly(row["compute"]), where
        assert cost.cycles.stall == exactly(row["stall"]), where
        sram, dram = cost.sram_bits, cost.dram_bits
        assert {name: getattr(sram, name.lower()) for name in row["sram"]} == exactly(row["sram"]), where
        names = {name: "weight" if name == "filter" else name for name in row["dram"]}
        assert {name: getattr(dram, ours) for name, ours in names.items()} == exactly(row["dram"]), where
        assert {name: count for name, count in cost.ops if name != "mac"} == exactly(
            {OPERATIONS.get(name, name): count for name, count in row["ops"].items()}
        ), where

        for name in ("WBUF", "IBUF", "OBUF", "BBUF", "VMEM", "IMM", "InsMem"):
            totals[f"{name} access"] += getattr(sram, name.lower()) / KB
        for name in ("weight", "ifmap", "psum", "ofmap", "bias"):
            totals[f"DRAM access {'filter' if name == 'weight' else name}"] += getattr(dram, name) / KB
        totals["total DRAM access"] += dram.total / KB
        unit = "SA" if isinstance(kernel, Contraction) else "SIMD"
        totals[f"{unit} compute cycles"] += cost.cycles.compute
        totals[f"{unit} stall cycles"] += cost.cycles.stall
        totals["total cycles"] += cost.cycles.total
        totals["Op count"] += model.op_count(cost)
        totals[f"total cycles {unit}"] += cost.cycles.total
        totals[f"total DRAM access {unit}"] += dram.total / KB
        totals[f"total SRAM access {unit}"] += sram.total / KB
        totals[f"Op count {unit}"] += model.op_count(cost)
    expected = {**run["totals"], **run["sa_simd_totals"]}
    assert dict(totals) == exactly(expected)
