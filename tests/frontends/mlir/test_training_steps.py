"""Training steps that JAX derived: they compute what JAX computes, and have the products of the steps derived here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from simdc.backends.execute import execute
from simdc.cost.kernel import Contraction
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.base import shape_of
from simdc.ir.context import make_context
from simdc.ir.network import ParameterOp, network_of
from simdc.passes.derive_training import DeriveTrainingPass

FOLDER = Path(__file__).parent / "jax"
IDS = np.array([[1, 4, 4, 7], [0, 10, 3, 2]])


def draw(number: int, shape: tuple[int, ...]) -> np.ndarray:
    """As make.py beside the modules draws them."""
    return (np.sin(np.arange(np.prod(shape)) * 1.7 + number) * 0.5).reshape(shape).astype(np.float32)


def weights(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    return [draw(number, shape) for number, shape in enumerate(shapes)]


ARGUMENTS = {
    "convolutions": [
        *weights((3, 3, 3, 4), (3, 3, 4, 8), (3, 3, 2, 8), (32, 5)),
        draw(4, (2, 8, 8, 3)),
        np.abs(draw(5, (2, 5))),
    ],
    "language_model": [
        *weights((11, 8), (8, 8), (8, 8), (8, 8), (8, 8), (8,)),
        IDS,
        np.abs(draw(6, (2, 4, 11))),
    ],
}


def read(name: str) -> ModuleOp:
    return parse_foreign_module((FOLDER / f"{name}.stablehlo").read_text(encoding="utf-8"), f"{name}.stablehlo", None)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_step_computes_what_its_framework_computes(name: str) -> None:
    module = read(name)
    # The causal mask is made of constants, whose values nobody looks at: ones on and below the diagonal.
    made = [op for op in network_of(module).body.block.ops if isinstance(op, ParameterOp)]
    masks = {op.label.data: np.tril(np.ones(shape_of(op.result))) for op in made}
    found = execute(module, ARGUMENTS[name], masks).returned
    expected = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert len(found) == len(expected)
    for result, numbers in zip(found, expected, strict=True):
        np.testing.assert_allclose(result.reshape(-1), numbers, atol=1e-6, rtol=0)


def products(module: ModuleOp) -> list[int]:
    """Useful multiply-accumulates of each layer on the array, in program order."""
    kernels = [layer.kernel() for layer in network_of(module).layers()]
    return [kernel.useful_macs for kernel in kernels if isinstance(kernel, Contraction)]


OWN = """network own(x: 3x8x8) {
  y = conv(x, 4, 3, pad=1) -> relu -> conv(8, 3, stride=2, pad=[0, 0, 1, 1]) -> relu
  return y -> conv(8, 3, pad=1, groups=4) -> maxpool(3, stride=2, pad=1) -> flatten -> fc(5, bias=false)
}"""


def test_a_step_has_the_products_of_the_step_derived_here_layer_by_layer() -> None:
    own = parse_dsl(OWN, "own.dsl", 2)
    DeriveTrainingPass().apply(make_context(), own)
    # conv1: 2 * 8 * 8 * 4 * 27. Forward, then from the last layer back; the first input's gradient nobody needs.
    forward, back = [13824, 9216, 4608, 320], [320, 320, 4608, 4608, 9216, 9216, 13824]
    assert products(own) == products(read("convolutions")) == [*forward, *back]


def test_products_of_attention_are_three_times_those_of_its_forward_pass() -> None:
    # 8 words of 8 features: four projections, scores and mixing of 2 * 2 heads of 4 x 4 x 4, and 8 x 11 x 8.
    forward = 4 * 8 * 8 * 8 + 2 * (2 * 2 * 4 * 4 * 4) + 8 * 11 * 8
    assert sum(products(read("language_model"))) == 3 * forward
