"""Sines, rounding, signs and running sums: what the machine's code computes, and random schedules."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from simdc.backends.execute import run_kernel
from simdc.cost.kernel import VectorProgram
from simdc.ir.ops.activation.base import ActivationOp
from simdc.ir.ops.activation.periodic import SINE_ERROR, CosOp, SinOp
from simdc.ir.ops.activation.rounding import CeilOp, FloorOp, IsInfOp, IsNanOp, RoundOp, SignOp
from simdc.ir.ops.cumulative import CumulativeSumOp
from tests.ir.ops.schedules import check_schedules
from tests.ir.tensors import tensor


@pytest.mark.parametrize(("op", "function"), [(SinOp, np.sin), (CosOp, np.cos)])
def test_waves(op: type[ActivationOp], function: Callable[[object], np.ndarray]) -> None:
    """The error is what the page says, and no less than a third of it: near a quarter turn."""
    x = np.linspace(-100.0, 100.0, 40_001)
    (found,) = run_kernel(op("w", tensor(40_001)), [x]).results
    error = np.abs(found - function(x)).max()
    assert SINE_ERROR / 3 < error <= SINE_ERROR


EDGES = [-2.0, -1.5, -0.5, -1e-9, 0.0, 0.3, 0.5, 1.5, 2.5, 7.0, 123456.5]
OTHERS = [np.nan, np.inf, -np.inf]


@pytest.mark.parametrize(
    ("op", "function", "x"),
    [
        (RoundOp("r", tensor(11)), np.round, EDGES),
        (FloorOp("r", tensor(11)), np.floor, EDGES),
        (CeilOp("r", tensor(11)), np.ceil, EDGES),
        (SignOp("r", tensor(11)), np.sign, EDGES),
        (IsNanOp("r", tensor(14)), np.isnan, EDGES + OTHERS),
        (IsInfOp("r", tensor(14)), np.isinf, EDGES + OTHERS),
        (IsInfOp("r", tensor(14), negative=True), np.isneginf, EDGES + OTHERS),
        (IsInfOp("r", tensor(14), positive=True), np.isposinf, EDGES + OTHERS),
    ],
)
def test_steps(op: ActivationOp, function: Callable[[object], np.ndarray], x: list[float]) -> None:
    (found,) = run_kernel(op, [np.array(x)]).results
    np.testing.assert_array_equal(found, function(np.array(x)).astype(np.float64))


def test_running_sums_by_hand() -> None:
    x = np.array([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]])
    for axis, exclusive, expected in (
        (1, False, [[1, 3, 7], [8, 24, 56]]),
        (1, True, [[0, 1, 3], [0, 8, 24]]),
        (0, False, [[1, 2, 4], [9, 18, 36]]),
    ):
        op = CumulativeSumOp("c", tensor(2, 3), axis=axis, exclusive=exclusive)
        assert run_kernel(op, [x]).results[0].tolist() == expected


def drawn(random: Random) -> VectorProgram:
    shape = [random.randint(1, 7) for _ in range(random.randint(1, 4))]
    axis, exclusive = random.randrange(len(shape)), random.random() < 0.5
    return CumulativeSumOp("c", tensor(*shape), axis=axis, exclusive=exclusive).kernel()


def test_random_schedules_of_running_sums() -> None:
    check_schedules(drawn, 300)
