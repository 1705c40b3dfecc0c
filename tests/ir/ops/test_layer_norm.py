"""Layer normalization: its work counted by hand, its gradient's, what it refuses, and which gradients are made."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from xdsl.utils.exceptions import VerifyException

from simdc.backends.simulate import simulate
from simdc.cost import ExactModel, Tiling, VectorProgram
from simdc.cost.tiling import loop_bounds
from simdc.frontends.dsl import parse_dsl
from simdc.frozen import evolve
from simdc.ir.network import network_of
from simdc.ir.ops.layer_norm import LayerNormGradOp, LayerNormOp
from simdc.passes.derive_training import DeriveTrainingPass
from simdc.passes.pipeline import make_context
from tests.backends.simulate.tiny import tiny_machine
from tests.ir.tensors import tensor


def ops_of(program: VectorProgram) -> dict[str, int]:
    machine = tiny_machine()
    machine = evolve(machine, simd=evolve(machine.simd, vmem_bits=1 << 16))
    bounds = loop_bounds(program)
    tiling = Tiling(tuple(bounds), tuple(bounds.values()))
    cost = ExactModel().evaluate(program, tiling, machine)
    assert cost == simulate(program, tiling, machine)
    return dict(cost.ops)


def test_work_by_hand() -> None:
    """6 rows of 5 elements. An element: 2 additions and a product for the moments, then sub, mul, mul, add. A row: two
    divisions, a product, a subtraction, an addition and an inverse root."""
    op = LayerNormOp("n", tensor(2, 3, 5), tensor(5), tensor(5), axis=2, epsilon=1e-5)
    assert ops_of(op.kernel()) == {
        "add": 30 * (2 + 1) + 6,
        "mul": 30 * (1 + 2) + 6,
        "sub": 30 + 6,
        "div": 2 * 6,
        "inv_sqrt": 6,
    }
    # Without a shift there is one addition an element less.
    assert ops_of(LayerNormOp("n", tensor(2, 3, 5), tensor(5), axis=2, epsilon=1e-5).kernel())["add"] == 30 * 2 + 6


def test_work_of_the_gradient_by_hand() -> None:
    """2 rows of 15 elements. Beside the moments (see above) an element takes sub, 3 mul and 2 add for the sums, 4 mul
    and 2 sub for the result; a row a division. Without the scale's gradient no product is made for it."""
    grad = LayerNormGradOp("g", tensor(2, 3, 5), tensor(2, 3, 5), tensor(3, 5), axis=1, epsilon=1e-5)
    assert ops_of(grad.kernel()) == {
        "add": 30 * (2 + 2) + 2,
        # The moments' product, three for the sums, and inner, all, along and the last: four.
        "mul": 30 * (1 + 3 + 4) + 2,
        "sub": 30 * (1 + 2) + 2,
        "div": 3 * 2,
        "inv_sqrt": 2,
    }


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LayerNormOp("n", tensor(2, 3), tensor(2, 3), axis=0, epsilon=1e-5), "a row begins behind the batch"),
        (lambda: LayerNormOp("n", tensor(2, 3), tensor(3), axis=2, epsilon=1e-5), r"no dimension 2 in shape \[2, 3\]"),
        (
            lambda: LayerNormOp("n", tensor(2, 3, 4), tensor(4), axis=1, epsilon=1e-5),
            r"rows have shape \[3, 4\], a parameter \[4\]",
        ),
        (
            lambda: LayerNormOp("n", tensor(2, 3), tensor(3), tensor(2), axis=1, epsilon=1e-5),
            r"rows have shape \[3\], a parameter \[2\]",
        ),
        (
            lambda: LayerNormGradOp("g", tensor(2, 3), tensor(3, 2), tensor(3), axis=1, epsilon=1e-5),
            r"input has shape \[2, 3\], the gradient \[3, 2\]",
        ),
    ],
)
def test_what_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        make()


@pytest.mark.parametrize(
    ("options", "made"),
    [
        ("", {"fc1.grad_input", "n.grad_input", "n.grad_scale", "n.grad_shift"}),
        (", bias=false", {"fc1.grad_input", "n.grad_input", "n.grad_scale"}),
        # Nothing before it is trained, so nobody needs its gradients at all.
        (", freeze=true", set[str]()),
    ],
)
def test_gradients_are_those_that_somebody_asks_for(options: str, made: set[str]) -> None:
    module = parse_dsl(f'network n(x: 6) {{ return layer_norm(x, name="n"{options}) -> fc(3) }}', "n.dsl", 4)
    DeriveTrainingPass("sgd").apply(make_context(), module)
    layers = {op.layer.data: op for op in network_of(module).layers()}
    assert {name for name in layers if name.startswith("n.grad") or name == "fc1.grad_input"} == made
    if made:
        gradient = layers["n.grad_input"]
        assert isinstance(gradient, LayerNormGradOp)
        assert gradient.product is not None
