"""The default schedule of attention on chip is the cheapest rung; no larger memory or wider port makes it slower."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from simdc.cost import ExactModel, Tiling, TilingError
from simdc.cost.exact.fused import TiledFused
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import FusedProducts
from simdc.cost.ladder.fused import RoughBound, sizes_down
from simdc.cost.rule import GENESYS
from simdc.cost.structure import with_field
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


def test_no_rung_that_fits_is_cheaper() -> None:
    random = Random(23)
    found = 0
    for _ in range(60):
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
    assert found > 30


@pytest.mark.parametrize("field", WIDER)
def test_more_of_anything_is_not_slower(field: str) -> None:
    random = Random(29)
    for _ in range(12):
        kernel, machine = drawn(random)
        owner: object = machine
        for name in field.split("."):
            owner = getattr(owner, name)
        assert isinstance(owner, int)
        larger = with_field(machine, field, owner + random.randint(1, 2 * owner))
        try:
            before = MODEL.evaluate(kernel, MODEL.default(kernel, machine), machine).cycles.total
        except TilingError:
            continue
        assert MODEL.evaluate(kernel, MODEL.default(kernel, larger), larger).cycles.total <= before


def test_bounds_are_never_above_the_cycles() -> None:
    random = Random(31)
    for _ in range(500):
        kernel, tiling, machine = random_case(random)
        assert isinstance(kernel, FusedProducts)
        tiled = TiledFused(kernel, *tiling, machine, GENESYS)
        total = tiled.cost().cycles.total
        sizes = {loop: min(size, kernel.bounds[loop]) for loop, size in tiling.as_dict().items()}
        assert tiled.least_cycles() <= total
        assert RoughBound(kernel, machine, GENESYS).cycles(sizes) <= total


def test_where_nothing_fits_the_error_names_the_memory() -> None:
    random = Random(37)
    kernel = random_attention(random)
    machine = with_field(random_path(random, random_machine(random)), "simd.vmem_bits", 1)
    with pytest.raises(TilingError, match="the vector memory needs") as caught:
        MODEL.evaluate(kernel, MODEL.default(kernel, machine), machine)
    assert caught.value.buffer == "vector memory"
