"""Every gradient rule against central differences of the loss, through the whole pipeline: build, derive, run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_table import layer_table
from tests.backends.execute.networks import every_op, forks, inception_like, vgg_like
from tests.backends.execute.training import check_gradients


def pipeline(shape: tuple[int, ...], *layers: tuple[str, dict[str, Any]], batch: int = 2) -> ModuleOp:
    """The layers one after the other and a fully connected one that ends in three classes."""
    net = ModuleBuilder("n", batch, "test")
    value: SSAValue = net.input("x", shape)
    for number, (kind, arguments) in enumerate(layers):
        value = layer_table()[kind].add(net, [value], arguments, f"{kind}{number}")
    if len(net.shape(value)) != 2:
        value = layer_table()["flatten"].add(net, [value], {}, "flat")
    return net.finish([layer_table()["fc"].add(net, [value], {"features": 3}, "head")])


@st.composite
def windowed(draw: st.DrawFn, channels: int, most_dilation: int = 1) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Shape of an image, and kernel, stride, padding and dilation that fit it."""
    kernel, stride = (draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(2))
    dilation = draw(st.tuples(st.integers(1, most_dilation), st.integers(1, most_dilation)))
    pad = [draw(st.integers(0, 2)) for _ in range(4)]
    sizes: list[int] = []
    for i in range(2):
        least = max(1, (kernel[i] - 1) * dilation[i] + 1 - pad[i] - pad[i + 2])
        sizes.append(least + draw(st.integers(0, 4)))
    arguments: dict[str, Any] = {"kernel": [*kernel], "stride": [*stride], "pad": pad}
    if most_dilation > 1:
        arguments["dilation"] = [*dilation]
    return (channels, *sizes), arguments


@given(st.data())
@settings(max_examples=40)
def test_convolution(data: st.DataObject) -> None:
    groups = data.draw(st.integers(1, 3))
    shape, window = data.draw(windowed(groups * data.draw(st.integers(1, 2)), most_dilation=3))
    channels, bias = groups * data.draw(st.integers(1, 2)), data.draw(st.booleans())
    conv = ("conv", {"channels": channels, "groups": groups, "bias": bias, **window})
    check_gradients(pipeline(shape, conv), data.draw(st.integers(0, 99)), entries=6)


@given(windowed(2), st.integers(0, 99))
@settings(max_examples=15)
def test_average_pool(drawn: tuple[tuple[int, ...], dict[str, Any]], seed: int) -> None:
    check_gradients(pipeline(drawn[0], ("avgpool", drawn[1])), seed, entries=6)


@given(windowed(2), st.integers(0, 99))
@settings(max_examples=15)
def test_max_pool(drawn: tuple[tuple[int, ...], dict[str, Any]], seed: int) -> None:
    """A window that lies in the border altogether has no maximum to hand a gradient to: half of it is the limit."""
    shape, arguments = drawn
    kernel = arguments["kernel"]
    pad = [min(border, kernel[i % 2] // 2) for i, border in enumerate(arguments["pad"])]
    lost = [arguments["pad"][i] + arguments["pad"][i + 2] - pad[i] - pad[i + 2] for i in range(2)]
    shape = (shape[0], shape[1] + lost[0], shape[2] + lost[1])
    check_gradients(pipeline(shape, ("maxpool", {**arguments, "pad": pad})), seed, entries=6)


@given(st.tuples(st.integers(1, 6), st.integers(1, 4), st.integers(1, 4)), st.integers(1, 7), st.integers(0, 99))
@settings(max_examples=15)
def test_local_response_norm(shape: tuple[int, ...], size: int, seed: int) -> None:
    arguments = {"size": size, "alpha": 0.7, "beta": 0.6, "bias": 1.5}
    check_gradients(pipeline(shape, ("lrn", arguments)), seed, entries=6)


@pytest.mark.parametrize("shape", [(4,), (3, 4, 2), (1, 1, 3)])
@pytest.mark.parametrize("batch", [2, 5])
def test_batch_norm(shape: tuple[int, ...], batch: int) -> None:
    check_gradients(pipeline(shape, ("bn", {}), batch=batch))


@pytest.mark.parametrize(
    "layers",
    [
        (("relu", {}),),
        (("dropout", {"rate": 0.3}),),
        (("flatten", {}), ("fc", {"features": 4}), ("relu", {}), ("fc", {"features": 5, "bias": False})),
        (("global_avgpool", {}),),
        (("conv", {"channels": 4, "kernel": 3}), ("bn", {}), ("relu", {})),
        (("conv", {"channels": 4, "kernel": 3, "bias": True}), ("lrn", {}), ("maxpool", {"kernel": 2})),
    ],
    ids=lambda layers: "-".join(kind for kind, _ in layers),
)
@pytest.mark.parametrize("seed", [1, 2])
def test_layers_in_a_row(layers: tuple[tuple[str, dict[str, Any]], ...], seed: int) -> None:
    check_gradients(pipeline((3, 5, 6), *layers), seed)


@pytest.mark.parametrize("build", [every_op, forks, inception_like, vgg_like])
def test_whole_networks(build: Any) -> None:
    """A seed with which no relu and no maximum is so near its kink that a step carries it over."""
    check_gradients(build(), 3, entries=5)
