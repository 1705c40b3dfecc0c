"""Recurrent layers: a step by hand, under random schedules, its gradients, and whole layers against torch."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import VerifyException

from simdc.backends.execute import execute
from simdc.backends.simulate import simulate
from simdc.cost import Contraction, ExactModel, Tiling, VectorProgram
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.ir.base import shape_of
from simdc.ir.network import ParameterOp, network_of
from simdc.ir.ops.gru import GruGatesOp
from simdc.ir.ops.linear import LinearWeightGradOp
from simdc.ir.ops.lstm import LstmGatesGradOp, LstmGatesOp
from simdc.ir.ops.recurrence import MOST_STEPS, SequenceOp, StepProductOp, StepsOp
from tests.backends.execute.recurrent_networks import every_recurrence
from tests.backends.execute.test_gradients import pipeline
from tests.backends.execute.training import check_gradients, derived, gradients, input_gradients
from tests.cost.machines import small_machine
from tests.ir.tensors import tensor
from tests.oracles.schedules import check_schedules

Array = np.ndarray
GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def priced(program: VectorProgram, bounds: dict[str, int]) -> Any:
    machine, tiling = small_machine(), Tiling(tuple(bounds), tuple(bounds.values()))
    cost = ExactModel().evaluate(program, tiling, machine)
    assert cost == simulate(program, tiling, machine)
    return cost


def test_a_step_of_an_lstm_by_hand() -> None:
    """3 sequences, 4 features: 12 elements. Each has three sigmoids (sub, exp, add, div), two tanh (min, mul, exp, add,
    div, sub), four sums, and f * cell, i * g, their sum and o * tanh; the cell state is moved to its place."""
    op = LstmGatesOp("g", tensor(3, 16), tensor(3, 16), tensor(3, 4))
    cost = priced(op.kernel(), {"c": 4, "n": 3})
    each = {"sub": 3 + 2, "exp": 3 + 2, "add": 3 + 2 + 4 + 1, "div": 3 + 2, "min": 2, "mul": 2 + 3, "move": 1}
    assert dict(cost.ops) == {opcode: 12 * count for opcode, count in each.items()}
    # Loaded: twice four gates and the cell state, 9 * 12 elements of 32 bits; stored: two states.
    assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == (9 * 12 * 32, 2 * 12 * 32)


def test_a_step_of_a_gru_by_hand() -> None:
    """Two sigmoids and a tanh; sums of z and r, r * recurrent and its sum, hidden - g, z times that, the last sum."""
    op = GruGatesOp("g", tensor(3, 12), tensor(3, 12), tensor(3, 4))
    cost = priced(op.kernel(), {"c": 4, "n": 3})
    each = {"sub": 2 + 1 + 1, "exp": 3, "add": 3 + 2 + 1 + 1, "div": 3, "min": 1, "mul": 1 + 1 + 1}
    assert dict(cost.ops) == {opcode: 12 * count for opcode, count in each.items()}
    assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == (7 * 12 * 32, 12 * 32)


@pytest.mark.parametrize("trained", [False, True])
def test_random_schedules(*, trained: bool) -> None:
    random, kinds = Random(3), dict[str, int]()
    module = derived(every_recurrence(2), input_grad=True) if trained else every_recurrence(2)
    for op in network_of(module).layers():
        kernel = op.kernel()
        known = isinstance(kernel, (Contraction, VectorProgram)) and (
            "gates" in kernel.kind or isinstance(op, StepProductOp)
        )
        if known and kinds.setdefault(kernel.kind, 0) < 3:
            checked = check_schedules(kernel, random.getrandbits(32), 60)
            assert checked.priced > 20
            assert checked.executed > 3
            kinds[kernel.kind] += 1
    assert kinds.keys() == {"linear", "lstm_gates", "gru_gates"} | (
        {"lstm_gates_grad", "gru_gates_grad"} if trained else set()
    )


# Whole layers.


def one_layer(kind: str, options: str, steps: int = 4, given: int = 3) -> ModuleOp:
    text = f'network n(x: {steps}x{given}) {{ return {kind}(x, 5{options}, name="r") }}'
    return parse_dsl(text, "n.dsl", 2)


def torch_layer(torch: Any, kind: str, *, bidirectional: bool, bias: bool = True, function: str = "tanh") -> Any:
    made = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[kind]
    extra = {"nonlinearity": function} if kind == "rnn" else {}
    return made(3, 5, bidirectional=bidirectional, bias=bias, batch_first=True, dtype=torch.float64, **extra)


ORDER = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "rnn": (0,)}
"""Where torch has our gates: it says i, f, g, o and r, z, n; ONNX i, o, f, g and z, r, n."""


def ours(kind: str, value: Array) -> Array:
    parts = np.split(value, GATES[kind])
    return np.concatenate([parts[place] for place in ORDER[kind]])


def labelled(kind: str, layer: Any, *, grad: bool = False) -> dict[str, Array]:
    """torch's weights or their gradients by our labels."""
    found: dict[str, Array] = {}
    for name, value in layer.named_parameters():
        what, source, _, *reverse = name.split("_")
        label = "r.reverse" if reverse else "r"
        label += (".input" if source == "ih" else ".recurrent") + f".{what}"
        found[label] = ours(kind, (value.grad if grad else value).detach().numpy())
    return found


