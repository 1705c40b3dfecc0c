"""The derived training step: what is in it, what is left out, what it is called and where it says it comes from."""

from __future__ import annotations

import gc
from collections import Counter
from io import StringIO
from time import process_time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from simdc.backends.execute import execute, initial_parameters, updated_parameters
from simdc.cost import Contraction
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.ir.base import LayerOp
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_table import layer_table
from simdc.ir.network import ParameterOp, network_of, place_of
from simdc.ir.ops.broadcast import AddOp
from simdc.ir.ops.local_response_norm import LocalResponseNormOp
from simdc.ir.ops.update import RunningAverageOp, UpdateOp
from simdc.passes.derive_training import DeriveTrainingPass
from simdc.passes.pipeline import make_context
from tests.backends.execute.networks import every_op, example, forks, vgg_like

Array = NDArray[np.float64]


def derive(module: ModuleOp, **options: Any) -> ModuleOp:
    DeriveTrainingPass(**options).apply(Context(), module)
    module.verify()
    return module


def layers(module: ModuleOp) -> dict[str, LayerOp]:
    return {op.layer.data: op for op in network_of(module).layers()}


def kinds(module: ModuleOp) -> Counter[str]:
    return Counter(op.name.removeprefix("simdc.") for op in network_of(module).layers())


def macs(module: ModuleOp) -> int:
    kernels = [op.kernel() for op in network_of(module).layers()]
    return sum(kernel.useful_macs for kernel in kernels if isinstance(kernel, Contraction))


def text(module: ModuleOp) -> str:
    stream = StringIO()
    Printer(stream).print_op(module)
    return stream.getvalue()


# Counts of an independent joint graph of the ResNet-50 step (ATen's autograd): 53 batch norm gradients, 53 convolution
# gradients of which 52 reach the input, 49 relu gradients, 16 joins where a residual branch leaves.
@pytest.mark.parametrize("input_grad", [False, True])
def test_resnet50_has_the_gradients_of_an_independent_joint_graph(input_grad: bool) -> None:
    module = derive(example("resnet50"), input_grad=input_grad)
    found = kinds(module)
    assert found["batch_norm_grad"] == found["batch_norm_statistics"] == found["batch_norm"] == 53
    assert found["conv2d_weight_grad"] == found["conv2d"] == 53
    assert found["conv2d_input_grad"] == 52 + input_grad
    assert found["relu_grad"] == found["relu"] == 49
    joins = [name for name, op in layers(module).items() if isinstance(op, AddOp) and name.endswith(".grad_sum")]
    assert len(joins) == 16
    assert found["add"] == 16 + 16
    assert found["linear_weight_grad"] == found["linear_input_grad"] == found["reduce_sum"] == 1
    assert found["sgd"] == 53 + 2 * 53 + 2
    assert found["running_average"] == 2 * 53


# Forward, and twice that backward but for the gradient of the first layer's input: three times forward less
# 118,013,952 (the 7 x 7 stem) or 86,704,128 (the 3 x 3 stem).
@pytest.mark.parametrize(
    ("name", "forward", "step"),
    [
        ("resnet50", 4_089_184_256, 12_149_538_816),
        ("resnet18", 1_814_073_344, 5_324_206_080),
        ("vgg16", 15_470_264_320, 46_324_088_832),
    ],
)
def test_macs_of_the_step(name: str, forward: int, step: int) -> None:
    assert macs(example(name)) == forward
    assert macs(derive(example(name))) == step
    assert macs(derive(example(name), input_grad=True)) == 3 * forward
    assert macs(derive(example(name, batch=4))) == 4 * step


def test_names_places_and_phases_are_those_of_the_forward_layers() -> None:
    module = derive(example("resnet18"))
    found = layers(module)
    forward = found["layer1.0.conv1"]
    assert found["layer1.0.conv1.grad_weight"].name == "simdc.conv2d_weight_grad"
    assert place_of(forward) is not None
    steps = {"grad_weight": "weight_gradient", "grad_input": "input_gradient", "grad_sum": "input_gradient"}
    for name, op in found.items():
        layer, _, suffix = name.rpartition(".")
        if suffix in steps and layer in found:
            assert op.phase is not None
            assert op.phase.data == steps[suffix]
            assert place_of(op) == place_of(found[layer]), name
    update = found["layer1.0.conv1.weight.update"]
    assert update.phase is not None
    assert update.phase.data == "update"
    assert place_of(update) == place_of(forward)
    for op in network_of(module).body.block.ops:
        assert not isinstance(op, (LayerOp, ParameterOp)) or op.location is not None


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
@pytest.mark.parametrize("build", [every_op, forks, vgg_like])
def test_the_step_prints_and_parses_back(build: Any, optimizer: str) -> None:
    module = derive(build(), optimizer=optimizer, weight_decay=0.01, input_grad=True)
    printed = text(module)
    again = Parser(make_context(), printed).parse_module()
    again.verify()
    assert text(again) == printed
    names = ["x", *["target", "target2"][: 2 if build is forks else 1]]
    assert [argument.name_hint for argument in network_of(again).body.block.args] == names


