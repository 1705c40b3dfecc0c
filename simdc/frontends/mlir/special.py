"""Functions of one number or two that the lanes compute by others: arcs, hyperbolic functions, roots."""

from __future__ import annotations

import math
from collections.abc import Callable

from .functions import OF_ONE, OF_TWO, LaneCode, Symbol

ARC = (-0.3333314528, 0.1999355085, -0.1420889944, 0.1065626393, -0.0752896400, 0.0429096138, -0.0161657367,
       0.0028662257)  # fmt: skip
"""Abramowitz and Stegun, Handbook of Mathematical Functions, 4.4.49: of x^2, x^4, ... for |x| <= 1."""
ARC_ERROR = 2e-8
"""The largest error of an arc tangent as the lanes compute it."""


def arc_tangent(code: LaneCode, x: Symbol) -> Symbol:
    """`x * (1 + a2*x^2 + a4*x^4 + ...)`; beyond one, a right angle less that of `1/x`."""
    size = code.call("abs", (x,))
    # At 2 it is that of 1/2: pi/2 - atan(1/2). Nothing is divided by zero.
    small = code.put("div", code.put("min", size, 1.0), code.put("max", size, 1.0))
    square = code.put("mul", small, small)
    *lower, highest = ARC
    total = code.put("mul", square, highest)
    for coefficient in reversed(lower):
        total = code.put("mul", square, code.put("add", total, coefficient))
    angle = code.put("mul", small, code.put("add", total, 1.0))
    rest = code.put("sub", math.pi / 2, angle)
    return _signed(code, x, code.put("conditional_move", size, small, angle, rest))


def _signed(code: LaneCode, x: Symbol, size: Symbol) -> Symbol:
    """`size` with the sign of `x`."""
    return code.put("conditional_move", code.put("max", x, 0.0), x, size, code.put("sub", 0.0, size))


def _angle(code: LaneCode, y: Symbol, x: Symbol) -> Symbol:
    """Of the point (x, y): a half turn further left of the origin. At the origin it is no number."""
    turned = arc_tangent(code, code.put("div", y, x))
    half = _signed(code, y, math.pi)
    left = code.compare("lt", x, 0.0)
    return code.put("conditional_move", left, 0.0, turned, code.put("add", turned, half))


def _arc_sine(code: LaneCode, x: Symbol) -> Symbol:
    root = code.put("sqrt", code.put("sub", 1.0, code.put("mul", x, x)))
    return arc_tangent(code, code.put("div", x, root))


def _mean_of_powers(code: LaneCode, x: Symbol, join: str) -> Symbol:
    power = code.put("exp", x)
    return code.put("mul", code.put(join, power, code.put("div", 1.0, power)), 0.5)


def _area_sine(code: LaneCode, x: Symbol) -> Symbol:
    # log(|x| + sqrt(x^2 + 1)): no difference of numbers that are nearly the same.
    size = code.call("abs", (x,))
    root = code.put("sqrt", code.put("add", code.put("mul", x, x), 1.0))
    return _signed(code, x, code.put("log", code.put("add", size, root)))


def _area_cosine(code: LaneCode, x: Symbol) -> Symbol:
    root = code.put("sqrt", code.put("sub", code.put("mul", x, x), 1.0))
    return code.put("log", code.put("add", x, root))


def _area_tangent(code: LaneCode, x: Symbol) -> Symbol:
    ratio = code.put("div", code.put("add", 1.0, x), code.put("sub", 1.0, x))
    return code.put("mul", code.put("log", ratio), 0.5)


def _cube_root(code: LaneCode, x: Symbol) -> Symbol:
    third = code.put("mul", code.put("log", code.call("abs", (x,))), 1.0 / 3.0)
    return _signed(code, x, code.put("exp", third))


def _round_away(code: LaneCode, x: Symbol) -> Symbol:
    # 2.5 to 3 and -2.5 to -3.
    return code.call("truncate", (code.put("add", x, _signed(code, x, 0.5)),))


def _floor_divide(code: LaneCode, x: Symbol, y: Symbol) -> Symbol:
    return code.call("floor", (code.put("div", x, y),))


MORE: dict[str, Callable[[LaneCode, Symbol], Symbol]] = {
    "tan": lambda code, x: code.put("div", code.call("sin", (x,)), code.call("cos", (x,))),
    "atan": arc_tangent,
    "asin": _arc_sine,
    "acos": lambda code, x: code.put("sub", math.pi / 2, _arc_sine(code, x)),
    "sinh": lambda code, x: _mean_of_powers(code, x, "sub"),
    "cosh": lambda code, x: _mean_of_powers(code, x, "add"),
    "asinh": _area_sine,
    "acosh": _area_cosine,
    "atanh": _area_tangent,
    "cbrt": _cube_root,
    "erfc": lambda code, x: code.put("sub", 1.0, code.call("erf", (x,))),
    "round_away": _round_away,
    # What is infinite, or no number, is none when taken from itself.
    "is_finite": lambda code, x: code.put("compare", code.put("sub", x, x), 0.0),
    "is_inf": lambda code, x: code.put("compare", code.call("abs", (x,)), math.inf),
    "is_nan": lambda code, x: code.put("conditional_move", x, x, 0.0, 1.0),
}
OF_ONE.update(MORE)
OF_TWO.update(
    {
        "atan2": _angle,
        "copysign": lambda code, x, y: _signed(code, y, code.call("abs", (x,))),
        "floor_divide": _floor_divide,
        "ceil_divide": lambda code, x, y: code.call("ceil", (code.put("div", x, y),)),
    }
)
