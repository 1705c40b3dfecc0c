"""Loops that a nest keeps whole: no tiling cuts them, whoever makes it."""

from __future__ import annotations

from random import Random

import pytest

from simdc.backends.execute.agreement import compare_with_untiled
from simdc.backends.simulate import simulate
from simdc.backends.verify.scaling import scale_down
from simdc.cost import ExactModel, Tiling, TilingError, VectorProgram
from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, Operand, affine
from simdc.cost.ladder import ladder_tiling
from simdc.cost.schedules import evaluate_many
from simdc.cost.search import objective_for, search
from simdc.cost.search.candidates import all_sizes, even
from simdc.frozen import evolve
from tests.cost.machines import small_machine
from tests.oracles.random_layers import random_tiling
from tests.oracles.random_programs import random_program
from tests.oracles.tight_machines import tight_machine

EXACT = ExactModel()
WORDS = "a row along 'k' must be whole, so loop 'k' cannot be cut"


def shares(rows: int, length: int) -> VectorProgram:
    """`y = x / sum of the row`: the sum, then the division."""
    x, y = (Operand(name, 32, (rows, length), (affine("n"), affine("k"))) for name in "xy")
    total = Operand("total", 32, (rows,), (affine("n"),))
    blocks = (
        CodeBlock(("n", "k"), (Instruction("add", "total", ("total", "x")),)),
        CodeBlock(("n", "k"), (Instruction("div", "y", ("x", "total")),)),
    )
    loops = (Loop("n", rows), Loop("k", length))
    nest = LoopNest(loops, (x,), (y,), blocks, (total,), (("total", 0.0),), whole=("k",))
    return VectorProgram("shares", (nest,), "n")


def test_a_cut_row_is_refused_by_all_that_take_tilings() -> None:
    program, machine = shares(6, 10), small_machine()
    cut = Tiling(("n", "k"), (2, 9))
    with pytest.raises(TilingError, match=WORDS):
        EXACT.evaluate(program, cut, machine)
    for run in (simulate, compare_with_untiled):
        with pytest.raises(TilingError, match="rows along 'k' have 10 elements and stay whole, the tile has 9"):
            run(program, cut, machine)
    legal, _ = evaluate_many(program, ("n", "k"), [(2, 9), (2, 10), (2, 11)], machine)
    assert legal.tolist() == [False, True, True]


def test_what_tiles_keeps_rows_whole() -> None:
    """Room for two rows of 10: sum, x and y in its place, (10 + 1) * 32 bits a row."""
    program, machine = shares(6, 10), small_machine(vmem_bits=2 * 11 * 32)
    lanes = machine.simd.lanes
    found = search(program, machine, objective_for("cycles", program, machine))
    assert found.certificate.proven == "all"
    for tiling in (EXACT.greedy(program, machine), ladder_tiling(program, machine), found.tiling):
        assert tiling.as_dict()["k"] == 10, tiling
        assert tiling.as_dict()["n"] <= max(2, lanes)
    for cuts in (even(program, machine), all_sizes(program, machine)):
        assert {one.loop: one.ways for one in cuts}["k"] == 1
    tight = small_machine(vmem_bits=9 * 32)
    with pytest.raises(TilingError, match="the vector memory needs 704 bits for a tile of n = 2, k = 10"):
        EXACT.evaluate(program, ladder_tiling(program, tight), tight)


def test_a_scaled_layer_has_a_shorter_row_that_is_whole() -> None:
    scaled = scale_down(shares(500, 700), Tiling(("n", "k"), (64, 700)), small_machine())
    assert scaled.kernel.bounds["k"] == scaled.tiling.as_dict()["k"] < 10
    assert scaled.kernel.bounds["n"] < 50


def test_digests_of_kernels_without_such_loops_are_as_before() -> None:
    nest = shares(2, 3).nests[0]
    assert "whole=('k',)" in repr(nest)
    assert repr(nest._replace(whole=())).endswith("views=())")
    assert "whole" not in repr(nest._replace(whole=()))


def test_rows_compute_tile_by_tile_what_they_compute_untiled() -> None:
    """And cost what the simulator counts, on machines with room for little."""
    random, ran = Random(5), 0
    while ran < 60:
        program = random_program(random)
        if program.kind != "random rows":
            continue
        machine = tight_machine(random, program)
        tiling = random_tiling(random, program, 20)
        try:
            cost = EXACT.evaluate(program, tiling, machine)
        except TilingError:
            continue
        assert cost == simulate(program, tiling, machine)
        assert compare_with_untiled(program, tiling, evolve(machine, stores_padding=False), seed=ran).wrong is None
        ran += 1
