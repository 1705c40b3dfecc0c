"""Boxes cut out or written at places that are data: what they move, by hand and on random schedules; refusals."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from xdsl.utils.exceptions import VerifyException

from simdc.backends.execute import run_kernel
from simdc.cost import ExactModel, Tiling
from simdc.cost.kernel import VectorProgram
from simdc.errors import SimdcError
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.ops.at_place import AtPlaceOp, PutAtOp, SliceAtGradOp, SliceAtOp
from tests.ir.ops.schedules import check_schedules
from tests.ir.tensors import tensor

NUMBER, ROWS = tensor(1), np.arange(40.0).reshape(5, 8)


def test_a_box_by_hand() -> None:
    """3 x 8 elements of 64 x 8 from a row on that is data: 24 elements and a number are loaded, 24 are stored. Put
    there they are as many: what lies around them stays."""
    machine = load_hardware("HI3")
    for op in (
        SliceAtOp("s", tensor(64, 8), [NUMBER], first=(-1, 0), sizes=(3, 8)),
        PutAtOp("p", tensor(64, 8), tensor(3, 8), [NUMBER], first=(-1, 0)),
    ):
        kernel = op.kernel()
        cost = ExactModel().evaluate(kernel, Tiling(tuple(kernel.bounds), tuple(kernel.bounds.values())), machine)
        assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == ((24 + 1) * 32, 24 * 32)


def test_a_gradient_by_hand() -> None:
    """Of the 24 elements, 512 zeros are stored and 24 over them."""
    kernel = SliceAtGradOp("g", tensor(3, 8), [NUMBER], first=(-1, 0), shape=(64, 8)).kernel()
    cost = ExactModel().evaluate(
        kernel, Tiling(tuple(kernel.bounds), tuple(kernel.bounds.values())), load_hardware("HI3")
    )
    assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == ((24 + 1) * 32, (512 + 24) * 32)


def drawn(random: Random) -> VectorProgram:
    sizes = [random.randint(1, 6) for _ in range(random.randint(1, 3))]
    whole = [size + random.randint(0, 4) for size in sizes]
    first = [random.choice((-1, random.randint(0, full - size))) for full, size in zip(whole, sizes, strict=True)]
    starts = [tensor(1) for each in first if each == -1]
    if random.random() < 0.3:
        return SliceAtGradOp("g", tensor(*sizes), starts, first=first, shape=whole).kernel()
    if random.random() < 0.5:
        return SliceAtOp("s", tensor(*whole), starts, first=first, sizes=sizes).kernel()
    return PutAtOp("p", tensor(*whole), tensor(*sizes), starts, first=first).kernel()


def test_random_schedules() -> None:
    check_schedules(drawn, 200)


@pytest.mark.parametrize(("start", "row"), [(-4, 0), (1, 1), (3, 2), (99, 2)])
def test_a_box_that_would_not_fit_begins_earlier(start: float, row: int) -> None:
    """3 of 5 rows can begin at 0, 1 and 2; columns 2 to 5 are known."""
    cut = SliceAtOp("s", tensor(5, 8), [NUMBER], first=(-1, 2), sizes=(3, 4))
    number = np.array([start])
    np.testing.assert_array_equal(run_kernel(cut, [ROWS, number]).results[0], ROWS[row : row + 3, 2:6])
    put = PutAtOp("p", tensor(5, 8), tensor(3, 4), [NUMBER], first=(-1, 2))
    expected, new = ROWS.copy(), -np.arange(12.0).reshape(3, 4)
    expected[row : row + 3, 2:6] = new
    np.testing.assert_array_equal(run_kernel(put, [ROWS, new, number]).results[0], expected)


def test_what_is_written_lies_where_the_rest_does() -> None:
    put = PutAtOp("p", tensor(5, 8), tensor(3, 4), [NUMBER], first=(-1, 2))
    assert put.taken is put.data


def test_a_place_is_a_whole_number() -> None:
    cut = SliceAtOp("s", tensor(5, 8), [NUMBER], first=(-1, 2), sizes=(3, 4))
    with pytest.raises(SimdcError, match=r"begins at 0\.5, which is no whole number"):
        run_kernel(cut, [ROWS, np.array([0.5])])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SliceAtOp("s", tensor(5), [], first=(3,), sizes=(3,)), "3 positions from 3 on do not lie in dim"),
        (lambda: SliceAtOp("s", tensor(5), [NUMBER], first=(-1,), sizes=(6,)), "6 positions do not lie in dimension 0"),
        (lambda: SliceAtOp("s", tensor(5), [], first=(-2,), sizes=(1,)), "1 positions from -2 on do not lie"),
        (lambda: SliceAtOp("s", tensor(5), [], first=(0,), sizes=(0,)), "0 positions from 0 on do not lie"),
        (lambda: SliceAtOp("s", tensor(5), [], first=(-1,), sizes=(3,)), r"for each of 1 dimensions, got 0"),
        (lambda: SliceAtOp("s", tensor(5), [tensor(2)], first=(-1,), sizes=(3,)), r"a number of shape \[1\]"),
        (lambda: PutAtOp("p", tensor(5, 2), tensor(3), [], first=(0,)), r"another rank than \[5, 2\]"),
    ],
)
def test_what_is_refused(make: Callable[[], AtPlaceOp], message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        make()


@pytest.mark.parametrize(("start", "row"), [(-4, 0), (1, 1), (99, 2)])
def test_a_gradient_lies_where_the_box_was(start: float, row: int) -> None:
    back = SliceAtGradOp("g", tensor(3, 4), [NUMBER], first=(-1, 2), shape=(5, 8))
    expected, gradient = np.zeros((5, 8)), np.arange(12.0).reshape(3, 4) + 1
    expected[row : row + 3, 2:6] = gradient
    np.testing.assert_array_equal(run_kernel(back, [gradient, np.array([start])]).results[0], expected)
