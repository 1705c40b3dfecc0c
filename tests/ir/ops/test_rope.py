"""Rotary positions: a layer counted by hand, what a turn is, random schedules, refusals."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from xdsl.utils.exceptions import VerifyException

from simdc.backends.execute import execute, initial_parameters, run_kernel
from simdc.cost import ExactModel, Tiling
from simdc.cost.kernel import VectorProgram
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.network import network_of
from simdc.ir.ops.rope import RopeOp
from tests.ir.ops.schedules import check_schedules
from tests.ir.tensors import tensor


def test_work_by_hand() -> None:
    """32 heads of 128 tokens of 128 features. 64 pairs of a token and head take four products, a difference and a sum,
    of which those behind a product wait two cycles: 2 * (1 + 1 + 3) = 10. Tokens are on the lanes: 2 vectors a pair and
    head, 32 * 64 * 2 * 10 = 40,960 cycles, and 5 + 63 to fill in each of 4 tiles. Loaded and stored are 524,288
    elements, 16,777,216 bits, 32,768 cycles each, and once 2 * 128 * 64 values of the tables, 1,024 cycles."""
    op = RopeOp("r", tensor(1, 32, 128, 128), tensor(128, 64), tensor(128, 64), rotary=128)
    cost = ExactModel().evaluate(op.kernel(), Tiling(("p", "h", "t"), (16, 32, 128)), load_hardware("HI3"))
    assert cost.cycles == (40_960 + 4 * 68, 2 * 32_768 + 1_024)
    assert sum(cost.cycles) < 107_860
    assert sum(cost.dram_bits) == 4_160 * 8_192
    assert dict(cost.ops) == {"mul": 4 * 262_144, "sub": 262_144, "add": 262_144}


@pytest.mark.parametrize("interleaved", [False, True])
def test_features_that_are_not_turned_are_moved(interleaved: bool) -> None:
    """Of 8 features of 2 x 3 tokens 4 are turned: 2 pairs with four products each, 4 are copied."""
    op = RopeOp("r", tensor(1, 2, 3, 8), tensor(3, 2), tensor(3, 2), rotary=4, interleaved=interleaved)
    tiling = Tiling(tuple(op.kernel().bounds), tuple(op.kernel().bounds.values()))
    cost = ExactModel().evaluate(op.kernel(), tiling, load_hardware("HI3"))
    assert dict(cost.ops) == {"mul": 6 * 2 * 4, "sub": 6 * 2, "add": 6 * 2, "move": 6 * 4}


def test_a_turn_by_hand() -> None:
    """A quarter turn takes (x, y) to (-y, x). Pairs of four features are 0, 2 and 1, 3, or neighbours."""
    x = np.array([[1.0, 2.0, 3.0, 4.0, 5.0]])
    cos, sin = np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])
    for interleaved, expected in ((False, [-3.0, 2.0, 1.0, 4.0, 5.0]), (True, [-2.0, 1.0, 3.0, 4.0])):
        given = x[:, :4] if interleaved else x
        op = RopeOp("r", tensor(*given.shape), tensor(1, 2), tensor(1, 2), rotary=4, interleaved=interleaved)
        assert run_kernel(op, [given, cos, sin]).results[0].tolist() == [expected]


@pytest.mark.parametrize("table", [(5, 2), (2, 5, 2)])
def test_tokens_before_heads(table: tuple[int, ...]) -> None:
    """The same as with heads before tokens, in another order."""
    random = np.random.default_rng(1)
    x, cos, sin = random.normal(size=(2, 5, 3, 4)), random.normal(size=table), random.normal(size=table)
    tables = (tensor(*table), tensor(*table))
    here = RopeOp("r", tensor(2, 5, 3, 4), *tables, rotary=4, tokens_first=True)
    there = RopeOp("r", tensor(2, 3, 5, 4), *tables, rotary=4)
    expected = run_kernel(there, [x.swapaxes(1, 2), cos, sin]).results[0]
    np.testing.assert_array_equal(run_kernel(here, [x, cos, sin]).results[0], expected.swapaxes(1, 2))


def test_the_angles_of_the_layer() -> None:
    """Token t turns pair p by t / base^(p / 2): here 3 and 3 / 10. All of it but that is a constant."""
    text = 'network n(x: 4x4) { return rope(x, base=100, name="r") }'
    module = parse_dsl(text, "n.dsl", 1)
    assert network_of(module).parameters.value.data == 0
    x = np.zeros((1, 4, 4))
    x[0, 3, :2] = 1.0
    (y,) = execute(module, {"x": x}, initial_parameters(module)).returned
    np.testing.assert_allclose(y[0, 3], [np.cos(3), np.cos(0.3), np.sin(3), np.sin(0.3)])


def drawn(random: Random) -> VectorProgram:
    outer = [random.randint(1, 4) for _ in range(random.randint(0, 2))]
    tokens, features = random.randint(1, 6), 2 * random.randint(1, 5)
    rotary, interleaved = 2 * random.randint(1, features // 2), random.random() < 0.5
    features += 0 if interleaved else random.randint(0, 1)
    table = (*outer[: random.randint(0, 1)], tokens, rotary // 2)
    fields = {"rotary": rotary, "interleaved": interleaved, "inverse": random.random() < 0.5}
    shape = (*outer, tokens, features)
    if len(shape) > 2 and random.random() < 0.4:
        fields["tokens_first"] = True
        shape = (*outer[:-1], tokens, outer[-1], features)
        table = (*(outer[:1] if len(shape) == 4 and len(table) == 3 else ()), *table[-2:])
    return RopeOp("r", tensor(*shape), tensor(*table), tensor(*table), **fields).kernel()


def test_random_schedules() -> None:
    check_schedules(drawn, 500)


def made(*shape: int, table: tuple[int, ...] = (3, 2), **fields: Any) -> Callable[[], RopeOp]:
    return lambda: RopeOp("r", tensor(*shape), tensor(*table), tensor(*table), **fields)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (made(4, rotary=4), r"turns \[..., tokens, features\], got shape \[4\]"),
        (made(3, 4, rotary=3), "pairs of at most 4 features, got rotary 3"),
        (made(3, 4, rotary=6), "pairs of at most 4 features, got rotary 6"),
        (made(3, 5, rotary=4, interleaved=True), "neighbours of 5 features make no pairs"),
        (made(3, 4, rotary=4, table=(2, 2)), r"expected tables of shape \[3, 2\], got \[2, 2\]"),
    ],
)
def test_what_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        make()


def test_a_layer_that_cannot_be() -> None:
    with pytest.raises(SimdcError, match="rotary must be even and at most 4, got 6"):
        parse_dsl("network n(x: 3x4) { return rope(x, rotary=6) }", "n.dsl", 1)
