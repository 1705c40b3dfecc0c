"""The default schedule of attention on chip is the cheapest rung; no larger memory or wider port makes it slower."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import ceil
from random import Random

import pytest

from simdc.cost import DramBits, ExactModel, Tiling, TilingError
from simdc.cost.exact.fused import TiledFused
from simdc.cost.exact.laws import used_by_fused
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import FusedProducts
from simdc.cost.ladder.fused import RoughBound, sizes_down
from simdc.cost.rule import GENESYS
from simdc.cost.structure import with_field
from simdc.explore.space import field_of
from simdc.ir.fused_attention import AttentionBits, AttentionShape, fused_attention
from tests.cost.exact.test_fused import machine
from tests.oracles.random_fused import random_attention, random_case, random_path, tight
from tests.oracles.random_layers import random_machine

MODEL = ExactModel()
WIDER = (
    *(f"systolic.buffers.{name}_bits" for name in ("weight", "ifmap", "psum")),
    *(f"systolic.bandwidths.{name}_bits_per_cycle" for name in ("weight", "ifmap", "psum")),
    *("simd.vmem_bits", "simd.bandwidth_bits_per_cycle", "simd.array_path_bits_per_cycle"),
)


def drawn(random: Random) -> tuple[FusedProducts, Hardware]:
    """A layer on a machine that holds some schedule of it exactly."""
    case = random_case(random)
    assert isinstance(case.kernel, FusedProducts)
    tiled = TiledFused(case.kernel, *case.tiling, case.machine, GENESYS)
    return case.kernel, tight(random, case.machine, {need.field: need.need_bits for need in tiled.needs()})


def every_rung(kernel: FusedProducts, machine: Hardware) -> list[Tiling]:
    """As docs/architecture.md has it: the loops b, g, r (or n) are cut in turn, the lanes' and the stream each way."""
    bounds = kernel.bounds
    others = [loop for loop in bounds if loop not in (kernel.lanes, "s")]
    ways = [dict.fromkeys(others, 10**6)]
    for loop in others:
        for parts in range(2, bounds[loop] + 1):
            ways.append({**ways[-1], loop: -(-bounds[loop] // parts)})
    lanes, stream = (
        sizes_down(bounds[kernel.lanes], machine.simd.lanes),
        sizes_down(bounds["s"], machine.systolic.columns),
    )
    return [
        Tiling(tuple(bounds), tuple(min(bounds[loop], (way | {kernel.lanes: one, "s": two})[loop]) for loop in bounds))
        for way, one, two in product(ways, lanes, stream)
    ]


@pytest.mark.parametrize(
    ("bound", "width", "sizes"),
    [(100, 16, [100, 64, 48, 32, 16, 8, 4, 2, 1]), (3, 2, [3, 2, 1]), (1, 4, [1]), (5, 8, [5, 2, 1])],
)
def test_sizes_go_down_to_single_ones(bound: int, width: int, sizes: list[int]) -> None:
    assert sizes_down(bound, width) == sizes


@pytest.mark.parametrize("seed", range(12))
def test_no_rung_that_fits_is_cheaper(seed: int) -> None:
    random = Random(seed)
    found = 0
    for _ in range(5):
        kernel, machine = drawn(random)
        priced: list[tuple[float, float]] = []
        for tiling in every_rung(kernel, machine):
            try:
                cost = MODEL.evaluate(kernel, tiling, machine)
            except TilingError:
                continue
            priced.append((cost.cycles.total, cost.dram_bits.total))
        if priced:
            cost = MODEL.evaluate(kernel, MODEL.default(kernel, machine), machine)
            assert (cost.cycles.total, cost.dram_bits.total) == min(priced)
            found += 1
    assert found


@pytest.mark.parametrize("field", WIDER)
def test_more_of_anything_is_not_slower(field: str) -> None:
    random = Random(29)
    for _ in range(12):
        kernel, machine = drawn(random)
        least = ceil(Fraction(field_of(machine, field)))
        larger = with_field(machine, field, least + random.randint(1, 2 * least))
        try:
            before = MODEL.evaluate(kernel, MODEL.default(kernel, machine), machine).cycles.total
        except TilingError:
            continue
        assert MODEL.evaluate(kernel, MODEL.default(kernel, larger), larger).cycles.total <= before


@pytest.mark.parametrize("seed", range(50))
def test_bounds_are_never_above_the_cycles(seed: int) -> None:
    random = Random(seed)
    for _ in range(10):
        kernel, tiling, machine = random_case(random)
        assert isinstance(kernel, FusedProducts)
        tiled = TiledFused(kernel, *tiling, machine, GENESYS)
        total = tiled.cost().cycles.total
        sizes = {loop: min(size, kernel.bounds[loop]) for loop, size in tiling.as_dict().items()}
        rough, least = RoughBound(kernel, machine, GENESYS), tiled.least_cost(used_by_fused(kernel))
        assert least.cycles.total <= total
        assert rough.weight_bits(sizes) <= least.dram_bits.weight <= tiled.cost().dram_bits.weight
        assert (least.sram_bits, least.ops) == (tiled.cost().sram_bits, tiled.cost().ops)
        assert rough.least() <= rough.cycles(sizes) <= total


def test_bounds_by_hand() -> None:
    """The case by hand of tests/cost/exact/test_fused.py with values of depth 3. Two tiles, each with 2 x 2 cycles of
    fill of the array and 2 x 6 of the lanes: 32. A place takes 1 / 2 and 2 / 2 steps, (1 + 9) / 2 cycles of the lanes,
    40 bits of the path: 9, and there are 5. A row of a tile takes (1 + 9) / 2 + 3 / 2 cycles of the lanes and 96 bits
    of the path: 12.5, 4 times. Together 32 + 45 + 50; at the least one fill and each row once, 16 + 45 + 25. Keys and
    values of both tiles: 3 x (2 + 3) x 8 bits.

    Closely: array 2 x (4 + 6), path 8 + 2 + 12 and 4 + 1 + 12, lanes 40 + 9 and 34 + 9 + 20: without the loads and the
    store 171."""
    bits = AttentionBits(query=8, key=8, value=8, mask=8, output=32, psum=32, lanes=32)
    kernel = fused_attention(AttentionShape(1, 1, 1, 2, 3, 2, 3), bits, first=2)
    rough, sizes = RoughBound(kernel, machine(), GENESYS), {"b": 1, "g": 1, "r": 1, "n": 2, "s": 2}
    assert (rough.cycles(sizes), rough.least(), rough.weight_bits(sizes)) == (127, 86, 120)
    least = TiledFused(kernel, tuple(sizes), tuple(sizes.values()), machine(), GENESYS).least_cost(DramBits())
    assert (least.cycles.total, least.dram_bits) == (171, DramBits(weight=120))


def test_where_nothing_fits_the_error_names_the_memory() -> None:
    random = Random(37)
    kernel = random_attention(random)
    machine = with_field(random_path(random, random_machine(random)), "simd.vmem_bits", 1)
    with pytest.raises(TilingError, match="the vector memory needs") as caught:
        MODEL.evaluate(kernel, MODEL.default(kernel, machine), machine)
    assert caught.value.buffer == "vector memory"
