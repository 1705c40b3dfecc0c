"""Which results take the place of an input, and which sums may be left: the corners of the rules. Zeros by default."""

from __future__ import annotations

import pytest

from simdc.cost import (
    Affine,
    Busy,
    CodeBlock,
    Cycles,
    DramBits,
    Energy,
    ExactModel,
    Instruction,
    Loop,
    LoopNest,
    Operand,
    SramBits,
    TilingError,
    VectorProgram,
    affine,
)
from simdc.cost.capacity import resident
from simdc.cost.greedy import greedy_tiling
from tests.cost.machines import row_convolution, schedule, small_machine

MOVE = Instruction("max", "y", ("x", 0.0))


def names(phase: LoopNest) -> list[str]:
    return [operand.name for operand in resident(phase)[0]]


def copying(
    x: Operand, loops: str, *, code: tuple[Instruction, ...] = (MOVE,), views: tuple[Operand, ...] = ()
) -> LoopNest:
    """`y`, indexed like `x`, over loops of 3."""
    nest = tuple(Loop(name, 3) for name in loops.split())
    return LoopNest(nest, (x,), (x._replace(name="y"),), (CodeBlock(tuple(loops.split()), code),), views=views)


PLAIN = Operand("x", 8, (3, 3), (affine("c"), affine("w")))


def test_element_by_element_a_result_takes_the_place() -> None:
    assert names(copying(PLAIN, "c w")) == ["x"]


def test_not_where_windows_overlap() -> None:
    assert names(copying(Operand("x", 8, (3, 5), (affine("c"), affine("w", "k"))), "c w k")) == ["x", "y"]


def test_not_where_a_loop_runs_over_it_again() -> None:
    assert names(copying(PLAIN, "c w n")) == ["x", "y"]


def test_not_where_another_view_looks_at_it() -> None:
    view = PLAIN._replace(name="x.center")
    assert names(copying(PLAIN, "c w", views=(view,))) == ["x", "y"]


def test_an_input_that_nobody_reads_gives_its_place() -> None:
    assert names(copying(PLAIN, "c w", code=(Instruction("max", "y", (1.0, 0.0)),))) == ["x"]


def test_an_input_that_is_read_after_the_first_write_keeps_its_place() -> None:
    again = Instruction("add", "y", ("y", "x"))
    assert names(copying(PLAIN, "c w", code=(MOVE, again))) == ["x", "y"]


def test_a_sum_that_is_left_by_a_loop_in_the_middle() -> None:
    """`total[c, w]` sums over n: with n between c and w the walk leaves each total and comes back."""
    loops = (Loop("c", 2), Loop("n", 2), Loop("w", 2))
    x = Operand("x", 8, (2, 2, 2), (affine("c"), affine("n"), affine("w")))
    y = Operand("y", 8, (2, 2), (affine("c"), affine("w")))
    blocks = (
        CodeBlock(("c", "n", "w"), (Instruction("add", "total", ("total", "x")),)),
        CodeBlock(("c", "w"), (Instruction("max", "y", ("total", 0.0)),)),
    )
    program = VectorProgram("sum", (LoopNest(loops, (x,), (y,), blocks, scratch=(y._replace(name="total"),)),))
    ExactModel().evaluate(program, schedule("c w n"), small_machine())
    with pytest.raises(TilingError, match="leaves 'total' before it is complete"):
        ExactModel().evaluate(program, schedule("c n w"), small_machine())


def test_under_a_large_window_the_image_need_not_divide() -> None:
    # Half of the psum buffer holds 5 of 9 columns of 2 channels: 5 and 4, not three times 3.
    roomy = 1 << 30
    machine = small_machine(buffers=(roomy, roomy, 2 * 5 * 2 * 32, roomy))
    assert greedy_tiling(row_convolution(ic=2, oc=2, ow=9, kw=4), machine).as_dict()["ow"] == 5
    assert greedy_tiling(row_convolution(ic=2, oc=2, ow=9, kw=3), machine).as_dict()["ow"] == 3


def test_what_is_not_said_is_zero() -> None:
    for kind in (Cycles, DramBits, SramBits, Busy, Energy):
        assert set(kind()) == {0}
    assert Affine((("w", 1),)) == affine("w")
