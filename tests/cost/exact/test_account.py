"""Cycles taken apart: the parts add up, waits are those that the tile simulator's visits tell, shares are by hand."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from simdc.backends.simulate import simulate
from simdc.backends.simulate.trace import trace
from simdc.backends.simulate.walk import whole_loops
from simdc.cost import Contraction, ExactModel, Hardware, Kernel, Tiling
from simdc.cost.account import CyclePart, Fill
from simdc.cost.kernel import FusedProducts
from simdc.cost.ratio import Ratio
from simdc.cost.tiling import Need
from simdc.frozen import evolve
from simdc.ir.ops.relu import ReluOp
from tests.cost.exact.test_fused import ORDER, machine, small_attention
from tests.cost.machines import row_convolution, schedule, small_machine
from tests.ir.tensors import tensor
from tests.oracles.balanced import balanced
from tests.oracles.channels import random_channels, with_channels
from tests.oracles.random_cases import random_cases
from tests.oracles.random_fused import random_case
from tests.oracles.variants import varied_cases
from tests.oracles.waits import waits

EXACT = ExactModel()
RELEASES = ("segment", "joint", "separate")


def released(hardware: Hardware, how: str) -> Hardware:
    return evolve(hardware, systolic=evolve(hardware.systolic, buffer_release=how))


def parts(kernel: Kernel, tiling: Tiling, hardware: Hardware) -> tuple[CyclePart, ...]:
    account = EXACT.account(kernel, tiling, hardware)
    assert all(part.cycles > 0 for part in account.parts)
    return account.parts


def summed(found: tuple[CyclePart, ...]) -> Counter[str]:
    told = Counter[str]()
    for part in found:
        told["compute" if part.name in ("steps", "folds", "fill") else part.port or part.name] += int(part.cycles)
    return told


@pytest.mark.parametrize(
    ("how", "waited"),
    [
        # Four segments of 8 with 6 of compute: in three a tile loads, in the last one only results are stored.
        ("segment", {"ifmap_port": 6, "psum_port": 2}),
        # Tile 1 has all at 16, 2 after tile 0; tile 2 at 30, 8 late, as it was asked for when the result of tile 0 was
        # stored; tile 3 at 38, 2 late.
        ("joint", {"ifmap_port": 12}),
        # Loads end at 8, 16, 24, 32; computations at 14, 22, 30, 38: 2 cycles late each.
        ("separate", {"ifmap_port": 6}),
    ],
)
def test_with_a_pencil(how: str, waited: dict[str, int]) -> None:
    """The layer of `test_buffer_release`: four tiles with 4 steps and 2 of fill, 8 cycles to load the first, 8 to store
    the last."""
    kernel, hardware = row_convolution(ic=4, oc=2, ow=8), released(small_machine(ports=(8, 8, 4)), how)
    tiling = schedule("oc kw ic ow", oc=2, ic=4, ow=2)
    last = EXACT.evaluate(kernel, tiling, hardware).cycles.total - 24 - 8 - sum(waited.values())
    expected = [CyclePart("steps", 16), CyclePart("fill", 8), CyclePart("first load", 8)]
    expected += [CyclePart("wait", cycles, port) for port, cycles in waited.items()]
    assert parts(kernel, tiling, hardware) == (*expected, CyclePart("last store", 8))
    assert last == 8


@pytest.mark.parametrize("seed", range(4))
def test_contractions_wait_as_the_simulators_visits_tell(seed: int) -> None:
    random, seen = Random(seed), Counter[str]()
    cases = [case for case in random_cases(31 + seed, 60) if isinstance(case.kernel, Contraction)]
    for number, (kernel, tiling, drawn) in enumerate([*cases, *varied_cases(41 + seed, 12)]):
        assert isinstance(kernel, Contraction)
        how = RELEASES[number % 3]
        hardware = balanced(random, kernel, tiling, drawn, how) if random.random() < 0.8 else released(drawn, how)
        if random.random() < 0.3:
            hardware = with_channels(hardware, random_channels(random), how)
        if random.random() < 0.3:
            hardware = evolve(hardware, dram=evolve(hardware.dram, latency_cycles=random.randint(1, 9)))
        told = summed(parts(kernel, tiling, hardware))
        assert sum(told.values()) == simulate(kernel, tiling, hardware).cycles.total
        by_channel = Counter[str]()
        for name, cycles in waits(kernel, tiling, hardware).items():
            by_channel[name.removesuffix(" stores")] += cycles
        assert told == by_channel, (kernel, tiling, hardware)
        seen.update(f"{how} {name}" for name in told)
    assert len([name for name in seen if name.endswith("_port")]) > 7


def test_programs_and_fused_products_add_up() -> None:
    random = Random(5)
    cases = [case for case in random_cases(33, 150) if not isinstance(case.kernel, Contraction)]
    for kernel, tiling, hardware in [*cases, *(random_case(random, 40) for _ in range(60))]:
        chosen = released(hardware, random.choice(RELEASES)) if isinstance(kernel, FusedProducts) else hardware
        cost = simulate(kernel, tiling, chosen)
        told = parts(kernel, tiling, chosen)
        assert sum(part.cycles for part in told) == cost.cycles.total
        if not isinstance(kernel, FusedProducts):
            simd, tiles = chosen.simd, len(list(trace(kernel, whole_loops(kernel, tiling), chosen)))
            fill = tiles * (simd.pipeline_stages + simd.lanes - 2)
            assert sum(part.cycles for part in told if part.name == "fill") == fill
        moved = sum(part.cycles for part in told if part.name == "transfers")
        assert moved == cost.busy.simd_port


@pytest.mark.parametrize("how", RELEASES)
def test_attention_with_a_pencil(how: str) -> None:
    """`test_fused.test_by_hand`: two tiles with 2 steps and 2 of fill in each of two products, lanes 47 and 59, path
    14 and 9, a result of 4 cycles at the end; 6 cycles to load, and nothing waits."""
    expected = {"steps": 8, "fill": 8, "lanes": 47 + 59, "path between the arrays": 14 + 9, "transfers": 4}
    found = parts(small_attention(), Tiling(ORDER, (1, 1, 1, 2, 2)), released(machine(), how))
    assert {part.name: part.cycles for part in found} == {**expected, "first load": 6}


def test_how_full_the_array_is_with_attention() -> None:
    """2 queries see 2 and 3 keys, depths of 2 and 1: 5 * 3 products in 8 steps of 4 PEs."""
    (pes,) = EXACT.account(small_attention(), Tiling(ORDER, (1, 1, 1, 2, 2)), machine()).fills
    assert pes == Fill("PEs", "systolic.rows x systolic.columns", 15 / 32)


def test_a_latency_is_no_buffer() -> None:
    refusing = small_machine()
    array = evolve(refusing.systolic, accumulate_latency_cycles=4, hazard="refuse")
    kernel, tiling = row_convolution(ic=2, oc=2, ow=8), schedule("oc kw ic ow", oc=2, ic=2, ow=8)
    needs = EXACT.account(kernel, tiling, evolve(refusing, systolic=array)).needs
    assert [need.buffer for need in needs] == ["weight buffer", "ifmap buffer", "psum buffer"]


@pytest.mark.parametrize("how", RELEASES)
def test_attention_that_waits_for_keys(how: str) -> None:
    """The same over a weight port of a bit in 4 cycles: first keys and values of 32 + 16 bits, 192 cycles. Those of the
    second tile, 16 + 8 bits, take 96 beside the 69 of the first."""
    array = machine().systolic
    slow = evolve(array, bandwidths=evolve(array.bandwidths, weight_bits_per_cycle=Ratio(1, 4)))
    chosen, tiling = released(evolve(machine(), systolic=slow), how), Tiling(ORDER, (1, 1, 1, 2, 2))
    found = parts(small_attention(), tiling, chosen)
    assert [part for part in found if part.name == "wait"] == [CyclePart("wait", 96 - 69, "weight_port")]
    assert (
        sum(part.cycles for part in found) == 192 + 96 + 80 == simulate(small_attention(), tiling, chosen).cycles.total
    )


def test_how_full_the_array_is() -> None:
    """5 channels in tiles of 4 and 1 on 2 rows pass 2 + 1 times: 5 of 6; 3 on 2 columns twice: 3 of 4."""
    kernel = row_convolution(ic=5, oc=3, ow=4)
    account = EXACT.account(
        kernel, schedule("oc kw ic ow", oc=3, ic=4, ow=4), small_machine(buffers=(800, 800, 1024, 800))
    )
    assert account.fills == (
        Fill("rows", "systolic.rows", 5 / 6),
        Fill("columns", "systolic.columns", 3 / 4),
        Fill("PEs", "systolic.rows x systolic.columns", 5 / 6 * 3 / 4),
    )
    weights, inputs, sums = account.needs
    assert weights == Need("weight buffer", "systolic.buffers.weight_bits", 3 * 4 * 8, 400)
    assert (inputs.need_bits, sums.need_bits, sums.limit_bits) == (4 * 4 * 8, 3 * 4 * 32, 512)


def test_how_full_lanes_are_by_hand() -> None:
    """5 channels and 4 columns on 2 lanes: 3 vectors a column, 5 of 6 places."""
    relu = ReluOp("r", tensor(1, 5, 1, 4)).kernel()
    account = EXACT.account(relu, schedule("c n h w", c=5, w=4), small_machine())
    assert account.fills == (Fill("lanes", "simd.lanes", 5 / 6),)


def test_how_full_lanes_are() -> None:
    for kernel, tiling, hardware in random_cases(34, 60):
        if isinstance(kernel, Contraction):
            continue
        (lanes,) = EXACT.account(kernel, tiling, hardware).fills
        assert lanes.name == "lanes"
        assert 0 < lanes.share <= 1
        if hardware.simd.lanes == 1:
            assert lanes.share == 1
