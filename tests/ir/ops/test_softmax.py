"""Softmax in all of its forms: work by hand, schedules drawn at random, scores that are scaled, masked or causal."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from xdsl.dialects.builtin import StringAttr
from xdsl.utils.exceptions import VerifyException

from simdc.api import load_hardware
from simdc.backends.execute import run_kernel
from simdc.backends.execute.arrays import Array
from simdc.cost import Cost, ExactModel, Kernel, Tiling, VectorProgram
from simdc.ir.base import FormedOp, shape_of
from simdc.ir.ops.softmax import SoftmaxGradOp, SoftmaxOp
from simdc.ir.row_loops import RowLoops
from simdc.ir.rows import parts_of
from tests.ir.ops.schedules import check_schedules
from tests.ir.tensors import tensor

EXACT = ExactModel()


def best(op: FormedOp, form: str) -> Cost:
    machine = load_hardware("HI3")
    kernel = op.forms()[form].kernel(32)
    return EXACT.evaluate(kernel, EXACT.default(kernel, machine), machine)


def test_rows_of_bert_by_hand() -> None:
    """12 heads of 128 x 128 scores are 1,536 rows of 128: 24 vectors of 64 rows. Every element is read and written once
    at 32 bits: 2 * 196,608 * 4 bytes = 1,536 KiB."""
    rows = best(SoftmaxOp("s", tensor(1, 12, 128, 128), axis=3), "rows")
    assert rows.dram_bits.total == 2 * 12 * 128 * 128 * 32
    # max; sub, exp, add; mul: 5 operations an element, a division a row.
    elements = 12 * 128 * 128
    counts = {"max": elements, "sub": elements, "exp": elements, "add": elements, "mul": elements, "div": 12 * 128}
    assert dict(rows.ops) == counts
    assert rows.cycles.total < 84_000
    # A scale comes with the subtraction: it takes one product a row.
    scaled = best(SoftmaxOp("s", tensor(1, 12, 128, 128), axis=3, scale=0.125), "rows")
    shared = {name: count for name, count in counts.items() if name != "sub"}
    assert dict(scaled.ops) == {**shared, "mac": elements, "mul": elements + 12 * 128}


def test_one_row_is_shared_by_the_lanes() -> None:
    """1,000 classes in 64 parts of 16 or 15."""
    op = SoftmaxOp("s", tensor(1, 1000))
    assert parts_of(1000) == 64
    assert best(op, "split").cycles.total < best(op, "rows").cycles.total / 9
    program = op.forms()["split"].kernel(32)
    assert isinstance(program, VectorProgram)
    assert program.lanes == "l"
    assert program.bounds == {"n": 1, "l": 64, "k": 16, "p": 64}


def test_causal_rows_are_shared_by_the_lanes_by_hand() -> None:
    """2 queries, 16 keys in 8 parts of 2. The keys' numbers lie in parts, as the scores do; beside them the last key
    that each query sees is a number of its own.

    Maximum: 32 scores, 16 numbers of keys, 2 of last keys; 16 parts out and back, 2 maxima out. Exponentials: the same
    and 2 maxima; 16 parts out and back, 2 shares out. Division: the same and 2 maxima and 2 shares; 32 results."""
    op = SoftmaxOp("s", tensor(1, 1, 2, 16), [tensor(16)], axis=3, causal=True)
    loaded = (32 + 16 + 2) + 16 + (32 + 16 + 2 + 2) + 16 + (32 + 16 + 2 + 2 + 2)
    cost = best(op, "split")
    assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == (loaded * 32, (16 + 2 + 16 + 2 + 32) * 32)
    # 8 queries and 4,096 keys: 8 lanes of 64 work where a lane has a row.
    few = SoftmaxOp("s", tensor(1, 1, 8, 4096), [tensor(4096)], axis=3, causal=True)
    assert 2.5 * best(few, "split").cycles.total < best(few, "rows").cycles.total


@pytest.mark.parametrize(
    ("length", "parts"), [(4096, 64), (768, 64), (1000, 64), (49, 25), (16, 8), (15, 8), (14, None), (127, 64)]
)
def test_parts_of_a_row(length: int, parts: int | None) -> None:
    assert parts_of(length) == parts


def test_dimensions_side_by_side_are_one_loop_where_all_index_them_alike() -> None:
    plain = RowLoops((2, 12, 128, 100), [3])
    assert (plain.outer, plain.inner) == ((("n", 3072),), (("k", 100),))
    masked = RowLoops((2, 12, 128, 100), [3], [(1, 1, 128, 100)])
    assert masked.outer == (("n", 128), ("g", 24))
    assert masked.operand("mask", tensor(1, 1, 128, 100)).loops == ("n", "k")
    # Of one number a sequence: n moves it, and a dimension of 1 goes with what is before it.
    padded = RowLoops((2, 1, 128, 100), [3], [(2, 1, 1, 100)])
    assert padded.outer == (("n", 128), ("g", 2))
    assert RowLoops((5, 7), [0]).outer == (("n", 7),)
    assert RowLoops((7,), [0]).outer == (("n", 1),)


def forms_of(make: Callable[[Random], FormedOp], form: str) -> Callable[[Random], Kernel]:
    def kernel(random: Random) -> Kernel:
        while True:
            forms = make(random).forms()
            if form in forms:
                return forms[form].kernel(32)

    return kernel


def scores(random: Random) -> tuple[int, ...]:
    return (random.randint(1, 3), random.randint(1, 3), random.randint(1, 5), random.choice((5, 6, 16, 21)))


def plain(random: Random) -> SoftmaxOp:
    shape = scores(random)[random.randint(0, 2) :]
    return SoftmaxOp("s", tensor(*shape), axis=random.randrange(len(shape)), scale=random.choice((1.0, 0.5, -1.0)))


def masked(random: Random) -> SoftmaxOp:
    shape = scores(random)
    mask = [size if random.random() < 0.6 else 1 for size in shape[random.randint(0, 3) :]]
    return SoftmaxOp("s", tensor(*shape), [tensor(*mask)], axis=3, scale=random.choice((1.0, 0.5)))


def causal(random: Random) -> SoftmaxOp:
    shape = scores(random)
    numbers = tensor(shape[3])
    extras = [tensor(1, 1, *shape[2:]), numbers] if random.random() < 0.5 else [numbers]
    return SoftmaxOp("s", tensor(*shape), extras, axis=3, causal=True, scale=random.choice((1.0, 0.5)))


def gradient(random: Random) -> SoftmaxGradOp:
    shape = scores(random)
    return SoftmaxGradOp(
        "g", tensor(*shape), tensor(*shape), axis=random.randint(0, 3), scale=random.choice((1.0, 0.5))
    )


FORMS = [(make, form) for make in (plain, masked, causal, gradient) for form in ("streamed", "rows", "stages", "split")]
NONE = [(masked, "stages"), (causal, "stages")]
"""What has a mask has no form of before."""


@pytest.mark.parametrize(("make", "form"), [pair for pair in FORMS if pair not in NONE])
def test_any_schedule(make: Callable[[Random], FormedOp], form: str) -> None:
    check_schedules(forms_of(make, form), 60, seed=len(form), one_in=6)


def by_rule(op: SoftmaxOp, x: Array, extras: list[Array]) -> Array:
    """Element by element from the definition."""
    axis, out = op.axis.value.data, np.zeros_like(x)
    lines = [place for place in np.ndindex(*x.shape) if place[axis] == 0]
    for line in lines:
        places = [(*line[:axis], k, *line[axis + 1 :]) for k in range(x.shape[axis])]
        values: list[float] = []
        for k, place in enumerate(places):
            score = op.scale.value.data * x[place]
            if op.mask is not None:
                score += np.broadcast_to(extras[0], x.shape)[place]
            if op.causal is not None and k > place[axis - 1] + x.shape[axis] - x.shape[axis - 1]:
                score = -np.inf
            values.append(score)
        shares = np.exp(np.array(values) - max(values))
        for place, share in zip(places, shares / shares.sum(), strict=True):
            out[place] = share
    return out


@pytest.mark.parametrize("make", [plain, masked, causal])
def test_every_form_computes_the_definition(make: Callable[[Random], SoftmaxOp]) -> None:
    random, numbers = Random(3), np.random.default_rng(3)
    for _ in range(12):
        op = make(random)
        x = numbers.normal(0, 2, shape_of(op.input))
        extras = [numbers.normal(0, 2, shape_of(value)) for value in op.extras]
        if op.causal is not None:
            extras[-1] = np.arange(x.shape[-1], dtype=np.float64)
        expected = by_rule(op, x, extras)
        for form in op.forms():
            op.form = StringAttr(form)
            np.testing.assert_allclose(run_kernel(op, [x, *extras]).results[0], expected, atol=1e-12, err_msg=form)


def test_a_row_is_not_cut() -> None:
    """Half a row at a time would divide by the sum of a half."""
    kernel = SoftmaxOp("s", tensor(2, 8)).forms()["rows"].kernel(32)
    machine = load_hardware("HI3")
    with pytest.raises(ValueError, match="a row along 'k' must be whole"):
        EXACT.evaluate(kernel, Tiling(("n", "k"), (2, 4)), machine)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SoftmaxOp("s", tensor(2, 3), [tensor(4)]), r"a mask of shape \[4\] does not broadcast to \[2, 3\]"),
        (lambda: SoftmaxOp("s", tensor(2, 3), [tensor(1, 2, 3)]), r"a mask of shape \[1, 2, 3\] does not broadcast"),
        (lambda: SoftmaxOp("s", tensor(2, 3), [tensor(3)] * 2), "takes a mask, got 2 extras"),
        (lambda: SoftmaxOp("s", tensor(2, 3), [tensor(3)], causal=True), "queries behind the batch and before axis 1"),
        (lambda: SoftmaxOp("s", tensor(2, 3, 4), axis=2, causal=True), "and the numbers of its keys, got 0 extras"),
        (lambda: SoftmaxOp("s", tensor(2, 5, 4), [tensor(4)], axis=2, causal=True), "5 queries and only 4 keys"),
        (
            lambda: SoftmaxOp("s", tensor(2, 3, 4), [tensor(3)], axis=2, causal=True),
            r"the numbers of 4 keys, got \[3\]",
        ),
    ],
)
def test_what_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        make()
