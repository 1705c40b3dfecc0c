"""Corners that no layer of today reaches, by hand: what is written is what must hold for any kernel."""

from __future__ import annotations

from itertools import product

import pytest

from simdc.backends.simulate import simulate
from simdc.cost import (
    CodeBlock,
    Contraction,
    ExactModel,
    Instruction,
    Kernel,
    Loop,
    LoopNest,
    Operand,
    TilingError,
    VectorProgram,
    affine,
)
from simdc.cost.axis import Axis
from simdc.cost.exact.tiled import tile
from simdc.cost.forms import only
from simdc.cost.greedy import greedy_tiling
from simdc.cost.kernel import viewed
from simdc.cost.result import add_up
from simdc.cost.whole import whole_loops
from simdc.cost.workload import Workload
from tests.cost.machines import row_convolution, schedule, small_machine

EXACT = ExactModel()
ADD = (Instruction("add", "y", ("a", "b")),)


def over_a_row(a: Operand, b: Operand, y: Operand) -> VectorProgram:
    return VectorProgram("add", (LoopNest((Loop("c", 2), Loop("w", 5)), (a, b), (y,), (CodeBlock(("c", "w"), ADD),)),))


def test_two_tensors_of_one_index_and_two_sizes() -> None:
    """Positions -1 to 3 of tensors with 4 and with 2 columns: tiles of 2 touch -1 0, 1 2 and 3."""
    index = (affine("c"), affine("w", constant=-1))
    a, b = Operand("a", 8, (2, 4), index), Operand("b", 8, (2, 2), index)
    program = over_a_row(a, b, Operand("y", 8, (2, 5), (affine("c"), affine("w"))))
    machine, tiling = small_machine(stores_padding=False), schedule("c w", c=2, w=2)
    cost = EXACT.evaluate(program, tiling, machine)
    assert cost.dram_bits.ifmap == 2 * 8 * ((1 + 2 + 1) + (1 + 1 + 0))
    assert cost == simulate(program, tiling, machine)


@pytest.mark.parametrize("stores_padding", [False, True])
def test_a_loop_that_indexes_two_dimensions(stores_padding: bool) -> None:
    """Blocks along the diagonal of a 5 x 5 square: 2 x 2, 2 x 2 and 1 x 1."""
    diagonal = Operand("a", 8, (5, 5), (affine("w"), affine("w")))
    row = Operand("b", 8, (2, 5), (affine("c"), affine("w")))
    program = over_a_row(diagonal, row, row._replace(name="y"))
    machine, tiling = small_machine(stores_padding=stores_padding), schedule("c w", c=2, w=2)
    cost = EXACT.evaluate(program, tiling, machine)
    assert cost.dram_bits.ifmap == 8 * (4 + 4 + 1) + 8 * 2 * 5
    assert cost == simulate(program, tiling, machine)


def test_tiles_beyond_the_border_touch_nothing() -> None:
    """Windows of 4 taps at dilation 2 with a border of 5: tap 0 of result 0 lies five columns before the image."""
    kernel = row_convolution(ow=4, kw=4)._replace(
        ifmap=Operand("ifmap", 8, (1, 2), (affine("ic"), affine("ow", ("kw", 2), constant=-5)))
    )
    machine, tiling = small_machine(stores_padding=False), schedule("oc ic kw ow")
    # Columns ow + 2 kw - 5: of the 16 points those at 0 and 1 load one column each.
    inside = sum(0 <= ow + 2 * kw - 5 < 2 for ow, kw in product(range(4), range(4)))
    cost = EXACT.evaluate(kernel, tiling, machine)
    assert cost.dram_bits.ifmap == 8 * inside
    assert cost == simulate(kernel, tiling, machine)


