"""What the capacity rule lets lie in the place of an input can be carried out there, in exactly the room it counts."""

from __future__ import annotations

from random import Random

import pytest

import simdc
from simdc.api import Network
from simdc.backends.execute.agreement import compare_with_untiled
from simdc.backends.execute.buffers import ScheduleError
from simdc.cost import ExactModel, Hardware, Tiling, TilingError
from simdc.cost.capacity import replaced, resident
from simdc.cost.exact.tiled import tile
from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, Operand, VectorProgram, affine
from simdc.cost.tiling import loop_bounds
from simdc.frontends.dsl import parse_dsl
from simdc.frozen import evolve
from tests.cost.machines import small_machine
from tests.oracles.random_layers import random_machine, random_tiling
from tests.oracles.residents import residents

IMAGE = "4x5x6"
MOVES = {
    "slice from 0": "slice(a, axis=2, first=0, count=3)",
    "slice of everything": "slice(a, axis=1, first=0, count=4)",
    "slice from 1": "slice(a, axis=2, first=1, count=3)",
    "strided slice": "slice(a, axis=3, first=0, count=3, step=2)",
    "pad below and right": "pad(a, [0, 0, 2, 1])",
    "pad above": "pad(a, [1, 0, 0, 0])",
    "concat channels": "concat(a, b)",
    "concat columns": "concat(b, a, b, axis=3)",
}
IN_PLACE = {
    "slice from 0": [{"y": "x"}],
    "slice of everything": [{"y": "x"}],
    "slice from 1": [{}],
    "strided slice": [{}],
    "pad below and right": [{"y": "x"}, {}, {}],
    "pad above": [{}, {}],
    "concat channels": [{"y0": "x0"}, {}],
    "concat columns": [{"y0": "x0"}, {}, {}],
}
"""By the rule: the first input of a concatenation, and what begins at 0, is indexed as the result is."""


def program(layer: str, batch: int = 2) -> VectorProgram:
    text = f"network n(a: {IMAGE}, b: {IMAGE}) {{ return {layer}, relu(b) }}"
    kernel, *_ = Network(parse_dsl(text, "n.dsl", batch)).workload(simdc.load_hardware("HI1")).kernels
    assert isinstance(kernel, VectorProgram)
    return kernel


def needs_bits(kernel: VectorProgram, tiling: Tiling, machine: Hardware) -> int:
    return max(need.need_bits for need in tile(kernel, tiling.order, tiling.sizes, machine).needs())


def with_memory(machine: Hardware, bits: int) -> Hardware:
    return evolve(machine, simd=evolve(machine.simd, vmem_bits=bits))


@pytest.mark.parametrize("kind", MOVES)
def test_which_copies_lie_in_place(kind: str) -> None:
    assert [replaced(phase) for phase in program(MOVES[kind]).nests] == IN_PLACE[kind]


@pytest.mark.parametrize("kind", MOVES)
def test_copies_run_in_the_room_that_is_counted(kind: str) -> None:
    """Every size of tile and machine: edge tiles, channels rounded up, borders clipped."""
    kernel, random = program(MOVES[kind]), Random(len(kind))
    for _ in range(25):
        machine, tiling = random_machine(random), random_tiling(random, kernel, 40)
        need = needs_bits(kernel, tiling, machine)
        assert compare_with_untiled(kernel, tiling, with_memory(machine, need)).wrong is None
        with pytest.raises(TilingError):
            ExactModel().evaluate(kernel, tiling, with_memory(machine, need - 1))


