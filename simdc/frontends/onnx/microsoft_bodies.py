"""What operators of the domain com.microsoft mean that are several of the standard's in one."""

from __future__ import annotations

from collections.abc import Sequence

from .body_parts import ONE, RESULT, Body, Made, given
from .graph import Node
from .problems import Unsupported

ALONE = ("Relu", "Sigmoid", "Tanh")
"""Activations of FusedConv without numbers."""


def _gelu(node: Node, x: Sequence[str]) -> list[Made]:
    return [("Gelu", x[:1], RESULT, {})]


def _bias_gelu(node: Node, x: Sequence[str]) -> list[Made]:
    return [("Add", x[:2], ".sum", {}), ("Gelu", (".sum",), RESULT, {})]


def _fast_gelu(node: Node, x: Sequence[str]) -> list[Made]:
    """The approximation by tanh."""
    same: dict[str, object] = {"approximate": "tanh"}
    if not given(x, 1):
        return [("Gelu", x[:1], RESULT, same)]
    return [("Add", x[:2], ".sum", {}), ("Gelu", (".sum",), RESULT, same)]


def _quick_gelu(node: Node, x: Sequence[str]) -> list[Made]:
    """`x * sigmoid(alpha * x)`."""
    return [
        ("Constant", (), ".alpha", {"value_float": node.real("alpha", 1.702)}),
        ("Mul", (x[0], ".alpha"), ".scaled", {}),
        ("Sigmoid", (".scaled",), ".gate", {}),
        ("Mul", (x[0], ".gate"), RESULT, {}),
    ]


def _fused_matmul(node: Node, x: Sequence[str]) -> list[Made]:
    """`alpha * A' * B'`, the last two dimensions of either turned where it says so."""
    for name in ("transBatchA", "transBatchB"):
        if node.integer(name, 0):
            raise Unsupported(f"its attribute {name} is not modelled")
    made: list[Made] = []
    sides: list[str] = []
    for place, (name, turned) in enumerate((("A", ".a"), ("B", ".b"))):
        if node.integer(f"trans{name}", 0):
            made.append(("Transpose", (x[place],), turned, {}))
            sides.append(turned)
        else:
            sides.append(x[place])
    alpha = node.real("alpha", 1.0)
    if alpha == 1:
        return [*made, ("MatMul", sides, RESULT, {})]
    factor: Made = ("Constant", (), ONE, {"value_float": alpha})
    return [*made, ("MatMul", sides, ".product", {}), factor, ("Mul", (".product", ONE), RESULT, {})]


def _fused_conv(node: Node, x: Sequence[str]) -> list[Made]:
    """A convolution, what is added to it, and an activation of the sum."""
    activation, numbers = node.text("activation", ""), node.reals("activation_params") or ()
    made: list[Made] = [("Conv", [name for name in x[:3] if name], ".conv", {})]
    last = ".conv"
    if given(x, 3):
        made.append(("Add", (".conv", x[3]), ".sum", {}))
        last = ".sum"
    if activation in ALONE:
        return [*made, (activation, (last,), RESULT, {})]
    if activation == "LeakyRelu" and len(numbers) == 1:
        return [*made, ("LeakyRelu", (last,), RESULT, {"alpha": numbers[0]})]
    if activation == "Clip" and len(numbers) == 2:
        made.append(("Constant", (), ".least", {"value_float": numbers[0]}))
        made.append(("Constant", (), ".most", {"value_float": numbers[1]}))
        return [*made, ("Clip", (last, ".least", ".most"), RESULT, {})]
    if activation == "HardSigmoid" and len(numbers) == 2:
        return [*made, ("HardSigmoid", (last,), RESULT, {"alpha": numbers[0], "beta": numbers[1]})]
    if activation:
        raise Unsupported(f"its activation is {activation} with {len(numbers)} numbers, which is not modelled")
    return [*made, ("Identity", (last,), RESULT, {})]


MICROSOFT: dict[str, Body] = {
    f"com.microsoft::{name}": body
    for name, body in {
        "Gelu": _gelu,
        "BiasGelu": _bias_gelu,
        "FastGelu": _fast_gelu,
        "QuickGelu": _quick_gelu,
        "FusedMatMul": _fused_matmul,
        "FusedConv": _fused_conv,
    }.items()
}