def test_a_step_is_not_derived_twice() -> None:
    with pytest.raises(VerifyException, match="training step already"):
        derive(derive(forks()))


FREEZABLE = """
network frozen(x: 3x8x8) {
  x = conv(x, 4, 3, pad=1, bias=true, freeze=true, name="first") -> bn(freeze=true, name="norm") -> relu
  x = conv(x, 4, 3, pad=1, name="second") -> relu -> conv(4, 3, pad=1, freeze=true, name="third")
  return global_avgpool(x) -> fc(3, name="head")
}
"""


def test_nothing_is_computed_for_frozen_parameters_alone() -> None:
    module = derive(parse_dsl(FREEZABLE, "frozen.dsl", 2))
    found = layers(module)
    trained = {
        op.parameter.owner.label.data
        for op in found.values()
        if isinstance(op, UpdateOp) and not isinstance(op, RunningAverageOp)
    }
    assert trained == {"second.weight", "head.weight", "head.bias"}
    gradients = {name for name in found if "grad" in name.rpartition(".")[2]}
    # The third layer hands the gradient on; before the second one nobody needs any.
    assert "third.grad_input" in gradients
    assert not gradients & {"third.grad_weight", "second.grad_input", "norm.grad", "first.grad_weight"}
    assert not any(name.startswith(("first.", "norm.grad")) for name in gradients)


def test_with_all_parameters_frozen_only_the_loss_is_left() -> None:
    module = parse_dsl("network n(x: 4) {\n  return fc(x, 3, freeze=true)\n}", "n.dsl", 2)
    assert kinds(derive(module)) == {"linear": 1, "softmax_cross_entropy": 1}


def test_dropout_multiplies_by_a_mask_that_remembers_its_rate() -> None:
    module = derive(parse_dsl("network n(x: 400) {\n  return x -> fc(9) -> dropout(0.2) -> fc(3)\n}", "n.dsl", 50))
    assert kinds(module)["dropout"] == 0
    assert kinds(module)["multiply"] == 2
    values = initial_parameters(module)
    mask = next(value for label, value in values.items() if label.endswith(".mask"))
    assert set(np.unique(mask)) == {0.0, 1.25}
    assert np.mean(mask == 0.0) == pytest.approx(0.2, abs=0.06)


def test_an_op_without_a_rule_is_named_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalResponseNormOp, "GRADIENT", None)
    module = parse_dsl("network n(x: 3x4x4) {\n  x = conv(x, 4, 1)\n  return lrn(x) -> flatten\n}", "n.dsl", 2)
    with pytest.raises(
        SimdcError, match=r"n\.dsl:3:10: .*local_response_norm 'lrn\w*': has no gradient rule"
    ) as caught:
        derive(module)
    assert " add," in str(caught.value).partition("these have one:")[2]


def test_an_op_without_a_rule_is_no_obstacle_where_no_gradient_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalResponseNormOp, "GRADIENT", None)
    derive(parse_dsl("network n(x: 3x4x4) {\n  return lrn(x) -> flatten -> fc(2)\n}", "n.dsl", 2))


def test_softmax_stays_where_it_does_not_end_the_network() -> None:
    module = derive(parse_dsl("network n(x: 4) {\n  return x -> fc(3) -> softmax -> fc(2)\n}", "n.dsl", 2))
    assert kinds(module)["softmax"] == kinds(module)["softmax_grad"] == 1


def test_a_softmax_that_is_returned_twice_gives_two_losses() -> None:
    module = derive(parse_dsl("network n(x: 4) {\n  y = fc(x, 3) -> softmax\n  return y, y\n}", "n.dsl", 2))
    found = kinds(module)
    assert (found["softmax"], found["softmax_cross_entropy"], found["add"]) == (0, 2, 1)


RATE, DECAY = 0.1, 0.05


