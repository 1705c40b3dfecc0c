"""QuantizeLinear and DequantizeLinear set the widths of tensors and are no layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from xdsl.dialects.builtin import IntegerType

from simdc.frontends.hardware_file import load_hardware
from simdc.frontends.onnx import parse_onnx
from simdc.frontends.onnx.parameters import load_parameters
from simdc.ir.base import tensor_type
from simdc.ir.context import set_hardware
from simdc.ir.network import NetworkOp, network_of
from simdc.ir.notes import notes_of
from simdc.passes.pipeline import default_passes, run_pipeline
from tests.frontends.onnx.models import kinds, node
from tests.ir.test_text_form import parsed, printed

SHAPE, KERNEL = [1, 8, 6, 6], [8, 8, 3, 3]


def quantized(folder: Path, weight: int = TensorProto.INT8, between: list[onnx.NodeProto] | None = None) -> str:
    """x - Q - DQ - Conv (weight behind a DQ) - Q - DQ - Relu, or what stands `between` the convolution and the end."""
    levels = np.random.default_rng(0).integers(-7, 8, KERNEL).astype(np.int8)
    stored = numpy_helper.from_array(levels, "wq")
    if weight != TensorProto.INT8:
        stored = helper.make_tensor("wq", weight, KERNEL, levels.reshape(-1).tolist())
    zeros = {"z": TensorProto.UINT8, "wz": weight}
    constants = [helper.make_tensor(name, kind, [], [0]) for name, kind in zeros.items()]
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
        node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
        node("DequantizeLinear", ["wq", "s", "wz"], ["w"]),
        node("Conv", ["xd", "w"], ["c"], pads=[1, 1, 1, 1]),
        *(between or [node("QuantizeLinear", ["c", "s", "z"], ["cq"]), node("DequantizeLinear", ["cq", "s"], ["d"])]),
        node("Relu", ["d"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "quantized",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPE)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [stored, *constants, numpy_helper.from_array(np.array(0.5, np.float32), "s")],
    )
    path = str(folder / "quantized.onnx")
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path)
    return path


def costed(path: str, *settings: str) -> NetworkOp:
    module = parse_onnx(path, None)
    set_hardware(module, load_hardware("HI3", settings))
    run_pipeline(module, default_passes("exact"))
    return network_of(module)


def width(network: NetworkOp, name: str) -> int:
    block = network.body.block
    values = [*block.args, *(result for op in block.ops for result in op.results)]
    (kind,) = (tensor_type(value).element_type for value in values if value.name_hint == name)
    assert isinstance(kind, IntegerType)
    return kind.width.data


def test_they_set_widths_and_are_no_layers(tmp_path: Path) -> None:
    """Without them the relu would read the convolution's 32-bit sums. HI3 takes 8-bit images and weights."""
    network = costed(quantized(tmp_path))
    assert kinds(network) == ["conv2d", "relu"]
    assert [width(network, name) for name in ("x", "c.weight", "c", "y")] == [8, 8, 8, 32]
    assert network.parameters.value.data == 8 * 8 * 3 * 3
    assert notes_of(network) == ("the file stores 3 tensors in 8 bits",)
    relu = list(network.layers())[1]
    assert relu.cost is not None
    # 64 channels are stored for 8, of 6 x 6 pixels: in with 8 bits, out with 32.
    assert (relu.cost.data.dram_bits.ifmap, relu.cost.data.dram_bits.ofmap) == (64 * 36 * 8, 64 * 36 * 32)
    conv = next(network.layers())
    assert conv.cost is not None
    assert conv.cost.data.dram_bits.ofmap == 64 * 36 * 8


def test_weights_of_four_bits_move_half_the_bits(tmp_path: Path) -> None:
    network = costed(quantized(tmp_path, TensorProto.INT4))
    assert width(network, "c.weight") == 4
    conv = next(network.layers())
    assert conv.cost is not None
    # 64 x 64 channels are stored for 8 x 8, under 9 taps.
    assert conv.cost.data.dram_bits.weight == 64 * 64 * 9 * 4


def test_more_bits_than_the_machine_takes_are_a_contradiction_that_is_told(tmp_path: Path) -> None:
    network = costed(quantized(tmp_path), "systolic.widths.weight_bits=4")
    assert width(network, "c.weight") == 4
    (note,) = (note for note in notes_of(network) if "keeps" in note)
    assert note == "the machine keeps its own widths where the file stores more: 'c.weight' in 8 bits and not 4"


def test_what_a_body_of_the_standard_makes_is_rounded_too(tmp_path: Path) -> None:
    """The nodes of the body are no readers of the value that only the quantization reads."""
    between = [
        node("Softsign", ["c"], ["m"]),
        node("QuantizeLinear", ["m", "s", "z"], ["mq"]),
        node("DequantizeLinear", ["mq", "s", "z"], ["d"]),
    ]
    assert width(costed(quantized(tmp_path, between=between)), "m") == 8


def test_a_tensor_that_somebody_reads_unrounded_stays_as_it_is(tmp_path: Path) -> None:
    between = [
        node("QuantizeLinear", ["c", "s", "z"], ["cq"]),
        node("DequantizeLinear", ["cq", "s", "z"], ["cd"]),
        node("Add", ["c", "cd"], ["d"]),
    ]
    assert width(costed(quantized(tmp_path, between=between)), "c") == 32


def test_what_a_view_stands_between_has_the_width(tmp_path: Path) -> None:
    between = [
        node("Identity", ["c"], ["i"]),
        node("QuantizeLinear", ["i", "s", "z"], ["cq"]),
        node("DequantizeLinear", ["cq", "s", "z"], ["d"]),
    ]
    network = costed(quantized(tmp_path, between=between))
    assert [width(network, name) for name in ("c", "i")] == [8, 8]


def test_a_width_goes_to_the_layer_that_another_is_folded_into(tmp_path: Path) -> None:
    between = [
        node("Mul", ["c", "s"], ["m"]),
        node("QuantizeLinear", ["m", "s", "z"], ["mq"]),
        node("DequantizeLinear", ["mq", "s", "z"], ["d"]),
    ]
    network = costed(quantized(tmp_path, between=between))
    assert kinds(network) == ["conv2d", "relu"]
    assert width(network, "c") == 8


def test_widths_stay_in_text_and_values_are_what_the_file_means(tmp_path: Path) -> None:
    path = quantized(tmp_path)
    module = parse_onnx(path, None)
    for generic in (False, True):
        again = parsed(printed(module, generic=generic))
        assert module.is_structurally_equivalent(again)
        assert notes_of(network_of(again)) == notes_of(network_of(module))
    levels = np.random.default_rng(0).integers(-7, 8, KERNEL)
    np.testing.assert_allclose(load_parameters(path)["c.weight"], 0.5 * levels)


@pytest.mark.parametrize("operator", ["QuantizeLinear", "DequantizeLinear"])
def test_a_scale_that_depends_on_data_is_refused(operator: str, tmp_path: Path) -> None:
    between = [
        node("ReduceMax", ["c"], ["peak"], keepdims=1),
        node(operator, ["c", "peak"], ["d"]),
    ]
    with pytest.raises(Exception, match="its scale depends on data"):
        parse_onnx(quantized(tmp_path, between=between), None)
