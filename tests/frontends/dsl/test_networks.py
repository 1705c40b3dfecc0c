"""The example networks have the parameters and MACs that the literature and torchvision report."""

from __future__ import annotations

from math import prod
from pathlib import Path

import pytest

from simdc.cost.kernel import Contraction
from simdc.frontends.dsl import parse_dsl
from simdc.ir.network import network_of
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.linear import LinearOp

NETWORKS = Path("examples/networks")


PUBLISHED = [
    ("lenet5", 431_080, 2_293_000),
    ("alexnet", 60_965_224, 724_406_816),
    ("vgg16", 138_357_544, 15_470_264_320),
    ("resnet18", 11_689_512, 1_814_073_344),
    ("resnet50", 25_557_032, 4_089_184_256),
    ("mobilenet_v2", 3_504_872, 300_774_272),
]


@pytest.mark.parametrize(("name", "parameters", "macs"), PUBLISHED)
def test_parameters_and_macs(name: str, parameters: int, macs: int) -> None:
    file = NETWORKS / f"{name}.dsl"
    module = parse_dsl(file.read_text(), str(file), 1)
    module.verify()
    network = network_of(module)
    assert network.sym_name.data == name
    assert network.parameters.value.data == parameters
    kernels = [op.kernel() for op in network.layers() if isinstance(op, (Conv2DOp, LinearOp))]
    assert sum(prod(loop.bound for loop in each.loops) for each in kernels if isinstance(each, Contraction)) == macs


def test_every_example_is_checked() -> None:
    assert {path.stem for path in NETWORKS.glob("*.dsl")} == {name for name, *_ in PUBLISHED}


def test_resnet50_fits_in_thirty_lines_and_is_named_as_in_torchvision() -> None:
    text = (NETWORKS / "resnet50.dsl").read_text()
    assert len(text.splitlines()) <= 30
    names = [op.layer.data for op in network_of(parse_dsl(text, "resnet50.dsl", 1)).layers()]
    expected = ["conv1", "bn1", "relu", "maxpool", "layer1.0.conv1", "layer1.0.bn1", "layer1.0.relu1", "layer1.0.conv2"]
    assert names[:8] == expected
    assert names[11:17] == [f"layer1.0.{name}" for name in ("bn3", "downsample.0", "downsample.1", "add1", "relu3")] + [
        "layer1.1.conv1"
    ]
    assert names[-3:] == ["avgpool", "flatten", "fc"]
    assert "layer4.2.conv3" in names
    assert "layer1.1.downsample.0" not in names
