"""Layers that a machine runs as one become one, and stay what they were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from simdc.backends.execute import execute, initial_parameters
from simdc.cost.kernel import Chain, Contraction, links_of
from simdc.cost.layer_shape import ImageSide, convolution_shape
from simdc.frontends import load_network
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_machine
from simdc.ir.base import LayerOp
from simdc.ir.context import first_invalid, kernel_of, set_hardware
from simdc.ir.network import network_of
from simdc.ir.ops.fused import FusedOp
from simdc.passes.pipeline import lowering_passes, run_pipeline


def lowered(
    module: ModuleOp, hardware: str = "nv_small", settings: Sequence[str] = (), *, fuse: bool = True
) -> ModuleOp:
    set_hardware(module, load_machine(hardware, settings))
    run_pipeline(module, lowering_passes("exact", fuse=fuse))
    return module


def names(module: ModuleOp) -> list[str]:
    """Of the layers that compute."""
    return [op.layer.data for op in network_of(module).layers() if op.runs_on is not None]


def network(body: str) -> ModuleOp:
    return parse_dsl(f"network n(x: 8x12x12) {{\n{body}\n}}\n", "n.dsl", 1)


def test_lenet_is_four_hardware_layers() -> None:
    module = lowered(load_network("lenet5", None))
    assert names(module) == ["conv1+maxpool1", "conv2+maxpool2", "fc1+relu1", "fc2", "softmax1"]
    assert first_invalid(module) is None


# Published: 53 convolutions and one fully connected layer; all else runs beside them.
def test_resnet_50_is_54_hardware_layers() -> None:
    module = lowered(load_network("resnet50", None))
    assert len(names(module)) == 54
    assert "layer1.1.conv3+layer1.1.add1+layer1.1.relu3" in names(module)


def test_resnet_50_v1_is_as_many() -> None:
    module = lowered(load_network("resnet50_v1", None))
    assert len(names(module)) == 54
    assert {"conv1+conv1_relu+pool1", "res2a.branch1", "res3d.branch2c+res3d.sum+res3d.relu"} <= set(names(module))


def test_the_sheets_alexnet_is_eight_hardware_layers_and_eleven_with_groups_apart() -> None:
    module = lowered(load_network("alexnet_sheet", None))
    assert names(module) == [
        *("conv1+relu1+pool1", "conv2+relu2+pool2", "conv3+relu3", "conv4+relu4", "conv5+relu5+pool5"),
        *("fc6+relu6", "fc7+relu7", "fc8"),
    ]
    assert sum(groups(op) for op in network_of(module).layers()) == 11


def groups(layer: LayerOp) -> int:
    """Hardware layers that it is, one for each group."""
    head = links_of(kernel_of(layer))[0]
    shape = convolution_shape(head) if isinstance(head, Contraction) else None
    return 1 if shape is None else shape.groups


def test_a_normalization_ends_alexnets_first_hardware_layers() -> None:
    # The unit that normalizes is in no chain, so the pool behind it is a layer of its own.
    found = names(lowered(load_network("alexnet", None)))
    assert found[:6] == ["conv1+relu1", "norm1", "pool1", "conv2+relu2", "norm2", "pool2"]
    assert len(found) == 8 + 2 * 2 + 1


def test_googlenet_pools_behind_its_branches_by_itself() -> None:
    found = names(lowered(load_network("googlenet", None)))
    # 57 convolutions and the classifier; else pools behind a normalization, the branches or in them, and what NVDLA has
    # no unit for.
    alone = [name for name in found if "+" not in name]
    assert len(found) - len(alone) == 57
    blocks = [f"inception_{block}" for block in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")]
    assert set(alone) == {
        *("pool1.norm1", "conv2.norm2", "pool2.3x3_s2", "pool3.3x3_s2", "pool4.3x3_s2", "pool5.7x7_s1"),
        *(f"{block}.{name}" for block in blocks for name in ("pool", "output")),
        *("loss3.classifier", "prob"),
    }


def test_a_machine_of_arrays_fuses_nothing() -> None:
    assert names(lowered(load_network("lenet5", None), "HI1")) == [
        *("conv1", "maxpool1", "conv2", "maxpool2", "fc1", "relu1", "fc2", "softmax1")
    ]
    assert len(names(lowered(load_network("lenet5", None), fuse=False))) == 8


def test_a_flattened_image_stays_an_image() -> None:
    module = lowered(load_network("lenet5", None))
    fused = next(op for op in network_of(module).layers() if op.layer.data == "fc1+relu1")
    kernel = fused.kernel()
    assert isinstance(kernel, Chain)
    product = kernel.links[0]
    assert isinstance(product, Contraction)
    shape = convolution_shape(product)
    assert shape is not None
    # 50 channels of 4 x 4 pixels: 500 windows as large as the image.
    assert (shape.input_channels, shape.rows, shape.columns) == (50, ImageSide(4, 4, 1, 1), ImageSide(4, 4, 1, 1))
    assert shape.macs == product.useful_macs == 400_000


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Two readers: the convolution's result must be in memory. The sum reads it there a second time.
        ("y = conv(x, 8, 1)\nreturn add(y, relu(y))", ["conv1", "relu1+add1"]),
        # The second convolution takes the sum over, for the other side is there before it starts.
        ("return add(conv(x, 8, 1), conv(x, 8, 3, pad=1))", ["conv1", "conv2+add1"]),
        # The sum waits for what is made after its only candidate starts.
        ("y = conv(x, 8, 1)\nz = sigmoid(x)\nreturn add(y, z)", ["conv1", "sigmoid1", "add1"]),
        # Windows of 9 are too large for the unit, those of 8 are not.
        ("return conv(x, 8, 1) -> maxpool(9)", ["conv1", "maxpool1"]),
        ("return conv(x, 8, 1) -> maxpool(8)", ["conv1+maxpool1"]),
        # A pool hands on to no rectifier in a chain conv, sdp, pdp.
        ("return conv(x, 8, 1) -> maxpool(2) -> relu", ["conv1+maxpool1", "relu1"]),
        # One operand from memory a pass.
        ("return add(add(conv(x, 8, 1), x), x)", ["conv1+add1", "add2"]),
        # No unit runs it: nothing goes on behind it.
        ("return conv(x, 8, 1) -> sigmoid -> relu", ["conv1", "sigmoid1", "relu1"]),
        ("return relu(x) -> maxpool(2)", ["relu1+maxpool1"]),
    ],
)
def test_what_goes_into_one_layer(body: str, expected: list[str]) -> None:
    module = lowered(network(body))
    assert names(module) == expected
    assert first_invalid(module) is None


def test_stages_and_chains_are_the_machines() -> None:
    body = "return conv(x, 8, 1) -> relu -> relu -> relu"
    assert names(lowered(network(body))) == ["conv1+relu1+relu2+relu3"]
    assert names(lowered(network(body), settings=["units.sdp.stages=2"])) == ["conv1+relu1+relu2", "relu3"]


def test_a_layer_beside_another_knows_its_input() -> None:
    module = lowered(network("a = relu(conv(x, 8, 1))\nb = relu(conv(x, 4, 3))\nreturn a, b"))
    first, second = (op.kernel() for op in network_of(module).layers())
    assert isinstance(first, Chain)
    assert isinstance(second, Chain)
    assert first.beside is None
    assert second.beside is not None
    assert second.beside.shape == (1, 8, 12, 12)
    # One that reads the other's result waits for it.
    module = lowered(network("return conv(x, 8, 1) -> relu -> conv(4, 3) -> relu"))
    assert [op.kernel().beside for op in network_of(module).layers() if isinstance(op, FusedOp)] == [None, None]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # By itself, too; and an array's layer beside a pool's, or the other way around, is not: they hold no ifmap.
        ("a = conv(x, 4, 1)\nb = conv(x, 4, 3)\nreturn a, b", [None, (8, 12, 12)]),
        ("a = conv(x, 4, 1)\nb = maxpool(x, 2)\nc = conv(x, 4, 3)\nreturn a, b, c", [None, None, None]),
        # What lies between is a view of the same data: fc waits for the pool, the second convolution for nothing.
        ("a = conv(x, 4, 1)\nb = reshape(a, [4, 144])\nc = conv(x, 4, 3)\nreturn b, c", [None, (8, 12, 12)]),
        ("a = conv(x, 2, 12)\nb = reshape(a, [2])\nreturn fc(b, 3) , b", [None, None]),
        # Another's ifmap: of the layer just before, and not of this one.
        ("a = conv(x, 4, 3)\nb = conv(a, 2, 1)\nc = conv(x, 4, 5)\nreturn b, c", [None, None, (4, 10, 10)]),
        # The sum of the second waits for the first.
        ("a = conv(x, 8, 1)\nreturn add(a, conv(x, 8, 3, pad=1)), a", [None, None]),
    ],
)
def test_what_stands_beside_a_layer(body: str, expected: list[tuple[int, ...] | None]) -> None:
    module = lowered(network(body))
    kernels = [kernel_of(op) for op in network_of(module).layers() if op.runs_on is not None]
    found = [kernel.beside if isinstance(kernel, Chain) else None for kernel in kernels]
    assert [None if each is None else each.shape[1:] for each in found] == expected
    assert first_invalid(module) is None


def test_branches_are_beside_the_branch_before_them_however_many_there_are() -> None:
    # Asking each for the whole kernel of the one before would go as deep as there are branches.
    count = 400
    module = lowered(network(f"repeat {count} as i {{ y = relu(conv(x, 1, 1)) }}\nreturn y"))
    found = [kernel_of(op) for op in network_of(module).layers()]
    assert sum(isinstance(each, Chain) and each.beside is not None for each in found) == count - 1


def test_fused_layers_compute_what_they_did(tmp_path: Path) -> None:
    body = (
        "y = conv(x, 8, 3, pad=1, bias=true)\nz = add(relu(y), x)\nreturn z -> maxpool(2) -> flatten -> fc(5) -> relu"
    )
    plain, fused = lowered(network(body), fuse=False), lowered(network(body))
    assert sum(isinstance(op, FusedOp) for op in network_of(fused).layers()) == 2
    values = initial_parameters(plain, seed=3)
    image = np.random.default_rng(5).normal(size=(1, 8, 12, 12))
    before, after = execute(plain, [image], values), execute(fused, [image], values)
    np.testing.assert_array_equal(before.returned[0], after.returned[0])
    # As text it is read as it was written.
    text = tmp_path / "fused.mlir"
    text.write_text(str(fused))
    again = load_network(str(text), None)
    assert names(again) == names(fused)
    np.testing.assert_array_equal(execute(again, [image], values).returned[0], after.returned[0])


def test_what_was_folded_is_still_named() -> None:
    module = lowered(network("return conv(x, 8, 1) -> bn -> relu"))
    fused = next(network_of(module).layers())
    assert [each.data for each in fused.folded or ()] == ["bn1"]
