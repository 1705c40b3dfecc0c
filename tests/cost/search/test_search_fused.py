"""The search of attention on chip finds what trying everything finds."""

from __future__ import annotations

from itertools import permutations, product
from random import Random

import pytest

from simdc.cost import ExactModel, Tiling, TilingError
from simdc.cost.exact.fused import TiledFused
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import FusedProducts
from simdc.cost.rule import GENESYS
from simdc.cost.search import objective_for, search
from simdc.cost.structure import with_field
from simdc.ir.fused_attention import AttentionBits, AttentionShape, fused_attention
from tests.cost.exact.test_fused import machine
from tests.oracles.random_fused import random_path, tight
from tests.oracles.random_layers import WIDTHS, random_machine

MODEL = ExactModel()


def drawn(random: Random) -> tuple[FusedProducts, Hardware]:
    """Small, on a machine with memories for tiles of some size."""
    shape = AttentionShape(1, *(random.randint(1, 2) for _ in range(2)), *(random.randint(1, 5) for _ in range(4)))
    bits = AttentionBits(*(random.choice(WIDTHS) for _ in range(7)))
    mask = random.choice((None, ("n", "s")))
    kernel = fused_attention(shape, bits, first=random.choice((None, 1, 3)), mask=mask)
    hardware = random_path(random, random_machine(random))
    sizes = tuple(random.randint(1, bound) for bound in kernel.bounds.values())
    tiled = TiledFused(kernel, tuple(kernel.bounds), sizes, hardware, GENESYS)
    return kernel, tight(random, hardware, {need.field: need.need_bits for need in tiled.needs()})


def everything(kernel: FusedProducts, hardware: Hardware, value) -> tuple[float, float]:
    """The least over all schedules, and over those with even tiles."""
    least = even = float("inf")
    bounds = kernel.bounds
    for sizes in product(*(range(1, bound + 1) for bound in bounds.values())):
        chosen = dict(zip(bounds, sizes, strict=True))
        is_even = all(size == -(-bounds[loop] // -(-bounds[loop] // size)) for loop, size in chosen.items())
        for outer in permutations([loop for loop in bounds if loop not in ("s", "b")]):
            order = ("b", *outer, "s")
            try:
                cost = MODEL.evaluate(kernel, Tiling(order, tuple(chosen[loop] for loop in order)), hardware)
            except TilingError:
                continue
            least, even = min(least, value(cost)), min(even, value(cost) if is_even else even)
    return least, even


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("objective", ["cycles", "dram", "energy", "edp"])
def test_it_is_the_best_of_all(objective: str, seed: int) -> None:
    kernel, hardware = drawn(Random(seed))
    value = objective_for(objective, kernel, hardware)
    found = search(kernel, hardware, value)
    least, even = everything(kernel, hardware, value)
    proof = found.certificate
    assert found.cost == MODEL.evaluate(kernel, found.tiling, hardware)
    assert value(found.cost) == proof.best <= even
    assert proof.bound <= least
    assert proof.proven in ("all", "even")
    if proof.proven == "all":
        assert proof.best == least


def test_little_work_is_never_worse_than_the_default_and_says_so() -> None:
    kernel, hardware = drawn(Random(1))
    value = objective_for("cycles", kernel, hardware)
    found = search(kernel, hardware, value, steps=1)
    assert proven(found) == "none"
    assert found.cost.cycles.total <= MODEL.evaluate(kernel, MODEL.default(kernel, hardware), hardware).cycles.total


def test_the_certificate_by_hand() -> None:
    """2 queries and 3 keys without a diagonal, so that the default and the greedy schedule have one tile and cost a
    price and a strip each. 2 x 2 ways are left when the work is up, and nothing else is done. No schedule takes less
    than 16 cycles of fill, 8.5 for each of 6 places and 7.5 for each of 2 rows (test_fused_ladder.py)."""
    kernel = fused_attention(AttentionShape(1, 1, 1, 2, 3, 2, 1), AttentionBits(8, 8, 8, 8, 32, 32, 32))
    found = search(kernel, machine(), objective_for("cycles", kernel, machine()), steps=1)
    assert found.certificate.steps == 2 * (3_000 + 30) + 4 * 15
    assert (found.certificate.evaluated, found.certificate.bound) == (2, 16 + 51 + 15)
    assert found.certificate.candidates == 2 * 3 * 120


def test_a_path_of_one_bit_is_a_path() -> None:
    kernel = fused_attention(AttentionShape(1, 1, 1, 2, 3, 2, 1), AttentionBits(8, 8, 8, 8, 32, 32, 32))
    found = search(kernel, machine(1), objective_for("dram", kernel, machine(1)), steps=10**6)
    assert found.certificate.proven == "all"
    found = search(kernel, machine(1), objective_for("cycles", kernel, machine(1)), steps=10**6)
    assert (found.certificate.proven, found.certificate.steps > 2 * 3_030 + 90) == ("even", True)


def proven(found) -> str:
    return found.certificate.proven


@pytest.mark.parametrize(
    ("field", "says"), [("simd.array_path_bits_per_cycle", "needs a path"), ("simd.vmem_bits", "vector memory")]
)
def test_what_cannot_be_run_is_refused(field: str, says: str) -> None:
    kernel = fused_attention(AttentionShape(1, 1, 1, 2, 3, 2, 1), AttentionBits(8, 8, 8, 8, 8, 32, 32))
    hardware = with_field(machine(), field, 0 if field.endswith("cycle") else 1)
    with pytest.raises(TilingError, match=says):
        search(kernel, hardware, objective_for("cycles", kernel, hardware))
