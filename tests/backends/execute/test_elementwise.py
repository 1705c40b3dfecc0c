"""Element-wise ops and their gradients: the numpy execution against torch, ONNX and differences, and the kernels
against the execution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from simdc.backends.execute import Execution, execute, run_kernel
from simdc.cost import ExactModel
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.base import shape_of
from simdc.ir.network import network_of
from simdc.ir.ops.activation.gaussian import ERF_ERROR, ErfOp, GeluGradOp, GeluOp
from simdc.ir.ops.activation.periodic import CosOp, SinOp
from tests.backends.execute.elementwise_networks import every_function
from tests.backends.execute.training import check_gradients, value_of
from tests.ir.ops.elementwise_cases import CASES, NAMES, Case, network

Array = NDArray[np.float64]
MODEL, MACHINE = ExactModel(), load_hardware("HT3")
each_case = pytest.mark.parametrize("case", CASES, ids=NAMES)


def run(case: Case, arrays: list[Array]) -> tuple[ModuleOp, dict[str, Array], Execution]:
    """The op and its gradients, the last array being upstream."""
    module = network(case)
    for number, argument in enumerate(network_of(module).body.block.args):
        argument.name_hint = f"x{number}"
    inputs = {f"x{number}": array for number, array in enumerate(arrays)}
    return module, inputs, execute(module, inputs, {})


def values(case: Case) -> list[Array]:
    """Operands and the gradient of the result."""
    arrays = case.arrays()
    shape = shape_of(network_of(network(case)).body.block.args[-1])
    return [*arrays, np.random.default_rng(1).normal(size=shape)]


@each_case
def test_as_torch_computes_it(case: Case) -> None:
    torch = pytest.importorskip("torch")
    arrays = values(case)
    _, _, found = run(case, arrays)
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays[:-1]]
    result = case.torch(torch, *tensors)
    result.backward(torch.tensor(arrays[-1]))
    expected = [result.detach(), *(torch.zeros_like(t) if t.grad is None else t.grad for t in tensors)]
    expected = expected[: len(expected) - case.gates]
    for number, (ours, theirs) in enumerate(zip(found.returned, expected, strict=True)):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-10, atol=1e-12, err_msg=f"result {number}")


@pytest.mark.parametrize("case", [case for case in CASES if case.onnx], ids=lambda case: case.name)
def test_as_onnx_computes_it(case: Case) -> None:
    onnx = pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    assert case.onnx is not None
    operator, attributes = case.onnx
    arrays = case.arrays()
    feeds: dict[str, Any] = {f"x{number}": array for number, array in enumerate(arrays)}
    names = [*feeds]
    for number, constant in enumerate(case.constants):
        names.append("" if constant is None else f"k{number}")
        if constant is not None:
            feeds[f"k{number}"] = np.array(constant)
    node = onnx.helper.make_node(operator, names, ["y"], **attributes)
    double = onnx.TensorProto.DOUBLE
    graph = onnx.helper.make_graph(
        [node],
        "g",
        [onnx.helper.make_tensor_value_info(name, double, array.shape) for name, array in feeds.items()],
        [onnx.helper.make_tensor_value_info("y", double, None)],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 24)])
    (expected,) = ReferenceEvaluator(model).run(None, feeds)
    _, _, found = run(case, values(case))
    np.testing.assert_allclose(found.returned[0], expected, rtol=1e-6, atol=1e-7)


@each_case
def test_gradients_are_those_of_differences(case: Case) -> None:
    arrays = values(case)
    _, _, found = run(case, arrays)
    random, step = np.random.default_rng(2), 1e-6

    def loss(at: list[Array]) -> float:
        return float((run(case, at)[2].returned[0] * arrays[-1]).sum())

    for number, gradient in enumerate(found.returned[1:]):
        assert gradient.shape == arrays[number].shape
        for _ in range(3):
            direction = random.normal(size=gradient.shape)
            ends = [
                loss([array + sign * step * direction if i == number else array for i, array in enumerate(arrays)])
                for sign in (1.0, -1.0)
            ]
            expected = (ends[0] - ends[1]) / (2.0 * step)
            # The floor is what is left of the loss's last digits after division by the step.
            floor = 1e-3 + 1e-14 / step * float(np.abs(found.returned[0]).sum()) * 10
            assert abs((gradient * direction).sum() - expected) < 1e-5 * abs(expected) + floor * 1e-2


@each_case
def test_kernels_compute_their_ops_and_are_counted_right(case: Case) -> None:
    arrays = values(case)
    module, inputs, found = run(case, arrays)
    for op in network_of(module).layers():
        kernel = op.kernel()
        if kernel is None:
            continue
        arguments = [value_of(value, found, inputs, {}) for value in op.operands]
        ran = run_kernel(op, arguments)
        # The machine's erf is a polynomial; what follows multiplies its error by these at most.
        largest = max(float(np.abs(argument).max()) for argument in arguments)
        error = ERF_ERROR * max(1.0, largest) if isinstance(op, (ErfOp, GeluOp, GeluGradOp, SinOp, CosOp)) else 1e-11
        (expected,) = found.results[op.layer.data]
        np.testing.assert_allclose(ran.results[0], expected, rtol=1e-9, atol=error, err_msg=op.layer.data)
        assert ran.ops == dict(MODEL.evaluate(kernel, MODEL.greedy(kernel, MACHINE), MACHINE).ops)


def test_far_values_of_erf_have_its_sign() -> None:
    case = next(case for case in CASES if case.name == "erf of far values")
    x = np.array([-50.0, -6.0, -1e-9, 0.0, 1e-9, 6.0, 50.0])
    op = case.build(network_of(network(Case("erf", case.build, case.torch, shapes=((7,),)))).body.block.args[0])
    np.testing.assert_allclose(run_kernel(op, [x]).results[0], [-1, -1, 0, 0, 0, 1, 1], atol=ERF_ERROR)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_network_of_all_of_them_trains(seed: int) -> None:
    check_gradients(every_function(), seed, entries=8)
