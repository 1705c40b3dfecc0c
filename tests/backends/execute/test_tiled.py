"""Tiles that are executed through buffers give the untiled result, and move what the tile simulator counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simdc.backends.execute.agreement import compare_with_untiled, make_inputs
from simdc.backends.execute.buffers import ScheduleError
from simdc.backends.execute.tiled import run_tiled
from simdc.backends.simulate import simulate
from simdc.cost import ExactModel
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, Operand, VectorProgram, affine
from simdc.cost.tiling import Tiling, TilingError
from simdc.frozen import evolve
from tests.backends.simulate.tiny import tiny_machine
from tests.cost.machines import pencil_layer
from tests.strategies import ROOMY_BITS, contractions, machines, tilings, vector_programs


def roomy(machine: Hardware, **simd: int) -> Hardware:
    """The machine with buffers that are no limit."""
    sizes = dict.fromkeys(("weight_bits", "ifmap_bits", "psum_bits", "bias_bits"), ROOMY_BITS)
    buffers = evolve(machine.systolic.buffers, **sizes)
    array = evolve(machine.systolic, buffers=buffers)
    return evolve(machine, systolic=array, simd=evolve(machine.simd, **{"vmem_bits": ROOMY_BITS, **simd}))


TINY = roomy(tiny_machine())


@given(st.data())
@settings(max_examples=120)
def test_tiled_contractions_give_exactly_the_untiled_result(data: st.DataObject) -> None:
    kernel, machine = data.draw(contractions()), data.draw(machines())
    tiling = data.draw(tilings(kernel, max_tiles=100))
    found = compare_with_untiled(kernel, tiling, machine)
    assert found.wrong is None
    assert found.dram_bits == simulate(kernel, tiling, machine).dram_bits


@given(st.data())
@settings(max_examples=120)
def test_tiled_programs_give_the_untiled_result_or_are_refused_by_the_model(data: st.DataObject) -> None:
    program, machine = data.draw(vector_programs()), data.draw(machines())
    tiling = data.draw(tilings(program, max_tiles=60))
    try:
        ExactModel().evaluate(program, tiling, machine)
    except TilingError:  # buffers are roomy: an accumulator is left half-way
        with pytest.raises(ScheduleError, match="an accumulator that stays in vector memory until it is complete"):
            compare_with_untiled(program, tiling, machine)
        return
    found = compare_with_untiled(program, tiling, machine)
    assert found.wrong is None
    assert found.dram_bits == simulate(program, tiling, machine).dram_bits


def test_the_matrix_product_worked_out_by_hand() -> None:
    kernel, tiling = pencil_layer()
    inputs = {"ifmap": np.arange(16.0).reshape(4, 4), "weight": np.array([[1.0, 0, 2, 0], [0, 1, 0, -1]])}
    run = run_tiled(kernel, tiling, TINY, inputs)
    assert run.arrays["ofmap"].tolist() == [[16.0, 19, 22, 25], [-8, -8, -8, -8]]
    assert [str(tile) for tile in run.tiles] == [f"oc 0, ic {ic}, oh {oh}" for ic in (0, 1) for oh in (0, 1)]
    assert run.writers["ofmap"].reshape(2, 4).tolist() == [[2, 2, 3, 3]] * 2
    # As on that page: weights 2 x 32 bits, ifmap 4 x 32, psums 2 x 128 stored and loaded, ofmap 2 x 128.
    assert run.dram_bits._asdict() == {"weight": 64, "ifmap": 128, "psum": 512, "ofmap": 256, "bias": 0}


@pytest.mark.parametrize(("buffer", "bits"), [("weight", 32), ("ifmap", 32), ("psum", 128)])
def test_a_tile_may_fill_half_of_its_buffer_and_no_more(buffer: str, bits: int) -> None:
    kernel, tiling = pencil_layer()

    def machine(total_bits: int) -> Hardware:
        buffers = evolve(TINY.systolic.buffers, **{f"{buffer}_bits": total_bits})
        return evolve(TINY, systolic=evolve(TINY.systolic, buffers=buffers))

    assert compare_with_untiled(kernel, tiling, machine(2 * bits)).wrong is None
    with pytest.raises(ScheduleError, match=f"tile .oc 0, ic 0, oh 0., {buffer}: expected at most {bits - 1} bits"):
        compare_with_untiled(kernel, tiling, machine(2 * bits - 1))


def window_sum(channels: int, window: int, *, views: bool) -> VectorProgram:
    """`y[c] = x[c] + sum over k of x[c + k - 1]`; `x` itself is read at the end, through a view."""
    x = Operand("x", 32, (channels,), (affine("c", "k", constant=-1),))
    centre = Operand("x.center", 32, (channels,), (affine("c"),))
    y, total = (Operand(name, 32, (channels,), (affine("c"),)) for name in ("y", "sum"))
    gather = CodeBlock(("c", "k"), (Instruction("add", "sum", ("sum", "x")),))
    source = "x.center" if views else "sum"
    finish = CodeBlock(("c",), (Instruction("add", "y", ("sum", source)),))
    phase = LoopNest(
        (Loop("c", channels), Loop("k", window)),
        (x,),
        (y,),
        (gather, finish),
        scratch=(total,),
        initial=(("sum", 0.0),),
        views=(centre,) if views else (),
    )
    return VectorProgram("window_sum", (phase,))


def test_a_view_sees_only_what_its_input_has_on_chip() -> None:
    program = window_sum(6, 3, views=True)
    whole = compare_with_untiled(program, Tiling(("c", "k"), (2, 3)), TINY)
    assert whole.wrong is None
    # The last tile along k holds x[c + 1] for c = 0, 1: elements 1 and 2. The view wants element 0.
    with pytest.raises(ScheduleError, match=r"tile .c 0, k 2., x.center: expected elements 1 to 2 .* element 0"):
        compare_with_untiled(program, Tiling(("c", "k"), (2, 1)), TINY)
    assert compare_with_untiled(window_sum(6, 3, views=False), Tiling(("c", "k"), (2, 1)), TINY).wrong is None


def elementwise(*code: Instruction, inputs: int = 1) -> VectorProgram:
    def map_of(name: str) -> Operand:
        return Operand(name, 32, (8,), (affine("c"),))

    phase = LoopNest(
        (Loop("c", 8),),
        tuple(map_of(f"x{number}") for number in range(inputs)),
        (map_of("y"),),
        (CodeBlock(("c",), code),),
    )
    return VectorProgram("elementwise", (phase,))


@pytest.mark.parametrize(
    ("code", "tiles_of_32_bits"),
    [
        # y overwrites x0: only the latter takes room.
        ((Instruction("max", "y", ("x0", 0.0)),), 1),
        # x0 is read after y was written, so both are there.
        ((Instruction("max", "y", ("x0", 0.0)), Instruction("add", "y", ("y", "x0"))), 2),
    ],
)
def test_vector_memory_holds_all_tiles_at_once(code: tuple[Instruction, ...], tiles_of_32_bits: int) -> None:
    program, tiling = elementwise(*code), Tiling(("c",), (4,))
    bits = tiles_of_32_bits * 4 * 32
    assert compare_with_untiled(program, tiling, roomy(TINY, vmem_bits=bits)).wrong is None
    with pytest.raises(ScheduleError, match=f"at most {bits - 1} bits in vector memory, got {bits} bits at once"):
        compare_with_untiled(program, tiling, roomy(TINY, vmem_bits=bits - 1))


def row_sums(*, at: str = "end", initial: bool = True) -> VectorProgram:
    """`y[c] = 2 * sum over w of x[c, w]`; doubled at the `end`, or wrongly at the `start`."""
    x = Operand("x", 32, (2, 4), (affine("c"), affine("w")))
    y = Operand("y", 32, (2,), (affine("c"),))
    add = CodeBlock(("c", "w"), (Instruction("add", "y", ("y", "x")),))
    double = CodeBlock(("c",), (Instruction("mul", "y", ("y", 2.0)),), at)
    phase = LoopNest((Loop("c", 2), Loop("w", 4)), (x,), (y,), (add, double), initial=(("y", 0.0),) if initial else ())
    return VectorProgram("row_sums", (phase,))


def test_a_program_that_depends_on_its_tiles_is_found_out() -> None:
    tiling = Tiling(("c", "w"), (1, 2))
    assert compare_with_untiled(row_sums(), tiling, TINY).wrong is None
    wrong = compare_with_untiled(row_sums(at="start"), tiling, TINY).wrong
    x = make_inputs(row_sums())["x"]
    assert wrong is not None
    (c,) = wrong.element
    assert (wrong.operand, str(wrong.tile)) == ("y", f"c {c}, w 1")
    # Doubled after the first two columns instead of after all four.
    assert (wrong.expected, wrong.got) == (2 * x[c].sum(), 2 * x[c, :2].sum() + x[c, 2:].sum())


def test_overlapping_results_are_loaded_back() -> None:
    """Windows of 3 with step 2 hand 1 to each position they cover: positions 2 and 4 are covered twice."""
    gradient = Operand("g", 32, (1, 3), (affine("c"), affine("o")))
    dx = Operand("dx", 32, (1, 7), (affine("c"), affine(("o", 2), "k")))
    block = CodeBlock(("c", "o", "k"), (Instruction("add", "dx", ("dx", "g")),))
    loops = (Loop("c", 1), Loop("o", 3), Loop("k", 3))
    program = VectorProgram("scatter", (LoopNest(loops, (gradient,), (dx,), (block,), initial=(("dx", 0.0),)),))
    run = run_tiled(program, Tiling(("c", "o", "k"), (1, 1, 3)), TINY, {"g": np.ones((1, 3))})
    assert run.arrays["dx"].tolist() == [[1, 1, 2, 1, 2, 1, 1]]
    # Loads: 3 gradients, and dx again for the second and the third window; stores: 3 windows. 32 bits each.
    assert (run.dram_bits.ifmap, run.dram_bits.ofmap) == ((3 + 2 * 3) * 32, 3 * 3 * 32)


def test_what_no_window_reaches_is_not_compared() -> None:
    """Windows of 2 with step 3 on 6 positions: 2 and 5 lie between them. The untiled run leaves its initial 0, the
    machine nothing at all."""
    gradient = Operand("g", 32, (1, 2), (affine("c"), affine("o")))
    dx = Operand("dx", 32, (1, 6), (affine("c"), affine(("o", 3), "k")))
    block = CodeBlock(("c", "o", "k"), (Instruction("add", "dx", ("dx", "g")),))
    loops = (Loop("c", 1), Loop("o", 2), Loop("k", 2))
    program = VectorProgram("scatter", (LoopNest(loops, (gradient,), (dx,), (block,), initial=(("dx", 0.0),)),))
    tiling = Tiling(("c", "o", "k"), (1, 1, 2))
    run = run_tiled(program, tiling, TINY, {"g": np.ones((1, 2))})
    assert np.isnan(run.arrays["dx"][0]).tolist() == [False, False, True, False, False, True]
    found = compare_with_untiled(program, tiling, TINY)
    assert (found.wrong, found.elements) == (None, 4)
