"""Gated units, caches and largest numbers: layers counted by hand, random schedules, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from xdsl.utils.exceptions import VerifyException

from simdc.backends.execute import run_kernel
from simdc.backends.report.memory import memory_of
from simdc.cost import ExactModel, Tiling
from simdc.cost.kernel import VectorProgram
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.context import set_hardware
from simdc.ir.network import network_of
from simdc.ir.ops.cache import CacheAppendOp
from simdc.ir.ops.gated import FORWARD, GatedGradOp, GatedOp
from simdc.ir.ops.top_k import TopKOp
from simdc.passes.pipeline import lowering_passes, run_pipeline
from tests.ir.ops.schedules import check_schedules
from tests.ir.tensors import tensor

HI3 = load_hardware("HI3")


def whole(program: VectorProgram) -> Tiling:
    return Tiling(tuple(program.bounds), tuple(program.bounds.values()))


def test_a_token_in_a_cache_by_hand() -> None:
    """One row of 8 heads of 128 behind 2,047: 1,024 elements are loaded and stored, 64 cycles each; 8 heads take two
    vectors of 64 lanes each, 16 cycles after 5 + 63. The 16,777,216 bits before them stay where they are."""
    op = CacheAppendOp("c", tensor(1, 8, 2047, 128), tensor(1, 8, 1, 128))
    cost = ExactModel().evaluate(op.kernel(), whole(op.kernel()), HI3)
    assert cost.cycles == (16 + 68, 64 + 64)
    assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == (1024 * 32, 1024 * 32)


def test_a_gated_unit_by_hand() -> None:
    """4,096 elements: 64 vectors. sub, exp, add, div, mul depend on each other: 1 + 5 + 3 + 11 + 3 = 23 cycles."""
    op = GatedOp("g", tensor(1, 4096), tensor(1, 4096), function="silu")
    cost = ExactModel().evaluate(op.kernel(), whole(op.kernel()), HI3)
    assert cost.cycles == (64 * 23 + 68, 3 * 4096 * 32 // 512)
    assert dict(cost.ops) == dict.fromkeys(("add", "div", "exp", "mul", "sub"), 4096)


def test_largest_numbers_by_hand() -> None:
    """2 of 8 numbers for each of 5 tokens. A pass looks at 40 numbers; from the second on five instructions more find
    those that come after the one before. Two results of 5 a pass are stored, those of the first are read again."""
    op = TopKOp("t", tensor(5, 8), axis=1, count=2)
    cost = ExactModel().evaluate(op.kernel(), whole(op.kernel()), HI3)
    assert dict(cost.ops) == {
        "max": 40 * (1 + 3),
        "conditional_move": 40 * (1 + 4),
        "move": 2 * (40 + 2 * 5),
        "add": 2 * 40,
    }
    assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == ((2 * 40 + 2 * 5) * 32, 2 * 2 * 5 * 32)


@pytest.mark.parametrize("smallest", [False, True])
def test_equal_numbers_come_in_order(smallest: bool) -> None:
    x = np.array([[2.0, 5.0, 5.0, -1.0, 5.0, -1.0]])
    op = TopKOp("t", tensor(1, 6), axis=1, count=5, smallest=smallest)
    values, indices = run_kernel(op, [x]).results
    expected = [3, 5, 0, 1, 2] if smallest else [1, 2, 4, 0, 3]
    assert indices.tolist() == [expected]
    assert values.tolist() == [x[0, expected].tolist()]


def drawn_cache(random: Random) -> VectorProgram:
    new = [random.randint(1, 6) for _ in range(random.randint(1, 4))]
    axis, past = random.randrange(len(new)), list(new)
    past[axis] = random.randint(1, 9)
    return CacheAppendOp("c", tensor(*past), tensor(*new), axis=axis).kernel()


def drawn_gate(random: Random) -> VectorProgram:
    shape = [random.randint(1, 6) for _ in range(random.randint(1, 4))]
    function, (x, other, gradient) = random.choice(list(FORWARD)), (tensor(*shape) for _ in range(3))
    if random.random() < 0.5:
        return GatedOp("g", x, other, function=function).kernel()
    return GatedGradOp("g", gradient, x, other, function=function, input_grad=x.type, other_grad=other.type).kernel()


def drawn_top(random: Random) -> VectorProgram:
    shape = [random.randint(1, 6) for _ in range(random.randint(1, 3))]
    axis = random.randrange(len(shape))
    count, smallest = random.randint(1, min(3, shape[axis])), random.random() < 0.5
    return TopKOp("t", tensor(*shape), axis=axis, count=count, smallest=smallest).kernel()


@pytest.mark.parametrize("make", [drawn_cache, drawn_gate, drawn_top])
def test_random_schedules(make: Callable[[Random], VectorProgram]) -> None:
    check_schedules(make, 250)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CacheAppendOp("c", tensor(1, 2, 5, 4), tensor(1, 3, 1, 4)), r"cannot append \[1, 3, 1, 4\]"),
        (lambda: CacheAppendOp("c", tensor(2, 3), tensor(2, 3), axis=2), "no dimension 2"),
        (lambda: GatedOp("g", tensor(2, 3), tensor(3, 2), function="silu"), r"shapes \[2, 3\] and \[3, 2\]"),
        (lambda: GatedOp("g", tensor(2, 3), tensor(2, 3), function="relu"), "must be one of silu, gelu, gelu_tanh"),
        (lambda: TopKOp("t", tensor(2, 3), axis=1, count=4), "cannot take 4 of 3"),
        (lambda: TopKOp("t", tensor(2, 3), axis=3, count=1), "no dimension 3"),
    ],
)
def test_what_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        make()


def test_a_cache_lies_where_it_lay() -> None:
    """Appended to it is not there twice, and the new row is as narrow as the cache: as the array's inputs, where the
    machine says nothing else."""
    text = "network n(past: 4x64, new: 1x64) { return fc(reshape(cache_append(past, new, axis=1), [320]), 2) }"
    module = parse_dsl(text, "n.dsl", 1)
    set_hardware(module, HI3)
    run_pipeline(module, lowering_passes("exact"))
    network = network_of(module)
    (op,) = [op for op in network.layers() if isinstance(op, CacheAppendOp)]
    assert [str(value.type) for value in (op.past, op.new, op.result)] == [
        "tensor<1x4x64xi8>",
        "tensor<1x1x64xi8>",
        "tensor<1x5x64xi8>",
    ]
    weights, biases = 2 * 320, 2 * 4
    assert memory_of(network).peak == weights + biases + 4 * 64 + 64
