"""Operators without a layer of their own: their body in the ONNX standard is costed in their place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from simdc.errors import SimdcError
from simdc.ir.base import LayerOp
from simdc.ir.notes import notes_of
from tests.frontends.onnx.models import check_against_reference, imported, ints, kinds, model, node, random

IMAGE = (2, 6, 4, 5)
ROWS = (2, 4, 6)
CASES: list[tuple[str, tuple[int, ...], list[np.ndarray], int, dict[str, object]]] = [
    # Its body calls ReduceMean, which takes its axes another way since opset 18: there are two bodies.
    # Where scale and shift are no rows: one layer else.
    ("LayerNormalization", ROWS, [random(1), random(6)], 17, {}),
    ("LayerNormalization", ROWS, [random(1, 1)], 20, {"axis": 1, "epsilon": 0.01}),
    ("RMSNormalization", ROWS, [random(1)], 23, {}),
    ("MeanVarianceNormalization", IMAGE, [], 13, {}),
    ("MeanVarianceNormalization", IMAGE, [], 18, {"axes": [1, 2]}),
    # Attributes of the node and, where it has none, those of the standard stand in the body.
    ("Selu", IMAGE, [], 22, {}),
    ("Selu", IMAGE, [], 22, {"alpha": 0.5, "gamma": 2.0}),
    ("Celu", IMAGE, [], 12, {"alpha": 0.7}),
    ("ThresholdedRelu", IMAGE, [], 22, {"alpha": 0.5}),
    ("Shrink", IMAGE, [], 9, {"bias": 0.2, "lambd": 0.4}),
    ("Softsign", IMAGE, [], 22, {}),
    ("CenterCropPad", (3, 8, 6), [ints(4, 4, 4)], 18, {}),
]


@pytest.mark.parametrize(("operator", "shape", "weights", "opset", "attributes"), CASES)
def test_a_body_computes_what_its_operator_does(
    operator: str,
    shape: tuple[int, ...],
    weights: list[np.ndarray],
    opset: int,
    attributes: dict[str, object],
    tmp_path: Path,
) -> None:
    named = {f"w{place}": value for place, value in enumerate(weights)}
    proto = model([node(operator, ["x", *named], ["y"], name="norm", **attributes)], {"x": shape}, named, opset=opset)
    network = check_against_reference(proto, tmp_path, {"x": random(*shape)}, tolerance=1e-4)
    *inner, last = (op.layer.data for op in network.layers())
    assert last == "norm"
    assert inner
    assert all(name.startswith("norm.") for name in inner)
    assert notes_of(network) == (f"{operator} is costed as its body in the ONNX standard: norm",)


def test_only_what_is_read_of_a_body_is_made(tmp_path: Path) -> None:
    """LayerNormalization gives mean and inverse deviation, too; the last takes a Reciprocal."""
    nodes = [
        node("LayerNormalization", ["x", "s"], ["y", "mean", "inverse"]),
        node("Relu", ["inverse"], ["r"]),
    ]
    weights = {"s": random(6)}
    assert "reciprocal" in kinds(imported(model(nodes, {"x": ROWS}, weights, outputs=["y", "r"]), tmp_path))
    assert kinds(imported(model(nodes[:1], {"x": ROWS}, weights, outputs=["y"]), tmp_path)) == ["layer_norm"]
    weights = {"s": random(1)}
    assert "reciprocal" not in kinds(imported(model(nodes[:1], {"x": ROWS}, weights, outputs=["y"]), tmp_path))


def test_a_body_of_a_body(tmp_path: Path) -> None:
    """The loss calls LogSoftmax and NegativeLogLikelihoodLoss, whose own body needs what nobody has."""
    nodes = [node("SoftmaxCrossEntropyLoss", ["x", "t"], ["y"], name="loss")]
    with pytest.raises(SimdcError) as error:
        imported(model(nodes, {"x": (2, 3), "t": (2,)}), tmp_path)
    words = " ".join(str(error.value).split())
    assert "SoftmaxCrossEntropyLoss (1 node), whose body in the ONNX standard needs NegativeLogLikelihoodLoss" in words
    assert "whose body in the ONNX standard needs ReduceMean, a result without dimensions" in words


def test_what_is_missing_in_a_body_is_named_with_the_operator(tmp_path: Path) -> None:
    nodes = [
        node("Relu", ["x"], ["r"]),
        node("Bernoulli", ["r"], ["a"], name="draw"),
        node("Tanh", ["a"], ["y"]),
    ]
    proto = model(nodes, {"x": (4, 8)}, opset=22)
    with pytest.raises(SimdcError) as error:
        imported(proto, tmp_path)
    words = " ".join(str(error.value).split())
    assert (
        "no price for 1 of its 3 nodes: Bernoulli (1 node), whose body in the ONNX standard needs RandomUniformLike"
        in words
    )
    # Nothing of the half that could be made stays; the node itself is named as missing.
    network = imported(proto, tmp_path, allow_uncosted=True)
    assert kinds(network) == ["relu", "unmodelled", "tanh"]
    assert notes_of(network) == ()


def test_layers_of_a_body_stand_where_the_node_stands(tmp_path: Path) -> None:
    nodes = [node("Relu", ["x"], ["r"]), node("Softsign", ["r"], ["y"])]
    network = imported(model(nodes, {"x": IMAGE}, opset=22), tmp_path)
    lines = {op.layer.data: str(op.location) for op in network.layers() if isinstance(op, LayerOp)}
    assert {name: ":2:" in place for name, place in lines.items()} == {
        "r": False,
        "y.AbsInput": True,
        "y.OneAddAbsInput": True,
        "y": True,
    }


def test_a_function_inside_the_model_is_not_the_standard_s(tmp_path: Path) -> None:
    """A model may define a Softsign of its own domain; its nodes are inlined before."""
    body = onnx.helper.make_function(
        "own", "Softsign", ["a"], ["b"], [node("Relu", ["a"], ["b"])], [onnx.helper.make_opsetid("", 17)]
    )
    proto = model([node("Softsign", ["x"], ["y"], domain="own")], {"x": IMAGE}, domains={"own": 1})
    proto.functions.append(body)
    network = imported(proto, tmp_path)
    assert kinds(network) == ["relu"]
    assert notes_of(network) == ()
