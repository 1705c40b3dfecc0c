"""Whole networks: they learn when their steps are executed, and their gradients are those of another framework."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from simdc.backends.execute import draw_masks, execute, initial_parameters, updated_parameters
from simdc.ir.base import shape_of
from simdc.ir.network import network_of
from tests.backends.execute.networks import every_op, forks, inception_like, small_resnet18, vgg_like
from tests.backends.execute.reference import check_against_torch
from tests.backends.execute.training import (
    Values,
    derived,
    mean_loss,
    random_inputs,
    random_parameters,
)

NETWORKS = [every_op, forks, inception_like, vgg_like, small_resnet18]


def labelled_batch(module: ModuleOp) -> Values:
    """Random images, each of a class of its own as far as there are enough."""
    random = np.random.default_rng(5)
    values: Values = {}
    for argument in network_of(module).body.block.args:
        name, shape = argument.name_hint or "", shape_of(argument)
        if name.startswith("target"):
            classes = shape_of(next(use.operation for use in argument.uses).operands[0])[1]
            values[name] = np.arange(shape[0]) % float(classes)
        else:
            values[name] = random.normal(size=shape)
    return values


@pytest.mark.parametrize(
    ("build", "rate"),
    [(every_op, 0.05), (forks, 0.02), (inception_like, 0.05), (vgg_like, 0.01), (small_resnet18, 0.02)],
)
def test_the_loss_decreases(build: Callable[[], ModuleOp], rate: float) -> None:
    """Five steps of gradient descent on one batch, the first masks kept: each step is lower than the last."""
    module = derived(build(), rate=rate)
    inputs, parameters = labelled_batch(module), initial_parameters(module, 1)
    found: list[float] = []
    for _ in range(5):
        run = execute(module, inputs, parameters)
        found.append(mean_loss(module, run))
        parameters = updated_parameters(module, parameters, run)
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.95 * found[0]


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "adamw"])
def test_the_loss_decreases_under_every_update_rule_with_new_masks(optimizer: str) -> None:
    module = derived(vgg_like(), optimizer=optimizer, rate=0.003, weight_decay=1e-3)
    inputs, parameters = labelled_batch(module), initial_parameters(module, 1)
    random = np.random.default_rng(1)
    found: list[float] = []
    for _ in range(12):
        run = execute(module, inputs, parameters)
        found.append(mean_loss(module, run))
        parameters = draw_masks(module, updated_parameters(module, parameters, run), random)
    assert np.mean(found[-4:]) < np.mean(found[:4])


@pytest.mark.parametrize("build", NETWORKS)
def test_gradients_agree_with_torch(build: Callable[[], ModuleOp]) -> None:
    inference = build()
    module = derived(inference, input_grad=True)
    parameters = random_parameters(module, 3) if build is not small_resnet18 else initial_parameters(module, 3)
    check_against_torch(inference, module, parameters, 4)


def test_running_statistics_follow_the_batch() -> None:
    """A tenth of the way to the batch's mean and inverse deviation with each step."""
    module = derived(forks())
    inputs, parameters = random_inputs(module, 0), initial_parameters(module)
    run = execute(module, inputs, parameters)
    after = updated_parameters(module, parameters, run)
    norms = [label.removesuffix(".mean") for label in parameters if label.endswith(".mean")]
    assert len(norms) == 2
    for norm in norms:
        mean, inv_std = run.results[f"{norm}.statistics"]
        np.testing.assert_allclose(after[f"{norm}.mean"], 0.1 * mean, rtol=1e-12)
        np.testing.assert_allclose(after[f"{norm}.inv_std"], 0.9 + 0.1 * inv_std, rtol=1e-12)
