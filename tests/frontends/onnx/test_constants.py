"""Tensors of a file that nobody trains: masks, tables of positions, what nodes make of whole numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.external_data_helper import convert_model_to_external_data

from simdc.cli import main
from simdc.frontends.onnx.constant import Constant, ValueOrigin
from simdc.frontends.onnx.tables import is_table
from simdc.ir.network import NetworkOp, ParameterOp
from simdc.ir.notes import notes_of
from tests.frontends.onnx.models import check_against_reference, imported, ints, model, node, random, saved

LOWEST = float(np.finfo(np.float32).min)
CAUSAL = np.where(np.tri(8, dtype=bool), np.float32(0), np.float32(LOWEST))
BY_NODE = [node("Constant", [], ["mask"], value=numpy_helper.from_array(CAUSAL))]
BY_TRIANGLE = [
    node("ConstantOfShape", ["size"], ["low"], value=helper.make_tensor("v", 1, [1], [LOWEST])),
    node("Trilu", ["low", "one"], ["mask"], upper=1),
]
BY_TRUTH = [
    node("Range", ["zero", "eight", "step"], ["columns"]),
    node("Unsqueeze", ["columns", "axis"], ["rows"]),
    node("Greater", ["columns", "rows"], ["hidden"]),
    node("Where", ["hidden", "lowest", "nothing"], ["mask"]),
]
NUMBERS = {
    "size": ints(8, 8),
    "one": np.array(1, np.int64),
    "zero": np.array(0, np.int64),
    "eight": np.array(8, np.int64),
    "step": np.array(1, np.int64),
    "axis": ints(1),
    "lowest": np.array(LOWEST, np.float32),
    "nothing": np.array(0, np.float32),
}


def masked(before: list[Any], **more: np.ndarray) -> onnx.ModelProto:
    """8 x 8 weights, then a mask of 8 x 8 numbers."""
    nodes = [
        *before,
        node("MatMul", ["x", "w"], ["scores"]),
        node("Mul", ["scores", "nothing"], ["apart"], name="apart"),
        node("Add", ["apart", "mask"], ["hidden_scores"], name="addmask"),
        node("Softmax", ["hidden_scores"], ["y"], axis=-1),
    ]
    used = {name for each in nodes for name in each.input}
    weights = {"w": random(8, 8), **NUMBERS, **more}
    return model(nodes, {"x": (8, 8)}, {name: value for name, value in weights.items() if name in used})


def trained(network: NetworkOp) -> list[str]:
    return [op.label.data for op in network.body.block.ops if isinstance(op, ParameterOp) and op.counts]


@pytest.mark.parametrize(
    "proto",
    [
        masked([], mask=CAUSAL),
        masked([], mask=np.where(CAUSAL == 0, 0, -np.inf).astype(np.float32)),
        masked(BY_NODE),
        masked(BY_TRIANGLE),
        masked(BY_TRUTH),
    ],
    ids=["stored", "infinite", "stated", "triangle", "truth values"],
)
def test_a_mask_is_no_parameter(proto: onnx.ModelProto, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = imported(proto, tmp_path)
    assert network.parameters.value.data == 64
    assert len(trained(network)) == 1
    mask = next(op for op in network.body.block.ops if isinstance(op, ParameterOp) and op.constant is not None)
    assert mask.label.data == "addmask.bias"
    # In the training step the only update is that of the weights.
    path = saved(proto, tmp_path)
    assert main([path, "--hw", "HT1", "--train", "--emit-ir"]) == 0
    text = capsys.readouterr().out
    assert "addmask.bias.update" not in text
    assert '"addmask.bias" constant' in text


def test_what_is_added_and_trained_stays_a_parameter(tmp_path: Path) -> None:
    """A bias by position looks like a mask but for its values."""
    network = imported(masked([], mask=random(8, 8)), tmp_path)
    assert network.parameters.value.data == 128
    assert not notes_of(network)


def test_the_user_may_call_a_mask_a_weight(tmp_path: Path) -> None:
    assert imported(masked([], mask=CAUSAL), tmp_path, weights=["mask"]).parameters.value.data == 128


def attention(mask: tuple[int, ...], folder: Path) -> NetworkOp:
    """A mask whose values lie in a file that is gone."""
    nodes = [
        node("Add", ["scores", "mask"], ["hidden"]),
        node("Softmax", ["hidden"], ["y"], axis=-1),
    ]
    proto = model(nodes, {"scores": (1, 4, 8, 8)}, {"mask": random(*mask)})
    convert_model_to_external_data(proto, location="gone.bin", size_threshold=0)
    path = saved(proto, folder)
    (folder / "gone.bin").unlink()
    return imported(onnx.load(path, load_external_data=False), folder)


def test_a_mask_whose_values_are_gone_is_told_by_its_place(tmp_path: Path) -> None:
    alike = attention((1, 1, 1, 8), tmp_path)
    assert alike.parameters.value.data == 0
    assert notes_of(alike) == ("'mask' is added to scores alike for all heads: taken for a mask, not trained",)
    # A bias for each head is trained.
    by_head = attention((1, 4, 8, 8), tmp_path)
    assert by_head.parameters.value.data == 256
    assert not notes_of(by_head)


def test_tables_that_nodes_make_of_positions(tmp_path: Path) -> None:
    """Rotary positions: stored frequencies times counted positions, then sine and cosine."""
    nodes = [
        node("Range", ["zero", "eight", "step"], ["places"]),
        node("Cast", ["places"], ["floats"], to=1),
        node("Unsqueeze", ["floats", "axis"], ["column"]),
        node("Mul", ["column", "frequencies"], ["angles"]),
        node("Cos", ["angles"], ["cosine"]),
        node("Sin", ["angles"], ["sine"]),
        node("Mul", ["x", "cosine"], ["a"]),
        node("Mul", ["x", "sine"], ["b"]),
        node("Add", ["a", "b"], ["y"]),
    ]
    names = ("zero", "eight", "step", "axis")
    weights = {name: NUMBERS[name] for name in names} | {"frequencies": (0.5 ** np.arange(4)).astype(np.float32)}
    network = check_against_reference(model(nodes, {"x": (8, 4)}, weights), tmp_path, {"x": random(8, 4)})
    assert network.parameters.value.data == 0


def table(values: np.ndarray) -> Constant:
    return Constant("t", values.shape, 1, {}, lambda: values, ValueOrigin.STORED)


@pytest.mark.parametrize("kind", [np.float16, np.float32])
@pytest.mark.parametrize(("length", "width"), [(4, 2), (128, 64), (2048, 32)])
def test_stored_tables_of_waves(kind: type, length: int, width: int) -> None:
    """By the definition of rotary and of sinusoidal positions."""
    angles = np.arange(length)[:, None] * 10000.0 ** (-np.arange(width) / width)
    interleaved = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(1, length, 2 * width)
    for values in (
        np.cos(angles),
        np.sin(angles),
        np.concatenate([np.cos(angles)] * 2, axis=-1)[None, None],
        interleaved,
    ):
        assert is_table(table(values.astype(kind)))


@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_slopes_of_alibi(kind: type) -> None:
    slopes = 2.0 ** -np.arange(1, 4)[:, None, None]
    places = np.arange(6)
    assert is_table(table((slopes * places).astype(kind)))
    assert is_table(table((-slopes * np.abs(places[None] - places[:, None])).astype(kind)))
    assert not is_table(table((slopes * places + 0.01 * places**2).astype(kind)))
    assert not is_table(table((slopes * random(6)).astype(kind)))


def test_the_mask_of_swin() -> None:
    """-100 between windows that a shift brought together."""
    assert is_table(table(np.where(np.eye(4, dtype=bool), np.float32(0), np.float32(-100))))
    assert not is_table(table(np.where(np.eye(4, dtype=bool), np.float32(0), np.float32(-99))))


def test_weights_are_no_tables() -> None:
    """Freshly made weights (zeros, ones, unit rows) and random ones, at any scale."""
    for values in (np.zeros((8, 8)), np.ones((8, 8)), np.eye(8), np.full((4, 4), -1e5)):
        assert not is_table(table(values))
    random_values = np.random.default_rng(0)
    for _ in range(300):
        shape = tuple(random_values.integers(1, 12, random_values.integers(1, 5)))
        scale = 10.0 ** random_values.integers(-6, 3)
        values = random_values.normal(0, scale, shape)
        values.reshape(-1)[: shape[-1]] = random_values.choice([0.0, 1.0], shape[-1])
        if values.size > 8:
            assert not is_table(table(values)), values
