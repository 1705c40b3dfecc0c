"""A network as an ONNX file and as modules of torch-mlir: the same products, and the same cycles of all else."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

import simdc
from simdc.backends.execute import execute
from simdc.frontends.mlir import parse_foreign_module
from simdc.frontends.onnx import parse_onnx
from simdc.frontends.onnx.parameters import load_parameters
from tests.frontends.mlir.counted import each_product

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir.fx")

from tests.frontends.mlir.lowered import DIALECTS, exported, of_torch  # noqa: E402
from tests.frontends.mlir.torch_networks import SMALL, Bert, Case, images, made, mobilenet_v2, resnet18, tokens  # noqa: E402

# Their last images are 2 x 2: torch-mlir leaves out a pool of one element. TOSA picks the words of a batch as one row,
# and sums behind that do not know which dimension has channels.
CASES = {
    "resnet18": lambda: Case(resnet18(4, 10), (images(64, 2),)),
    "mobilenet_v2": lambda: Case(mobilenet_v2(1, 10, 2), (images(64),)),
    "bert": lambda: Case(Bert(11, 7, 12, 3, 20, 2), (tokens(11, 5), tokens(2, 5))),
    "llama": SMALL["llama"],
}
EITHER_SIDE = ("linear", "matmul", "contraction")
"""A product of a module may keep either side in the array, a fully connected layer of an ONNX file keeps its weights
there."""


def cycles(module: ModuleOp) -> Counter[str]:
    """By kind of layer, those whose form is free left out."""
    network = simdc.Network(module)
    hardware = simdc.load_hardware("HI3")
    kinds = {op.layer.data: op.name.partition(".")[2] for op in network.lowered(hardware)}
    found: Counter[str] = Counter()
    for layer in simdc.evaluate(network, hardware):
        found[kinds[layer.name]] += layer.cost.cycles.total
    return Counter({kind: count for kind, count in found.items() if kind not in EITHER_SIDE})


@pytest.mark.parametrize("name", CASES)
def test_an_onnx_file_has_the_layers_of_the_modules(name: str, tmp_path: Path) -> None:
    network, inputs = made(CASES[name])
    path = str(tmp_path / "network.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, inputs, path, dynamo=False, opset_version=17)
    file = parse_onnx(path, None)
    expected: Any = network(*inputs).detach().numpy()
    (found,) = execute(file, [each.numpy() for each in inputs], load_parameters(path)).returned
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=0, atol=2e-6 * abs(expected).max())

    program = exported(network, inputs)
    for dialect in DIALECTS:
        module = parse_foreign_module(of_torch(program, dialect), f"{name}.mlir", None)
        # Queries, keys and values stand in another order.
        assert Counter(each_product(module)) == Counter(each_product(file)), dialect
        assert cycles(module) == cycles(file), dialect