@pytest.mark.parametrize("cuts", [(1,), (3,), (1, 4), (2, 3)])
@pytest.mark.parametrize("window", [(0,), (-1, 0), (-1, 0, 1)])
def test_tiles_of_a_segment_are_of_one_kind(cuts: tuple[int, ...], window: tuple[int, ...]) -> None:
    """Six tiles, cut anywhere: within a segment, what stands at each offset lies between the same two cuts."""
    axis = Axis("w", 6, 1, True)
    axis = axis.cut_at(*cuts)
    start, end = max(0, -window[0]), 6 - max(0, window[-1])

    def kind(index: int) -> int:
        return sum(index >= cut for cut in cuts)

    here = start
    for length, places in axis.segments(start, end, window):
        assert [place.start for place in places] == [here + offset for offset in window]
        for index in range(here, here + length):
            assert [kind(index + offset) for offset in window] == [kind(place.start) for place in places]
        here += length
    assert here == end


def test_counts_of_a_walk_can_be_given() -> None:
    """As bounds over many loop orders do: each tile turned to once, or three times."""
    kernel = row_convolution(ic=4, oc=2, ow=6)
    tiled = tile(kernel, ("oc", "ic", "kw", "ow"), (2, 2, 1, 2), small_machine())
    once, thrice = (tiled.with_reloads(lambda *_, times=times: times).dram_bits() for times in (1, 3))
    # Weights 2 x 4, ifmap 4 x 6, sums 2 x 6 elements.
    assert (once.weight, once.ifmap, once.psum) == (8 * 8, 24 * 8, 0)
    assert (thrice.weight, thrice.ifmap, thrice.psum) == (3 * 64, 3 * 192, 2 * 2 * 12 * 32)


def test_counts_of_a_walk_of_a_program() -> None:
    """A sum over `w` in two tiles: whatever the order, each tile of the input once, or three times."""
    x, y = Operand("x", 8, (2, 4), (affine("c"), affine("w"))), Operand("y", 32, (2,), (affine("c"),))
    code = (Instruction("add", "y", ("y", "x")),)
    program = VectorProgram(
        "sum", (LoopNest((Loop("c", 2), Loop("w", 4)), (x,), (y,), (CodeBlock(("c", "w"), code),)),)
    )
    tiled = tile(program, ("w", "c"), (2, 1), small_machine())
    once, thrice = (tiled.with_reloads(lambda *_, times=times: times).cost().dram_bits for times in (1, 3))
    assert (once.ifmap, once.ofmap) == (64, 64)
    assert (thrice.ifmap, thrice.ofmap) == (3 * 64 + 2 * 64, 3 * 64)


def test_segments_of_an_axis() -> None:
    """Seven iterations in tiles of 2: the last is smaller; a cut at it is no further one."""
    axis = Axis("w", 7, 2, True)
    assert axis.segment_count == 2
    axis = axis.cut_at(1, 3)
    assert axis.segment_count == 3
    assert Axis("w", 6, 2, True).segment_count == 1


def test_a_view_belongs_to_the_input_of_the_longest_name() -> None:
    x, window = Operand("x", 8, (2,), (affine("c"),)), Operand("x2", 8, (2, 5), (affine("c"), affine("w")))
    view = Operand("x2.center", 8, (2, 5), (affine("c"), affine(constant=2)))
    phase = LoopNest((Loop("c", 2), Loop("w", 5)), (x, window), (x._replace(name="y"),), (), views=(view,))
    assert viewed(view, phase) == window