CASES = [
    *((kind, bidirectional, bias) for kind in GATES for bidirectional in (False, True) for bias in (True, False)),
]


@pytest.mark.parametrize(("kind", "bidirectional", "bias"), CASES)
def test_layers_and_gradients_are_torchs(kind: str, *, bidirectional: bool, bias: bool) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(3)
    layer = torch_layer(torch, kind, bidirectional=bidirectional, bias=bias)
    options = f", bidirectional={str(bidirectional).lower()}, bias={str(bias).lower()}"
    module = one_layer(kind, options)
    assert network_of(module).parameters.value.data == sum(each.numel() for each in layer.parameters())
    x = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    wanted, _ = layer(x)
    initial = {
        op.label.data: np.zeros(shape_of(op.result))
        for op in network_of(module).body.block.ops
        if isinstance(op, ParameterOp) and op.constant is not None
    }
    parameters = {**labelled(kind, layer), **initial}
    found = execute(module, [x.detach().numpy()], parameters).returned[0]
    np.testing.assert_allclose(found, wanted.detach().numpy(), atol=1e-12)
    step = derived(module, input_grad=True, loss=("mse",))
    target = torch.randn_like(wanted)
    # Our loss has one number a row; the gradient is that of their mean, and a row's error is a mean of squares.
    ((wanted - target) ** 2).mean().backward()
    names = [argument.name_hint or "" for argument in network_of(step).body.block.args]
    assert names[0] == "x"
    run = execute(step, {"x": x.detach().numpy(), names[1]: target.numpy()}, parameters)
    for label, gradient in labelled(kind, layer, grad=True).items():
        np.testing.assert_allclose(gradients(step, run)[label], gradient, atol=1e-12, err_msg=label)
    assert x.grad is not None
    np.testing.assert_allclose(input_gradients(step, run)["x"], x.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("kind", GATES)
def test_the_last_state_is_torchs(kind: str) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(4)
    function = ', function="relu"' if kind == "rnn" else ""
    layer = torch_layer(torch, kind, bidirectional=True, function="relu")
    module = one_layer(kind, f", bidirectional=true, last=true{function}")
    x = torch.randn(2, 4, 3, dtype=torch.float64)
    _, states = layer(x)
    hidden = states[0] if kind == "lstm" else states
    zeros = np.zeros((2, 5))
    initial = {f"{side}.initial_{state}": zeros for side in ("r", "r.reverse") for state in ("hidden", "cell")}
    wanted = {label for label in initial if kind == "lstm" or "hidden" in label}
    parameters = labelled(kind, layer) | {label: initial[label] for label in wanted}
    found = execute(module, [x.numpy()], parameters).returned[0]
    np.testing.assert_allclose(found, torch.cat([*hidden], dim=1).detach().numpy(), atol=1e-12)


@pytest.mark.parametrize(
    "layers",
    [
        [("lstm", {"features": 3})],
        [("lstm", {"features": 2, "bidirectional": True, "last": True})],
        [("gru", {"features": 3, "bidirectional": True})],
        [("rnn", {"features": 3, "last": True}), ("reshape", {"shape": [1, 3]}), ("gru", {"features": 2})],
    ],
    ids=str,
)
def test_gradients_are_those_of_differences(layers: list[tuple[str, dict[str, Any]]]) -> None:
    check_gradients(pipeline((3, 4), *layers), 1, entries=4)


def macs(module: ModuleOp) -> int:
    kernels = [op.kernel() for op in network_of(module).layers()]
    return sum(kernel.useful_macs for kernel in kernels if isinstance(kernel, Contraction))


@pytest.mark.parametrize("kind", GATES)
def test_multiplications(kind: str) -> None:
    """Each of 4 steps of 2 sequences multiplies 3 features and 5 states by the weights of each gate. Training adds the
    gradients of both; nobody asks for that of the input or of the state before the first step."""
    module, gates = one_layer(kind, ""), GATES[kind]
    assert macs(module) == 2 * 4 * gates * 5 * (3 + 5)
    step = derived(module, loss=("mse",))
    of_input, of_state = 2 * 4 * gates * 5 * 3, 2 * 4 * gates * 5 * 5
    assert macs(step) == 2 * of_input + 3 * of_state - 2 * gates * 5 * 5
    # One product for the gradient of the state's weights, not one a step.
    assert sum(isinstance(op, LinearWeightGradOp) for op in network_of(step).layers()) == 2


def test_what_joins_and_parts_steps_moves_nothing() -> None:
    module = one_layer("lstm", ", bidirectional=true")
    free = [op for op in network_of(module).layers() if isinstance(op, (StepsOp, SequenceOp))]
    assert {type(op) for op in free} == {StepsOp, SequenceOp}
    assert [op.kernel() for op in free] == [None] * len(free)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: LstmGatesOp("g", tensor(2, 8), tensor(2, 8), tensor(2, 3)),
            r"matrices \[n, 4\*h\] and states",
        ),
        (lambda: GruGatesOp("g", tensor(2, 9), tensor(2, 6), tensor(2, 3)), r"matrices \[n, 3\*h\]"),
        (
            lambda: LstmGatesGradOp("g", tensor(2, 8), tensor(2, 8), tensor(2, 2), tensor(2, 3)),
            r"got shapes \[2, 8\], \[2, 8\], \[2, 2\], \[2, 3\]",
        ),
        (lambda: StepProductOp("p", tensor(2, 3), tensor(4, 2)), r"the state has shape \[2, 3\], the weight \[4, 2\]"),
        (lambda: StepProductOp("p", tensor(2, 3), tensor(4, 3), tensor(3)), r"bias has shape \[3\], expected \[4\]"),
        (lambda: SequenceOp("s", [tensor(2), tensor(3)], axis=0), "steps of one shape make a sequence"),
        (lambda: SequenceOp("s", [tensor(2), tensor(2)], axis=2), "no place 2 for a new dimension"),
        (lambda: StepsOp("s", tensor(2, 3), axis=2), r"no dimension 2 in shape \[2, 3\]"),
    ],
)
def test_what_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        make()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ("3", r"needs a sequence \[n, t, features\], its input has shape \[1, 3\]"),
        (f"{MOST_STEPS + 1}x2", f"the sequence has {MOST_STEPS + 1} steps; at most {MOST_STEPS} are unrolled"),
    ],
)
def test_sequences_that_are_refused(shape: str, message: str) -> None:
    with pytest.raises(SimdcError, match=message):
        parse_dsl(f"network n(x: {shape}) {{ return lstm(x, 2) }}", "n.dsl", 1)
