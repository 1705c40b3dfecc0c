"""Group normalization as exporters write it becomes one layer, which computes what the nodes did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simdc.ir.base import shape_of
from simdc.ir.network import ParameterOp, network_of
from simdc.ir.ops.group_norm import GroupNormOp
from tests.backends.execute.training import derived
from tests.frontends.onnx.models import check_against_reference, imported, ints, kinds, model, node, random

SHAPE = (2, 8, 3, 5)
GROUPS = 4


def group_norm(x: str = "x", y: str = "y", *, swapped: bool = False) -> list[Any]:
    """As PyTorch's exporters do: the shape is asked for again behind it."""
    scaled = ["scale", f"{y}back"] if swapped else [f"{y}back", "scale"]
    return [
        node("Reshape", [x, "grouped"], [f"{y}rows"]),
        node("InstanceNormalization", [f"{y}rows", "ones", "zeros"], [f"{y}norm"], epsilon=0.01),
        node("Shape", [x], [f"{y}shape"]),
        node("Reshape", [f"{y}norm", f"{y}shape"], [f"{y}back"]),
        node("Mul", scaled, [f"{y}scaled"]),
        node("Add", [f"{y}scaled", "shift"], [y]),
    ]


def weights(shape: tuple[int, ...] = (8, 1, 1), channels: int = 8) -> dict[str, np.ndarray]:
    return {
        "grouped": ints(0, GROUPS, -1),
        "ones": np.ones(GROUPS, np.float32),
        "zeros": np.zeros(GROUPS, np.float32),
        "scale": random(channels, seed=1).reshape(shape),
        "shift": random(channels, seed=2).reshape(shape),
    }


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    ("shape", "row"), [(SHAPE, (8, 1, 1)), (SHAPE, (1, 8, 1, 1)), ((2, 8, 6), (8, 1)), ((3, 8), (8,))]
)
def test_group_norm(shape: tuple[int, ...], row: tuple[int, ...], swapped: bool, tmp_path: Path) -> None:
    proto = model(group_norm(swapped=swapped), {"x": shape}, weights(row))
    network = check_against_reference(proto, tmp_path, {"x": random(*shape)})
    assert kinds(network) == ["group_norm"]
    (op,) = network.layers()
    assert isinstance(op, GroupNormOp)
    assert (op.groups.value.data, op.epsilon.value.data) == (GROUPS, pytest.approx(0.01))
    assert op.merged is not None
    assert [shape_of(op.result) for op in network.body.block.ops if isinstance(op, ParameterOp)] == [(8,), (8,)]
    # Ones and zeros are none of the network's parameters, even where they lie among the weights.
    assert network.parameters.value.data == 16


def test_two_that_share_their_parameters(tmp_path: Path) -> None:
    """Exporters store equal weights once; what else reads one reads a view of it."""
    nodes = [*group_norm(), *group_norm("y", "z"), node("Mul", ["z", "scale"], ["w"])]
    network = check_against_reference(model(nodes, {"x": SHAPE}, weights()), tmp_path, {"x": random(*SHAPE)})
    assert sorted(kinds(network)) == ["group_norm", "group_norm", "multiply", "reshape"]
    assert network.parameters.value.data == 16


def test_a_view_before_it_is_left(tmp_path: Path) -> None:
    """The layer reads what has its shape, not what that is made of."""
    nodes = [node("Reshape", ["x", "image"], ["i"]), *group_norm("i"), node("Relu", ["y"], ["z"])]
    proto = model(nodes, {"x": (2, 4, 30)}, {**weights(), "image": ints(0, 8, 3, 5)})
    network = check_against_reference(proto, tmp_path, {"x": random(2, 4, 30)})
    assert kinds(network) == ["reshape", "group_norm", "relu"]


@pytest.mark.parametrize("change", ["factor", "read", "row", "channels", "data", "no shift"])
def test_what_is_something_else(change: str, tmp_path: Path) -> None:
    nodes, found, outputs = group_norm(), weights(), ["y"]
    if change == "factor":
        found["ones"] = found["ones"] * 2
    elif change == "read":
        outputs = ["y", "yback"]
    elif change == "row":
        found["scale"] = random(5, seed=3)
    elif change == "channels":
        # Groups of every fourth pixel are no groups of channels.
        nodes[3].input[1] = "turned"
        found |= {"turned": ints(2, 5, 3, 8), "scale": random(5, 1, 1), "shift": random(5, 1, 1)}
    elif change == "data":
        nodes = [*nodes[:4], node("Mul", ["yback", "x"], ["yscaled"]), nodes[5]]
    else:
        nodes, outputs = nodes[:-1], ["yscaled"]
    used = {name: value for name, value in found.items() if any(name in each.input for each in nodes)}
    proto = model(nodes, {"x": SHAPE}, used, outputs=outputs)
    network = check_against_reference(proto, tmp_path, {"x": random(*SHAPE)})
    assert "group_norm" not in kinds(network)
    assert "instance_norm" in kinds(network)


def test_scale_and_shift_are_trained(tmp_path: Path) -> None:
    step = derived(imported(model(group_norm(), {"x": SHAPE}, weights()), tmp_path).parent_op(), loss=("mse",))  # pyright: ignore
    assert sum(op.name == "simdc.sgd" for op in network_of(step).layers()) == 2
