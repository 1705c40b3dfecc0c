"""Attention whose scores stay on chip: one case by hand, a thousand against the tile simulator, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

import pytest

from simdc.backends.simulate import simulate
from simdc.backends.verify.compare import first_mismatch
from simdc.cost import Cost, Cycles, DramBits, ExactModel, Hardware, KernelError, Tiling, TilingError, energy_of
from simdc.cost.exact.laws import used_by_fused
from simdc.cost.guards import InvariantError
from simdc.cost.hardware import Prices, SramPrices
from simdc.cost.kernel import FusedProducts, VectorProgram, links_of
from simdc.cost.result import Busy, SramBits
from simdc.frozen import evolve
from simdc.ir.fused_attention import AttentionBits, AttentionShape, fused_attention
from tests.cost.machines import small_machine
from tests.oracles.random_fused import random_attention, random_case, random_path
from tests.oracles.random_layers import random_machine

ORDER = ("b", "g", "r", "n", "s")
BITS = AttentionBits(query=8, key=8, value=8, mask=8, output=32, psum=32, lanes=32)
MODEL = ExactModel()


def machine(path: int = 16, **options: int) -> Hardware:
    """2 x 2 PEs and 2 lanes; ports of 8 for keys and values, 16 for queries, 16 for the lanes."""
    made = small_machine(**options)
    return evolve(made, simd=evolve(made.simd, array_path_bits_per_cycle=path))


def small_attention() -> FusedProducts:
    """2 queries, of which the first sees 2 keys and the second all 3; depth 2, values of depth 1."""
    return fused_attention(AttentionShape(1, 1, 1, 2, 3, 2, 1), BITS, first=2)


def test_by_hand() -> None:
    """Keys in tiles of 2 and 1. Both tiles have 2 steps and 2 cycles of fill in each product: 8 cycles of the array.

    Tile 0, which both queries see. Path: 4 scores of 32 bits, 8 cycles, 4 probabilities of 8 bits, 2, 2 results of 32
    bits, 4: 14. Lanes, the two queries on the two lanes, fill 6:
    move 1; two maxima, the second on the first, 1 + 1 + 2; sub on the last of them 1 + 2, exp 3 + 2, mul 1 + 2;
    twice sub 1, exp 3 + 2, add 1 + 2: 1 + 4 + 11 + 18 + 6 = 40. Merge: mac 1 + 6 = 7. Together 8 + 14 + 47 = 69.

    Tile 1, on the diagonal, the last. Path: 4 + 1 + 4 = 9. Lanes: move 1; max 1, conditional_move 1 + 2, max 1 + 2;
    1 + 2, 3 + 2, 1 + 2; 1, 3 + 2, 1 + 2: 1 + 7 + 11 + 9 + 6 = 34. Merge 7. Finish: div 9, mul 1 + 2, fill 6: 18. The
    result is stored, 2 x 32 bits at 16: 4. Together 8 + 9 + 59 + 4 = 80.

    At first keys 32 bits and values 16 bits at 8 a cycle: 6. The second keys and values, 2 + 1 cycles, come beside
    tile 0: 6 + 69 + 80 = 155.
    """
    cost = MODEL.evaluate(small_attention(), Tiling(ORDER, (1, 1, 1, 2, 2)), machine())
    assert cost == Cost(
        cycles=Cycles(compute=8 + 47 + 8 + 59, stall=155 - 122),
        # keys 32 + 16, values 16 + 8; queries 32; results 64
        dram_bits=DramBits(weight=72, ifmap=32, ofmap=64),
        sram_bits=SramBits(
            # 8 steps of 4 weights; 8 of 2 values, and 6 probabilities written
            wbuf=8 * 4 * 8,
            ibuf=8 * 2 * 8 + 6 * 8,
            # 8 steps write 2 sums, each is the first of its sum; 6 scores and 4 results are read for the path
            obuf=8 * 2 * 32 + 10 * 32,
            # 6 scores and 4 results in, 6 probabilities out; 1,056 and 1,136 bits a lane by the code of the tiles
            vmem=10 * 32 + 6 * 8 + 2 * (1056 + 1136),
            imm=2 * 32,
            insmem=26 * 32,
        ),
        ops=(
            # probabilities 6; mac of the merge 2 + 2
            ("add", 6 + 4),
            ("conditional_move", 2),
            ("div", 2),
            ("exp", 2 + 4 + 2 + 2),
            ("lane_cycles", 47 + 59),
            # 2 + 3 places, depths of 2 and 1
            ("mac", 5 * 3),
            ("mac_executed", 8 * 4),
            ("max", 4 + 2 + 2),
            ("move", 4),
            ("mul", 2 + 2 + 4 + 2),
            ("sub", 6 + 4),
        ),
        busy=Busy(compute=122, weight_port=6 + 3, ifmap_port=2, simd_port=4),
    )
    assert cost == simulate(small_attention(), Tiling(ORDER, (1, 1, 1, 2, 2)), machine())


# Many short cases: the mutation tests try none that takes long.
@pytest.mark.parametrize("seed", range(100))
def test_a_sample_agrees_with_the_simulator(seed: int) -> None:
    random = Random(seed)
    for _ in range(10):
        case = random_case(random, 40)
        cost = MODEL.evaluate(*case)
        assert first_mismatch(simulate(*case), cost) is None, case
        assert cost == simulate(*case)
        MODEL.guard(case.kernel)(cost, case.machine)


def test_the_sample_is_as_varied_as_it_should_be() -> None:
    random = Random(0)
    masks = diagonals = alone = 0
    for _ in range(200):
        kernel, tiling, _ = random_case(random)
        assert isinstance(kernel, FusedProducts)
        masks += bool(kernel.row.inputs)
        diagonals += kernel.diagonal is not None
        alone += tiling.as_dict()["s"] >= kernel.bounds["s"]
    assert min(masks, diagonals, alone) > 40


# Of what each inequality says the smaller side one larger, or the larger one smaller, than it may be.
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda cost: cost._replace(cycles=cost.cycles._replace(stall=-1)), "0 <= stall cycles"),
        (lambda cost: cost._replace(busy=cost.busy._replace(simd_port=156)), "of each port <= total cycles"),
        (lambda cost: cost._replace(ops=(*cost.ops, ("lane_cycles", 123))), "cycles of the lanes <="),
        (lambda cost: cost._replace(ops=(*cost.ops, ("mac", 33))), "MACs <= executed MACs"),
        (lambda cost: cost._replace(ops=(*cost.ops, ("mac_executed", 65))), "executed MACs <= PEs"),
        (lambda cost: cost._replace(dram_bits=cost.dram_bits._replace(weight=71)), "key and value bits in use"),
        (lambda cost: cost._replace(dram_bits=cost.dram_bits._replace(ifmap=31)), "query and mask bits in use"),
        (lambda cost: cost._replace(dram_bits=cost.dram_bits._replace(ofmap=63)), "result bits <= DRAM"),
        (lambda cost: cost._replace(dram_bits=cost.dram_bits._replace(psum=1)), "partial sums and bias <= 0"),
        (lambda cost: cost._replace(sram_bits=cost.sram_bits._replace(imm=-1)), "0 <= SRAM bits"),
    ],
)
def test_an_impossible_cost_is_refused(change: Callable[[Cost], Cost], says: str) -> None:
    """Of the case by hand: 155 cycles, 122 of both arrays, 16 of the systolic one with 4 PEs: at most 64 MACs."""
    cost = MODEL.evaluate(small_attention(), Tiling(ORDER, (1, 1, 1, 2, 2)), machine())
    check = MODEL.guard(small_attention())
    check(cost, machine())
    with pytest.raises(InvariantError, match=re.escape(says)):
        check(change(cost), machine())


def test_what_is_used_lies_in_front_of_the_diagonal() -> None:
    """4 queries and 10 keys, the first query sees 3 and the last 6. Keys 6 x 2 and values 6 x 1 of 8 bits; queries
    4 x 2 of 8, of the mask 3 + 4 + 5 + 6 of 8; results 4 of 32. Of a mask along the keys alone 6."""
    shape = AttentionShape(1, 1, 1, 4, 10, 2, 1)
    square, row = (fused_attention(shape, BITS, first=3, mask=loops) for loops in (("n", "s"), ("s",)))
    assert used_by_fused(square) == DramBits(weight=6 * 3 * 8, ifmap=(8 + 18) * 8, ofmap=4 * 32)
    assert used_by_fused(row) == DramBits(weight=6 * 3 * 8, ifmap=(8 + 6) * 8, ofmap=4 * 32)


def test_a_chain_of_it_has_a_program_between_two_products() -> None:
    _, program, _ = links_of(small_attention())
    kernel = small_attention()
    assert program == VectorProgram("attention", (kernel.row, kernel.merge, kernel.finish), "n")


def test_keys_that_nobody_sees_cost_nothing() -> None:
    """2 causal queries and 9 keys: the last 7 are neither loaded nor worked on."""
    many, few = (fused_attention(AttentionShape(1, 1, 1, 2, keys, 2, 1), BITS, first=1) for keys in (9, 2))
    assert MODEL.evaluate(many, Tiling(ORDER, (1, 1, 1, 1, 1)), machine()) == MODEL.evaluate(
        few, Tiling(ORDER, (1, 1, 1, 1, 1)), machine()
    )


def test_a_group_of_heads_shares_its_keys() -> None:
    """4 heads in one tile load keys and values once, in 4 tiles of one head four times."""
    kernel = fused_attention(AttentionShape(1, 1, 4, 2, 4, 2, 2), BITS)
    together, apart = (MODEL.evaluate(kernel, Tiling(ORDER, (1, 1, heads, 2, 2)), machine()) for heads in (4, 1))
    assert together.dram_bits.weight * 4 == apart.dram_bits.weight == 4 * 2 * 4 * 2 * 8
    # 8 queries and 4 keys: of either product 16 steps of 4 PEs, all of them used.
    assert [dict(cost.ops)[name] for cost in (together, apart) for name in ("mac", "mac_executed")] == [128] * 4


def test_useful_macs_are_those_in_front_of_the_diagonal() -> None:
    for queries, keys, first in ((3, 3, 1), (2, 5, 4), (4, 2, 1), (3, 9, 2)):
        seen = sum(1 for query in range(queries) for key in range(keys) if key < first + query)
        kernel = fused_attention(AttentionShape(2, 3, 2, queries, keys, 4, 5), BITS, first=first)
        assert kernel.useful_macs == 12 * seen * (4 + 5)


def test_a_machine_without_the_path_is_refused() -> None:
    with pytest.raises(
        TilingError, match=r"^attention that stays on chip needs a path .* simd.array_path_bits_per_cycle is 0"
    ) as caught:
        MODEL.evaluate(small_attention(), MODEL.default(small_attention(), machine(0)), machine(0))
    assert caught.value.buffer == "path between array and vector memory"


def test_an_order_that_leaves_results_is_refused() -> None:
    kernel = small_attention()
    with pytest.raises(
        TilingError, match=r"leaves results before they are complete; .* put loop 's' inside the others"
    ):
        MODEL.evaluate(kernel, Tiling(("s", "b", "g", "r", "n"), (2, 1, 1, 1, 1)), machine())
    # One tile of the stream: nothing is left, whatever the order.
    MODEL.evaluate(kernel, Tiling(("s", "b", "g", "r", "n"), (3, 1, 1, 1, 1)), machine())


# Tiles of 2 queries and 2 keys. Keys 2 x 2 and values 2 of 8 bits: 48. Queries 4 and probabilities 4 of 8: 64. Scores
# 4 of 32: 128. Vector memory: scores 4 and, in their place, probabilities; part 2; context 2 and, in its place, the
# result; largest, total, shrink, last 2 each; position 2: 18 values, and later, centered or fall, of 2 lanes: the edge
# has later, fall and centered: 18 + 6 = 24 values of 32 bits, 768.
@pytest.mark.parametrize(
    ("buffers", "vmem", "need"),
    [
        ((95, 128, 256, 1), 768, ("weight buffer", "systolic.buffers.weight_bits", 48, 47)),
        ((96, 127, 256, 1), 768, ("ifmap buffer", "systolic.buffers.ifmap_bits", 64, 63)),
        ((96, 128, 255, 1), 768, ("psum buffer", "systolic.buffers.psum_bits", 128, 127)),
        ((96, 128, 256, 1), 767, ("vector memory", "simd.vmem_bits", 768, 767)),
        ((96, 128, 256, 1), 768, None),
    ],
)
def test_what_does_not_fit_is_refused(
    buffers: tuple[int, int, int, int], vmem: int, need: tuple[object, ...] | None
) -> None:
    made = machine(buffers=buffers, vmem_bits=vmem)
    tiling = Tiling(ORDER, (1, 1, 1, 2, 2))
    if need is None:
        MODEL.evaluate(small_attention(), tiling, made)
        return
    with pytest.raises(TilingError) as caught:
        MODEL.evaluate(small_attention(), tiling, made)
    assert caught.value.need == need


def test_energy_is_that_of_both_arrays() -> None:
    """122 compute cycles, 106 of them on the lanes: 16 x 4 PEs x 0.5 pJ, 106 x 2 lanes x 3 pJ."""
    prices = Prices("not under test", 0.5, 3.0, 0.0, SramPrices(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    priced = evolve(machine(), prices=prices)
    cost = MODEL.evaluate(small_attention(), Tiling(ORDER, (1, 1, 1, 2, 2)), priced)
    for on_systolic in (True, False):
        energy = energy_of(cost, priced, on_systolic=on_systolic)
        assert (energy.systolic, energy.simd) == (16 * 4 * 0.5, 106 * 2 * 3.0)


def test_a_wider_path_is_never_slower() -> None:
    random = Random(11)
    for _ in range(100):
        kernel, tiling, hardware = random_case(random)
        wider = evolve(
            hardware,
            simd=evolve(hardware.simd, array_path_bits_per_cycle=2 * hardware.simd.array_path_bits_per_cycle),
        )
        narrow, wide = (MODEL.evaluate(kernel, tiling, each) for each in (hardware, wider))
        assert wide.cycles.total <= narrow.cycles.total
        assert wide.dram_bits == narrow.dram_bits


def test_links_that_do_not_fit_together_are_refused() -> None:
    random = Random(13)
    kernel = random_attention(random)
    other = fused_attention(AttentionShape(1, 1, 1, 99, 98, 2, 1), BITS)
    for field in ("first", "second", "row", "merge", "finish"):
        values = kernel._asdict() | {field: getattr(other, field)}
        with pytest.raises(KernelError):
            FusedProducts(**values)
    with pytest.raises(KernelError, match="the lanes run along 's'"):
        FusedProducts(**kernel._asdict() | {"lanes": "s"})
    with pytest.raises(KernelError, match="at least one of what is streamed"):
        fused_attention(AttentionShape(1, 1, 1, 2, 3, 2, 1), BITS, first=0)


@pytest.mark.parametrize("seed", range(10))
def test_the_greedy_tiling_is_legal(seed: int) -> None:
    random = Random(seed)
    for _ in range(10):
        kernel, hardware = random_attention(random), random_path(random, random_machine(random))
        MODEL.evaluate(kernel, MODEL.greedy(kernel, hardware), hardware)


# 5 queries and keys on 2 lanes and 2 columns, 3 heads. Vector memory for a tile of n x s of one head and causal order:
# scores n * s, part and result 2 n, largest, total, shrink and last 4 n, positions s, and 3 temporaries of 2 lanes.
@pytest.mark.parametrize(
    ("values", "sizes"),
    [
        # 1 + 6 + 1 + 6 = 14; 1 x 2: 2 + 6 + 2 + 6 = 16; 1 x 4: 4 + 6 + 4 + 6 = 20; 2 x 1: 2 + 12 + 1 + 6 = 21;
        # 2 x 2: 4 + 12 + 2 + 6 = 24; 4 x 2: 8 + 24 + 2 + 6 = 40;
        # 4 x 4: 16 + 24 + 4 + 6 = 50; 5 x 4: 20 + 30 + 4 + 6 = 60; 5 x 5: 25 + 30 + 5 + 6 = 66. Of two heads last and
        # positions are there once: 2 x (25 + 25) + 5 + 5 + 6 = 116, of three 166.
        (14, (1, 1, 1, 1, 1)),
        (16, (1, 1, 1, 1, 2)),
        (20, (1, 1, 1, 1, 4)),
        (21, (1, 1, 1, 2, 1)),
        (24, (1, 1, 1, 2, 2)),
        (40, (1, 1, 1, 4, 2)),
        (50, (1, 1, 1, 4, 4)),
        (60, (1, 1, 1, 5, 4)),
        (66, (1, 1, 1, 5, 5)),
        (115, (1, 1, 1, 5, 5)),
        (116, (1, 1, 2, 5, 5)),
        (166, (1, 1, 3, 5, 5)),
    ],
)
def test_the_greedy_tiling_grows_by_turns(values: int, sizes: tuple[int, ...]) -> None:
    kernel = fused_attention(AttentionShape(1, 1, 3, 5, 5, 2, 1), BITS, first=1)
    assert MODEL.greedy(kernel, machine(vmem_bits=32 * values)) == Tiling(ORDER, sizes)


@pytest.mark.parametrize(
    ("queries", "keys", "depth", "refused"),
    [(1, 2, 3, False), (2, 2, 3, True), (6, 2, 3, False), (2, 2, 2, False), (2, 3, 2, True)],
)
def test_either_product_may_add_too_early(queries: int, keys: int, depth: int, refused: bool) -> None:
    """Sums can be added to after 5 cycles, on 2 x 2 PEs. A depth of 3 is two folds that add to the same scores, of so
    many positions as there are queries; a depth of 2 is one. 3 keys a tile are two folds that add to the same context,
    2 are one."""
    made = machine()
    made = evolve(made, systolic=evolve(made.systolic, accumulate_latency_cycles=5, hazard="refuse"))
    kernel = fused_attention(AttentionShape(1, 1, 1, 6, 6, depth, 1), BITS)
    tiling = Tiling(ORDER, (1, 1, 1, queries, keys))
    if refused:
        with pytest.raises(TilingError, match="a tile has 2 to 4 positions a fold"):
            MODEL.evaluate(kernel, tiling, made)
    else:
        MODEL.evaluate(kernel, tiling, made)
