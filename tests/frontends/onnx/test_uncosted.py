"""What `--allow-uncosted` leaves out, and what it goes on with: values are typed as the file types them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from simdc.cli import main
from tests.frontends.onnx.models import imported, ints, kinds, model, node, random, saved

QUANTIZED = [
    node("QuantizeLinear", ["x", "s", "z"], ["q"]),
    node("Magic", ["q"], ["m"], domain="own"),
    node("DequantizeLinear", ["wq", "s", "z"], ["w"]),
    node("DequantizeLinear", ["q", "s", "z"], ["d"]),
    node("Conv", ["d", "w"], ["c"], pads=[1, 1, 1, 1]),
    node("Relu", ["c"], ["y"]),
]
QUANTIZED_WEIGHTS = {
    "s": np.array(0.1, np.float32),
    "z": np.array(0, np.int8),
    "wq": np.ones((8, 3, 3, 3), np.int8),
}
DETECTED = [
    node("Conv", ["x", "k"], ["c"]),
    node("Reshape", ["c", "to"], ["r"]),
    node("Transpose", ["r"], ["t"], perm=[0, 2, 1]),
    node("Slice", ["t", "zero", "four", "two"], ["boxes"]),
    node("Slice", ["r", "four", "six", "one"], ["scores"]),
    node("NonMaxSuppression", ["boxes", "scores", "most"], ["chosen"], name="choose"),
    node("Cast", ["chosen"], ["floats"], to=TensorProto.FLOAT, name="behind"),
    node("Relu", ["floats"], ["y"], name="further"),
]
DETECTED_WEIGHTS = {
    "k": random(6, 8, 1, 1),
    "to": ints(1, 6, 64),
    **{name: ints(value) for name, value in {"zero": 0, "one": 1, "two": 2, "four": 4, "six": 6, "most": 5}.items()},
}


def macs(path: str, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main([path, "--hw", "HI1", "--allow-uncosted", *options]) == 0
    return capsys.readouterr().out


def test_a_quantized_convolution_is_costed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """8 x 8 positions of 8 x 27 products: 13,824 MACs; 216 weights, of whole numbers in a weight's place."""
    proto = model(QUANTIZED, {"x": (1, 3, 8, 8)}, QUANTIZED_WEIGHTS, outputs=["y"], domains={"own": 1})
    out = macs(saved(proto, tmp_path), capsys)
    assert "216 parameters, 13,824 MACs" in out


def test_what_stands_before_a_result_of_unknown_shape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """64 positions of 6 x 8 products: 3,072 MACs. What is behind is told by name."""
    path = saved(model(DETECTED, {"x": (1, 8, 8, 8)}, DETECTED_WEIGHTS), tmp_path)
    out = macs(path, capsys)
    assert "48 parameters, 3,072 MACs" in out
    (line,) = (line for line in out.splitlines() if "NonMaxSuppression: which simdc does not know" in line)
    assert line.startswith("NOT COSTED, missing from every sum: choose")
    # However wide the terminal is.
    assert "left out, 2 nodes behind what has no known shape: behind, further\n" in re.sub(r"\n +", " ", out)
    # The text form of the network reads back.
    assert main([path, "--hw", "HI1", "--allow-uncosted", "--emit-ir", "-p", "simdc-assign-widths"]) == 0
    again = tmp_path / "net.mlir"
    again.write_text(capsys.readouterr().out)
    assert main([str(again)]) == 0
    assert "3,072 MACs" in capsys.readouterr().out


def test_the_advice_knows_what_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proto = model([node("NonZero", ["x"], ["z"], name="only")], {"x": (2, 3)})
    path = saved(proto, tmp_path)
    assert main([path, "--hw", "HI1"]) == 1
    assert "--allow-uncosted goes on without them" in capsys.readouterr().err
    assert "NonZero: which simdc does not know" in macs(path, capsys)


TYPED: dict[str, tuple[onnx.NodeProto, int]] = {
    "truth values": (node("Xor", ["a", "b"], ["u"]), TensorProto.BOOL),
    "whole numbers": (node("BitwiseAnd", ["a", "b"], ["u"]), TensorProto.INT32),
    "bytes": (node("BitShift", ["a", "b"], ["u"], direction="LEFT"), TensorProto.UINT8),
}


@pytest.mark.parametrize("name", TYPED)
def test_shapes_are_inferred_with_the_types_of_the_file(name: str, tmp_path: Path) -> None:
    """As floats ONNX's inference would refuse them, and the layers behind would be lost."""
    unknown, element = TYPED[name]
    nodes = [unknown, node("Cast", ["u"], ["f"], to=1), node("Relu", ["f"], ["y"])]
    proto = model(nodes, {"a": (2, 8), "b": (2, 8)}, opset=18)
    for value in proto.graph.input:
        value.type.tensor_type.elem_type = element
    assert kinds(imported(proto, tmp_path, allow_uncosted=True)) == ["unmodelled", "reshape", "relu"]
