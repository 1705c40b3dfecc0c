"""Lanes whose loops hold one instruction each (`simd.issue`, `fission`)."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest

from simdc.backends.execute.agreement import compare_with_untiled
from simdc.backends.simulate import simulate
from simdc.backends.verify.largest_tile import program_need_bits
from simdc.cost import ExactModel, Hardware, TilingError, VectorProgram
from simdc.cost.exact.fused import TiledFused
from simdc.cost.fission import inner_loops, kept_temporaries
from simdc.cost.grid import stored_bounds
from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, LoopRoles, Operand, affine
from simdc.cost.ladder.fused import RoughBound
from simdc.cost.model import check_machine
from simdc.cost.rule import GENESYS
from simdc.cost.schedules import evaluate_many
from simdc.cost.search.relaxed import Relaxed
from simdc.cost.simdit import SimditModel
from simdc.cost.tiling import loop_bounds
from simdc.frozen import evolve
from tests.cost.exact.option_checks import check_bounds
from tests.cost.machines import schedule, small_machine
from tests.oracles import best_schedules
from tests.oracles.event_simulator import play
from tests.oracles.random_cases import random_cases
from tests.oracles.random_fused import random_case
from tests.oracles.random_layers import Case, random_tiling
from tests.oracles.rungs import check_rungs
from tests.oracles.tight_machines import greedy_cases

EXACT = ExactModel()


def apart(machine: Hardware, overhead: int = 0) -> Hardware:
    return evolve(machine, simd=evolve(machine.simd, issue="fission", tile_overhead_cycles=overhead))


def test_models_agree_and_bounds_hold() -> None:
    random, less, outside = Random(2), 0, 0
    for kernel, tiling, drawn in random_cases(3, 400):
        machine, before = apart(drawn, random.choice((0, 1, 40))), EXACT.evaluate(kernel, tiling, drawn)
        cost = EXACT.evaluate(kernel, tiling, machine)
        assert cost == simulate(kernel, tiling, machine) == play(kernel, tiling, machine)
        # Nothing but time changes.
        assert (cost.dram_bits, cost.sram_bits, cost.ops) == (before.dram_bits, before.sram_bits, before.ops)
        assert EXACT.least_cycles(kernel, machine) <= cost.cycles.total
        if not isinstance(kernel, VectorProgram):
            assert cost == before
            continue
        less += EXACT.evaluate(kernel, tiling, apart(drawn)).cycles.total < before.cycles.total
        outside += any(inner_loops(nest, each) < set(each.loops) for nest in kernel.nests for each in nest.blocks)
        check_bounds(random, Case(kernel, tiling, machine), cost)
    assert less > 50
    assert outside > 5


def test_arrays_of_schedules_cost_the_same() -> None:
    for kernel, tiling, drawn in random_cases(5, 60):
        machine = apart(drawn, 7)
        whole = tuple(loop_bounds(kernel)[loop] for loop in tiling.order)
        many = evaluate_many(kernel, tiling.order, [tiling.sizes, whole], machine)
        assert many.cost.cycles.total[0] == EXACT.evaluate(kernel, tiling, machine).cycles.total


def test_small_memories_hold_what_is_counted() -> None:
    random, refused, executed = Random(7), 0, 0
    for number, (kernel, drawn) in enumerate(greedy_cases(random, 240)):
        if not isinstance(kernel, VectorProgram):
            continue
        machine, tiling = apart(drawn, 3), random_tiling(random, kernel, 40)
        try:
            cost = EXACT.evaluate(kernel, tiling, machine)
        except TilingError as error:
            if error.need is not None:
                refused += program_need_bits(kernel, tiling, machine) > machine.simd.vmem_bits
            continue
        assert program_need_bits(kernel, tiling, machine) <= machine.simd.vmem_bits
        known = dict(zip(*tiling, strict=True))
        stored = {loop: min(size, stored_bounds(kernel, machine)[loop]) for loop, size in known.items()}
        assert Relaxed(kernel, machine).fits({loop: stored[loop] for loop in tiling.order[::2]})
        assert cost == simulate(kernel, tiling, machine)
        if number % 2:
            found = compare_with_untiled(kernel, tiling, machine)
            assert found.wrong is None
            assert (found.dram_bits, found.compute_cycles) == (cost.dram_bits, cost.cycles.compute)
            executed += 1
    assert refused > 20
    assert executed > 20


def test_greedy_tilings_and_ladders_fit() -> None:
    found = 0
    for kernel, drawn in greedy_cases(Random(11), 90):
        if isinstance(kernel, VectorProgram):
            for choose in (EXACT.greedy, EXACT.default):
                try:
                    tiling = choose(kernel, apart(drawn, 3))
                except TilingError:
                    continue
                found += program_need_bits(kernel, tiling, apart(drawn)) <= drawn.simd.vmem_bits
    assert found > 30


def test_attention_on_chip() -> None:
    random = Random(5)
    for number in range(60):
        kernel, tiling, drawn = random_case(random)
        machine = apart(drawn, 40)
        cost = EXACT.evaluate(kernel, tiling, machine)
        assert cost == simulate(kernel, tiling, machine)
        sizes = {loop: min(size, kernel.bounds[loop]) for loop, size in tiling.as_dict().items()}
        rough = RoughBound(kernel, machine, GENESYS)
        assert rough.least() <= rough.cycles(sizes) <= cost.cycles.total
        if number % 3 == 0:
            found = compare_with_untiled(kernel, tiling, machine)
            assert found.wrong is None
            assert found.compute_cycles == cost.cycles.compute


def test_attention_needs_a_tile_for_each_temporary() -> None:
    random = Random(9)
    for _ in range(20):
        kernel, tiling, drawn = random_case(random)
        (need,) = [each for each in TiledFused(kernel, *tiling, apart(drawn), GENESYS).needs() if "simd" in each.field]
        for bits in (need.need_bits, need.need_bits - 1):
            machine = apart(evolve(drawn, simd=evolve(drawn.simd, vmem_bits=bits)))
            if bits < need.need_bits:
                with pytest.raises(TilingError, match="vector memory"):
                    EXACT.evaluate(kernel, tiling, machine)
            else:
                assert compare_with_untiled(kernel, tiling, machine).wrong is None


def test_many_machines_at_once() -> None:
    rates = np.array([0, 5, 70])
    for kernel, tiling, drawn in random_cases(8, 40):
        cost = EXACT.price_rates(kernel, tiling, apart(drawn, 70), {"simd.tile_overhead_cycles": rates})
        own = [EXACT.evaluate(kernel, tiling, apart(drawn, int(rate))).cycles.total for rate in rates]
        assert np.broadcast_to(cost.cycles.total, 3).tolist() == own


def test_no_rung_is_cheaper_than_its_bound() -> None:
    layers = best_schedules.random_layers(21, 30)
    check_rungs(
        [(kernel, apart(drawn, 50)) for kernel, drawn in layers if isinstance(kernel, VectorProgram)],
        30,
    )


def test_by_hand() -> None:
    """2 lanes, a tile fills in 5 + 1 cycles, 16 bits a cycle, waits of 2 cycles."""
    values, rows = (affine("c"), affine("w")), (affine("c"),)
    x, mean, y = Operand("x", 8, (2, 4), values), Operand("mean", 8, (2,), rows), Operand("y", 8, (2, 4), values)
    code = (
        Instruction("sub", "d", ("x", "mean")),
        Instruction("mul", "e", ("d", "d")),
        Instruction("add", "y", ("e", 1.0)),
    )
    nest = LoopNest((Loop("c", 2), Loop("w", 4)), (x, mean), (y,), (CodeBlock(("c", "w"), code),))
    program = VectorProgram("squares", (nest,), "c", LoopRoles(("c",), (), ()))
    machine, tiling = (
        evolve(small_machine(), simd=evolve(small_machine().simd, tile_overhead_cycles=10)),
        schedule("c w", c=2, w=2),
    )
    # 2 tiles of 2 vectors, 1 + 3 + 3 cycles each: 2 * (6 + 10 + 2 * 7).
    assert EXACT.evaluate(program, tiling, machine).cycles.compute == 60
    # 3 loops a tile, none waits: 2 * (6 + 3 * (10 + 2 * 1)).
    assert EXACT.evaluate(program, tiling, apart(machine, 10)).cycles.compute == 84
    parts = {part.name: part.cycles for part in EXACT.account(program, tiling, apart(machine, 10)).parts}
    assert parts.pop("transfers") > 0
    assert parts == {"instructions": 12, "loops of one instruction": 60, "fill": 12}
    # x lies where y does, 2 * 2 * 8 bits, mean 2 * 8; d and e are vectors of 2 * 32 bits, or tiles of 4 * 32.
    assert program_need_bits(program, tiling, machine) == 32 + 16 + 2 * 64
    assert program_need_bits(program, tiling, apart(machine)) == 32 + 16 + 2 * 128


def test_a_loop_that_leads_back_stands_outside() -> None:
    """`m = max(m, x)`, `s = mul(s, m)` for each of 4 columns: s needs every m, not the last."""
    x = Operand("x", 8, (2, 4), (affine("c"), affine("w")))
    y, m = Operand("y", 8, (2,), (affine("c"),)), Operand("m", 8, (2,), (affine("c"),))
    code = (Instruction("max", "m", ("m", "x")), Instruction("mul", "y", ("y", "m")))
    block = CodeBlock(("c", "w"), code)
    nest = LoopNest((Loop("c", 2), Loop("w", 4)), (x,), (y,), (block,), (m,), (("m", 0.0), ("y", 1.0)))
    assert inner_loops(nest, block) == {"c"}
    program = VectorProgram("maxima", (nest,), "c", LoopRoles(("c",), (), ()))
    cost = EXACT.evaluate(program, schedule("c w", c=2, w=4), apart(small_machine(), 10))
    # 2 instructions, 4 columns: 8 loops of one vector each.
    assert cost.cycles.compute == 6 + 8 * (10 + 1)


def test_instructions_apart_make_what_they_make_together() -> None:
    seen = 0
    for kernel, _, _ in random_cases(13, 300):
        for nest in kernel.nests if isinstance(kernel, VectorProgram) else ():
            small = LoopNest(*nest._replace(loops=tuple(Loop(loop, min(bound, 3)) for loop, bound in nest.loops)))
            for block in small.blocks:
                assert _made(small, block, together=True) == _made(small, block, together=False)
                seen += len(block.instructions) > 1
    assert seen > 50


def _made(nest: LoopNest, block: CodeBlock, *, together: bool) -> dict[Any, Any]:
    """Each element of results and accumulators after a block, as the term that made it. Temporaries that have no
    element of their own for each point inside would be lost, and terms differ where order does, but for sums."""
    bounds = dict(nest.loops)
    kept = {operand.name: operand for operand in (*nest.outputs, *nest.scratch)}
    known = {operand.name: operand for operand in (*nest.inputs, *nest.views)} | kept
    rooms = {operand.name: operand for operand in kept_temporaries(nest, 32)}
    memory: dict[Any, Any] = {}

    def key(name: str, at: dict[str, int]) -> tuple[Any, ...]:
        index = known[name].index if name in known else rooms[name].index
        return name, tuple(sum(step * at.get(loop, 0) for loop, step in terms) + add for terms, add in index)

    def run(code: Instruction, at: dict[str, int]) -> None:
        sources = [memory.get(key(s, at), key(s, at)) if isinstance(s, str) else s for s in code.sources]
        made = hash((code.opcode, *sources))
        users = [each for each in block.instructions if code.dest in (each.dest, *each.sources)]
        if len(users) == 1 and code.dest == code.sources[0] and code.opcode in ("add", "sub", "max", "min", "mac"):
            # A sum, which is one in any order.
            made = memory.get(key(code.dest, at), 0) + hash((code.opcode, *sources[1:]))
        memory[key(code.dest, at)] = made

    inner = inner_loops(nest, block)
    outer = [loop for loop in block.loops if loop not in inner] if not together else block.loops
    inside = [loop for loop in block.loops if loop in inner] if not together else ()
    for values in product(*(range(bounds[loop]) for loop in outer)):
        for code in block.instructions:
            for more in product(*(range(bounds[loop]) for loop in inside)):
                run(code, dict(zip((*outer, *inside), (*values, *more), strict=True)))
    return {place: value for place, value in memory.items() if place[0] in kept}


def test_the_released_model_does_not_know_it() -> None:
    with pytest.raises(ValueError, match=r"does not know simd\.issue; small has simd\.issue=fission"):
        check_machine(SimditModel(), apart(small_machine()))
