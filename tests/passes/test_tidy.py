"""Layers that take over the work of their neighbours: what the network computes stays what it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.ir import SSAValue

from simdc.api import Network, evaluate
from simdc.backends.execute import execute, initial_parameters
from simdc.cli import main
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.base import make_tensor_type, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_table import layer_table
from simdc.ir.network import ParameterOp, network_of
from simdc.ir.ops.broadcast import MultiplyOp
from simdc.ir.ops.max_pool import MaxPoolOp
from simdc.ir.ops.pad import PadOp
from simdc.ir.ops.relu import ReluOp
from simdc.passes.channelwise import fold
from simdc.passes.tidy import TidyPass

Array = NDArray[np.float64]


def tidied(module: ModuleOp) -> ModuleOp:
    again = module.clone()
    for old, new in zip(network_of(module).body.block.args, network_of(again).body.block.args, strict=True):
        new.name_hint = old.name_hint
    TidyPass().apply(Context(), again)
    again.verify()
    return again


def kinds(module: ModuleOp) -> list[str]:
    return [op.name.removeprefix("simdc.") for op in network_of(module).layers()]


def random_values(module: ModuleOp, seed: int) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    return {label: random.normal(1.0, 0.5, value.shape) for label, value in initial_parameters(module).items()}


CHANGES: dict[str, dict[str, Any]] = {
    "bn": {},
    "mul": {"value": 3.0},
    "div": {"value": 4.0},
    "add": {"value": -1.5},
    "sub": {"value": 0.5},
    "rsub": {"value": 2.0},
}


@st.composite
def chains(draw: st.DrawFn) -> tuple[ModuleOp, str, int]:
    """A layer with weights, views of its result and changes of its channels; its kind, and the number of changes."""
    net = ModuleBuilder("n", draw(st.integers(1, 3)), "test")
    producer = draw(st.sampled_from(["conv", "conv_transpose", "fc"]))
    channels, bias = draw(st.integers(1, 4)), draw(st.booleans())
    if producer == "fc":
        value: SSAValue = net.input("x", (draw(st.integers(1, 4)),))
        arguments: dict[str, Any] = {"features": channels}
    else:
        value = net.input("x", (draw(st.integers(1, 3)), 1, draw(st.integers(3, 5))))
        arguments = {"channels": channels, "kernel": [1, draw(st.integers(1, 3))]}
    value = layer_table()[producer].add(net, [value], {**arguments, "bias": bias}, "p")
    count = draw(st.integers(1, 4))
    for number in range(count):
        if len(net.shape(value)) == 4 and draw(st.booleans()):
            # The row that an image of height one is.
            _, c, _, w = net.shape(value)
            value = layer_table()["reshape"].add(net, [value], {"shape": [c, w]}, f"view{number}")
        kind = draw(st.sampled_from(sorted(CHANGES)))
        layer, more = (kind, {}) if kind == "bn" else ("scalar", {"function": kind, **CHANGES[kind]})
        value = layer_table()[layer].add(net, [value], more, f"change{number}")
    return net.finish([value]), producer, count


def effect(module: ModuleOp, values: dict[str, Array], on: float) -> Array:
    """What the changes make of a result that is `on` everywhere, by channel: weights and bias are chosen so that the
    layer before them gives it."""
    chosen = {label: np.zeros_like(value) if label.startswith("p.") else value for label, value in values.items()}
    if "p.bias" in chosen:
        chosen["p.bias"] = np.full_like(chosen["p.bias"], on)
    (result,) = execute(module, _zeros(module), chosen).returned
    return result[0].reshape(result.shape[1], -1)[:, 0]


def _zeros(module: ModuleOp) -> list[Array]:
    return [np.zeros(shape_of(argument)) for argument in network_of(module).body.block.args]


@given(chains(), st.integers(0, 99))
@settings(max_examples=60)
def test_changes_of_channels_go_into_weights_and_bias(drawn: tuple[ModuleOp, str, int], seed: int) -> None:
    """The oracle runs the changes alone: their offset is what they make of zero, their factor what they make of one,
    less that. A layer of weights `factor * weight` and bias `factor * bias + offset` must give what the chain gives."""
    module, producer, count = drawn
    folded = tidied(module)
    left = [kind for kind in kinds(folded) if kind != "reshape"]
    assert len(left) == 1, left
    owner = next(op for op in network_of(folded).layers() if op.layer.data == "p")
    assert [name.data for name in owner.folded or ()] == [f"change{number}" for number in range(count)]
    values = random_values(module, seed)
    biased = {**values, "p.bias": values.get("p.bias", np.zeros(shape_of(owner.results[0])[1]))}
    with_bias = module.clone()
    for op in network_of(with_bias).layers():
        if op.layer.data == "p" and len(op.operands) == 2:
            fold_in_bias(op)
    offset = effect(with_bias, biased, 0.0)
    factor = effect(with_bias, biased, 1.0) - offset
    weight = values["p.weight"]
    # Output channels lie along dimension 1 of a transposed convolution's weight, else along 0.
    shape = [1] * weight.ndim
    shape[1 if producer == "conv_transpose" else 0] = -1
    moved = {"p.weight": weight * factor.reshape(shape), "p.bias": biased["p.bias"] * factor + offset}
    x = [np.random.default_rng(seed).normal(size=each.shape) for each in _zeros(module)]
    labels = {op.label.data for op in network_of(folded).body.block.ops if isinstance(op, ParameterOp)}
    (found,) = execute(folded, x, {label: moved[label] for label in labels}).returned
    (expected,) = execute(module, x, values).returned
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def fold_in_bias(op: Any) -> None:
    kind = op.weight.type
    bias = ParameterOp.make("p.bias", TensorType(kind.element_type, [shape_of(op.result)[1]]))
    op.parent_block().insert_op_before(bias, op)
    op.operands = [op.input, op.weight, bias.result]


@pytest.mark.parametrize(
    ("body", "left"),
    [
        # Somebody else reads what is between them.
        ("y = conv(x, 4, 1)\n  return bn(y), y", ["conv2d", "batch_norm"]),
        ('y = conv(x, 4, 1)\n  return mul(scalar(y, function="mul", value=2.0), y)', ["conv2d", "scalar", "multiply"]),
        # The reshape mixes channels with positions: a factor a channel is none a weight.
        ("return conv(x, 4, 1) -> reshape([8, 18]) -> bn", ["conv2d", "reshape", "batch_norm"]),
        # Not a change of channels.
        ("return conv(x, 4, 1) -> relu -> bn", ["conv2d", "relu", "batch_norm"]),
        ('return conv(x, 4, 1) -> scalar(function="max", value=2.0)', ["conv2d", "scalar"]),
    ],
)
def test_what_stays(body: str, left: list[str]) -> None:
    assert kinds(tidied(parse_dsl(f"network n(x: 3x6x6) {{\n  {body}\n}}", "n.dsl", 2))) == left


@pytest.mark.parametrize(
    ("shape", "folds"), [((4, 1, 1), True), ((1, 1, 1), True), ((1, 1, 6), False), ((4, 6, 6), False)]
)
def test_a_tensor_of_factors_folds_where_it_has_one_for_each_channel(shape: tuple[int, ...], folds: bool) -> None:
    module = parse_dsl("network n(x: 3x6x6) { return conv(x, 4, 1) }", "n.dsl", 2)
    block = network_of(module).body.block
    (conv,) = network_of(module).layers()
    factors = ParameterOp.make("factors", make_tensor_type(f32, shape))
    product = MultiplyOp("product", conv.results[0], factors.result)
    last = block.last_op
    assert last is not None
    block.insert_ops_before([factors, product], last)
    last.operands = [product.result]
    assert kinds(tidied(module)) == (["conv2d"] if folds else ["conv2d", "multiply"])


def test_shared_weights_are_not_scaled_but_a_bias_is_made() -> None:
    """Two convolutions read one weight. A factor would change both; an offset needs a bias of its own."""
    net = ModuleBuilder("n", 1, "test")
    x = net.input("x", (3, 4, 4))
    one = layer_table()["conv"].add(net, [x], {"channels": 3, "kernel": 1, "bias": False}, "one")
    two = layer_table()["conv"].add(net, [one], {"channels": 3, "kernel": 1, "bias": False}, "two")
    scaled = layer_table()["scalar"].add(net, [two], {"function": "mul", "value": 2.0}, "scaled")
    module = net.finish([layer_table()["scalar"].add(net, [scaled], {"function": "add", "value": 1.0}, "moved")])
    first, second, scale, _ = network_of(module).layers()
    second.operands[1] = first.operands[1]
    assert not fold(scale)
    module = net_with_offset()
    first, second, offset = network_of(module).layers()
    second.operands[1] = first.operands[1]
    assert fold(offset)
    assert len(second.operands) == 3
    assert len(first.operands) == 2


def test_one_parameter_may_stand_for_several() -> None:
    """The norm's scale, shift, mean and inverse deviation are one tensor, as a file may store them."""
    module = parse_dsl("network n(x: 3x6x6) { return conv(x, 4, 1, bias=false) -> bn }", "n.dsl", 2)
    _, norm = network_of(module).layers()
    shared = norm.operands[1].owner
    assert isinstance(shared, ParameterOp)
    norm.operands = [norm.operands[0], *[shared.result] * 4]
    folded = tidied(module)
    assert kinds(folded) == ["conv2d"]
    assert shared.label not in [op.label for op in network_of(folded).body.block.ops if isinstance(op, ParameterOp)]


