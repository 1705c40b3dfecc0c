"""Normalizations and the logarithm of a softmax in all of their forms: work by hand, and schedules drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from xdsl.utils.exceptions import VerifyException

from simdc.api import load_hardware
from simdc.backends.execute.agreement import compare_with_untiled
from simdc.backends.verify.scaling import scale_down
from simdc.cost import Cost, ExactModel, Kernel, Tiling, TilingError, VectorProgram
from simdc.ir.base import FormedOp
from simdc.ir.ops.group_norm import GroupNormGradOp, GroupNormOp
from simdc.ir.ops.instance_norm import InstanceNormGradOp, InstanceNormOp
from simdc.ir.ops.layer_norm import LayerNormGradOp, LayerNormOp
from simdc.ir.ops.log_softmax import LogSoftmaxGradOp, LogSoftmaxOp
from simdc.ir.ops.rms_norm import RmsNormGradOp, RmsNormOp
from tests.ir.ops.schedules import check_schedules
from tests.ir.tensors import tensor

EXACT = ExactModel()
EPSILON = 1e-5


def best(op: FormedOp, form: str) -> Cost:
    machine = load_hardware("HI3")
    kernel = op.forms()[form].kernel(32)
    return EXACT.evaluate(kernel, EXACT.default(kernel, machine), machine)


def test_one_token_by_hand() -> None:
    """4,096 features on 64 lanes: 64 parts of 64. Squares and their sums are 2 * 4,096 operations, the row's sum 64
    more, then 2 * 4,096 products. x is read twice, the scale once, the result is written once;
    parts go out and come back."""
    op = RmsNormOp("r", tensor(1, 4096), tensor(4096), axis=1, epsilon=1e-6)
    cost = best(op, "split")
    assert dict(cost.ops) == {"add": 4096 + 64 + 1, "div": 1, "inv_sqrt": 1, "mul": 3 * 4096}
    assert cost.dram_bits.total == (4 * 4096 + 2 * 64 + 2) * 32
    assert cost.cycles.total < 2_000 < 30_000 < best(op, "rows").cycles.total


def test_rows_by_hand() -> None:
    """128 tokens of 768: everything is read and written once, where today's nests read x twice."""
    op = LayerNormOp("n", tensor(1, 128, 768), tensor(768), tensor(768), axis=2, epsilon=EPSILON)
    rows, streamed = best(op, "rows"), best(op, "streamed")
    assert rows.dram_bits.total == (2 * 128 * 768 + 2 * 768) * 32
    # An element: 2 additions and a product for the moments, then sub, mul, mul, add.
    assert dict(rows.ops) == dict(streamed.ops)
    assert rows.cycles.total < streamed.cycles.total


def test_a_group_that_does_not_fit_by_hand() -> None:
    """32 groups of 10 channels of 64 x 64: one row is 40,960 elements. Streamed, 32 of 64 lanes work; split, all
    do. x is read twice, y written once; 64 parts of two sums a row go out and come back, and so do mean
    and deviation; scale and shift are read."""
    op = GroupNormOp("n", tensor(1, 320, 64, 64), tensor(320), tensor(320), groups=32, epsilon=EPSILON)
    with pytest.raises(TilingError, match="a row along 'k' must be whole"):
        best(op, "rows")
    streamed, split = best(op, "streamed"), best(op, "split")
    assert split.dram_bits.total == (3 * 320 * 4096 + 32 * 64 * 2 * 2 + 32 * 2 * 2 + 2 * 320) * 32
    assert split.cycles.compute < 0.52 * streamed.cycles.compute
    assert split.cycles.total < 0.66 * streamed.cycles.total


def test_the_longest_loop_of_a_group_is_shared() -> None:
    """7 x 7 pixels of 40 channels in 25 parts of 2 pixels each, the last of one."""
    op = GroupNormOp("n", tensor(1, 1280, 7, 7), tensor(1280), tensor(1280), groups=32, epsilon=EPSILON)
    program = op.forms()["split"].kernel(32)
    assert isinstance(program, VectorProgram)
    assert program.bounds == {"n": 32, "l": 25, "k": 40, "k2": 2, "p": 25}
    assert "split" not in InstanceNormOp("n", tensor(1, 4, 7, 2), tensor(4), tensor(4), epsilon=EPSILON).forms()


