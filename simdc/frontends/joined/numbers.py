"""What code of the lanes makes of arrays of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from simdc.cost.kernel import Instruction

Numbers = NDArray[np.float64]


def run(code: Sequence[Instruction], given: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """All that `code` makes, by name, with what is given; numbers broadcast. What has no value is no number."""
    found = dict(given)
    with np.errstate(all="ignore"):
        for opcode, dest, sources in code:
            numbers = [found[each] if isinstance(each, str) else np.float64(each) for each in sources]
            found[dest] = np.asarray(OF_NUMBERS[opcode](*numbers))
    return found


def _inverse_root(x: Numbers) -> Numbers:
    return 1.0 / np.sqrt(x)


def _compare(x: Numbers, y: Numbers) -> Numbers:
    return np.equal(x, y).astype(np.float64)


def _conditional_move(x: Numbers, y: Numbers, same: Numbers, other: Numbers) -> Numbers:
    return np.where(np.equal(x, y), same, other)


def _multiply_add(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    return x + y * z


OF_NUMBERS: dict[str, Callable[..., Numbers]] = {
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
"""What an instruction makes of numbers."""