def net_with_offset() -> ModuleOp:
    text = 'network n(x: 3x4x4) { return conv(x, 3, 1) -> conv(3, 1) -> scalar(function="add", value=1.0) }'
    return parse_dsl(text, "n.dsl", 1)


WINDOWS = ("conv", "maxpool", "avgpool")


@given(st.data())
@settings(max_examples=80)
def test_borders_go_into_the_padding_of_windows(data: st.DataObject) -> None:
    """The network computes the same with the same parameters, whether the border was folded or not."""
    draw = data.draw
    kind, relu = draw(st.sampled_from(WINDOWS)), draw(st.booleans())
    kernel = [draw(st.integers(1, 3)) for _ in range(2)]
    arguments: dict[str, Any] = {"kernel": kernel, "stride": [draw(st.integers(1, 3)) for _ in range(2)]}
    own = [draw(st.integers(0, kernel[side % 2] // 2)) for side in range(4)]
    arguments["pad"] = own
    if kind == "conv":
        arguments |= {"channels": 2, "dilation": [draw(st.integers(1, 2)) for _ in range(2)]}
    else:
        arguments["ceil_mode"] = draw(st.booleans())
    if kind == "avgpool":
        arguments["count_include_pad"] = draw(st.booleans())
    border = [draw(st.integers(0, 2)) for _ in range(4)]
    net = ModuleBuilder("n", 2, "test")
    value = net.input("x", (2, draw(st.integers(5, 8)), draw(st.integers(5, 8))))
    if relu:
        value = layer_table()["relu"].add(net, [value], {}, "r")
    value = layer_table()["pad"].add(net, [value], {"pad": border}, "border")
    module = net.finish([layer_table()[kind].add(net, [value], arguments, "window")])
    folded = tidied(module)
    reaches = any(own[side] + border[side] >= kernel[side % 2] for side in range(4))
    stays = (
        (kind != "conv" and arguments["ceil_mode"])
        or (kind == "maxpool" and (not relu or reaches))
        or (kind == "avgpool" and not arguments["count_include_pad"] and any(own))
    )
    assert ("pad" in kinds(folded)) == stays
    values = random_values(module, 1)
    x = [np.random.default_rng(2).normal(size=shape_of(network_of(module).body.block.args[0]))]
    (expected,) = execute(module, x, values).returned
    (found,) = execute(folded, x, values).returned
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_a_border_of_a_row_goes_through_its_view() -> None:
    module = parse_dsl("network n(x: 3x11) { return reshape(x, [3, 1, 11]) -> conv(4, [1, 3]) }", "n.dsl", 2)
    (view, _) = network_of(module).layers()
    (x,) = network_of(module).body.block.args
    x._type = make_tensor_type(f32, (2, 3, 9))  # pyright: ignore[reportPrivateUsage]
    border = PadOp("border", x, before=(0, 0, 2), after=(0, 0, 0))
    network_of(module).body.block.insert_op_before(border, view)
    view.operands = [border.result]
    folded = tidied(module)
    assert kinds(folded) == ["reshape", "conv2d"]
    values = random_values(module, 1)
    images = [np.random.default_rng(2).normal(size=(2, 3, 9))]
    np.testing.assert_allclose(
        execute(folded, images, values).returned[0], execute(module, images, values).returned[0], rtol=1e-12
    )


def test_a_border_as_large_as_the_window_on_one_side_stays() -> None:
    """Windows of 3 rows and 2 columns. Above, 3 rows of zeros are a window of nothing but zeros; 2 are not, nor is 1
    column on the left."""
    for rows, folds in ((2, True), (3, False)):
        net = ModuleBuilder("n", 1, "n.py")
        x = net.append(ReluOp("r", net.input("x", (2, 6, 6))), "r")
        bordered = net.append(PadOp("p", x, before=(0, 0, rows, 1), after=(0, 0, 0, 0), value=0.0), "p")
        module = net.finish((net.append(MaxPoolOp("m", bordered, kernel_size=(3, 2), stride=(1, 1)), "m"),))
        assert ("pad" in kinds(tidied(module))) != folds


@pytest.mark.parametrize("shape", ["4", "3x4"])
def test_a_fully_connected_layer_has_its_channels_last(shape: str) -> None:
    """[1, 4] or [1, 3, 4] by 5 features: a bias of 5 is made."""
    module = parse_dsl(f'network n(x: {shape}) {{ return fc(x, 5, bias=false) -> scalar("add", 1.5) }}', "n.dsl", 1)
    after = tidied(module)
    assert kinds(after) == ["linear"]
    values, x = random_values(module, 1), np.random.default_rng(2).normal(size=(1, *map(int, shape.split("x"))))
    parameters = [op for op in network_of(after).body.block.ops if isinstance(op, ParameterOp)]
    assert {op.label.data: shape_of(op.result) for op in parameters} == {"fc1.weight": (5, 4), "fc1.bias": (5,)}
    values["fc1.bias"] = np.full(5, 1.5)
    plain = execute(module, [x], {"fc1.weight": values["fc1.weight"]}).returned[0]
    np.testing.assert_allclose(execute(after, [x], values).returned[0], plain)


def test_a_border_that_others_read_or_that_is_not_zero_stays() -> None:
    for body in ("y = pad(x, 1)\n  return conv(y, 4, 3), relu(y)", "return pad(x, 1, value=1.0) -> conv(4, 3)"):
        assert "pad" in kinds(tidied(parse_dsl(f"network n(x: 3x6x6) {{\n  {body}\n}}", "n.dsl", 1)))
    both = parse_dsl("network n(x: 3x6x6) {\n  y = pad(x, 1)\n  return conv(y, 4, 3), conv(y, 2, 1)\n}", "n.dsl", 1)
    assert kinds(tidied(both)) == ["conv2d", "conv2d"]


PADDED = "network n(x: 3x9x9) {\n  return pad(x, 1) -> conv(4, 3) -> bn -> relu\n}"


def test_the_report_names_what_was_folded_and_an_option_keeps_it(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "n.dsl"
    path.write_text(PADDED)
    assert main([str(path), "--hw", "HI1"]) == 0
    out = capsys.readouterr().out
    assert (
        "4 nodes: 2 costed, 1 folded into the layers before them: bn1 (in conv1), 1 part of another layer: pad1" in out
    )
    assert main([str(path), "--hw", "HI1", "--no-fold"]) == 0
    assert "4 nodes: 4 costed\n" in capsys.readouterr().out
    assert main([str(path), "--hw", "HI1", "--no-fold", "-p", "simdc-tidy"]) == 2
    assert "leave simdc-tidy out of it" in capsys.readouterr().err


def test_training_folds_borders_only() -> None:
    step = Network(parse_dsl(PADDED, "n.dsl", 2)).training_step()
    assert "pad" not in kinds(step.module)
    assert "batch_norm" in kinds(step.module)
    # An offset leaves the weights alone, which the gradient reads, too; still it is trained behind them.
    scaled = parse_dsl('network n(x: 4) { return fc(x, 3) -> scalar(function="add", value=2.0) }', "n.dsl", 2)
    training = Network(scaled).training_step().module
    assert kinds(tidied(training)) == kinds(training)
    costs = evaluate(step, load_hardware("HT1"))
    assert not any(layer.name.startswith("pad1") for layer in costs)
