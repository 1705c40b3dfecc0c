"""Whole networks: those that the package `onnx` ships, and ResNet-50 beside that of the network language.

Parameters and MACs are facts of these networks: parameters as their authors and torchvision give them, MACs of one
image by the layers' sizes. A training step takes three times the MACs, less the input gradient of the first layer.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import pytest

import simdc
from simdc.api import load, load_hardware
from simdc.backends.report import make_report
from simdc.cost.kernel import Contraction
from simdc.ir.network import NetworkOp, network_of
from tests.frontends.onnx.models import model, node, saved

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


class Fact(NamedTuple):
    """`first` are the MACs of the layer that reads the image."""

    parameters: int
    macs: int
    first: int


NETWORKS = {
    "bvlc_alexnet": Fact(60_965_224, 654_560_384, 54 * 54 * 96 * 3 * 11 * 11),
    "densenet121": Fact(7_978_856, 2_834_161_664, 112 * 112 * 64 * 147),
    "inception_v1": Fact(6_998_552, 1_431_556_352, 112 * 112 * 64 * 147),
    "inception_v2": Fact(11_194_984, 2_018_851_840, 112 * 112 * 64 * 147),
    "resnet50": Fact(25_557_032, 4_089_184_256, 112 * 112 * 64 * 147),
    "shufflenet": Fact(1_393_320, 124_664_528, 112 * 112 * 24 * 27),
    "squeezenet": Fact(1_235_496, 349_151_936, 111 * 111 * 64 * 27),
    "vgg19": Fact(143_667_240, 19_632_062_464, 224 * 224 * 64 * 27),
    "zfnet512": Fact(87_250_536, 1_481_727_008, 109 * 109 * 96 * 147),
}


def macs(network: NetworkOp) -> int:
    kernels = [op.kernel() for op in network.layers()]
    return sum(kernel.useful_macs for kernel in kernels if isinstance(kernel, Contraction))


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_macs_and_names_of_every_node(name: str) -> None:
    fact, path = NETWORKS[name], LIGHT / f"light_{name}.onnx"
    network = network_of(load(path).module)
    assert network.parameters.value.data == fact.parameters
    assert macs(network) == fact.macs
    named = [op.layer.data for op in network.layers()]
    named += [other.data for op in network.layers() for other in op.merged or ()]
    # Only nodes on weights and shapes are no layers.
    graph = onnx.load(path).graph
    weights = {tensor.name for tensor in graph.initializer}
    data = {value.name for value in graph.input} - weights
    computing: list[str] = []
    for each in graph.node:
        if data & set(each.input):
            data |= set(each.output)
            computing.append(each.name)
    assert sorted(named) == sorted(computing)


@pytest.mark.parametrize("name", NETWORKS)
def test_training_derives(name: str) -> None:
    fact = NETWORKS[name]
    step = network_of(load(LIGHT / f"light_{name}.onnx").training_step().module)
    assert macs(step) == 3 * fact.macs - fact.first


@pytest.mark.parametrize("name", ["squeezenet", "shufflenet", "densenet121"])
def test_every_node_has_a_price(name: str) -> None:
    module = simdc.compile(load(LIGHT / f"light_{name}.onnx"), load_hardware("HI3"))
    report = make_report(module)
    assert not report.uncosted
    assert dict(report.total.ops)["mac"] == NETWORKS[name].macs


def bottlenecks(blocks: tuple[int, ...]) -> list[onnx.NodeProto]:
    """ResNet v1.5 in the order in which the example `resnet50` writes it: the main path, then the shortcut."""
    nodes: list[onnx.NodeProto] = []

    def conv(name: str, x: str, channels: int, kernel: int, stride: int = 1, *, relu: bool = True) -> str:
        pads = [(kernel - 1) // 2] * 4
        weight = f"{name}.w:{channels}:{kernel}"
        nodes.append(node("Conv", [x, weight], [f"{name}.c"], strides=[stride] * 2, pads=pads))
        statistics = [f"{name}.{part}:{channels}" for part in ("scale", "shift", "mean", "var")]
        nodes.append(node("BatchNormalization", [f"{name}.c", *statistics], [f"{name}.n"]))
        if relu:
            nodes.append(node("Relu", [f"{name}.n"], [f"{name}.r"]))
        return f"{name}.r" if relu else f"{name}.n"

    x = conv("conv1", "x", 64, 7, 2)
    nodes.append(node("MaxPool", [x], ["pool"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]))
    x, width = "pool", 64
    for stage, count in enumerate(blocks):
        for number in range(count):
            name, stride = f"s{stage}.{number}", 2 if stage and not number else 1
            y = conv(f"{name}.a", x, width, 1)
            y = conv(f"{name}.b", y, width, 3, stride)
            y = conv(f"{name}.c", y, 4 * width, 1, relu=False)
            shortcut = x if number else conv(f"{name}.d", x, 4 * width, 1, stride, relu=False)
            nodes.append(node("Add", [y, shortcut], [f"{name}.sum"]))
            nodes.append(node("Relu", [f"{name}.sum"], [f"{name}.out"]))
            x = f"{name}.out"
        width *= 2
    nodes.append(node("GlobalAveragePool", [x], ["average"]))
    nodes.append(node("Flatten", ["average"], ["flat"]))
    nodes.append(node("Gemm", ["flat", "fc.w", "fc.b"], ["y"], transB=1))
    return nodes


def resnet50(batch: str | int) -> onnx.ModelProto:
    """ResNet-50 with weights that are described only, as value infos: `bottlenecks` gives names that hold shapes."""
    nodes = bottlenecks((3, 4, 6, 3))
    channels = {"x": 3}
    values = {"fc.w": (1000, 2048), "fc.b": (1000,)}
    for each in nodes:
        source = channels.get(each.input[0], 0)
        made = source
        for name in each.input[1:]:
            if name.count(":") == 2:
                made, kernel = (int(part) for part in name.split(":")[1:])
                values[name] = (made, source, kernel, kernel)
            elif ":" in name:
                values[name] = (int(name.split(":")[1]),)
        channels[each.output[0]] = made
    infos = [onnx.helper.make_tensor_value_info(name, 1, shape) for name, shape in values.items()]
    return model(nodes, {"x": (batch, 3, 224, 224)}, values=infos)


def test_resnet50_equals_that_of_the_network_language(tmp_path: Path) -> None:
    """Layer for layer: kernels and costs, batch norms folded by the pass as there."""
    path, hardware = saved(resnet50("N"), tmp_path), load_hardware("HI3")
    ours, theirs = (simdc.compile(load(source, 2), hardware) for source in (path, "resnet50"))
    assert network_of(ours).parameters == network_of(theirs).parameters
    layers = [list(network_of(module).layers()) for module in (ours, theirs)]
    assert len(layers[0]) == len(layers[1]) > 100
    for one, other in zip(*layers, strict=True):
        assert one.name == other.name
        assert one.kernel() == other.kernel()
        assert one.tiling == other.tiling
        assert one.cost == other.cost
        assert len(one.folded or ()) == len(other.folded or ())
    reports = [make_report(module) for module in (ours, theirs)]
    assert reports[0].total == reports[1].total


def test_the_light_resnet50_differs_in_order_and_softmax_only() -> None:
    hardware = load_hardware("HI3")
    light = make_report(simdc.compile(load(LIGHT / "light_resnet50.onnx"), hardware))
    ours = make_report(simdc.compile(load("resnet50"), hardware))
    softmax = [layer for layer in light.layers if layer.op == "softmax"]
    costs = [sorted(tuple(layer.cost.cycles) for layer in report.layers) for report in (light, ours)]
    assert len(softmax) == 1
    assert sorted([*costs[1], tuple(softmax[0].cost.cycles)]) == costs[0]
    assert np.isclose(light.total.energy.total - softmax[0].energy.total, ours.total.energy.total, rtol=1e-12)
