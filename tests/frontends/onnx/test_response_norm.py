"""Local response normalization as PyTorch exports it becomes one layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from simdc.ir.ops.local_response_norm import LocalResponseNormOp
from tests.frontends.onnx.models import check_against_reference, ints, kinds, model, node, random

SHAPE = (2, 7, 4, 3)


def pieces(size: int, before: int, **pool: Any) -> tuple[list[onnx.NodeProto], dict[str, np.ndarray]]:
    """torch.nn.functional.local_response_norm: the channels are the depth of an image of one channel."""
    weights = {
        "apart": ints(2, 1, 7, 4, -1),
        "pads": ints(0, 0, before, 0, 0, 0, 0, size - 1 - before, 0, 0),
        "zero": np.array(0, np.float32),
        "one": ints(1),
        "shape": ints(*SHAPE),
        "alpha": np.array(0.5, np.float32),
        "bias": np.array(1.5, np.float32),
        "beta": np.array(0.75, np.float32),
    }
    attributes = {"kernel_shape": [size, 1, 1], "strides": [1, 1, 1], "count_include_pad": 1, **pool}
    nodes = [
        node("Mul", ["x", "x"], ["square"]),
        node("Reshape", ["square", "apart"], ["depth"]),
        node("Pad", ["depth", "pads", "zero"], ["padded"]),
        node("AveragePool", ["padded"], ["average"], **attributes),
        node("Squeeze", ["average", "one"], ["squeezed"]),
        node("Reshape", ["squeezed", "shape"], ["mean"]),
        node("Mul", ["mean", "alpha"], ["scaled"]),
        node("Add", ["scaled", "bias"], ["base"]),
        node("Pow", ["base", "beta"], ["power"]),
        node("Div", ["x", "power"], ["y"], name="norm"),
    ]
    return nodes, weights


def imported_kinds(
    nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray], folder: Path, outputs: list[str] | None = None
) -> list[str]:
    proto = model(nodes, {"x": SHAPE}, weights, outputs=outputs)
    return kinds(check_against_reference(proto, folder, {"x": random(*SHAPE)}))


@pytest.mark.parametrize(("size", "before"), [(5, 2), (3, 1), (4, 1)])
def test_the_pieces_are_one_layer(size: int, before: int, tmp_path: Path) -> None:
    """The results are those of the reference evaluator on the pieces."""
    nodes, weights = pieces(size, before)
    proto = model([*nodes, node("Relu", ["y"], ["z"])], {"x": SHAPE}, weights)
    network = check_against_reference(proto, tmp_path, {"x": random(*SHAPE)})
    assert kinds(network) == ["local_response_norm", "relu"]
    norm = next(op for op in network.layers() if isinstance(op, LocalResponseNormOp))
    assert norm.layer.data == "norm"
    assert (norm.size.value.data, norm.alpha.value.data, norm.beta.value.data, norm.bias.value.data) == (
        size,
        0.5,
        0.75,
        1.5,
    )
    assert norm.merged is not None
    merged = {name.data for name in norm.merged}
    assert {"square", "depth", "padded", "mean", "scaled", "base", "power"} <= merged


def test_pieces_that_mean_something_else_stay_layers(tmp_path: Path) -> None:
    # torch has the longer half of an even window before its channel, ONNX behind it.
    assert "local_response_norm" not in imported_kinds(*pieces(4, 2), tmp_path)
    # The window moves along the height.
    _, weights = pieces(3, 1)
    rows = [
        node("Mul", ["x", "x"], ["square"]),
        node("AveragePool", ["square"], ["mean"], kernel_shape=[3, 1], pads=[1, 0, 1, 0], count_include_pad=1),
        *pieces(3, 1)[0][6:],
    ]
    used = {name: weights[name] for name in ("alpha", "bias", "beta")}
    assert "local_response_norm" not in imported_kinds(rows, used, tmp_path)
    # A square of something else.
    other, weights = pieces(3, 1)
    other[0] = node("Mul", ["x", "r"], ["square"])
    assert "local_response_norm" not in imported_kinds([node("Relu", ["x"], ["r"]), *other], weights, tmp_path)
    # The padding is not of zeros.
    other, weights = pieces(3, 1)
    weights["zero"] = np.array(1, np.float32)
    assert "local_response_norm" not in imported_kinds(other, weights, tmp_path)


def test_a_piece_that_somebody_else_reads_keeps_them_all(tmp_path: Path) -> None:
    nodes, weights = pieces(3, 1)
    assert "local_response_norm" not in imported_kinds(nodes, weights, tmp_path, outputs=["y", "mean"])
