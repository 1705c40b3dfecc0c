"""Training steps under test: deriving them, values to run them on, and their gradients by hand and by differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.ir import OpResult, SSAValue

from simdc.backends.execute import Execution, execute, initial_parameters
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.network import ParameterOp, network_of
from simdc.ir.ops.loss import LossOp
from simdc.ir.ops.update import RunningAverageOp, UpdateOp
from simdc.passes.derive_training import DeriveTrainingPass

Array = NDArray[np.float64]
Values = dict[str, Array]


def derived(inference: ModuleOp, **options: Any) -> ModuleOp:
    """The training step of a network, which stays as it is."""
    module = inference.clone()
    for old, new in zip(network_of(inference).body.block.args, network_of(module).body.block.args, strict=True):
        new.name_hint = old.name_hint
    DeriveTrainingPass(**options).apply(Context(), module)
    module.verify()
    return module


def forward_only(inference: ModuleOp, **options: Any) -> ModuleOp:
    """Forward and loss of the training step: nothing is trained."""
    module = inference.clone()
    for op in network_of(module).body.block.ops:
        if isinstance(op, ParameterOp) and op.constant is None:
            op.frozen = UnitAttr()
    return derived(module, **options)


def random_inputs(module: ModuleOp, seed: int) -> Values:
    """Inputs whose values lie well apart and off zero, so that no maximum changes hands under a small step, and targets
    that are the numbers of classes, or numbers between 0 and 1 with the sum 1 along the axis of the loss."""
    random = np.random.default_rng(seed)
    values: Values = {}
    for argument in network_of(module).body.block.args:
        name, shape = argument.name_hint or str(argument.index), shape_of(argument)
        count = int(np.prod(shape))
        loss = next((use.operation for use in argument.uses if isinstance(use.operation, LossOp)), None)
        if name.startswith("target") and loss is not None:
            values[name] = random_target(loss, random)
        else:
            values[name] = ((random.permutation(count) - count // 2 + 0.5) * (4.0 / count)).reshape(shape)
    return values


def random_target(loss: LossOp, random: np.random.Generator) -> Array:
    shape, axis = shape_of(loss.target), loss.axis.value.data
    if loss.class_numbers is not None:
        return random.integers(0, shape_of(loss.class_numbers)[0], shape).astype(np.float64)
    raw = np.exp(random.normal(size=shape))
    return raw / raw.sum(axis=axis, keepdims=True)


def random_parameters(module: ModuleOp, seed: int) -> Values:
    """Initial parameters, shaken: no bias is zero, no scale is one. What has to be positive stays so."""
    random = np.random.default_rng(seed)
    values = initial_parameters(module, seed)
    for label, value in values.items():
        if not label.endswith((".mask", ".classes", ".tokens", ".places")):
            noise = random.normal(0.0, 0.3, value.shape)
            values[label] = value + (np.abs(noise) if label.endswith((".second", ".inv_std")) else noise)
    return values


def value_of(value: SSAValue, run: Execution, inputs: Mapping[str, Array], parameters: Mapping[str, Array]) -> Array:
    """What a value of the module held in the run."""
    if not isinstance(value, OpResult):
        return inputs[value.name_hint or ""]
    if isinstance(value.op, ParameterOp):
        return parameters[value.op.label.data]
    assert isinstance(value.op, LayerOp)
    return run.results[value.op.layer.data][value.index]


def losses(module: ModuleOp) -> int:
    return sum(isinstance(op, LossOp) for op in network_of(module).layers())


def mean_loss(module: ModuleOp, run: Execution) -> float:
    """The batch's mean, summed over all losses: what the gradients are those of."""
    return float(sum(loss.mean() for loss in run.returned[: losses(module)]))


def gradients(module: ModuleOp, run: Execution) -> Values:
    """The gradient that each update was given, by the label of its parameter."""
    found: Values = {}
    for op in network_of(module).layers():
        if isinstance(op, UpdateOp) and not isinstance(op, RunningAverageOp):
            parameter = op.operands[0].owner
            assert isinstance(parameter, ParameterOp)
            found[parameter.label.data] = value_of(op.operands[1], run, {}, {})
    return found


def input_gradients(module: ModuleOp, run: Execution) -> Values:
    """Gradients of a step derived with `input_grad`, by the name of the input."""
    names = [argument.name_hint or "" for argument in network_of(module).body.block.args]
    inputs = [name for name in names if not name.startswith("target")]
    first = losses(module)
    return dict(zip(inputs, run.returned[first : first + len(inputs)], strict=True))


def relative_error(found: Array, expected: Array, floor: float = 1e-3) -> float:
    """Distance over length; a gradient shorter than `floor` is compared with that."""
    return float(np.linalg.norm(found - expected) / max(float(np.linalg.norm(expected)), floor))


def check_gradients(
    inference: ModuleOp, seed: int = 0, *, step: float = 1e-5, entries: int = 12, **options: Any
) -> None:
    """Hold all gradients of the derived step against central differences of the mean loss, within 1e-6: along a random
    direction, which all entries of a tensor have a part in, and at `entries` single entries of each tensor."""
    module, forward = derived(inference, input_grad=True, **options), forward_only(inference, **options)
    inputs, parameters = random_inputs(module, seed), random_parameters(module, seed)
    run = execute(module, inputs, parameters)
    assert np.isclose(mean_loss(forward, execute(forward, inputs, parameters)), mean_loss(module, run), rtol=1e-14)
    random = np.random.default_rng(seed)
    found = gradients(module, run) | input_gradients(module, run)
    assert found
    for name, gradient in found.items():
        source = inputs if name in inputs else parameters

        def slope(direction: Array, name: str = name, source: Values = source) -> float:
            ends: list[float] = []
            for sign in (1.0, -1.0):
                moved = {name: source[name] + sign * step * direction}
                there = execute(
                    forward,
                    inputs | moved if source is inputs else inputs,
                    parameters | moved if source is parameters else parameters,
                )
                ends.append(mean_loss(forward, there))
            return (ends[0] - ends[1]) / (2.0 * step)

        picked = random.choice(gradient.size, min(entries, gradient.size), replace=False)
        units = [np.eye(1, gradient.size, entry).reshape(gradient.shape) for entry in picked]
        direction = random.normal(size=gradient.shape)
        directions = [*units, direction / np.linalg.norm(direction)]
        expected = np.array([slope(direction) for direction in directions])
        analytic = np.array([(gradient * direction).sum() for direction in directions])
        assert relative_error(analytic, expected) < 1e-6, f"{name}: {analytic} is not {expected}"
