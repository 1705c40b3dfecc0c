"""Losses: which one a result gets, what its gradient is, what it costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from simdc.api import Network
from simdc.backends.execute import execute
from simdc.cli import main
from simdc.cost.exact import ExactModel
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.network import network_of
from simdc.ir.notes import notes_of
from simdc.ir.ops.loss import LossOp
from simdc.passes.derive_training import DeriveTrainingPass
from tests.backends.execute.reference import check_against_torch
from tests.backends.execute.training import (
    check_gradients,
    derived,
    random_parameters,
)

IMAGE = "network n(x: 3x4x5) {\n  return conv(x, 4, 3, pad=1)\n}"
TOKENS = """network n(x: 3x4) {
  y = conv(x -> reshape([3, 4, 1]), 5, 1) -> reshape([5, 4])
  return transpose(y, [0, 2, 1])
}"""
VECTOR = "network n(x: 6) {\n  return fc(x, 4)\n}"
BY_TEXT = {"image": IMAGE, "tokens": TOKENS, "vector": VECTOR}


Loss = tuple[str, int, tuple[int, ...]]
"""A loss, its axis and the shape of its target."""


def network(text: str, batch: int = 2) -> ModuleOp:
    return parse_dsl(text, "n.dsl", batch)


def loss_ops(module: ModuleOp) -> list[LossOp]:
    return [op for op in network_of(module).layers() if isinstance(op, LossOp)]


def chosen(text: str, **options: Any) -> Loss:
    (op,) = loss_ops(derived(network(text), **options))
    return op.name.removeprefix("simdc."), op.axis.value.data, shape_of(op.target)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("fc(x, 4)", ("softmax_cross_entropy", 1, (2,))),
        ("fc(x, 4) -> softmax", ("softmax_cross_entropy", 1, (2,))),
        # Nothing to choose from: a number to come close to.
        ("fc(x, 1)", ("mean_squared_error", 1, (2, 1))),
        ("fc(x, 12) -> reshape([3, 4])", ("softmax_cross_entropy", 2, (2, 3))),
        ("fc(x, 3) -> reshape([3, 1, 1])", ("softmax_cross_entropy", 1, (2,))),
        ("fc(x, 12) -> reshape([3, 2, 2])", ("mean_squared_error", 1, (2, 3, 2, 2))),
        # A network that ends in a softmax says itself what it chooses from.
        ("fc(x, 12) -> reshape([3, 2, 2]) -> softmax(axis=3)", ("softmax_cross_entropy", 3, (2, 3, 2))),
    ],
)
def test_without_a_loss_the_shape_decides(end: str, expected: Loss) -> None:
    text = f"network n(x: 6) {{ return {end} }}"
    assert chosen(text) == expected
    (note,) = notes_of(network_of(derived(network(text))))
    assert f"along axis {expected[1]} of" in note
    assert note.endswith("chosen by its shape, --loss chooses another")


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        (IMAGE, {"loss": ("softmax",)}, ("softmax_cross_entropy", 1, (2, 4, 5))),
        (IMAGE, {"loss": ("softmax",), "class_axis": -1}, ("softmax_cross_entropy", 3, (2, 4, 4))),
        (IMAGE, {"loss": ("softmax",), "soft_targets": True}, ("softmax_cross_entropy", 1, (2, 4, 4, 5))),
        (IMAGE, {"loss": ("bce",)}, ("binary_cross_entropy", 1, (2, 4, 4, 5))),
        (VECTOR, {"loss": ("mse",)}, ("mean_squared_error", 1, (2, 4))),
        (TOKENS, {"class_axis": 1}, ("softmax_cross_entropy", 1, (2, 5))),
    ],
)
def test_a_loss_that_is_asked_for(text: str, options: dict[str, Any], expected: Loss) -> None:
    assert chosen(text, **options) == expected


def test_the_last_activation_becomes_part_of_its_loss() -> None:
    for end, loss in (("softmax", "softmax"), ("sigmoid", "bce")):
        module = derived(network(f"network n(x: 6) {{ return fc(x, 4) -> {end} }}"), loss=(loss,))
        assert [op.name for op in network_of(module).layers()][:2] == ["simdc.linear", loss_ops(module)[0].name]
    # A squared error is taken of the activation itself, and its gradient goes through it.
    module = derived(network("network n(x: 6) { return fc(x, 4) -> sigmoid }"), loss=("mse",))
    assert "simdc.sigmoid_grad" in [op.name for op in network_of(module).layers()]


def test_a_head_of_five_dimensions_is_viewed_as_three() -> None:
    text = "network n(x: 24) { return fc(x, 24) -> reshape([3, 2, 2, 2]) }"
    (op,) = loss_ops(derived(network(text), loss=("softmax",), class_axis=-1))
    assert shape_of(op.prediction) == (2 * 3 * 2 * 2, 2, 1)
    assert shape_of(op.target) == (24, 1)


@pytest.mark.parametrize("text", BY_TEXT.values(), ids=BY_TEXT)
@pytest.mark.parametrize(
    "options",
    [{"loss": ("softmax",)}, {"loss": ("softmax",), "soft_targets": True}, {"loss": ("mse",)}, {"loss": ("bce",)}],
    ids=["classes", "probabilities", "mse", "bce"],
)
def test_gradients_are_those_of_the_mean_loss(text: str, options: dict[str, Any]) -> None:
    check_gradients(network(text), 1, entries=6, **options)


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_gradients_along_any_class_axis(axis: int) -> None:
    check_gradients(network(IMAGE), 2, entries=6, loss=("softmax",), class_axis=axis)


@pytest.mark.parametrize("loss", ["softmax", "mse", "bce"])
@pytest.mark.parametrize("text", [IMAGE, VECTOR], ids=["image", "vector"])
def test_losses_agree_with_torch(text: str, loss: str) -> None:
    inference = network(text, 3)
    module = derived(inference, input_grad=True, loss=(loss,))
    check_against_torch(inference, module, random_parameters(module, 3), 4, loss)


def test_several_results_have_losses_of_their_own() -> None:
    text = "network n(x: 6) {\n  y = fc(x, 4)\n  return y, fc(y, 3), fc(y, 2)\n}"
    module = derived(network(text), loss=("mse", "softmax", "bce"))
    assert [op.name.removeprefix("simdc.") for op in loss_ops(module)] == [
        "mean_squared_error",
        "softmax_cross_entropy",
        "binary_cross_entropy",
    ]
    names = [argument.name_hint for argument in network_of(module).body.block.args]
    assert names == ["x", "target", "target2", "target3"]
    check_gradients(network(text), 3, entries=6, loss=("mse", "softmax", "bce"))


def test_a_given_gradient_comes_with_the_batch() -> None:
    """y = x W^T, so dW is the given gradient transposed times x: the first row is 1 * [1, 2] + 3 * [4, 5]."""
    module = derived(network("network n(x: 2) { return fc(x, 2, bias=false) }"), loss=("given",))
    assert not loss_ops(module)
    inputs = {"x": [[1.0, 2.0], [4.0, 5.0]], "gradient": [[1.0, 2.0], [3.0, 4.0]]}
    run = execute(module, inputs, {"fc1.weight": np.eye(2)})
    np.testing.assert_array_equal(run.results["fc1.grad_weight"][0], [[13.0, 17.0], [18.0, 24.0]])
    np.testing.assert_array_equal(run.returned[0], inputs["x"])


def test_operations_of_a_loss_by_hand() -> None:
    """Two images, three classes. Maximum 6; difference, exponential and sum 6 each; division 6. Then each class asks
    whether it is meant, 6, and is added up, 6; a logarithm and a change of sign for each image, 2 and 2."""
    module = derived(network("network n(x: 4) { return fc(x, 3) }"))
    loss, gradient = (op for op in network_of(module).layers() if op.layer.data in ("loss", "loss.grad_input"))
    assert counted(loss) == {
        "max": 6,
        "sub": 6 + 2,
        "exp": 6,
        "add": 6 + 6,
        "div": 6,
        "conditional_move": 6,
        "log": 2,
    }
    assert counted(gradient) == {"conditional_move": 6, "sub": 6, "mul": 6}


def counted(op: LayerOp) -> dict[str, int]:
    model, machine, kernel = ExactModel(), load_hardware("HT3"), op.kernel()
    assert kernel is not None
    ops = model.evaluate(kernel, model.greedy(kernel, machine), machine).ops
    return {name: int(count) for name, count in ops}


def test_what_cannot_be_is_refused_at_its_place() -> None:
    with pytest.raises(SimdcError, match=r"n\.dsl:2:.*no class axis 4 in a result of shape \[2, 4, 4, 5\]"):
        derived(network(IMAGE), class_axis=4)
    with pytest.raises(SimdcError, match="the network has 1 results, but 2 losses are given"):
        derived(network(IMAGE), loss=("mse", "bce"))
    with pytest.raises(ValueError, match="there is no loss 'hinge'; known: softmax, mse, bce, given"):
        DeriveTrainingPass(loss=("hinge",)).apply(Context(), network(IMAGE))


def test_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["lenet5", "--hw", "HT3", "--train"]
    assert main([*command, "--loss", "mse"]) == 0
    assert "note: loss of softmax1: mean squared error along axis 1 of [1, 10]\n" in capsys.readouterr().out
    assert main([*command, "--loss", "hinge"]) == 1
    assert capsys.readouterr().err == "simdc: there is no loss 'hinge'; known: softmax, mse, bce, given\n"


def test_from_python() -> None:
    step = Network(network(IMAGE)).training_step(loss=["bce"])
    assert [op.name for op in loss_ops(step.module)] == ["simdc.binary_cross_entropy"]
