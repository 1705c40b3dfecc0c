"""Networks written in Python: the same as in the language, and mistakes have a place and say what to do."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import simdc
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.ir.layer_table import layer_table
from simdc.ir.layers import LAYERS
from simdc.ir.network import network_of, place_of
from simdc.network_builder import NetworkBuilder, Tensor

SAME = """network same(x: 3x16x16, y: 5) {
  a = conv(x, 8, [3, 1], pad=[1, 0], name="first") -> relu -> maxpool(2)
  b = conv(a, 8, 1, bias=true) -> relu
  c = concat(a, b, axis=1) -> clip(minimum=-1) -> resize(4, mode="linear")
  c = slice(c, 1, 2, 6) -> flatten -> fc(10) -> softmax
  return c, fc(y, 10, freeze=true)
}"""


def same() -> simdc.Network:
    net = NetworkBuilder("same", batch=2)
    x, y = net.input("x", (3, 16, 16)), net.input("y", [5])
    a = net.maxpool(net.relu(net.conv(x, channels=8, kernel=[3, 1], pad=(1, 0), name="first")), kernel=2)
    b = net.relu(net.conv(a, channels=8, kernel=1, bias=True))
    c = net.resize(net.clip(net.concat(a, b, axis=1), minimum=-1), size=4, mode="linear")
    c = net.softmax(net.fc(net.flatten(net.slice(c, axis=1, first=2, count=6)), features=10))
    return net.finish(c, net.fc(y, features=10, freeze=True))


def test_a_network_is_the_one_of_the_language() -> None:
    assert str(same().module) == str(parse_dsl(SAME, "same.dsl", 2))
    same().module.verify()


def test_a_network_is_priced_and_trained() -> None:
    machine = simdc.load_hardware("HI1")
    step = same().training_step("sgd", loss=["softmax", "mse"])
    assert {layer.name for layer in simdc.evaluate(same(), machine)} >= {"first", "conv1", "fc1"}
    assert "first.grad_weight" in {layer.name for layer in simdc.evaluate(step, machine)}


def test_shapes_have_the_batch_first() -> None:
    net = simdc.NetworkBuilder("n", batch=4)
    x = net.input("x", (3, 8, 8))
    assert (x.shape, net.conv(x, channels=5, kernel=3).shape) == ((4, 3, 8, 8), (4, 5, 6, 6))
    assert repr(x) == "Tensor(4, 3, 8, 8)"


def network() -> tuple[NetworkBuilder, Tensor]:
    net = NetworkBuilder("n")
    return net, net.input("x", (3, 8, 8))


def message(call: str) -> str:
    """What a call says below the place of this file."""
    net, x = network()
    with pytest.raises(SimdcError) as caught:
        eval(call, {"net": net, "x": x, "other": network()[1]})
    assert caught.value.line == 1
    return caught.value.message


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("net.conv(x, channels=4, kernal=3)", "layer 'conv1': conv has no option 'kernal'; did you mean 'kernel'?"),
        ("net.conv(x, channels=4)", "layer 'conv1': conv needs 'kernel'; its options are channels, kernel, stride,"),
        (
            "net.conv(x, channels=4, kernel=0)",
            "layer 'conv1': kernel must be a positive whole number or [height, width], got 0",
        ),
        ("net.conv(x, channels=4, kernel='3')", "layer 'conv1': kernel must be a positive whole number or"),
        ("net.conv(x, channels=4, kernel=9)", "layer 'conv1': the result would be empty"),
        (
            "net.fc(x, features=4)",
            "layer 'fc1': needs [n, features] or [n, tokens, features], its input has shape [1, 3, 8, 8]",
        ),
        ("net.softmax(x, axis=4)", "layer 'softmax1': axis must be a dimension from -4 to 3, got 4"),
        ("net.gelu(x, approximate='erf')", "layer 'gelu1': approximate must be one of none, tanh, got 'erf'"),
        ("net.relu()", "layer 'relu1': relu takes 1 input, got 0"),
        ("net.add(x, other)", "layer 'add1': expected a tensor of this network, got Tensor(1, 3, 8, 8)"),
        ("net.add(x, 3)", "layer 'add1': expected a tensor of this network, got 3"),
        ("net.relu(x, zero=0)", "layer 'relu1': relu has no option 'zero'; it has no options"),
        ("net.relu(x, name='x')", "layer 'x': 'x' is a name already; give each input and layer its own"),
        ("net.relu(x, name=3)", "layer '3': a name must have 1 to 1000 printable characters, got 3"),
        ("net.input('a\\nb', (3,))", "a name must have 1 to 1000 printable characters, got 'a"),
        ("net.input('y', 3)", "the shape must be 1 to 4 sizes without the batch, got 3"),
        ("net.input('y', (3, True))", "the shape must be 1 to 4 sizes without the batch, got (3, True)"),
        ("net.layer(3, x)", "there is no layer '3'"),
        ("net.conv(x, channels=4, kernel=None)", "layer 'conv1': kernel must be a positive whole number or [height,"),
        ("net.conv(x, channels=4, kernel=3, stride=None)", "layer 'conv1': stride must be a positive whole number"),
        ("net.relu(x, name='')", "layer '': a name must have 1 to 1000 printable characters, got ''"),
        ("net.convv(x)", "there is no layer 'convv'; did you mean 'conv'?"),
        ("net.layer('zzzz', x)", "there is no layer 'zzzz'; layers are abs, add, argmax"),
        ("net.input('y', (3, 8.5))", "the shape must be 1 to 4 sizes without the batch, got (3, 8.5)"),
        ("net.input('y', (0,))", "input 'y' must have positive sizes"),
        ("net.input('x', (3,))", "'x' is a name already"),
        ("net.finish()", "a network has one result at least"),
        ("net.finish(3)", "expected a tensor of this network, got 3"),
    ],
)
def test_mistakes(call: str, says: str) -> None:
    assert message(call).startswith(says)


def test_none_is_left_out_where_the_default_is_none() -> None:
    net, x = network()
    assert net.maxpool(x, kernel=2, stride=None).shape == (1, 3, 4, 4)
    assert net.clip(x, minimum=0, maximum=None).shape == x.shape


@pytest.mark.parametrize("batch", [0, 2.0, True, 10**10])
def test_batches_that_are_none(batch: int) -> None:
    with pytest.raises(SimdcError, match=r"the batch must be 1 to 1000000000, got"):
        NetworkBuilder("n", batch=batch)


def test_a_mistake_is_shown_where_it_stands_and_layers_know_their_line(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("a = net.relu(x)\ny = net.relu(net.conv(a,\n    channels=4, kernel=99))\n", encoding="utf-8")
    net, x = network()
    with pytest.raises(SimdcError) as caught:
        exec(compile(script.read_text(), str(script), "exec"), {"net": net, "x": x})
    assert str(caught.value).splitlines() == [
        f"{script}:2:14: error: layer 'conv1': the result would be empty: the window covers 99 x 99 and the padded "
        "input has 8 x 8",
        "  y = net.relu(net.conv(a,",
        "               ^",
    ]
    (relu,) = network_of(net.finish(x).module).layers()
    assert place_of(relu) == (str(script), 1, 5)


def test_a_layer_that_fails_leaves_nothing_behind() -> None:
    net, x = network()
    for name in (None, "c"):
        with pytest.raises(SimdcError):
            net.conv(x, channels=4, kernel=99, bias=True, name=name)
    y = net.conv(x, channels=4, kernel=8)
    with pytest.raises(SimdcError, match="the weight would have"):
        net.fc(y, features=2**47, name="c")
    module = net.finish(net.fc(y, features=2, name="c")).module
    module.verify()
    whole = network_of(module)
    assert [op.layer.data for op in whole.layers()] == ["conv1", "c.flatten", "c"]
    assert whole.parameters.value.data == whole.held_parameters() == 3 * 4 * 64 + 4 * 2 + 2


def test_names_are_numbered_by_kind_past_those_that_are_taken() -> None:
    net, x = network()
    for name in (None, "relu2", None, None):
        x = net.relu(x, name=name)
    names = [op.layer.data for op in network_of(net.finish(net.tanh(x)).module).layers()]
    assert names == ["relu1", "relu2", "relu3", "relu4", "tanh1"]


def test_nothing_is_added_to_a_finished_network() -> None:
    net, x = network()
    net.finish(net.relu(x))
    for call in (lambda: net.relu(x), lambda: net.input("y", (3,))):
        with pytest.raises(SimdcError, match="the network is finished"):
            call()


def test_editors_see_what_there_is() -> None:
    net, _ = network()
    assert set(layer_table()) < set(dir(net))
    assert str(inspect.signature(net.maxpool)).replace("'", "") == (
        "(x: Tensor, /, *, kernel: int | Sequence[int], stride: int | Sequence[int] | None = None, "
        "pad: int | Sequence[int] = 0, dilation: int | Sequence[int] = 1, ceil_mode: bool = False, "
        "name: str | None = None) -> Tensor"
    )
    assert "ceil_mode: true or false; the last window may reach beyond the border" in (net.maxpool.__doc__ or "")
    assert not hasattr(net, "_repr_html_")
    assert not hasattr(net, "nothing")


def test_no_layer_hides_behind_a_method() -> None:
    assert not {"input", "layer", "finish"} & LAYERS.keys()
