"""Elements and rows picked or written where data says: what they move, by hand and on random schedules; refusals."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from xdsl.utils.exceptions import VerifyException

from simdc.backends.execute import run_kernel
from simdc.cost import ExactModel, Tiling
from simdc.cost.kernel import VectorProgram
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.ops.scatter import REDUCTIONS, GatherElementsOp, GatherNdOp, ScatterElementsOp, ScatterNdOp
from tests.ir.ops.schedules import check_schedules
from tests.ir.tensors import tensor

HI3 = load_hardware("HI3")


def test_rows_by_hand() -> None:
    """6 places of two numbers each name rows of 32 in a tensor [9, 8, 32]: 12 numbers and 192 elements are loaded. Put
    in, 9 * 8 * 32 elements are copied, and 12 numbers and 192 elements loaded, 192 more where they are added."""
    ids, data, updates = tensor(6, 2), tensor(9, 8, 32), tensor(6, 32)
    whole, numbers, rows = 9 * 8 * 32, 12, 192
    for op, loaded, stored in (
        (GatherNdOp("g", data, ids), numbers + rows, rows),
        (ScatterNdOp("s", ids, updates, data), whole + numbers + rows, whole + rows),
        (ScatterNdOp("s", ids, updates, data, reduction="add"), whole + numbers + 2 * rows, whole + rows),
        (ScatterNdOp("s", ids, updates, shape=(9, 8, 32)), numbers + rows, whole + rows),
    ):
        kernel = op.kernel()
        cost = ExactModel().evaluate(kernel, Tiling(tuple(kernel.bounds), tuple(kernel.bounds.values())), HI3)
        assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == (loaded * 32, stored * 32)


def drawn(random: Random) -> VectorProgram:
    reduction = random.choice(REDUCTIONS)
    if random.random() < 0.5:
        data = tuple(random.randint(1, 6) for _ in range(random.randint(1, 3)))
        axis = random.randrange(len(data))
        shape = tuple(random.randint(1, 6 if at == axis else size) for at, size in enumerate(data))
        if random.random() < 0.4:
            return GatherElementsOp("g", tensor(*data), tensor(*shape), axis=axis).kernel()
        return ScatterElementsOp(
            "s", tensor(*shape), tensor(*shape), tensor(*data), axis=axis, reduction=reduction
        ).kernel()
    batch, named = random.randint(0, 1), random.randint(1, 2)
    data = tuple(random.randint(1, 6) for _ in range(batch + named + random.randint(0, 2)))
    ids = (*data[:batch], random.randint(1, 6), named)
    picked = GatherNdOp("g", tensor(*data), tensor(*ids), batch_dims=batch)
    if random.random() < 0.4:
        return picked.kernel()
    into = {"shape": data} if random.random() < 0.3 else {}
    operands = (tensor(*ids), picked.result, None if into else tensor(*data))
    return ScatterNdOp("s", *operands, batch_dims=batch, reduction=reduction, **into).kernel()


def test_random_schedules() -> None:
    check_schedules(drawn, 600)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_a_place_that_is_named_twice(reduction: str) -> None:
    """5, 2 and 3 into the places 1, 0 and 1 of 10, 20, 30."""
    data, ids, updates = np.array([10.0, 20.0, 30.0]), np.array([[1.0], [0.0], [1.0]]), np.array([5.0, 2.0, 3.0])
    op = ScatterNdOp("s", tensor(3, 1), tensor(3), tensor(3), reduction=reduction)
    expected = {"none": [2, 3], "add": [12, 28], "mul": [20, 300], "max": [10, 20], "min": [2, 3]}[reduction]
    assert run_kernel(op, [ids, updates, data]).results[0].tolist() == [*expected, 30]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GatherElementsOp("g", tensor(3, 4), tensor(2, 4), axis=2), "no dimension 2"),
        (lambda: GatherElementsOp("g", tensor(3, 4), tensor(2, 5), axis=0), "pick no elements"),
        (lambda: GatherNdOp("g", tensor(3, 4), tensor(2, 3)), "3 numbers name no place among 2 dimensions"),
        (lambda: GatherNdOp("g", tensor(3, 4), tensor(2, 1), batch_dims=1), r"name no places in \[3, 4\], 1 alike"),
        (lambda: ScatterNdOp("s", tensor(2, 1), tensor(2, 3), tensor(3, 4)), r"updates have shape \[2, 3\], expected"),
        (lambda: ScatterElementsOp("s", tensor(2, 4), tensor(2, 3), tensor(3, 4)), r"updates of shape \[2, 3\]"),
        (lambda: ScatterNdOp("s", tensor(2, 1), tensor(2, 4), tensor(3, 4), reduction="div"), "must be one of none"),
        (lambda: ScatterNdOp("s", tensor(2, 1), tensor(2, 4)), "or the shape of one of zeros"),
    ],
)
def test_what_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        make()
