"""Networks as torch-mlir writes them compute what torch computes, and have as many products as torch counts."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from simdc.backends.execute import execute
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.base import shape_of
from simdc.ir.network import ParameterOp, network_of
from tests.frontends.mlir.counted import products

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir.fx")

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from tests.frontends.mlir.lowered import DIALECTS, exported_by_arguments, of_torch  # noqa: E402
from tests.frontends.mlir.torch_networks import SMALL, made, positions  # noqa: E402

LENGTH, DEPTH = 5, 4
# What a network makes while it runs of numbers that are known: in the order in which it reads them.
TURNS = [each.numpy() for each in positions(LENGTH, DEPTH)]
# A rotation reads each angle once.
HALVES = [each[:, : DEPTH // 2] for each in TURNS[:2]]
KNOWN: dict[str, list[np.ndarray]] = {"bert": [np.arange(LENGTH)], "llama": [np.arange(LENGTH), *TURNS, *HALVES]}


def known_before(module: ModuleOp, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """A value for each parameter, by its number of elements; of those that have the same the next each time."""
    left: dict[int, list[np.ndarray]] = {}
    for each in arrays:
        left.setdefault(each.size, []).append(each)
    found: dict[str, np.ndarray] = {}
    for op in network_of(module).body.block.ops:
        if isinstance(op, ParameterOp):
            shape = shape_of(op.result)
            found[op.label.data] = left[prod(shape)][0].reshape(shape)
            if len(left[prod(shape)]) > 1:
                left[prod(shape)].pop(0)
    return found


@pytest.mark.parametrize("name", SMALL)
def test_modules_in_three_dialects_compute_what_their_network_does(name: str) -> None:
    network, inputs = made(SMALL[name])
    program, arguments = exported_by_arguments(network, inputs)
    arrays = [each.detach().numpy() for each in arguments]
    with FlopCounterMode(display=False) as counter:
        expected: Any = network(*inputs).detach().numpy()
    for dialect in DIALECTS:
        module = parse_foreign_module(of_torch(program, dialect), f"{name}.mlir", None)
        (found,) = execute(module, arrays, known_before(module, KNOWN.get(name, []))).returned
        # Single precision on their side, some 20 layers one after the other.
        close = 2e-6 * abs(expected).max()
        np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=0, atol=close, err_msg=dialect)
        # An operation is a product or a sum, as torch counts.
        assert sum(products(module)) == counter.get_total_flops() // 2, dialect
