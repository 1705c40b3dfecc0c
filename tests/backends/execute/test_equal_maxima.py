"""A window whose maximum stands in it several times hands its gradient out once."""

import numpy as np

from simdc.backends.execute import execute
from simdc.cost.exact.code import sequence_cycles
from simdc.cost.kernel import VectorProgram
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.network import network_of
from simdc.ir.pool_grad import MaxPoolGradOp
from tests.backends.execute.training import derived, random_parameters


def test_first_place_of_each_window_receives() -> None:
    text = "network n(x: 1x2x3) { return maxpool(x, 2, stride=1) -> flatten -> fc(2) }"
    module = derived(parse_dsl(text, "n.dsl", 1), input_grad=True)
    # Two windows over three columns; all six values are equal.
    run = execute(module, {"x": np.full((1, 1, 2, 3), 7.0), "target": [0]}, random_parameters(module, 1))
    name = next(op.layer.data for op in network_of(module).layers() if isinstance(op, MaxPoolGradOp))
    (upstream,) = run.results["flatten1.grad_input"]
    (received,) = run.results[name]
    left, right = upstream[0, 0, 0]
    np.testing.assert_allclose(received[0, 0], [[left, right, 0.0], [0.0, 0.0, 0.0]])


def test_program_takes_five_cycles_a_place() -> None:
    text = "network n(x: 1x4x4) { return maxpool(x, 2) -> flatten -> fc(2) }"
    module = derived(parse_dsl(text, "n.dsl", 1), input_grad=True)
    op = next(op for op in network_of(module).layers() if isinstance(op, MaxPoolGradOp))
    kernel = op.kernel()
    assert isinstance(kernel, VectorProgram)
    begin, place = kernel.phases[0].blocks
    simd = load_hardware("HT1").simd
    # conditional_move 1; add waits for it, 1 + 2; sub needs nothing of the one before it, 1.
    assert sequence_cycles(place, simd) == 1 + 3 + 1
    assert sequence_cycles(begin, simd) == 1
