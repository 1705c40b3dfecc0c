"""Where `exact` and the released SimDIT meet: convolutions whose tiles divide the layer and that have at least three
spatial tiles, with padding stored. There compute, stall, DRAM and SRAM agree to the last digit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simdc.cost import (
    Contraction,
    Cycles,
    DramBits,
    ExactModel,
    Hardware,
    Operand,
    SramBits,
    Tiling,
    affine,
    greedy_tiling,
)
from tests.cost.simdit.release_layers import HI3, conv2d, genesys, release_kernels

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference"
RUNS = sorted(REFERENCE.glob("runs/*.json"))
EXACT = ExactModel()


def with_bias(kernel: Contraction) -> Contraction:
    """Every released convolution pays for a bias."""
    (channels,) = (loop.bound for loop in kernel.loops if loop.name == "oc")
    return kernel._replace(bias=Operand("bias", 32, (channels,), (affine("oc"),)))


# Layers of ResNet-50 on HI3, batch 1, as the release tiles and prices them: (oc, ic, k, oh, stride), tile
# (oc, ic, k, oh), compute, stall, DRAM weight, ifmap, ofmap, bias, SRAM W, I, O, B. Images and windows are
# square, no psum is spilled.
Layer = tuple[tuple[int, int, int, int, int], tuple[int, int, int, int], tuple[int, ...]]
RELEASED: list[Layer] = [
    ((64, 64, 1, 56, 1), (64, 64, 1, 28),
     (3640, 10598, 32768, 1605632, 6422528, 2048, 102760448, 1605632, 6422528, 6422528)),
    ((64, 64, 3, 56, 1), (64, 64, 3, 28),
     (28728, 4036, 294912, 1843200, 6422528, 2048, 924844032, 14450688, 109182976, 6422528)),
    ((256, 64, 1, 56, 1), (128, 64, 1, 28),
     (13552, 39102, 131072, 3211264, 25690112, 8192, 411041792, 6422528, 25690112, 25690112)),
    ((64, 256, 1, 56, 1), (64, 256, 1, 14),
     (14560, 1568, 131072, 6422528, 6422528, 2048, 411041792, 6422528, 44957696, 6422528)),
    ((128, 128, 3, 28, 2), (128, 128, 3, 14),
     (28728, 3880, 1179648, 3444736, 3211264, 4096, 924844032, 14450688, 112394240, 3211264)),
    ((512, 256, 1, 28, 2), (512, 256, 1, 7),
     (27104, 3648, 1048576, 5537792, 12845056, 16384, 822083584, 12845056, 89915392, 12845056)),
    ((256, 256, 3, 14, 2), (64, 256, 3, 7),
     (30240, 3758, 4718592, 7372800, 1605632, 8192, 924844032, 14450688, 113999872, 1605632)),
    ((512, 1024, 1, 14, 1), (256, 1024, 1, 7),
     (26096, 5746, 4194304, 3211264, 3211264, 16384, 822083584, 12845056, 99549184, 3211264)),
    ((2048, 1024, 1, 7, 2), (256, 1024, 1, 1),
     (74480, 31582, 16777216, 3211264, 3211264, 65536, 822083584, 12845056, 99549184, 3211264)),
]  # fmt: skip


@pytest.mark.parametrize("layer", RELEASED, ids=lambda layer: "-".join(map(str, layer[0])))
def test_layer_of_resnet50_on_hi3(layer: Layer) -> None:
    (oc, ic, k, oh, stride), (t_oc, t_ic, t_k, t_oh), numbers = layer
    compute, stall, weight, ifmap, ofmap, bias, wbuf, ibuf, obuf, bbuf = numbers
    bounds = {"oc": oc, "ic": ic, "kh": k, "kw": k, "n": 1, "oh": oh, "ow": oh}
    kernel = with_bias(conv2d(bounds, (stride, stride)))
    tiling = greedy_tiling(kernel, HI3)
    assert tiling.as_dict() == {"oc": t_oc, "ic": t_ic, "kh": t_k, "kw": t_k, "n": 1, "oh": t_oh, "ow": t_oh}
    cost = EXACT.evaluate(kernel, tiling, HI3)
    assert cost.cycles == Cycles(compute, stall)
    assert cost.dram_bits == DramBits(weight=weight, ifmap=ifmap, ofmap=ofmap, bias=bias)
    assert cost.sram_bits == SramBits(wbuf=wbuf, ibuf=ibuf, obuf=obuf, bbuf=bbuf)


def dividing(run: dict[str, Any], machine: Hardware) -> list[tuple[dict[str, Any], Contraction, Tiling]]:
    """(row, kernel, the release's tiling) of every convolution of a run whose tiles divide its padded layer."""
    net = json.loads((REFERENCE / "nets" / f"{run['net']}.json").read_text())
    rows = {row["i"]: row for row in run["layers"]}
    widths = machine.systolic.widths
    found: list[tuple[dict[str, Any], Contraction, Tiling]] = []
    for position, kernel in release_kernels(
        net["layers"], run["batch"], net["mode"] == "training", widths.ifmap_bits
    ):  # fmt: skip
        row = rows[position]
        if not isinstance(kernel, Contraction) or kernel.kind != "conv2d":
            continue
        names = [loop.name for loop in kernel.loops]
        sizes = [row["tile"][name.upper()] for name in names]
        if all(row["dims"][name.upper()] % size == 0 for name, size in zip(names, sizes, strict=True)):
            kernel = with_bias(kernel)._replace(
                ifmap=kernel.ifmap._replace(bits=widths.ifmap_bits),
                weight=kernel.weight._replace(bits=widths.weight_bits),
            )
            found.append((row, kernel, Tiling(tuple(names), tuple(sizes))))
    return found


def spatial_tiles(row: dict[str, Any]) -> int:
    dims, tile = row["dims"], row["tile"]
    return (dims["OH"] // tile["OH"]) * (dims["OW"] // tile["OW"]) * (dims["N"] // tile["N"])


@pytest.mark.skipif(not RUNS, reason="the reference runs are not here")
@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_every_dividing_layer_of_a_run(path: Path) -> None:
    run = json.loads(path.read_text())
    machine = genesys(json.loads((REFERENCE / "hw" / f"{run['hw']}.json").read_text()), run["hw"])
    checked = 0
    for row, kernel, tiling in dividing(run, machine):
        where = f"layer {row['i']} {row['dims']} {row['tile']}"
        cost = EXACT.evaluate(kernel, tiling, machine)
        sram, dram = cost.sram_bits, cost.dram_bits
        assert cost.cycles.compute == row["compute"], where
        assert (dram.weight, dram.psum, dram.ofmap, dram.bias) == tuple(
            row["dram"][name] for name in ("filter", "psum", "ofmap", "bias")
        ), where
        assert (sram.wbuf, sram.ibuf, sram.obuf, sram.bbuf) == pytest.approx(
            [row["sram"][name] for name in ("WBUF", "IBUF", "OBUF", "BBUF")], rel=1e-12
        ), where  # fmt: skip
        if spatial_tiles(row) < 3:
            continue
        assert dram.ifmap == pytest.approx(row["dram"]["ifmap"], rel=1e-12), where
        assert cost.cycles.stall == row["stall"], where
        checked += 1
    assert checked


@pytest.mark.skipif(not RUNS, reason="the reference runs are not here")
@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_greedy_tiles_are_the_released_ones_where_those_divide(path: Path) -> None:
    run = json.loads(path.read_text())
    machine = genesys(json.loads((REFERENCE / "hw" / f"{run['hw']}.json").read_text()), run["hw"])
    for row, kernel, tiling in dividing(run, machine):
        assert greedy_tiling(kernel, machine) == tiling, f"layer {row['i']} {row['dims']}"
