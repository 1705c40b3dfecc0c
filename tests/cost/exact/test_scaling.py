"""Layers with more tiles than anyone can walk, correct by argument."""

from __future__ import annotations

import pytest

from simdc.backends.simulate import simulate
from simdc.cost import Contraction, Cycles, ExactModel, Loop, Operand, Tiling, affine
from simdc.cost.result import DramBits
from simdc.cost.tiling import loop_bounds
from tests.cost.machines import row_convolution, schedule, small_machine

EXACT = ExactModel()
N = 10_000


def tensor_product(bounds: dict[str, int]) -> Contraction:
    """`psum[a, b, c, d] = sum over e of ifmap[a, b, e] * weight[c, d, e]`."""

    def operand(name: str, bits: int, index: str) -> Operand:
        return Operand(name, bits, tuple(bounds[loop] for loop in index), tuple(affine(loop) for loop in index))

    loops = tuple(Loop(name, bound) for name, bound in bounds.items())
    return Contraction(
        "matmul", loops, operand("ifmap", 8, "abe"), operand("weight", 8, "cde"), operand("psum", 32, "abcd"),
        ofmap_bits=8, rows="e", columns="d",
    )  # fmt: skip


def test_ten_thousand_tiles_along_each_of_five_loops() -> None:
    kernel = tensor_product(dict.fromkeys("abcde", N))
    machine = small_machine(side=4, ports=(1 << 20,) * 3)
    # A tile is one step and 3 + 3 cycles of fill. Every transfer takes one cycle, and no port has more than two of
    # them in a tile (a psum out and one in), so tiles never wait: one load before, one store after.
    tiles = N**5
    order = ("c", "d", "e", "a", "b")
    cost = EXACT.evaluate(kernel, Tiling(order, (1,) * 5), machine)
    assert cost.cycles == Cycles(compute=7 * tiles, stall=2)
    # weight[c, d, e] moves with the three outer loops, ifmap[a, b, e] anew in every tile. Each of N**4 psums is
    # visited N times, and what is not finished (N - 1 times) goes out and comes back.
    assert cost.dram_bits == DramBits(
        weight=8 * N**3, ifmap=8 * tiles, psum=2 * 32 * (N - 1) * N**4, ofmap=8 * N**4
    )  # fmt: skip
    assert dict(cost.ops) == {"mac": N**5, "mac_executed": 16 * N**5}


@pytest.mark.parametrize("loop", ["oc", "ic", "kw", "ow"])
@pytest.mark.parametrize("order", ["oc ic kw ow", "ow ic oc kw", "kw ow oc ic"])
def test_every_further_tile_costs_the_same(order: str, loop: str) -> None:
    # Starved ports, a sum that spills, unpadded windows: once there are a first, a middle and a last tile, each
    # more adds one middle tile with the same neighbours. So cycles and counts are straight lines from there on.
    machine = small_machine(ports=(3, 2, 5))
    sizes = {"oc": 2, "ic": 2, "kw": 1, "ow": 3}

    def with_tiles(count: int) -> Contraction:
        return row_convolution(**{**{name: 3 * size for name, size in sizes.items()}, loop: count * sizes[loop]})

    tiling = schedule(order, **sizes)
    few, more = (simulate(with_tiles(count), tiling, machine) for count in (4, 5))
    many = EXACT.evaluate(with_tiles(10**6), tiling, machine)
    for field in ("cycles", "dram_bits", "sram_bits", "busy"):
        for at_four, at_five, at_many in zip(*(getattr(cost, field) for cost in (few, more, many)), strict=True):
            assert at_many == at_four + (10**6 - 4) * (at_five - at_four)


def test_borders_only_add_tiles_along_their_own_loop() -> None:
    # 1001 columns, windows of 5 padded by 2: the outer two tiles at each end are clipped, all others are alike.
    kernel = row_convolution(ow=1001, kw=5, padding=2)
    machine = small_machine()
    tiling = schedule("oc ic kw ow", kw=5)
    assert loop_bounds(kernel)["ow"] == 1001
    # Loaded columns: 3 + 4 + 997 * 5 + 4 + 3.
    cost = EXACT.evaluate(kernel, tiling, machine)
    assert cost.dram_bits.ifmap == 8 * (3 + 4 + 997 * 5 + 4 + 3)
    assert cost == simulate(kernel, tiling, machine)
