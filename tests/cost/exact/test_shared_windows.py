"""Results whose tiles overlap: a pool's gradient goes back to windows that share positions."""

from hypothesis import given, settings
from hypothesis import strategies as st

from simdc.backends.simulate import simulate
from simdc.cost import CodeBlock, ExactModel, Instruction, Loop, LoopNest, Operand, Tiling, VectorProgram, affine
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import shared_loops
from tests.strategies import machines, tilings


def scatter(channels: int, positions: int, taps: int, stride: int, padding: int = 0) -> VectorProgram:
    """`dx[c, s*ow + kw - p] += gradient[c, ow]`."""
    width = (positions - 1) * stride + taps - 2 * padding
    bounds = {"c": channels, "ow": positions, "kw": taps}
    window = (affine("c"), affine(("ow", stride), "kw", constant=-padding))
    phase = LoopNest(
        tuple(Loop(name, bound) for name, bound in bounds.items()),
        (Operand("gradient", 8, (channels, positions), (affine("c"), affine("ow"))),),
        (Operand("dx", 8, (channels, width), window),),
        (CodeBlock(tuple(bounds), (Instruction("add", "dx", ("dx", "gradient")),)),),
        initial=(("dx", 0.0),),
    )
    return VectorProgram("scatter", (phase,))


def shared(program: VectorProgram) -> tuple[str, ...]:
    phase = program.nests[0]
    return shared_loops(phase.outputs[0], {loop.name: loop.bound for loop in phase.loops})


def test_windows_that_overlap_share_their_loops() -> None:
    assert shared(scatter(1, 4, taps=3, stride=2)) == ("ow", "kw")


def test_windows_side_by_side_share_only_what_tiles_of_one_window_share() -> None:
    assert shared(scatter(1, 4, taps=2, stride=2)) == ("kw",)


@st.composite
def scatters(draw: st.DrawFn) -> VectorProgram:
    taps, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    positions = draw(st.integers(1, 6))
    padding = draw(st.integers(0, min(2, ((positions - 1) * stride + taps - 1) // 2)))
    return scatter(draw(st.integers(1, 5)), positions, taps, stride, padding)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_closed_form_agrees_with_the_walk(data: st.DataObject) -> None:
    program = data.draw(scatters())
    tiling, machine = data.draw(tilings(program)), data.draw(machines())
    assert ExactModel().evaluate(program, tiling, machine) == simulate(program, tiling, machine)


@settings(max_examples=50, deadline=None)
@given(machines(stores_padding=False))
def test_overlapping_tiles_come_back_and_separate_ones_do_not(machine: Hardware) -> None:
    tiling = Tiling(("c", "ow", "kw"), (1, 2, 3))
    # Four windows of 3 at step 2 over 9 positions, in two tiles of 0..4 and 4..8: position 4 is in both, so the
    # second tile loads its 5 positions before it adds to them. The gradient's 4 elements are loaded once.
    overlapping = simulate(scatter(1, 4, taps=3, stride=2), tiling, machine).dram_bits
    assert (overlapping.ifmap, overlapping.ofmap) == ((4 + 5) * 8, (5 + 5) * 8)
    # Windows of 2 at step 2 over 8 positions, in two tiles of 4: nothing is shared.
    separate = simulate(scatter(1, 4, taps=2, stride=2), tiling, machine).dram_bits
    assert (separate.ifmap, separate.ofmap) == (4 * 8, (4 + 4) * 8)
