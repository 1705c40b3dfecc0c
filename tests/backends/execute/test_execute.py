"""The execution as people meet it: giving values, what comes back, and what is said when something is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls
from xdsl.irdl import irdl_op_definition, operand_def, result_def
from xdsl.rewriter import Rewriter

from simdc.backends.execute import draw_masks, execute, initial_parameters
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.ir.base import TENSOR, LayerOp, shape_of
from simdc.ir.network import network_of
from simdc.ir.ops.relu import ReluOp
from simdc.ir.unmodelled import UnmodelledOp
from tests.backends.execute.networks import every_op, vgg_like
from tests.backends.execute.training import derived

SMALL = "network small(x: 2, y: 3) {\n  return add(fc(x, 3, bias=false), fc(y, 3)) -> relu\n}"


def small() -> ModuleOp:
    return parse_dsl(SMALL, "small.dsl", 2)


X, Y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
PARAMETERS = {
    "fc1.weight": np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]),
    "fc2.weight": 10.0 * np.eye(3),
    "fc2.bias": np.array([0.0, 0.0, 2.0]),
}


@pytest.mark.parametrize("inputs", [{"y": Y, "x": X}, [X, Y], (X.tolist(), Y)])
def test_a_network_by_hand(inputs: Any) -> None:
    run = execute(small(), inputs, PARAMETERS)
    np.testing.assert_array_equal(run.results["fc1"][0], [[1, 2, -1], [3, 4, -3]])
    np.testing.assert_array_equal(run.results["fc2"][0], [[10, 0, 2], [0, 10, 2]])
    np.testing.assert_array_equal(run.returned[0], [[11, 2, 1], [3, 14, 0]])
    assert run.returned[0].dtype == np.float64


@pytest.mark.parametrize(
    ("inputs", "parameters", "message"),
    [
        ([X], PARAMETERS, r"takes 2 inputs \(x, y\), given are 1"),
        ({"x": X, "z": Y}, PARAMETERS, "takes x, y; given are x, z"),
        ([Y, X], PARAMETERS, r"input 'x' has shape \[2, 3\], expected \[2, 2\]"),
        ([X, Y], {**PARAMETERS, "fc2.bias": np.zeros(4)}, r"parameter 'fc2.bias' has shape \[4\], expected \[3\]"),
        ([X, Y], {"fc1.weight": X, "fc2.biass": Y}, "parameter 'fc1.weight' has shape"),
        ([X, Y], {"fc1.weight": PARAMETERS["fc1.weight"], "fc2.weigth": Y}, "'fc2.weight'; did you mean 'fc2.weigth'"),
    ],
)
def test_wrong_values_are_refused(inputs: Any, parameters: Any, message: str) -> None:
    with pytest.raises(SimdcError, match=message):
        execute(small(), inputs, parameters)


def test_an_entry_that_nobody_models_cannot_run() -> None:
    module = small()
    block = network_of(module).body.block
    assert block.last_op is not None
    block.insert_op_before(UnmodelledOp("odd", operation="mystery"), block.last_op)
    with pytest.raises(SimdcError, match="'odd': nobody knows what 'mystery' computes"):
        execute(module, [X, Y], PARAMETERS)


@irdl_op_definition
class DoubleOp(LayerOp):
    """An op from outside the dialect."""

    name = "test.double"

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return shape_of(self.input)

    def kernel(self) -> None:
        return None


@register_impls
class DoubleFunctions(InterpreterFunctions):
    @impl(DoubleOp)
    def double(self, interpreter: Interpreter, op: DoubleOp, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return (2.0 * args[0],)


def test_ops_from_outside_run_by_functions_from_outside() -> None:
    module = small()
    (relu,) = [op for op in network_of(module).layers() if isinstance(op, ReluOp)]
    double = DoubleOp("double", relu.input)
    Rewriter.replace_op(relu, double)
    with pytest.raises(SimdcError, match=r"test\.double"):
        execute(module, [X, Y], PARAMETERS)
    run = execute(module, [X, Y], PARAMETERS, [DoubleFunctions()])
    np.testing.assert_array_equal(run.returned[0], [[22, 4, 2], [6, 28, -2]])


def test_initial_parameters_are_reproducible_and_sensible() -> None:
    module = derived(every_op(), optimizer="adam", master_weights=True)
    first, again, other = (initial_parameters(module, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(first[label], again[label]) for label in first)
    assert not np.array_equal(first["wide.weight"], other["wide.weight"])
    # A variance of two over the 48 inputs of `wide`, within what 240 draws allow.
    assert first["wide.weight"].std() == pytest.approx((2 / first["wide.weight"].shape[1]) ** 0.5, rel=0.2)
    assert np.array_equal(first["wide.weight.master"], first["wide.weight"])
    expected = {"scale": 1.0, "inv_std": 1.0, "shift": 0.0, "mean": 0.0, "bias": 0.0, "first": 0.0, "second": 0.0}
    for label, value in first.items():
        role = label.rpartition(".")[2]
        if role in expected:
            assert (value == expected[role]).all(), label


def test_masks_are_drawn_anew_and_nothing_else_is() -> None:
    module = derived(vgg_like())
    parameters = initial_parameters(module)
    drawn = draw_masks(module, parameters, np.random.default_rng(9))
    changed = {label for label in parameters if not np.array_equal(parameters[label], drawn[label])}
    assert changed == {label for label in parameters if label.endswith(".mask")} != set()


def test_in_inference_nothing_is_dropped_and_softmax_gives_probabilities() -> None:
    module = vgg_like()
    run = execute(module, [np.random.default_rng(0).normal(size=(4, 3, 16, 16))], initial_parameters(module))
    (probabilities,) = run.returned
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-12)
    dropout = next(name for name in run.results if name.startswith("dropout"))
    assert np.array_equal(run.results[dropout][0], run.results["relu1"][0])
