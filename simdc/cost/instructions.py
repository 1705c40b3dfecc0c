"""What the instructions of the lanes make of numbers. Needs numpy; who prices does not import it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Values = Numbers | float


def _inverse_root(x: Values) -> Numbers:
    return np.divide(1.0, np.sqrt(x))


def _compare(x: Values, y: Values) -> Numbers:
    """1 where both are equal, else 0."""
    return np.equal(x, y).astype(np.float64)


def _conditional_move(x: Values, y: Values, same: Values, other: Values) -> Numbers:
    return np.where(np.equal(x, y), same, other)


def _multiply_add(total: Values, x: Values, y: Values) -> Numbers:
    return np.add(total, np.multiply(x, y))


OPCODES: dict[str, Callable[..., Numbers]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "max": np.maximum,
    "min": np.minimum,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "inv_sqrt": _inverse_root,
    "move": np.positive,
    "compare": _compare,
    "conditional_move": _conditional_move,
    "mac": _multiply_add,
}
"""By the names that `Instruction` has for them; the first of three numbers of `mac` is what is added to."""
