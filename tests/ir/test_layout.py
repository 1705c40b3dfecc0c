"""Kernels as their tensors lie: they compute the same, and dimensions that count no channels are just elements."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from simdc.backends.execute.agreement import compare_with_untiled, make_inputs
from simdc.backends.execute.program import run_program
from simdc.backends.simulate import simulate
from simdc.cost import ExactModel
from simdc.cost.kernel import Loop, VectorProgram
from simdc.cost.tiling import TilingError
from simdc.ir.base import LayerOp
from simdc.ir.layout import laid_out, loop_along
from simdc.ir.ops.broadcast import AddOp, BroadcastGradOp, DivideOp
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.expand import ExpandOp
from simdc.ir.ops.pad import PadOp, SliceOp
from simdc.ir.ops.reduce import ReduceMeanOp, ReduceSumOp
from simdc.ir.ops.scalar import ScalarOp
from simdc.ir.ops.select import SelectOp
from simdc.ir.ops.transpose import TransposeOp
from tests.ir.tensors import tensor
from tests.oracles.random_layers import random_machine, random_tiling

Shape = tuple[int, ...]


def broadcast_of(random: Random, shape: Shape) -> Shape:
    own = tuple(random.choice((size, size, 1)) for size in shape)
    return own[random.randint(0, len(shape) - 1) :]


def axes_of(random: Random, shape: Shape) -> list[int]:
    return sorted(random.sample(range(len(shape)), random.randint(1, len(shape))))


def drawn_op(random: Random, shape: Shape) -> LayerOp:
    axis = random.randrange(len(shape))
    margins = [random.randint(0, 1) for _ in shape], [random.randint(0, 1) for _ in shape]
    # Of the longer dimensions one may be repeated: it is one in what is read.
    single = (*shape[:axis], 1, *shape[axis + 1 :])
    makers: list[Callable[[], LayerOp]] = [
        lambda: AddOp("op", tensor(*shape), tensor(*broadcast_of(random, shape))),
        lambda: DivideOp("op", tensor(*broadcast_of(random, shape)), tensor(*shape)),
        lambda: BroadcastGradOp.of(
            "op", DivideOp("f", tensor(*shape), tensor(*broadcast_of(random, shape))), tensor(*shape), "rhs"
        ),
        lambda: ScalarOp("op", tensor(*shape), function="mul", value=3.0),
        lambda: SelectOp("op", tensor(*broadcast_of(random, shape)), tensor(*shape), tensor(*shape)),
        lambda: ReduceSumOp("op", tensor(2, *shape[:5]), axes=[1 + axis for axis in axes_of(random, shape[:5])]),
        lambda: ReduceMeanOp("op", tensor(*shape), axes=axes_of(random, shape), keepdims=True),
        lambda: TransposeOp("op", tensor(*shape), permutation=random.sample(range(len(shape)), len(shape))),
        lambda: SliceOp("op", tensor(*shape), axis=axis, first=shape[axis] // 2, count=shape[axis] - shape[axis] // 2),
        lambda: PadOp("op", tensor(*shape), before=margins[0], after=margins[1], value=0.0),
        lambda: ConcatOp("op", tensor(*shape), tensor(*shape), axis=axis),
        lambda: ExpandOp("op", tensor(*single), shape=shape),
    ]
    return random.choice(makers)()


def drawn(seed: int) -> tuple[VectorProgram, VectorProgram]:
    """A program and the same as its tensors lie."""
    random = Random(seed)
    shape = tuple(random.choice((1, 2, 3, 4)) for _ in range(random.randint(1, 6)))
    op = drawn_op(random, shape)
    program = op.kernel()
    assert isinstance(program, VectorProgram)
    sizes = random.choice([operand.shape for nest in program.nests for operand in nest.outputs])
    axis = random.choice((None, *range(len(sizes))))
    channels = None if axis is None else loop_along(program, sizes, axis)
    return program, laid_out(program, channels)


@pytest.mark.parametrize("seed", range(150))
def test_the_same_is_computed_by_as_many_operations(seed: int) -> None:
    program, laid = drawn(seed)
    given = make_inputs(program, seed)
    shapes = {operand.name: operand.shape for nest in laid.nests for operand in nest.inputs}
    before = run_program(program, given)
    after = run_program(laid, {name: array.reshape(shapes[name]) for name, array in given.items() if name in shapes})
    assert after.ops == before.ops
    for operand in (each for nest in program.nests for each in nest.outputs):
        expected, found = before.arrays[operand.name], after.arrays[operand.name].reshape(operand.shape)
        assert np.allclose(found, expected, equal_nan=True), operand.name
    assert len(laid.bounds) <= max(1, len(program.bounds))


@pytest.mark.parametrize("seed", range(150))
def test_closed_form_simulator_and_untiled_run_agree(seed: int) -> None:
    random = Random(seed)
    laid = drawn(seed)[1]
    machine, tiling = random_machine(random), random_tiling(random, laid, 200)
    try:
        cost = ExactModel().evaluate(laid, tiling, machine)
    except TilingError:
        return
    assert cost == simulate(laid, tiling, machine)
    if seed % 5 == 0:
        assert compare_with_untiled(laid, tiling, machine, seed=seed).wrong is None


@pytest.mark.parametrize(
    "shape", [(4096,), (1, 4096), (1, 1, 4096), (1, 1, 1, 4096), (2, 4, 512), (64, 1, 64), (16,) * 3]
)
def test_elements_without_channels_are_one_loop(shape: Shape) -> None:
    program = laid_out(AddOp("a", tensor(*shape), tensor(*shape)).kernel(), None)
    assert [loop.bound for nest in program.nests for loop in nest.loops] == [4096]
    assert program.padded_loop is None


def test_channels_stay_apart_and_lie_across_the_lanes() -> None:
    kernel = AddOp("a", tensor(2, 128, 768), tensor(768)).kernel()
    assert isinstance(kernel, VectorProgram)
    laid = laid_out(kernel, "h")
    assert sorted(laid.nests[0].loops) == [Loop("h", 768), Loop("n", 256)]
    assert (laid.lanes, laid.padded_loop) == ("h", "h")


def test_rows_of_heads_lie_across_the_lanes() -> None:
    """A mask for each position, added to 12 heads: 12 lanes of 64 would work on heads, all on positions."""
    laid = laid_out(AddOp("mask", tensor(1, 12, 128, 128), tensor(1, 1, 128, 128)).kernel(), None)
    assert sorted(loop.bound for loop in laid.nests[0].loops) == [12, 128 * 128]
    assert dict(laid.nests[0].loops)[laid.lanes] == 128 * 128