def test_a_plane_has_one_factor_and_one_offset() -> None:
    """6 planes of 20: an element takes 3 operations for the moments and one `mac`, where it took four."""
    op = InstanceNormOp("n", tensor(2, 3, 4, 5), tensor(3), tensor(3), epsilon=EPSILON)
    counts = dict(best(op, "rows").ops)
    assert counts == {"add": 2 * 120 + 6, "mul": 120 + 6 + 2 * 6, "div": 12, "sub": 6 + 6, "inv_sqrt": 6, "mac": 120}


def test_a_scaled_row_keeps_its_parts() -> None:
    """They are written along l and read along p: both become as short."""
    kernel = RmsNormOp("r", tensor(1, 4096), axis=1, epsilon=1e-6).forms()["split"].kernel(32)
    assert isinstance(kernel, VectorProgram)
    tiling = Tiling(("n", "l", "k", "p"), (1, 64, 7, 22))
    small = scale_down(kernel, tiling, load_hardware("HI3"))
    assert small.kernel.bounds["l"] == small.kernel.bounds["p"] < 64
    assert small.tiling.as_dict()["l"] == small.kernel.bounds["l"]
    assert compare_with_untiled(small.kernel, small.tiling, small.hardware).wrong is None


def sizes(random: Random, rank: int = 4) -> tuple[int, ...]:
    return (*(random.randint(1, 4) for _ in range(rank - 1)), random.choice((3, 6, 16, 21)))


def layer_norm(random: Random) -> FormedOp:
    shape = sizes(random)
    axis = random.randint(1, 3)
    parameters = [tensor(*shape[axis:]) for _ in range(random.randint(1, 2))]
    return LayerNormOp("n", tensor(*shape), *parameters, axis=axis, epsilon=EPSILON)


def layer_norm_grad(random: Random) -> FormedOp:
    shape = sizes(random)
    axis, x = random.randint(1, 3), tensor(*shape)
    product = x.type if random.random() < 0.5 else None
    return LayerNormGradOp("n", x, tensor(*shape), tensor(*shape[axis:]), axis=axis, epsilon=EPSILON, product=product)


def rms_norm(random: Random) -> FormedOp:
    shape = sizes(random)
    axis = random.randint(1, 3)
    scale = [tensor(*shape[axis:])] if random.random() < 0.5 else []
    return RmsNormOp("n", tensor(*shape), *scale, axis=axis, epsilon=EPSILON)


def rms_norm_grad(random: Random) -> FormedOp:
    shape = sizes(random)
    axis, x = random.randint(1, 3), tensor(*shape)
    scale = [tensor(*shape[axis:])] if random.random() < 0.5 else []
    product = x.type if scale and random.random() < 0.5 else None
    return RmsNormGradOp("n", x, tensor(*shape), *scale, axis=axis, epsilon=EPSILON, product=product)


def images(random: Random) -> tuple[int, int, tuple[int, ...]]:
    groups = random.randint(1, 3)
    channels = groups * random.choice((1, 2, 3, 16))
    width = random.choice((3, 8, 17)) if channels < 16 else 3
    return groups, channels, (random.randint(1, 4), channels, random.randint(1, 4), width)


def group_norm(random: Random) -> FormedOp:
    groups, channels, shape = images(random)
    return GroupNormOp("n", tensor(*shape), tensor(channels), tensor(channels), groups=groups, epsilon=EPSILON)


def group_norm_grad(random: Random) -> FormedOp:
    groups, channels, shape = images(random)
    x = tensor(*shape)
    product = x.type if random.random() < 0.5 else None
    fields = {"groups": groups, "epsilon": EPSILON, "product": product}
    return GroupNormGradOp("n", x, tensor(*shape), tensor(channels), **fields)