@pytest.mark.parametrize("widths", [(32, 8), (8, 32), (4, 7), (16, 16)])
def test_a_result_of_another_width_runs_in_the_room_of_the_wider(widths: tuple[int, int]) -> None:
    """An element-wise sum of an input of each width, into each of them: 3 elements, and no room for a third."""
    for result in widths:
        a, b, y = (Operand(n, bits, (3,), (affine("c"),)) for n, bits in zip("aby", (*widths, result), strict=True))
        block = CodeBlock(("c",), (Instruction("add", "y", ("a", "b")),))
        kernel = VectorProgram("sum", (LoopNest((Loop("c", 3),), (a, b), (y,), (block,)),))
        machine, tiling = small_machine(vmem_bits=3 * sum(widths)), Tiling(("c",), (3,))
        assert needs_bits(kernel, tiling, machine) == 3 * sum(widths)
        assert compare_with_untiled(kernel, tiling, machine).wrong is None
        with pytest.raises(ScheduleError, match="bits at once"):
            compare_with_untiled(kernel, tiling, with_memory(machine, 3 * sum(widths) - 1))


@pytest.mark.parametrize("kind", MOVES)
def test_a_whole_copy_does_not_run_in_less(kind: str) -> None:
    kernel = program(MOVES[kind])
    bounds = loop_bounds(kernel)
    tiling = Tiling(tuple(bounds), tuple(bounds.values()))
    machine = small_machine(stores_padding=True)
    need = needs_bits(kernel, tiling, machine)
    with pytest.raises(ScheduleError, match=f"{need:,} bits at once"):
        compare_with_untiled(kernel, tiling, with_memory(machine, need - 1))


def copy(index: int, extent: int, *, code: tuple[Instruction, ...] = (Instruction("move", "y", ("x",)),)) -> LoopNest:
    """`y[c + index] = x[c + index]` for 3 of 4 elements of y; x has `extent`."""
    x, y = (Operand(n, 8, (e,), (affine("c", constant=index),)) for n, e in (("x", extent), ("y", 4)))
    return LoopNest((Loop("c", 3),), (x,), (y,), (CodeBlock(("c",), code),))


@pytest.mark.parametrize(("index", "extent", "found"), [(0, 3, True), (0, 9, True), (1, 4, True), (0, 2, False)])
def test_a_border_that_clips_one_of_them_only_forbids_it(index: int, extent: int, found: bool) -> None:
    """With 2 elements of x and a tile of 3 values of c, y has one more than x: there is no room for it."""
    phase = copy(index, extent)
    assert replaced(phase) == ({"y": "x"} if found else {})
    if extent == 2:
        kernel = VectorProgram("copy", (phase,))
        assert needs_bits(kernel, Tiling(("c",), (3,)), small_machine()) == (2 + 3) * 8


def test_a_result_that_reads_itself_first_does_not_begin_with_what_the_input_had() -> None:
    assert replaced(copy(0, 4, code=(Instruction("add", "y", ("y", "x")),))) == {}


def scatter_maximum() -> LoopNest:
    """`dx += x` where windows of 3 overlap: both are moved by every loop and indexed alike, but not element-wise."""
    x, dx = (Operand(name, 32, (1, 7), (affine("c"), affine(("o", 2), "k"))) for name in ("x", "dx"))
    block = CodeBlock(("c", "o", "k"), (Instruction("add", "dx", ("dx", "x")),))
    return LoopNest((Loop("c", 1), Loop("o", 3), Loop("k", 3)), (x,), (dx,), (block,), initial=(("dx", 0.0),))


def test_layers_of_networks_keep_what_the_rule_says() -> None:
    hardware = simdc.load_hardware("HT1")
    phases = {"scatter": [scatter_maximum()]}
    for name in ("alexnet", "resnet18"):
        for layer in simdc.load(name, 2).training_step("adam").workload(hardware).kernels:
            if isinstance(layer, VectorProgram):
                phases.setdefault(layer.kind, list(layer.nests))
    assert len(phases) > 12
    for kind, those in phases.items():
        for phase in those:
            kept, _ = residents(phase)
            everything = (*phase.inputs, *phase.scratch, *phase.outputs)
            assert len(replaced(phase)) == len(everything) - len(kept), kind
            # The same room, whichever of two equally wide ones is kept.
            assert sorted(o.bits for o in resident(phase)[0]) == sorted(o.bits for o in kept), kind
    assert replaced(phases["relu"][0]) == {"y": "x"}
    for kind in ("max_pool_grad", "scatter"):
        assert replaced(phases[kind][0]) == {}
