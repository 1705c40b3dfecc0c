"""What expressions of the network language evaluate to, and arithmetic on it."""

from __future__ import annotations

import operator
from collections.abc import Callable

from xdsl.ir import SSAValue

from .errors import DslError, Place, shorten
from .limits import MAX_DIGITS

Value = int | float | bool | str | tuple[int | float, ...] | SSAValue
MAX_NUMBER = 10**MAX_DIGITS

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def describe(value: Value) -> str:
    """`value` as it is called in messages."""
    if isinstance(value, SSAValue):
        return "a tensor"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'the string "{shorten(value)}"'
    if isinstance(value, tuple):
        return f"the list {shorten(str(list(value)))}"
    return f"the number {value}"


def number(value: Value, what: str, place: Place) -> int | float:
    """`value` if it is a number; `what` begins the message if not."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DslError(f"{what} needs a number, got {describe(value)}", place)
    return value


def truth(value: Value, what: str, place: Place) -> bool:
    if not isinstance(value, bool):
        hint = "; compare it, as in 'stride != 1'" if isinstance(value, (int, float)) else ""
        raise DslError(f"{what} needs true or false, got {describe(value)}{hint}", place)
    return value


def negate(value: Value, place: Place) -> int | float:
    return -number(value, "'-'", place)


def apply(symbol: str, left: Value, right: Value, place: Place) -> Value:
    """The value of `left symbol right` for arithmetic and comparisons. Whole numbers stay whole."""
    if symbol in ("==", "!="):
        return _equal(symbol, left, right, place) == (symbol == "==")
    a, b = number(left, f"'{symbol}'", place), number(right, f"'{symbol}'", place)
    if symbol in COMPARISONS:
        return COMPARISONS[symbol](a, b)
    result = _arithmetic(symbol, a, b, place)
    if not abs(result) < MAX_NUMBER:
        raise DslError(f"the result of '{symbol}' has more than {MAX_DIGITS} digits; keep numbers below that", place)
    return result


def _arithmetic(symbol: str, a: int | float, b: int | float, place: Place) -> int | float:
    if symbol == "+":
        return a + b
    if symbol == "-":
        return a - b
    if symbol == "*":
        return a * b
    if b == 0:
        raise DslError(f"{a} {symbol} 0 divides by zero; check the divisor first, as in 'if n != 0'", place)
    if not isinstance(a, int) or not isinstance(b, int):
        if symbol != "/":
            raise DslError(f"'{symbol}' needs whole numbers, got {a} and {b}; use '/' for decimals", place)
        return a / b
    if symbol == "//":
        return a // b
    if symbol == "%":
        return a % b
    if a % b:
        raise DslError(f"{a} / {b} is not a whole number; write '//' to round down", place)
    return a // b


def _equal(symbol: str, left: Value, right: Value, place: Place) -> bool:
    if isinstance(left, SSAValue) or isinstance(right, SSAValue):
        message = f"'{symbol}' cannot compare tensors; compare their sizes, as in 'channels(x) {symbol} 64'"
        raise DslError(message, place)
    if _kind(left) != _kind(right):
        message = f"'{symbol}' compares values of one kind, got {describe(left)} and {describe(right)}"
        raise DslError(f"{message}; the comparison would always have the same outcome", place)
    return left == right


def _kind(value: Value) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)
