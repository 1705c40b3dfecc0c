"""What an element-wise operation is on the lanes: by a name that dialects share, `add` for `arith.addf` and
`stablehlo.add`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

from simdc.cost.kernel import Instruction
from simdc.ir.ops.activation.gaussian import erf
from simdc.ir.ops.activation.periodic import sine
from simdc.ir.ops.activation.rounding import nearest

from .problems import Unpriced

Symbol: TypeAlias = str | float
"""An operand or temporary by name, or a number."""

SOURCES = {
    **dict.fromkeys(("exp", "log", "sqrt", "inv_sqrt", "move"), 1),
    **dict.fromkeys(("add", "sub", "mul", "div", "max", "min", "compare"), 2),
    "mac": 3,
    "conditional_move": 4,
}
"""How many operands an instruction of the lanes has."""

NOTHING = {"add": 0.0, "sub": 0.0, "mul": 1.0, "div": 1.0, "max": -math.inf, "min": math.inf}
"""The number that changes nothing as the second operand."""


def compute(opcode: str, x: Sequence[float]) -> float:
    """What an instruction makes of numbers. Raises ValueError, ArithmeticError as Python does."""
    match opcode:
        case "add" | "sub":
            return x[0] + x[1] if opcode == "add" else x[0] - x[1]
        case "mul" | "div":
            return x[0] * x[1] if opcode == "mul" else x[0] / x[1]
        case "max" | "min":
            return max(x) if opcode == "max" else min(x)
        case "exp" | "log":
            return math.exp(x[0]) if opcode == "exp" else math.log(x[0])
        case "sqrt" | "inv_sqrt":
            return math.sqrt(x[0]) if opcode == "sqrt" else 1.0 / math.sqrt(x[0])
        case "compare":
            return float(x[0] == x[1])
        case "conditional_move":
            return x[2] if x[0] == x[1] else x[3]
        case "mac":
            return x[0] + x[1] * x[2]
        case _:
            return x[0]


class LaneCode:
    """Instructions being written; temporaries are `t0`, `t1`, ... What has numbers alone is worked out at once,
    and what changes nothing, as the times 1.0 of a gradient, is no instruction."""

    def __init__(self) -> None:
        self.steps: list[Instruction] = []

    def put(self, opcode: str, *sources: Symbol) -> Symbol:
        """The result of one instruction."""
        numbers = [source for source in sources if not isinstance(source, str)]
        if len(numbers) == len(sources):
            try:
                return compute(opcode, numbers)
            except (ValueError, ArithmeticError):
                pass
        elif opcode in NOTHING and sources[-1] == NOTHING[opcode]:
            return sources[0]
        elif opcode in ("add", "mul", "max", "min") and sources[0] == NOTHING[opcode]:
            return sources[1]
        self.steps.append(Instruction(opcode, f"t{len(self.steps)}", sources))
        return self.steps[-1].dest

    def splice(self, code: Sequence[Instruction], result: str, **given: Symbol) -> Symbol:
        """`result` of code that reads the names of `given`."""
        names: dict[str, Symbol] = dict(given)
        for opcode, dest, sources in code:
            names[dest] = self.put(opcode, *(names[s] if isinstance(s, str) else s for s in sources))
        return names[result]

    def call(self, function: str, sources: Sequence[Symbol]) -> Symbol:
        """Raises Unpriced for what the lanes cannot do, or what has another number of operands."""
        if len(sources) == SOURCES.get(function):
            return self.put(function, *sources)
        match tuple(sources):
            case (x,) if function in OF_ONE:
                return OF_ONE[function](self, x)
            case (x, y) if function in OF_TWO:
                return OF_TWO[function](self, x, y)
            case (x, y, z) if function in OF_THREE:
                return OF_THREE[function](self, x, y, z)
            case _:
                raise Unpriced(f"the lanes have no code for '{function}' of {len(sources)}")

    def compare(self, direction: str, lhs: Symbol, rhs: Symbol) -> Symbol:
        """1 where it holds, else 0; `direction` is eq, ne, lt, le, gt or ge."""
        if direction in ("gt", "ge"):
            return self.compare({"gt": "lt", "ge": "le"}[direction], rhs, lhs)
        if direction == "eq":
            return self.put("compare", lhs, rhs)
        if direction == "ne":
            return self.put("conditional_move", lhs, rhs, 0.0, 1.0)
        high = self.put("max", lhs, rhs)
        # lhs < rhs: the larger is not lhs. lhs <= rhs: the larger is rhs.
        return self.put("conditional_move", high, *((lhs, 0.0, 1.0) if direction == "lt" else (rhs, 1.0, 0.0)))


def _absolute(code: LaneCode, x: Symbol) -> Symbol:
    return code.put("max", x, code.put("sub", 0.0, x))


def _floor(code: LaneCode, x: Symbol) -> Symbol:
    near = code.splice(nearest("x", "y"), "y", x=x)
    before, high = code.put("sub", near, 1.0), code.put("max", near, x)
    return code.put("conditional_move", high, x, near, before)


def _ceil(code: LaneCode, x: Symbol) -> Symbol:
    return code.put("sub", 0.0, _floor(code, code.put("sub", 0.0, x)))


def _truncate(code: LaneCode, x: Symbol) -> Symbol:
    down = _floor(code, _absolute(code, x))
    return code.put("conditional_move", code.put("max", x, 0.0), 0.0, code.put("sub", 0.0, down), down)


def _tanh(code: LaneCode, x: Symbol) -> Symbol:
    # 1 - 2 / (exp(2x) + 1); from 20 on it is one.
    power = code.put("exp", code.put("mul", code.put("min", x, 20.0), 2.0))
    return code.put("sub", 1.0, code.put("div", 2.0, code.put("add", power, 1.0)))


def _logistic(code: LaneCode, x: Symbol) -> Symbol:
    return code.put("div", 1.0, code.put("add", code.put("exp", code.put("sub", 0.0, x)), 1.0))


def _power(code: LaneCode, base: Symbol, exponent: Symbol) -> Symbol:
    if not isinstance(exponent, str) and float(exponent).is_integer() and 1 <= abs(exponent) <= 64:
        return _whole_power(code, base, int(exponent))
    if exponent in (0.5, -0.5):
        return code.put("sqrt" if exponent == 0.5 else "inv_sqrt", base)
    return code.put("exp", code.put("mul", code.put("log", base), exponent))


def _whole_power(code: LaneCode, base: Symbol, exponent: int) -> Symbol:
    # x^5: x * (x^2)^2.
    found: Symbol | None = None
    square, left = base, abs(exponent)
    while left:
        if left & 1:
            found = square if found is None else code.put("mul", found, square)
        left >>= 1
        square = code.put("mul", square, square) if left else square
    assert found is not None
    return code.put("div", 1.0, found) if exponent < 0 else found


def _sign(code: LaneCode, x: Symbol) -> Symbol:
    above, below = code.compare("lt", 0.0, x), code.compare("lt", x, 0.0)
    return code.put("sub", above, below)


def _remainder(code: LaneCode, x: Symbol, y: Symbol) -> Symbol:
    return code.put("sub", x, code.put("mul", y, _truncate(code, code.put("div", x, y))))


OF_ONE: dict[str, Callable[[LaneCode, Symbol], Symbol]] = {
    "id": lambda code, x: x,
    "neg": lambda code, x: code.put("sub", 0.0, x),
    "abs": _absolute,
    "floor": _floor,
    "ceil": _ceil,
    "truncate": _truncate,
    "round": lambda code, x: code.splice(nearest("x", "y"), "y", x=x),
    "tanh": _tanh,
    "logistic": _logistic,
    "square": lambda code, x: code.put("mul", x, x),
    "reciprocal": lambda code, x: code.put("div", 1.0, x),
    "erf": lambda code, x: code.splice(erf("x", "y"), "y", x=x),
    "sin": lambda code, x: code.splice(sine("x", "y"), "y", x=x),
    "cos": lambda code, x: code.splice(sine("x", "y"), "y", x=code.put("add", x, math.pi / 2)),
    "exp2": lambda code, x: code.put("exp", code.put("mul", x, math.log(2.0))),
    "expm1": lambda code, x: code.put("sub", code.put("exp", x), 1.0),
    "log1p": lambda code, x: code.put("log", code.put("add", x, 1.0)),
    "log2": lambda code, x: code.put("mul", code.put("log", x), 1.0 / math.log(2.0)),
    "log10": lambda code, x: code.put("mul", code.put("log", x), 1.0 / math.log(10.0)),
    "sign": _sign,
    "not": lambda code, x: code.put("sub", 1.0, x),
}
"""Functions of one number."""
OF_TWO: dict[str, Callable[[LaneCode, Symbol, Symbol], Symbol]] = {
    "pow": _power,
    "remainder": _remainder,
    "divide_whole": lambda code, x, y: _truncate(code, code.put("div", x, y)),
    "and": lambda code, x, y: code.put("min", x, y),
    "or": lambda code, x, y: code.put("max", x, y),
    "xor": lambda code, x, y: code.put("conditional_move", x, y, 0.0, 1.0),
    "ne": lambda code, x, y: code.compare("ne", x, y),
}
"""Functions of two; truth is 1 and 0."""
OF_THREE: dict[str, Callable[[LaneCode, Symbol, Symbol, Symbol], Symbol]] = {
    "fma": lambda code, a, b, c: code.put("mac", c, a, b),
    "select": lambda code, c, x, y: code.put("conditional_move", c, 0.0, y, x),
    "clamp": lambda code, low, x, high: code.put("min", code.put("max", x, low), high),
}
"""Functions of three."""
