"""The example networks have the parameters and MACs that the literature and torchvision report."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp

from simdc.cost.kernel import Contraction
from simdc.frontends.dsl import parse_dsl
from simdc.ir.base import shape_of
from simdc.ir.network import network_of
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.conv_transpose import ConvTranspose2DOp
from simdc.ir.ops.linear import LinearOp
from simdc.ir.ops.matmul import MatMulOp

NETWORKS = Path("examples/networks")


PUBLISHED = [
    ("lenet5", 431_080, 2_293_000),
    ("alexnet", 60_965_224, 724_406_816),
    ("vgg16", 138_357_544, 15_470_264_320),
    ("resnet18", 11_689_512, 1_814_073_344),
    # torchvision says 3.66 G.
    ("resnet34", 21_797_672, 3_663_761_408),
    ("resnet50", 25_557_032, 4_089_184_256),
    # torchvision says 7.80 G.
    ("resnet101", 44_549_160, 7_801_405_440),
    # Counted by torch 2.13 (FlopCounterMode, halved) over modules written from the paper and from darknet's file; for
    # YOLOv3-tiny darknet itself says 5.57 billion operations, two to a product.
    ("unet", 31_030_658, 150_428_424_448),
    ("yolov3_tiny", 8_852_366, 2_782_480_896),
    ("mobilenet_v2", 3_504_872, 300_774_272),
    # torchvision: 0.386 G.
    ("efficientnet_b0", 5_288_548, 385_814_752),
    # The stride in the 1x1 convolution spares the 1x1 of three blocks three quarters of their pixels.
    ("resnet50_v1", 25_557_032, 3_857_973_248),
    # Caffe counts pools up. The same network with pools that count down, as ONNX files have it: 1,431,556,352.
    ("googlenet", 6_998_552, 1_582_671_872),
    # Without normalization, and from 224 pixels by a border: the same products as from 227.
    ("alexnet_sheet", 60_965_224, 724_406_816),
    # Counted by torch and by formula; test_transformers.py says how.
    ("bert_base", 109_483_778, 11_174_217_216),
    ("gpt2", 124_439_808, 16_114_089_984),
    # Patches 196 * 768 * 768; a layer of 197 tokens 12 * 197 * 768^2 and twice 12 * 197^2 * 64; the head 768,000.
    ("vit_b16", 86_567_656, 17_563_828_224),
    # A layer has 2 * 4096^2 + 2 * 4096 * 1024 + 3 * 4096 * 14336 weights, the head 4096 * 128256; each counts for 128
    # words, and 32 layers * 2 products * 32 heads * 128 * 128^2 are those of attention.
    ("llama_8b", 8_030_261_248, 964_891_246_592),
    # The same with a router of 4096 * 8, two experts for each word, eight in all, and a head of 4096 * 32000.
    ("moe", 46_702_792_704, 1_636_114_104_320),
]


@pytest.mark.parametrize(("name", "parameters", "macs"), PUBLISHED)
def test_parameters_and_macs(name: str, parameters: int, macs: int) -> None:
    file = NETWORKS / f"{name}.dsl"
    module = parse_dsl(file.read_text(), str(file), 1)
    module.verify()
    network = network_of(module)
    assert network.sym_name.data == name
    assert network.parameters.value.data == parameters
    kernels = [
        op.kernel() for op in network.layers() if isinstance(op, (Conv2DOp, ConvTranspose2DOp, LinearOp, MatMulOp))
    ]
    assert sum(each.useful_macs for each in kernels if isinstance(each, Contraction)) == macs


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


# Table 1 of the paper: image, input channels; 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection.
INCEPTION = {
    "3a": (28, 192, 64, 96, 128, 16, 32, 32),
    "3b": (28, 256, 128, 128, 192, 32, 96, 64),
    "4a": (14, 480, 192, 96, 208, 16, 48, 64),
    "4b": (14, 512, 160, 112, 224, 24, 64, 64),
    "4c": (14, 512, 128, 128, 256, 24, 64, 64),
    "4d": (14, 512, 112, 144, 288, 32, 64, 64),
    "4e": (14, 528, 256, 160, 320, 32, 128, 128),
    "5a": (7, 832, 256, 160, 320, 32, 128, 128),
    "5b": (7, 832, 384, 192, 384, 48, 128, 128),
}


def test_googlenet_is_the_table_of_its_paper() -> None:
    # Input channels, output channels, window, image of the result.
    expected = {
        "conv1.7x7_s2": (3, 64, 7, 112),
        "conv2.3x3_reduce": (64, 64, 1, 56),
        "conv2.3x3": (64, 192, 3, 56),
        "loss3.classifier": (1024, 1000, 1, 1),
    }
    for block, (size, channels, one, reduce3, three, reduce5, five, projected) in INCEPTION.items():
        expected |= {
            f"inception_{block}.1x1": (channels, one, 1, size),
            f"inception_{block}.3x3_reduce": (channels, reduce3, 1, size),
            f"inception_{block}.3x3": (reduce3, three, 3, size),
            f"inception_{block}.5x5_reduce": (channels, reduce5, 1, size),
            f"inception_{block}.5x5": (reduce5, five, 5, size),
            f"inception_{block}.pool_proj": (channels, projected, 1, size),
        }
    assert len(expected) == 57 + 1
    assert found_sizes("googlenet") == expected
    weights = sum(c * k * window**2 + k for c, k, window, _ in expected.values())
    macs = sum(c * k * window**2 * size**2 for c, k, window, size in expected.values())
    assert (weights, macs) == (6_998_552, 1_582_671_872)


def test_pools_that_count_down_make_googlenet_the_one_of_onnx() -> None:
    text = (NETWORKS / "googlenet.dsl").read_text().replace(", ceil_mode=true", "")
    layers = network_of(parse_dsl(text, "googlenet.dsl", 1)).layers()
    kernels = [op.kernel() for op in layers if isinstance(op, (Conv2DOp, LinearOp))]
    assert sum(each.useful_macs for each in kernels if isinstance(each, Contraction)) == 1_431_556_352


def test_resnet50_v1_strides_in_the_first_convolutions_of_a_block() -> None:
    first, later = found_sizes("resnet50_v1"), found_sizes("resnet50")
    assert len(first) == len(later) == 54
    # Image of the result: v1 has the small image from branch2a on, v1.5 from the second convolution on.
    assert [first[f"res4a.{name}"] for name in ("branch1", "branch2a", "branch2b", "branch2c")] == [
        *((512, 1024, 1, 14), (512, 256, 1, 14), (256, 256, 3, 14), (256, 1024, 1, 14))
    ]
    assert [later[f"layer3.0.{name}"] for name in ("downsample.0", "conv1", "conv2", "conv3")] == [
        *((512, 1024, 1, 14), (512, 256, 1, 28), (256, 256, 3, 14), (256, 1024, 1, 14))
    ]
    assert "res3d.branch2c" in first
    assert "res4f.branch2c" in first
    assert "res5c.branch2c" in first


def test_the_sheets_alexnet_has_55_pixels_from_224_and_no_normalization() -> None:
    assert found_sizes("alexnet_sheet")["conv1"] == (3, 96, 11, 55)
    # conv2, conv4 and conv5 have half of their channels in each group.
    assert [each[0] for each in found_sizes("alexnet_sheet").values()] == [3, 48, 256, 192, 192, 9216, 4096, 4096]
    names = {op.name for op in network_of(parsed("alexnet_sheet")).layers()}
    assert names == {"simdc.conv2d", "simdc.relu", "simdc.max_pool", "simdc.flatten", "simdc.linear"}


def parsed(name: str) -> ModuleOp:
    file = NETWORKS / f"{name}.dsl"
    return parse_dsl(file.read_text(), str(file), 1)


def found_sizes(name: str) -> dict[str, tuple[int, int, int, int]]:
    """Input channels of a group, output channels, window and image of the result of what has weights."""
    found: dict[str, tuple[int, int, int, int]] = {}
    for op in network_of(parsed(name)).layers():
        if isinstance(op, (Conv2DOp, LinearOp)):
            (weight,) = (shape_of(value) for value in op.operands[1:2])
            channels, *window = weight[1:]
            result = shape_of(op.results[0])
            found[op.layer.data] = (channels, result[1], (window or [1])[0], (*result[2:], 1)[0])
    return found