def test_a_view_across_a_window_keeps_it_whole() -> None:
    """The middle of 5 positions is looked at: no tile of them but the whole holds it. Channels may be cut."""
    window = Operand("x", 8, (2, 5), (affine("c"), affine("w")))
    view = Operand("x.center", 8, (2, 5), (affine("c"), affine(constant=2)))
    code = (Instruction("mul", "t", ("x", "x.center")), Instruction("add", "y", ("y", "t")))
    result = Operand("y", 32, (2,), (affine("c"),))
    phase = LoopNest((Loop("c", 2), Loop("w", 5)), (window,), (result,), (CodeBlock(("c", "w"), code),), views=(view,))
    program = VectorProgram("look", (phase,))
    assert whole_loops(program).keys() == {"w"}
    plain = LoopNest(
        (Loop("c", 2),),
        (result,),
        (result._replace(name="z"),),
        (CodeBlock(("c",), (Instruction("move", "z", ("y",)),)),),
    )
    assert whole_loops(VectorProgram("look last", (plain, phase))).keys() == {"w"}
    EXACT.evaluate(program, schedule("c w", c=1, w=5), small_machine())
    with pytest.raises(TilingError, match=r"'x\.center' reads across the whole window, so loop 'w' cannot be cut"):
        EXACT.evaluate(program, schedule("c w", c=1, w=4), small_machine())


def test_a_window_of_one_tap_that_steps_by_two() -> None:
    """Indexed by one loop: 4 results touch 7 columns, of 2 channels 8 bits wide; half of the buffer holds 5."""
    kernel: Kernel = Contraction(
        "conv2d",
        (Loop("oc", 2), Loop("ic", 2), Loop("n", 4)),
        Operand("ifmap", 8, (2, 8), (affine("ic"), affine(("n", 2)))),
        Operand("weight", 8, (2, 2), (affine("oc"), affine("ic"))),
        Operand("psum", 32, (2, 4), (affine("oc"), affine("n"))),
        32,
    )
    roomy = 1 << 30
    for columns, size in ((7, 4), (6, 2), (5, 2), (3, 2), (2, 1)):
        machine = small_machine(buffers=(roomy, 2 * columns * 2 * 8, roomy, roomy))
        assert greedy_tiling(kernel, machine).as_dict()["n"] == size


def test_operands_of_a_contraction() -> None:
    plain, biased = row_convolution(), row_convolution(bias=True)
    assert [operand.name for operand in plain.operands] == ["ifmap", "weight", "psum"]
    assert [operand.name for operand in biased.operands] == ["ifmap", "weight", "bias", "psum"]


def test_occurrences_of_a_kernel() -> None:
    small, large = row_convolution(ow=4), row_convolution(ow=9)
    workload = Workload([("a", only(small)), ("b", only(large)), ("c", only(small)), ("d", only(small))])
    assert workload.occurrences() == [(only(small), "a", 3), (only(large), "b", 1)]


def test_sums_of_layers() -> None:
    """Rounded after each addition: 1 is lost beside 10**16."""
    assert (add_up([]), add_up([3, 4]), add_up([1e16, 1.0, -1e16])) == (0, 7, 0.0)


@pytest.mark.parametrize("dims", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1)])
def test_dimensions_that_share_loops_in_a_chain(dims: tuple[int, ...]) -> None:
    """`x[h + w, w + k, h]`: what one loop cuts, cuts two dimensions; all three hang together."""
    expressions = (affine("h", "w"), affine("w", "k"), affine("h"))
    bounds = {"c": 1, "h": 3, "w": 3, "k": 3}
    x = Operand("x", 8, (9, 9, 9), tuple(expressions[number] for number in dims))
    y = Operand("y", 8, (1,), (affine("c"),))
    loops = tuple(Loop(name, bound) for name, bound in bounds.items())
    code = (Instruction("add", "y", ("y", "x")),)
    program = VectorProgram("chain", (LoopNest(loops, (x,), (y,), (CodeBlock(tuple(bounds), code),)),))
    machine, tiling = small_machine(stores_padding=True), schedule("c h w k", h=2, w=2, k=2)
    # Each loop in tiles of 2 and 1: a tile touches (h + w - 1)(w + k - 1) h positions.
    moved = sum((h + w - 1) * (w + k - 1) * h for h, w, k in product((2, 1), repeat=3))
    cost = EXACT.evaluate(program, tiling, machine)
    assert cost.dram_bits.ifmap == 8 * moved
    assert cost == simulate(program, tiling, machine)
