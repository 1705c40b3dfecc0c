"""What people reported of other tools, or met in files of theirs, with the numbers worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simdc.cli import main
from simdc.errors import SimdcError
from simdc.ir.base import shape_of
from tests.frontends.onnx.models import imported, ints, model, node, random, saved

CONV = node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1])
WEIGHT = {"w": random(8, 3, 3, 3)}


def test_open_batch_height_and_width(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """4 images of 32 x 48 positions, 27 x 8 products each, then 8 x 10: 1,327,424 MACs."""
    pool = node("GlobalAveragePool", ["c"], ["p"])
    nodes = [CONV, pool, node("Flatten", ["p"], ["f"]), node("Gemm", ["f", "v"], ["y"])]
    path = saved(model(nodes, {"x": ("N", 3, "H", "W")}, {**WEIGHT, "v": random(8, 10)}), tmp_path)
    assert main([path, "--hw", "HI1", "--batch", "4", "--bind", "H=32", "--bind", "W=48"]) == 0
    assert "1,327,424 MACs" in capsys.readouterr().out


def test_a_size_of_minus_one_is_open(tmp_path: Path) -> None:
    proto = model([CONV], {"x": (1, 3, 8, 8)}, WEIGHT)
    proto.graph.input[0].type.tensor_type.shape.dim[2].dim_value = -1
    with pytest.raises(SimdcError, match=r"leaves sizes open: x\[2\].*--bind 'x\[2\]'=N"):
        imported(proto, tmp_path)


def test_a_shape_of_batch_one_takes_no_other(tmp_path: Path) -> None:
    """144 values of one image; 4 images have 576."""
    proto = model([node("Reshape", ["x", "to"], ["y"])], {"x": ("N", 4, 6, 6)}, {"to": ints(1, 144)})
    assert [shape_of(op.results[0]) for op in imported(proto, tmp_path).layers()] == [(1, 144)]
    with pytest.raises(SimdcError, match=r"Reshape .*cannot read shape \[4, 4, 6, 6\] as \[1, 144\]"):
        imported(proto, tmp_path, 4)


def test_sizes_that_follow_from_another_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """33 x 48 halved, rounded up, by a convolution of stride 2, and back: 2 images of 17 x 24 positions, 27 x 8
    products each: 176,256 MACs."""
    nodes = [
        node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2]),
        node("Shape", ["x"], ["s"]),
        node("Slice", ["s", "two", "four"], ["size"]),
        node("Shape", ["c"], ["t"]),
        node("Slice", ["t", "zero", "two"], ["front"]),
        node("Concat", ["front", "size"], ["to"], axis=0),
        node("Resize", ["c", "", "", "to"], ["y"], mode="nearest"),
    ]
    weights = {**WEIGHT, "zero": ints(0), "two": ints(2), "four": ints(4)}
    path = saved(model(nodes, {"x": ("N", 3, "H", "W")}, weights), tmp_path)
    assert main([path, "--hw", "HI1", "--batch", "2", "--bind", "H=33", "--bind", "W=48"]) == 0
    assert "176,256 MACs" in capsys.readouterr().out


def test_a_step_of_regression(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Weights, image and label are inputs of one dimension: data, and no parameter."""
    nodes = [
        node("Mul", ["w", "x"], ["p"]),
        node("ReduceSum", ["p", "axis"], ["s"]),
        node("Sub", ["s", "y"], ["e"]),
        node("Mul", ["e", "x"], ["g"]),
        node("Sub", ["w", "g"], ["u"]),
    ]
    path = saved(model(nodes, {"x": (54,), "y": (1,), "w": (54,)}, {"axis": ints(0)}), tmp_path)
    assert main([path, "--hw", "HI1", "--allow-uncosted"]) == 0
    assert "0 parameters, 0 MACs" in capsys.readouterr().out


def test_a_lowest_number_cast_to_half_precision_says_nothing(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    """T5 casts the lowest single precision number, which half precision does not have."""
    lowest = np.array([[0, np.finfo(np.float32).min]], np.float32)
    nodes = [node("Cast", ["low"], ["half"], to=10), node("Add", ["x", "half"], ["y"])]
    assert imported(model(nodes, {"x": (3, 2)}, {"low": lowest}), tmp_path).parameters.value.data == 0
    assert not [warning for warning in recwarn if issubclass(warning.category, RuntimeWarning)]
