"""An issue that reads what the issue before it wrote waits: by hand, on 2 lanes, with 2 cycles a wait and 6 to fill."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from simdc.backends.execute.agreement import compare_with_untiled
from simdc.backends.simulate import simulate
from simdc.cost import CodeBlock, ExactModel, Instruction, Loop, LoopNest, Operand, Tiling, VectorProgram, affine
from simdc.cost.exact.tiled import tile
from simdc.cost.exact.vector import TiledProgram
from simdc.cost.structure import with_field
from simdc.cost.whole import kept_whole
from tests.cost.machines import small_machine

FILL = 5 + 1
ADD = Instruction("add", "y", ("y", "x"))


def row_sums(channels: int, columns: int, *, then: Sequence[CodeBlock] = ()) -> VectorProgram:
    """`y[c] = sum over w of x[c, w]`, one cycle an issue; with `then` the sum is `total` and y is made of it."""
    x = Operand("x", 32, (channels, columns), (affine("c"), affine("w")))
    y = Operand("y", 32, (channels,), (affine("c"),))
    total = y._replace(name="total")
    add = Instruction("add", "total", ("total", "x")) if then else ADD
    phase = LoopNest(
        (Loop("c", channels), Loop("w", columns)),
        (x,),
        (y,),
        (CodeBlock(("c", "w"), (add,)), *then),
        scratch=(total,) if then else (),
        initial=(("total" if then else "y", 0.0),),
    )
    return VectorProgram("sums", (phase,))


def compute_cycles(program: VectorProgram, **sizes: int) -> int:
    """As the closed form, the simulator, and the execution of instruction after instruction agree."""
    tiling, machine = Tiling(tuple(sizes), tuple(sizes.values())), small_machine()
    cost = ExactModel().evaluate(program, tiling, machine)
    found = compare_with_untiled(program, tiling, machine)
    assert cost == simulate(program, tiling, machine)
    assert found.wrong is None
    assert found.compute_cycles == cost.cycles.compute
    return cost.cycles.compute


def test_a_sum_into_one_vector_waits_for_itself() -> None:
    # 5 columns: the second to the fifth add to what the one before has just written.
    assert compute_cycles(row_sums(2, 5), c=2, w=5) == FILL + 5 * 1 + 4 * 2
    # The only loop that is left is the one that is summed over, and the lanes are half empty: the same.
    assert compute_cycles(row_sums(1, 5), c=1, w=5) == FILL + 5 * 1 + 4 * 2


def test_two_vectors_take_turns() -> None:
    # Pixel by pixel, both vectors of channels: nobody reads what was written just before.
    assert compute_cycles(row_sums(4, 5), c=4, w=5) == FILL + 2 * 5 * 1
    assert compute_cycles(row_sums(3, 5), c=3, w=5) == FILL + 2 * 5 * 1


def dot_products(channels: int, columns: int) -> VectorProgram:
    """`y[c] = sum over w of x[c, w] * k[w]`."""
    (phase,) = row_sums(channels, columns).nests
    k = Operand("k", 32, (columns,), (affine("w"),))
    code = (Instruction("mac", "y", ("y", "x", "k")),)
    return VectorProgram("dots", (phase._replace(inputs=(*phase.inputs, k), blocks=(CodeBlock(("c", "w"), code),)),))


def test_a_multiply_accumulate_is_one_instruction() -> None:
    # One vector: each product but the first is added to what was written just before. Two take turns.
    assert compute_cycles(dot_products(2, 5), c=2, w=5) == FILL + 5 * 1 + 4 * 2
    assert compute_cycles(dot_products(4, 5), c=4, w=5) == FILL + 2 * 5 * 1
    # A machine that takes 3 cycles for it.
    machine = with_field(small_machine(), "simd.latency_cycles.mac", 3)
    cost = ExactModel().evaluate(dot_products(4, 5), Tiling(("c", "w"), (4, 5)), machine)
    assert cost.cycles.compute == FILL + 2 * 5 * 3
    # Elements, not vectors: 4 * 5. Vector memory: 10 issues read y, x, k and write y, each 2 lanes of 32 bits.
    assert cost.ops == (("mac", 20),)
    assert cost.sram_bits.vmem == 10 * 4 * 2 * 32


def test_products_are_added_up_in_any_order_and_nothing_else_is() -> None:
    """Loops of a sum of products may be cut; where the sum is a factor, too, rows and columns keep their order."""
    (phase,) = dot_products(4, 5).nests
    rows = phase._replace(loops=(Loop("c", 4), Loop("r", 2), Loop("w", 5)))

    def kept(*sources: str) -> set[str]:
        block = CodeBlock(("c", "r", "w"), (Instruction("mac", "y", sources),))
        return set(kept_whole(rows._replace(blocks=(block,))))

    assert kept("y", "x", "k") == set()
    assert kept("x", "y", "k") == kept("y", "y", "k") == {"w"}


def test_a_tile_is_what_counts() -> None:
    # Columns in tiles of 2, 2 and 1: the pipeline fills before each, one wait in each of the first two.
    assert compute_cycles(row_sums(2, 5), c=2, w=2) == 3 * FILL + 5 * 1 + 2 * 2
    # 6 channels in tiles of 4 and 2: two vectors take turns in the first, the second has one, which waits 4 times.
    assert compute_cycles(row_sums(6, 5), c=4, w=5) == 2 * FILL + 3 * 5 * 1 + 4 * 2
    # One vector a tile, 3 of them; 2, 2 and 1 columns: 2 waits for each vector.
    assert compute_cycles(row_sums(6, 5), c=2, w=2) == 9 * FILL + 3 * 5 * 1 + 3 * 2 * 2


def test_from_block_to_block() -> None:
    halve = CodeBlock(("c",), (Instruction("mul", "y", ("total", 0.5)),))
    # One vector: 4 waits in the sum, one of the product for the sum. Two: the product reads the first, not the last.
    assert compute_cycles(row_sums(2, 5, then=[halve]), c=2, w=5) == FILL + 5 + 1 + (4 + 1) * 2
    assert compute_cycles(row_sums(4, 5, then=[halve]), c=4, w=5) == FILL + 10 + 2
    # In tiles of 2, 2 and 1 columns only the last tile multiplies, right after its only addition.
    assert compute_cycles(row_sums(2, 5, then=[halve]), c=2, w=2) == 3 * FILL + 5 + 1 + (1 + 1 + 1) * 2


def test_not_over_a_block_between() -> None:
    """What the first block wrote is not what was written last where the second one runs; in other tiles it is."""
    begin = CodeBlock(("c",), (Instruction("mul", "y", (1.0, 0.5)),), at="start")
    finish = CodeBlock(("c",), (Instruction("mul", "y", ("total", 0.5)),))
    program = row_sums(2, 4, then=[begin, finish])
    # In one tile: sum (3 waits), begin, finish: the last reads total, and begin wrote y.
    assert compute_cycles(program, c=2, w=4) == FILL + 4 + 1 + 1 + 3 * 2
    # In two: begin runs in the first only, finish in the second only, right after the sum.
    assert compute_cycles(program, c=2, w=2) == 2 * FILL + 4 + 1 + 1 + (1 + 1 + 1) * 2


@pytest.mark.parametrize(
    ("places", "window", "waits"),
    [
        # (0, 0) (0, 1) (1, 0) (1, 1) lie on elements 0, 1, 1, 2: the third issue waits for the second.
        (2, 2, 1),
        # 0 1 1 2 2 3 by threes of places: each window begins where the one before it ends.
        (3, 2, 2),
        # 0 1 2, then 1 2 3: windows of three end one further than the next begins.
        (2, 3, 0),
        # Windows of one element lie side by side.
        (4, 1, 0),
    ],
)
def test_where_windows_meet(places: int, window: int, waits: int) -> None:
    x = Operand("x", 32, (2, places), (affine("c"), affine("o")))
    y = Operand("y", 32, (2, places + window - 1), (affine("c"), affine("o", "k")))
    loops = (Loop("c", 2), Loop("o", places), Loop("k", window))
    phase = LoopNest(loops, (x,), (y,), (CodeBlock(("c", "o", "k"), (ADD,)),), initial=(("y", 0.0),))
    program = VectorProgram("scatter", (phase,))
    assert compute_cycles(program, c=2, o=places, k=window) == FILL + places * window + waits * 2


def test_a_sum_over_windows_that_meet_takes_its_windows_in_turn() -> None:
    """Image by image: places 0, 1, 1, 2 and again; with images inside, all but the first would wait at each place."""
    x = Operand("x", 32, (3, 2, 2), (affine("n"), affine("c"), affine("o")))
    y = Operand("y", 32, (2, 3), (affine("c"), affine("o", "k")))
    loops = (Loop("c", 2), Loop("n", 3), Loop("o", 2), Loop("k", 2))
    phase = LoopNest(loops, (x,), (y,), (CodeBlock(("c", "n", "o", "k"), (ADD,)),), initial=(("y", 0.0),))
    program = VectorProgram("scatter", (phase,))
    assert compute_cycles(program, c=2, n=3, o=2, k=2) == FILL + 12 + 3 * 1 * 2


def test_a_block_between_that_runs_for_the_last_channels_only() -> None:
    """`z[w] = 1`, for each column, once the channels are through: it stands between the sum and its half there."""
    mark = CodeBlock(("w",), (Instruction("move", "z", (1.0,)),))
    halve = CodeBlock(("c",), (Instruction("mul", "y", ("total", 0.5)),))
    (phase,) = row_sums(4, 5, then=[mark, halve]).nests
    z = Operand("z", 32, (5,), (affine("w"),))
    program = VectorProgram("marked", (phase._replace(outputs=(*phase.outputs, z)),))
    # Two vectors in one tile: nothing waits. 10 additions, 5 marks, 2 halves.
    assert compute_cycles(program, c=4, w=5) == FILL + 10 + 5 + 2
    # One vector in each of two tiles: 4 waits for the sum in each, and in the first, without marks, one for the half.
    assert compute_cycles(program, c=2, w=5) == 2 * FILL + 10 + 5 + 2 + (4 + 1 + 4) * 2


def test_cut_a_program_may_wait_less_often() -> None:
    program, machine = row_sums(2, 6), small_machine()

    def waits(columns: int) -> int:
        tiled = tile(program, ("c", "w"), (2, columns), machine)
        assert isinstance(tiled, TiledProgram)
        return tiled.wait_cycles()

    assert [waits(columns) for columns in (6, 3, 2, 1)] == [5 * 2, 4 * 2, 3 * 2, 0]
