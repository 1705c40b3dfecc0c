"""What operators on quantized tensors mean, by their definition in the standard and in the domain com.microsoft: the
operator on fractions, between what makes fractions of whole numbers and what rounds the result."""

from __future__ import annotations

from collections.abc import Sequence

from .body_parts import ONE, RESULT, Body, Made
from .graph import Node


def _fractions(name: str, parts: Sequence[str], axis: int) -> Made:
    """From whole numbers with their scale and, if there is one, zero point."""
    return "DequantizeLinear", parts, name, {"axis": axis}


def _rounded(scale: str, zero: str) -> Made:
    return "QuantizeLinear", (".made", scale, zero), RESULT, {}


def _conv(node: Node, x: Sequence[str]) -> list[Made]:
    """A bias has the scale of input times weight."""
    made = [_fractions(".a", x[0:3], 1), _fractions(".w", x[3:6], 0)]
    inputs = [".a", ".w"]
    if len(x) > 8 and x[8]:
        made += [("Mul", (x[1], x[4]), ".scales", {}), _fractions(".offset", (x[8], ".scales"), 0)]
        inputs.append(".offset")
    return [*made, ("Conv", inputs, ".made", {}), _rounded(x[6], x[7])]


def _matmul(node: Node, x: Sequence[str]) -> list[Made]:
    sides = [_fractions(".a", x[0:3], -2), _fractions(".b", x[3:6], -1)]
    return [*sides, ("MatMul", (".a", ".b"), ".made", {}), _rounded(x[6], x[7])]


def _gemm(node: Node, x: Sequence[str]) -> list[Made]:
    """Without a scale of the result it stays in fractions. A bias has the scale of both sides and of alpha."""
    turned, alpha = node.integer("transB", 0), node.real("alpha", 1.0)
    made = [_fractions(".a", x[0:3], 0), _fractions(".b", x[3:6], 0 if turned else 1)]
    inputs = [".a", ".b"]
    if len(x) > 6 and x[6]:
        made.append(("Constant", (), ".factor", {"value_float": alpha}))
        made.append(("Mul", (x[1], x[4]), ".scales", {}))
        made.append(("Mul", (".scales", ".factor"), ".all", {}))
        made.append(_fractions(".offset", (x[6], ".all"), 0))
        inputs.append(".offset")
    if len(x) > 7 and x[7]:
        return [*made, ("Gemm", inputs, ".made", {}), _rounded(x[7], x[8] if len(x) > 8 else "")]
    return [*made, ("Gemm", inputs, RESULT, {})]


def _of_two(operator: str) -> Body:
    def body(node: Node, x: Sequence[str]) -> list[Made]:
        sides = [_fractions(".a", x[0:3], 0), _fractions(".b", x[3:6], 0)]
        return [*sides, (operator, (".a", ".b"), ".made", {}), _rounded(x[6], x[7] if len(x) > 7 else "")]

    return body


def _of_one(operator: str) -> Body:
    def body(node: Node, x: Sequence[str]) -> list[Made]:
        scale, zero = x[3], x[4] if len(x) > 4 else ""
        return [_fractions(".a", x[0:3], 0), (operator, (".a",), ".made", {}), _rounded(scale, zero)]

    return body


def _integers(operator: str, axis: int) -> Body:
    """Whole numbers that stay so: fractions with the scale one."""

    def body(node: Node, x: Sequence[str]) -> list[Made]:
        zeros = [x[place] if len(x) > place else "" for place in (2, 3)]
        return [
            ("Constant", (), ONE, {"value_float": 1.0}),
            _fractions(".a", (x[0], ONE, zeros[0]), 1),
            _fractions(".b", (x[1], ONE, zeros[1]), axis),
            (operator, (".a", ".b"), RESULT, {}),
        ]

    return body


QUANTIZED: dict[str, Body] = {
    "QLinearConv": _conv,
    "QLinearMatMul": _matmul,
    "ConvInteger": _integers("Conv", 0),
    "MatMulInteger": _integers("MatMul", 1),
    "com.microsoft::QGemm": _gemm,
    "com.microsoft::QLinearAdd": _of_two("Add"),
    "com.microsoft::QLinearMul": _of_two("Mul"),
    "com.microsoft::QLinearSigmoid": _of_one("Sigmoid"),
    "com.microsoft::QLinearLeakyRelu": _of_one("LeakyRelu"),
}
