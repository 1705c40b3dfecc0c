"""What is counted is what is computed: kernels, run on arrays, give the results of the ops that they stand for."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp, StringAttr

from simdc.backends.execute import execute, run_contraction, run_kernel
from simdc.backends.execute.layer import contraction_operands
from simdc.cost import Contraction, ExactModel
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.dialect import Simdc
from simdc.ir.network import NetworkOp, ParameterOp, ReturnOp, network_of
from simdc.ir.ops.activation.gaussian import ERF_ERROR, ErfOp, GeluGradOp, GeluOp
from simdc.ir.ops.activation.periodic import CosOp, SinOp
from simdc.ir.ops.contraction import ContractionOp
from simdc.ir.ops.conv import Conv2DInputGradOp, Conv2DOp, Conv2DWeightGradOp
from simdc.ir.ops.fused import FusedOp, YieldOp
from simdc.ir.ops.gated import GatedGradOp, GatedOp
from simdc.ir.ops.program import ProgramOp
from simdc.ir.unmodelled import UnmodelledOp
from tests.backends.execute.elementwise_networks import every_function
from tests.backends.execute.movement_networks import every_move
from tests.backends.execute.networks import every_op, forks
from tests.backends.execute.recurrent_networks import every_recurrence
from tests.backends.execute.row_networks import every_row, uneven
from tests.backends.execute.test_gradients import pipeline, windowed
from tests.backends.execute.token_networks import boxes, every_token, placed, tied
from tests.backends.execute.training import derived, random_inputs, random_parameters, value_of
from tests.backends.execute.volume_networks import every_volume

POLYNOMIALS = (ErfOp, GeluOp, GeluGradOp, GatedOp, GatedGradOp, SinOp, CosOp)
OPTIMIZERS = ["sgd", "momentum", "adam", "adamw"]


def steps() -> list[tuple[str, ModuleOp]]:
    """The network with every op as it infers, and as it trains under each rule for updates."""
    inference = every_op(2)
    trained = [(name, derived(inference, optimizer=name, weight_decay=0.1, input_grad=True)) for name in OPTIMIZERS]
    trained += [(f"{name}-master", derived(forks(2), optimizer=name, master_weights=True)) for name in OPTIMIZERS]
    moves = every_move(2)
    trained += [("moves", moves), ("moves-sgd", derived(moves, input_grad=True))]
    trained += [("volumes", every_volume(2)), ("volumes-sgd", derived(every_volume(2), input_grad=True))]
    trained += [("recurrent", every_recurrence(2)), ("recurrent-sgd", derived(every_recurrence(2), input_grad=True))]
    functions = every_function(2)
    trained += [("functions", functions), ("functions-sgd", derived(functions, input_grad=True))]
    trained += [("rows", every_row(2)), ("rows-sgd", derived(every_row(2), input_grad=True))]
    trained += [("uneven-rows", uneven()), ("uneven-rows-sgd", derived(uneven(), input_grad=True))]
    tokens = every_token(2)
    trained += [("tokens", tokens), ("tokens-sgd", derived(tokens, input_grad=True))]
    trained.append(("placed", derived(placed(2), input_grad=True)))
    trained += [("boxes", boxes(2)), ("boxes-sgd", derived(boxes(2), input_grad=True))]
    trained.append(("tied", derived(tied(2, again=True), master_weights=True)))
    trained += [(f"loss-{name}", derived(forks(2), loss=(name,))) for name in ("mse", "bce")]
    trained.append(("soft-targets", derived(forks(2), soft_targets=True)))
    return [("inference", inference), *trained, ("sgd-plain", derived(forks(2)))]


STEPS = steps()


def check_kernels(module: ModuleOp) -> int:
    """Every layer's kernel in each of its forms against the execution, and the operations that ran against those of
    `exact`."""
    inputs, parameters = random_inputs(module, 1), random_parameters(module, 2)
    run = execute(module, inputs, parameters)
    model, machine = ExactModel(), load_hardware("HT3")
    checked = 0
    for op, form in [(layer, form) for layer in network_of(module).layers() for form in (None, *layer.forms())]:
        op.form = None if form is None else StringAttr(form)
        kernel = op.kernel()
        if kernel is None:
            continue
        arguments = [value_of(value, run, inputs, parameters) for value in op.operands]
        found = run_kernel(op, arguments)
        for result, expected in zip(found.results, run.results[op.layer.data], strict=True):
            # The machine's erf and sine are polynomials, which are off by so much.
            error = (
                4.0 * ERF_ERROR
                if isinstance(op, (ErfOp, GeluOp, GeluGradOp, GatedOp, GatedGradOp, SinOp, CosOp))
                else 1e-11
            )
            np.testing.assert_allclose(result, expected, rtol=1e-9, atol=error, err_msg=op.layer.data)
        counted = dict(model.evaluate(kernel, model.greedy(kernel, machine), machine).ops)
        if isinstance(kernel, Contraction):
            assert counted["mac"] == kernel.useful_macs <= found.ops["mac"] <= counted["mac_executed"]
        else:
            assert found.ops == counted, op.layer.data
        checked += 1
    return checked


@pytest.mark.parametrize("module", [module for _, module in STEPS], ids=[name for name, _ in STEPS])
def test_kernels_compute_their_ops_and_are_counted_right(module: ModuleOp) -> None:
    assert check_kernels(module) > 9


def test_every_op_of_the_dialect_was_run() -> None:
    run = {type(op) for _, module in STEPS for op in network_of(module).body.block.ops}
    # Kernels of other compilers are run by tests/frontends/mlir.
    assert set(Simdc.operations) - run == {NetworkOp, UnmodelledOp, FusedOp, YieldOp, ContractionOp, ProgramOp}
    assert {ParameterOp, ReturnOp} < run


@given(st.data())
@settings(max_examples=40)
def test_the_kernels_of_any_convolution_compute_it(data: st.DataObject) -> None:
    groups = data.draw(st.integers(1, 3))
    shape, window = data.draw(windowed(groups * data.draw(st.integers(1, 2)), most_dilation=3))
    channels = groups * data.draw(st.integers(1, 2))
    inference = pipeline(shape, ("conv", {"channels": channels, "groups": groups, "bias": True, **window}))
    check_kernels(derived(inference, input_grad=True))


def data_macs(op: LayerOp) -> int:
    """Multiply-accumulates of two values that are neither padding nor zeros between gradients: with ones for data each
    adds one to the sum of all results."""
    kernel = op.kernel()
    assert isinstance(kernel, Contraction)
    ones = [np.ones(shape_of(value)) for value in op.operands]
    ifmap, weight, *_ = contraction_operands(op, ones)
    return round(run_contraction(kernel._replace(bias=None), ifmap, weight).psum.sum())


@given(st.data())
@settings(max_examples=40)
def test_a_convolution_and_its_gradients_multiply_the_same_pairs(data: st.DataObject) -> None:
    groups = data.draw(st.integers(1, 2))
    shape, window = data.draw(windowed(groups, most_dilation=2))
    inference = pipeline(shape, ("conv", {"channels": 2 * groups, "groups": groups, **window}))
    module = derived(inference, input_grad=True)
    of = {
        type(op): op
        for op in network_of(module).layers()
        if isinstance(op, (Conv2DOp, Conv2DInputGradOp, Conv2DWeightGradOp))
    }
    assert len(of) == 3
    pairs = {kind: data_macs(op) for kind, op in of.items()}
    assert len(set(pairs.values())) == 1, "the three are sums over the same triples of input, weight and gradient"
    for kind, op in of.items():
        kernel = op.kernel()
        assert isinstance(kernel, Contraction)
        assert pairs[kind] <= kernel.useful_macs <= prod(loop.bound for loop in kernel.loops)
        if max(window["pad"]) == 0:
            assert pairs[kind] == kernel.useful_macs