def by_hand(optimizer: str, parameter: Array, gradient: Array) -> dict[str, Array]:
    """The first step of each rule, with state zero before it; for `adam` and `adamw` the moments after it are
    0.1 g and 0.001 g^2, which its bias corrections turn into g and g^2."""
    decayed = gradient + DECAY * parameter
    match optimizer:
        case "sgd":
            return {"weight": parameter - RATE * decayed}
        case "momentum":
            return {"weight": parameter - RATE * decayed, "velocity": decayed}
        case "adam":
            move = RATE * decayed / (np.abs(decayed) + 1e-8)
            return {"weight": parameter - move, "first": 0.1 * decayed, "second": 0.001 * decayed**2}
        case _:
            move = RATE * gradient / (np.abs(gradient) + 1e-8)
            weight = parameter * (1 - RATE * DECAY) - move
            return {"weight": weight, "first": 0.1 * gradient, "second": 0.001 * gradient**2}


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
def test_update_rules_by_hand(optimizer: str) -> None:
    """A fully connected layer: its gradient is (softmax - target)^T x / N."""
    net = ModuleBuilder("n", 4, "test")
    head = layer_table()["fc"].add(net, [net.input("x", (5,))], {"features": 3, "bias": False}, "head")
    module = derive(net.finish([head]), optimizer=optimizer, rate=RATE, weight_decay=DECAY, soft_targets=True)
    random = np.random.default_rng(0)
    x, target, weight = random.normal(size=(4, 5)), np.eye(3)[[0, 1, 2, 0]], random.normal(size=(3, 5))
    powers = np.exp(x @ weight.T)
    gradient = (powers / powers.sum(axis=1, keepdims=True) - target).T @ x / 4
    parameters = initial_parameters(module) | {"head.weight": weight}
    after = updated_parameters(module, parameters, execute(module, [x, target], parameters))
    expected = by_hand(optimizer, weight, gradient)
    assert after.keys() == {"head.weight", *(f"head.weight.{role}" for role in expected if role != "weight")}
    for role, value in expected.items():
        name = "head.weight" if role == "weight" else f"head.weight.{role}"
        np.testing.assert_allclose(after[name], value, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
def test_masters_take_the_step_and_hand_it_to_the_narrow_weights(optimizer: str) -> None:
    """In float64 a step with masters is the step without: the weights that come out are equal."""
    after: list[dict[str, Array]] = []
    for master_weights in (False, True):
        module = derive(forks(), optimizer=optimizer, weight_decay=0.01, master_weights=master_weights)
        parameters = initial_parameters(module, 1)
        random = np.random.default_rng(2)
        inputs = [random.normal(size=(3, 3, 6, 6)), [0, 1, 2], [0, 1, 2]]
        after.append(updated_parameters(module, parameters, execute(module, inputs, parameters)))
    plain, mastered = after
    masters = {label.removesuffix(".master") for label in mastered if label.endswith(".master")}
    assert masters == {label for label in plain if label.endswith(".weight")}
    for label, value in plain.items():
        np.testing.assert_array_equal(mastered[label], value)
    for label in masters:
        np.testing.assert_array_equal(mastered[f"{label}.master"], plain[label])


def test_momentum_accumulates_over_steps() -> None:
    """Two steps of `v = 0.9 v + g`, `w = w - rate v` on the gradients that each step reports."""
    net = ModuleBuilder("n", 2, "test")
    head = layer_table()["fc"].add(net, [net.input("x", (3,))], {"features": 2, "bias": False}, "head")
    module = derive(net.finish([head]), optimizer="momentum", rate=RATE)
    parameters = initial_parameters(module, 3)
    inputs = [np.arange(6.0).reshape(2, 3), [0, 1]]
    weight, velocity = parameters["head.weight"], np.zeros((2, 3))
    for _ in range(2):
        run = execute(module, inputs, parameters)
        velocity = 0.9 * velocity + run.results["head.grad_weight"][0]
        weight = weight - RATE * velocity
        parameters = updated_parameters(module, parameters, run)
    np.testing.assert_allclose(parameters["head.weight"], weight, rtol=1e-12)
    np.testing.assert_allclose(parameters["head.weight.velocity"], velocity, rtol=1e-12)


def chain(count: int) -> ModuleOp:
    net = ModuleBuilder("n", 1, "test")
    value = net.input("x", (4,))
    for number in range(count):
        value = layer_table()["relu"].add(net, [value], {}, f"relu{number}")
        value = layer_table()["fc"].add(net, [value], {"features": 4}, f"fc{number}")
    return net.finish([value])


def test_derivation_is_linear_in_the_number_of_layers() -> None:
    """Ten times the layers: ten times the ops, and nowhere near a hundred times the time; 6,000 layers are no trouble.
    The collector is held back: how often it looks through everything else that is alive says nothing of the pass."""
    taken: list[float] = []
    for count in (300, 3000):
        module = chain(count)
        gc.collect()
        gc.disable()
        begin = process_time()
        DeriveTrainingPass().apply(Context(), module)
        taken.append(process_time() - begin)
        gc.enable()
        # Per pair: two layers and their two input gradients, weight and bias gradient, two updates. The first input
        # and the relu on it need none; the loss and its gradient come on top.
        assert sum(kinds(module).values()) == 8 * count - 2 + 2
    assert taken[1] < 30 * taken[0]