def instance_norm(random: Random) -> FormedOp:
    _, channels, shape = images(random)
    return InstanceNormOp("n", tensor(*shape), tensor(channels), tensor(channels), epsilon=EPSILON)


def instance_norm_grad(random: Random) -> FormedOp:
    _, channels, shape = images(random)
    return InstanceNormGradOp("n", tensor(*shape), tensor(*shape), tensor(channels), epsilon=EPSILON)


def log_softmax(random: Random) -> FormedOp:
    return LogSoftmaxOp("n", tensor(*sizes(random)), axis=random.randint(0, 3))


def log_softmax_grad(random: Random) -> FormedOp:
    shape = sizes(random)
    return LogSoftmaxGradOp("n", tensor(*shape), tensor(*shape), axis=random.randint(0, 3))


MAKERS = (layer_norm, layer_norm_grad, rms_norm, rms_norm_grad, group_norm, group_norm_grad, instance_norm)
MAKERS = (*MAKERS, instance_norm_grad, log_softmax, log_softmax_grad)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("form", ["streamed", "rows", "stages", "split"])
def test_any_schedule(make: Callable[[Random], FormedOp], form: str) -> None:
    def kernel(random: Random) -> Kernel:
        while form not in (forms := make(random).forms()):
            pass
        return forms[form].kernel(32)

    if form in make(Random(0)).forms() or form == "split":
        check_schedules(kernel, 30, seed=len(form), one_in=8)


def test_planes_of_one_pixel() -> None:
    """A scale has one element a plane, and so has the plane: only the latter moves along it."""
    op = InstanceNormOp("n", tensor(2, 3, 1, 1), tensor(3), tensor(3), epsilon=EPSILON)
    program = op.forms()["rows"].kernel(32)
    assert isinstance(program, VectorProgram)
    x, scale, _ = program.nests[0].inputs
    assert (x.loops, scale.loops) == (("g", "n", "k"), ("n",))


def test_the_gradient_of_a_factor_is_summed_over_images() -> None:
    """Lanes lie along the channels, which the sums keep, however many images there are."""
    op = InstanceNormGradOp("n", tensor(50, 3, 4, 4), tensor(50, 3, 4, 4), tensor(3), epsilon=EPSILON)
    program = op.forms()["rows"].kernel(32)
    assert isinstance(program, VectorProgram)
    assert program.bounds == {"n": 3, "g": 50, "k": 16}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RmsNormOp("n", tensor(2, 3), axis=0, epsilon=EPSILON), "a row begins behind the batch"),
        (
            lambda: RmsNormOp("n", tensor(2, 3), tensor(2), axis=1, epsilon=EPSILON),
            r"rows have shape \[3\], a parameter \[2\]",
        ),
        (
            lambda: RmsNormGradOp("n", tensor(2, 3), tensor(3, 2), axis=1, epsilon=EPSILON),
            r"input has shape \[2, 3\], the gradient \[3, 2\]",
        ),
        (
            lambda: GroupNormOp("n", tensor(2, 3), tensor(3), tensor(3), groups=2, epsilon=EPSILON),
            r"the channels of \[2, 3\] do not make 2 groups",
        ),
        (
            lambda: GroupNormOp("n", tensor(2, 4), tensor(4), tensor(3), groups=2, epsilon=EPSILON),
            r"input has shape \[2, 4\], a parameter \[3\]",
        ),
        (
            lambda: GroupNormGradOp("n", tensor(2, 4), tensor(2, 3), tensor(4), groups=2, epsilon=EPSILON),
            r"input has shape \[2, 4\], the gradient \[2, 3\]",
        ),
        (lambda: LogSoftmaxOp("n", tensor(3)), r"expected two to six dimensions, got shape \[3\]"),
        (
            lambda: LogSoftmaxGradOp("n", tensor(2, 3), tensor(2, 4)),
            r"output has shape \[2, 4\], the gradient \[2, 3\]",
        ),
    ],
)
def test_what_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        make()
