"""Values for the parameters of a network: random to begin with, and those that a training step leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod, sqrt

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseArrayBase, FloatAttr, ModuleOp
from xdsl.ir import OpResult

from simdc.ir.base import shape_of
from simdc.ir.network import ROUTE, ParameterOp, network_of
from simdc.ir.ops.rope import RopeOp
from simdc.ir.ops.update import UpdateOp

from .arrays import Array
from .network import Execution


def _weight(parameter: ParameterOp, random: np.random.Generator) -> Array:
    """Normal with a variance of 2 over the number of values that one result sums, so that relu keeps the scale."""
    shape = shape_of(parameter.result)
    return random.normal(0.0, sqrt(2.0 / prod(shape[1:])), shape)


def _mask(parameter: ParameterOp, random: np.random.Generator) -> Array:
    """Zero with probability `rate`, which the multiplication that took dropout's place remembers, else
    1 / (1 - rate)."""
    rates = [use.operation.attributes.get("rate") for use in parameter.result.uses]
    kept = next((1.0 - rate.value.data for rate in rates if isinstance(rate, FloatAttr)), 0.5)
    if kept <= 0.0:
        return np.zeros(shape_of(parameter.result))
    return np.where(random.random(shape_of(parameter.result)) < kept, 1.0 / kept, 0.0)


def _ones(parameter: ParameterOp, random: np.random.Generator) -> Array:
    return np.ones(shape_of(parameter.result))


def _quarters(parameter: ParameterOp, random: np.random.Generator) -> Array:
    return np.full(shape_of(parameter.result), 0.25)


def _zeros(parameter: ParameterOp, random: np.random.Generator) -> Array:
    return np.zeros(shape_of(parameter.result))


def _numbers(parameter: ParameterOp, random: np.random.Generator) -> Array:
    return np.arange(prod(shape_of(parameter.result)), dtype=np.float64)


def _turns(parameter: ParameterOp) -> Array:
    """Angles of pairs by position, which the layer that reads them says the base of."""
    tokens, pairs = shape_of(parameter.result)[-2:]
    bases = [use.operation.base.value.data for use in parameter.result.uses if isinstance(use.operation, RopeOp)]
    base = bases[0] if bases else 10000.0
    return np.outer(np.arange(tokens), base ** (-np.arange(pairs) / pairs))


def _cosines(parameter: ParameterOp, random: np.random.Generator) -> Array:
    return np.cos(_turns(parameter))


def _sines(parameter: ParameterOp, random: np.random.Generator) -> Array:
    return np.sin(_turns(parameter))


def _turns_of(parameter: ParameterOp) -> tuple[NDArray[np.intp], int, int]:
    """The turns that an expert has, one for each of its tokens; tokens in all, and experts that a token has."""
    route = parameter.attributes[ROUTE]
    assert isinstance(route, DenseArrayBase)
    first, tokens, active, _ = map(int, route.get_values())
    return np.arange(first, first + prod(shape_of(parameter.result))), tokens, active


def _routed(parameter: ParameterOp, random: np.random.Generator) -> Array:
    """Tokens take turns: of three, the turns 2, 3 and 4 are those of tokens 2, 0 and 1."""
    turns, tokens, _ = _turns_of(parameter)
    return (turns % tokens).astype(np.float64)


def _shares_of_routed(parameter: ParameterOp, random: np.random.Generator) -> Array:
    """Where the shares of these turns stand among all, [tokens, experts of a token] flat."""
    turns, tokens, active = _turns_of(parameter)
    return (turns % tokens * active + turns // tokens).astype(np.float64)


BY_ROLE: dict[str, Callable[[ParameterOp, np.random.Generator], Array]] = {
    "weight": _weight,
    "mask": _mask,
    "scale": _ones,
    "inv_std": _ones,
    "slope": _quarters,
    "classes": _numbers,
    "cos": _cosines,
    "sin": _sines,
    "tokens": _routed,
    "places": _shares_of_routed,
    "key_numbers": _numbers,
}
"""First values by the role that ends a label (`conv1.weight`). Biases, shifts, means and optimizer state are zero, and
a master is what the weight is that it stands for."""


def initial_parameters(module: ModuleOp, seed: int = 0) -> dict[str, Array]:
    """First values of all parameters by label; the same seed gives the same values. The masks of a training step are
    drawn here, too: draw again for every batch (`draw_masks`)."""
    random = np.random.default_rng(seed)
    values: dict[str, Array] = {}
    for op in _parameters(module):
        owner, _, role = op.label.data.rpartition(".")
        values[op.label.data] = values[owner] if role == "master" else BY_ROLE.get(role, _zeros)(op, random)
    return values


def draw_masks(module: ModuleOp, parameters: Mapping[str, Array], random: np.random.Generator) -> dict[str, Array]:
    """The parameters with new dropout masks."""
    masks = [op for op in _parameters(module) if op.label.data.endswith(".mask")]
    return {**parameters, **{op.label.data: _mask(op, random) for op in masks}}


def updated_parameters(module: ModuleOp, parameters: Mapping[str, Array], run: Execution) -> dict[str, Array]:
    """The parameters, statistics and optimizer state after the training step that `run` executed."""
    values = dict(parameters)
    for op in network_of(module).layers():
        if isinstance(op, UpdateOp):
            for replaced, new in zip(op.replaced, run.results[op.layer.data], strict=True):
                if isinstance(replaced, OpResult) and isinstance(replaced.op, ParameterOp):
                    values[replaced.op.label.data] = new
    return values


def _parameters(module: ModuleOp) -> list[ParameterOp]:
    return [op for op in network_of(module).body.block.ops if isinstance(op, ParameterOp)]
