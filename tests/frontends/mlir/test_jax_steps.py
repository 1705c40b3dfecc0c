"""Training steps that JAX derives: they have the products of the steps derived here, and compute what JAX computes."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from simdc.backends.execute import execute
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.base import shape_of
from simdc.ir.context import make_context
from simdc.ir.network import ParameterOp, network_of
from simdc.passes.derive_training import DeriveTrainingPass
from tests.frontends.mlir.counted import Product, named_products, products

jax: Any = pytest.importorskip("jax")

from tests.frontends.mlir.jax_networks import STEPS, Network, step  # noqa: E402
from tests.frontends.mlir.lowered import of_jax  # noqa: E402

Arguments = tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray, np.ndarray]


def arguments(network: Network) -> Arguments:
    """Weights, velocities, data and targets: images, or words whose next ones are to be told."""
    random = np.random.default_rng(1)
    weights, velocities = (
        {name: random.normal(0, 0.5, shape) for name, shape in network.weights.items()} for _ in range(2)
    )
    is_text = len(network.data) == 2
    data = random.integers(0, network.classes, network.data) if is_text else random.normal(size=network.data)
    return weights, velocities, data, random.integers(0, network.classes, network.data if is_text else network.data[:1])


def own_network(network: Network) -> ModuleOp:
    return parse_dsl(network.own, "own.dsl", network.data[0])


def own_step(network: Network) -> ModuleOp:
    module = own_network(network)
    DeriveTrainingPass(optimizer="momentum").apply(make_context(), module)
    return module


HIS = re.compile(r"(?P<layer>.+)\.(?:dot_general|conv_general_dilated)(?P<gradient>\.grad)?(?:\.\d+)?")
OURS = re.compile(r"(?P<layer>.+?)(?P<gradient>\.grad_\w+)?")
Products = tuple[Product, Counter[Product]]


def by_layer(module: ModuleOp, name: re.Pattern[str]) -> list[tuple[str, Products]]:
    """Of each layer, in the order of the forward pass, its product and those of its gradients, of which JAX makes now
    one and now the other first."""
    found: dict[str, Products] = {}
    for layer, product in named_products(module):
        parts = name.fullmatch(layer)
        assert parts is not None, layer
        if parts["gradient"] is None:
            assert found.setdefault(parts["layer"], (product, Counter()))[0] is product
        else:
            found[parts["layer"]][1][product] += 1
    return list(found.items())


@pytest.mark.parametrize("name", STEPS)
def test_a_step_of_jax_is_the_step_derived_here(name: str) -> None:
    network = STEPS[name]
    given = arguments(network)
    # In double precision both sides round alike; batch norm over eight elements multiplies what they round.
    with jax.enable_x64(True):
        text = of_jax(step(network), *given, names=True)
        expected = [np.asarray(each) for each in jax.tree.leaves(jax.jit(step(network))(*given))]
    module = parse_foreign_module(text, f"{name}.mlir", None)

    assert [each for _, each in by_layer(module, HIS)] == [each for _, each in by_layer(own_step(network), OURS)]

    made = [op for op in network_of(module).body.block.ops if isinstance(op, ParameterOp)]
    run = execute(module, [*map(np.asarray, jax.tree.leaves(given))], {op.label.data: known(op) for op in made})
    assert len(run.returned) == len(expected) == 1 + 2 * len(network.weights)
    for found, wanted in zip(run.returned, expected, strict=True):
        np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-6, atol=1e-9)


def known(op: ParameterOp) -> np.ndarray:
    """What a step makes of numbers that are known: the numbers of classes, or which words are not hidden."""
    shape = shape_of(op.result)
    return np.arange(shape[0]) if len(shape) == 1 else np.tril(np.ones(shape[-2:])).reshape(shape)


def test_a_step_of_resnet18_has_three_times_the_products_of_its_forward_pass_but_for_the_first_layer() -> None:
    each = products(own_step(STEPS["resnet18"]))
    # 20 convolutions and a fully connected layer, each of which has both gradients but the first: 21 + 41.
    assert len(each) == 62
    # Nobody needs the gradient of the images. 7 x 7 x 3 for each of 2 x 16 x 16 x 4 results.
    assert sum(each) == 3 * sum(each[:21]) - 2 * 16 * 16 * 4 * 7 * 7 * 3
