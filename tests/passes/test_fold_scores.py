"""A softmax that took over its scale and masks computes what the layers did, and so does its training step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp, StringAttr, f32

from simdc.backends.execute import execute, initial_parameters
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.onnx import parse_onnx
from simdc.frontends.onnx.parameters import load_parameters
from simdc.ir.base import make_tensor_type
from simdc.ir.builder import ModuleBuilder
from simdc.ir.network import CAUSAL, ParameterOp, network_of
from simdc.ir.ops.relu import ReluOp
from simdc.ir.ops.select import SelectOp
from simdc.ir.ops.softmax import SoftmaxOp
from simdc.passes.derive_training import DeriveTrainingPass
from simdc.passes.fold_scores import FoldScoresPass
from simdc.passes.pipeline import make_context
from tests.backends.execute.training import check_gradients
from tests.frontends.onnx.models import model, node, random, saved

SCORES = (2, 3, 4, 5)
SEEN = np.tri(4, 5, 1, dtype=np.bool_)
MASK = np.where(SEEN, 0.0, -1e9).astype(np.float32)


def folded(module: ModuleOp) -> ModuleOp:
    FoldScoresPass().apply(make_context(), module)
    module.verify()
    return module


def softmax_of(module: ModuleOp) -> SoftmaxOp:
    (op,) = [layer for layer in network_of(module).layers() if isinstance(layer, SoftmaxOp)]
    return op


TEN = np.array(0.125, np.float32)
CASES = {
    "causal": (
        [node("Mul", ["x", "ten"], ["s"]), node("Add", ["s", "mask"], ["m"])],
        {"ten": TEN, "mask": MASK[None, None]},
    ),
    "where": ([node("Where", ["seen", "x", "low"], ["m"])], {"seen": SEEN, "low": np.array(-1e30, np.float32)}),
    "hidden": ([node("Where", ["hidden", "low", "x"], ["m"])], {"hidden": ~SEEN, "low": np.array(-1e30, np.float32)}),
}


@pytest.mark.parametrize("name", CASES)
def test_causal_masks_of_files(name: str, tmp_path: Path) -> None:
    """The mask is no tensor any more: numbers of keys are, one for each."""
    nodes, weights = CASES[name]
    proto = model([*nodes, node("Softmax", ["m"], ["p"], axis=-1), node("Neg", ["p"], ["y"])], {"x": SCORES}, weights)
    path = saved(proto, tmp_path)
    module, x = parse_onnx(path, None), random(*SCORES)
    plain = execute(module.clone(), [x], load_parameters(path)).returned[0]
    op = softmax_of(folded(module))
    assert op.causal is not None
    assert op.mask is None
    assert [layer.name for layer in network_of(module).layers()] == [op.name, "simdc.negate"]
    np.testing.assert_allclose(execute(module, [x], initial_parameters(module)).returned[0], plain, atol=1e-12)


@pytest.mark.parametrize(
    "mask",
    [
        np.where(np.tri(4, 5, 0) > 0, 0.0, -1e9),  # the last query does not see all
        np.where(SEEN, 0.5, -1e9),
        np.where(SEEN, 0.0, -3.0),
    ],
    ids=["last", "offset", "soft"],
)
def test_other_masks_stay_tensors(mask: np.ndarray, tmp_path: Path) -> None:
    nodes = [node("Add", ["x", "mask"], ["m"]), node("Softmax", ["m"], ["p"], axis=-1), node("Neg", ["p"], ["y"])]
    path = saved(model(nodes, {"x": SCORES}, {"mask": mask.astype(np.float32)}), tmp_path)
    module, x = parse_onnx(path, None), random(*SCORES)
    parameters = load_parameters(path)
    plain = execute(module.clone(), [x], parameters).returned[0]
    op = softmax_of(folded(module))
    assert op.causal is None
    assert op.mask is not None
    np.testing.assert_allclose(execute(module, [x], parameters).returned[0], plain, atol=1e-12)


TRAINED = """
network n(x: 3x4x5, y: 1x4x5, z: 3x4x5) {
  a = scalar(x, "mul", 0.5) -> add(y) -> softmax(axis=-1, name="first")
  b = add(z, a) -> scalar("div", -2.0) -> softmax(axis=2, name="second")
  return flatten(b) -> fc(3)
}
"""


def test_a_training_step_has_the_same_gradients() -> None:
    """A mask that is data has one, too. The sum that is scaled behind stays."""
    module = parse_dsl(TRAINED, "n.dsl", 2)
    before = [layer.layer.data for layer in network_of(module).layers()]
    folded(module)
    after = list(network_of(module).layers())
    merged = [name.data for layer in after if layer.merged is not None for name in layer.merged.data]
    assert sorted([*merged, *(layer.layer.data for layer in after)]) == sorted(before)
    assert [layer.layer.data for layer in after] == ["first", "add2", "second", "flatten1", "fc1"]
    check_gradients(module, 3, entries=6)


def test_nothing_is_folded_once_a_step_is_derived() -> None:
    module = parse_dsl(TRAINED, "n.dsl", 2)
    DeriveTrainingPass("sgd").apply(make_context(), module)
    before = len(list(network_of(module).layers()))
    assert len(list(network_of(folded(module)).layers())) == before


def test_truth_values_that_are_added_are_no_causal_mask() -> None:
    """They add 1 to what is seen."""
    module = parse_dsl("network n(x: 3x4x5) { return learned_positions(x) -> softmax(axis=-1) -> relu }", "n.dsl", 2)
    (table,) = [op for op in network_of(module).body.block.ops if isinstance(op, ParameterOp)]
    table.attributes[CAUSAL] = StringAttr("seen")
    op = softmax_of(folded(module))
    assert op.causal is None
    assert op.mask is table.result


@pytest.mark.parametrize(
    ("how", "low", "folds"), [("hidden", -1e9, True), ("seen", -1e9, True), ("hidden", -1.0, False)]
)
def test_scores_that_a_condition_hides(how: str, low: float, folds: bool) -> None:
    """Where later keys are `hidden` a low number stands on the left; where earlier ones are `seen`, on the right. A
    number near the scores hides nothing."""
    net = ModuleBuilder("n", 1, "n.py")
    x = net.input("x", (4, 5))
    mask = ParameterOp.make("mask", make_tensor_type(f32, (4, 5)), constant=True)
    mask.attributes[CAUSAL] = StringAttr(how)
    condition = net.append(mask, "mask")
    sides = (low, x) if how == "hidden" else (x, low)
    masked = net.append(SelectOp("masked", condition, *sides), "masked")
    shares = net.append(SoftmaxOp("shares", masked, axis=2), "shares")
    module = folded(net.finish((net.append(ReluOp("r", shares), "r"),)))
    assert (softmax_of(module).causal is not None) == folds
