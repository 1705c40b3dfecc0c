"""`linalg.generic` ops that nobody has seen: what they compute, what they cost, and that tiles change nothing."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from simdc.backends.execute import execute
from simdc.cost.kernel import Contraction, FusedProducts, links_of
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.base import LayerOp
from simdc.ir.network import network_of
from tests.frontends.mlir.random_generics import Generic, draw
from tests.oracles.schedules import check_schedules

# 2,000 seeds were run once; these are enough to notice a changed sign.
SEEDS = range(8)
EACH = 15


@pytest.mark.parametrize("seed", SEEDS)
def test_a_generic_computes_what_its_loops_say(seed: int) -> None:
    random = Random(seed)
    for number in range(EACH):
        generic = draw(random, number)
        # Schedules and machines of their own for each.
        check_values(generic, seed * EACH + number)
        check_costs(generic, seed * EACH + number)


def check_values(generic: Generic, seed: int) -> None:
    module = parse_foreign_module(generic.text, "g.mlir", None)
    values = np.random.default_rng(seed)
    inputs = [values.integers(-4, 5, shape).astype(np.float64) for shape in generic.shapes]
    known = {"y.start": 2.0 * np.ones(1)} | {
        f"y.d{loop}": np.arange(bound) for loop, bound in enumerate(generic.bounds)
    }
    (found,) = execute(module, inputs, known).returned
    np.testing.assert_allclose(found.reshape(generic.result), generic.run(inputs), atol=1e-9, err_msg=generic.text)


def check_costs(generic: Generic, seed: int) -> None:
    layers: list[LayerOp] = list(network_of(parse_foreign_module(generic.text, "g.mlir", None)).layers())
    macs = 0
    for layer in layers:
        for form in layer.forms() or (None,):
            kernel = layer.kernel() if form is None else layer.forms()[form].kernel(32)
            if kernel is None:
                continue
            assert not isinstance(kernel, FusedProducts)
            (link,) = links_of(kernel)
            check_schedules(link, seed, 2, executed=2)
            macs += link.useful_macs if isinstance(link, Contraction) and form == "rhs_stationary" else 0
    assert macs == generic.macs, generic.text
