"""The arithmetic of `arithmetic.py` for arrays with an element for each machine: equal to it element by element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import arithmetic

EXACT_IN_FLOAT = 2**53

_any_ratio: Any = np.frompyfunc(arithmetic.ratio, 2, 1)


class Arrays:
    """Arithmetic on arrays of int64, or of Python's ints where those are too small.

    `refused` holds 0 for a machine that can run the layer, else the position in `buffers` of what is too small on it;
    whatever else is computed for such a machine means nothing.
    """

    def __init__(self) -> None:
        self.buffers: list[str] = ["nothing"]
        self.refused: Any = np.zeros((), np.uint8)

    def ratio(self, numerator: Any, denominator: Any) -> Any:
        """Floats, correctly rounded: both sides are exact in a float, or made so without their common factors."""
        if isinstance(numerator, int) and isinstance(denominator, int):
            return arithmetic.ratio(numerator, denominator)
        over: Any = np.asarray(numerator)
        under: Any = np.asarray(denominator)
        if object in (over.dtype, under.dtype):
            return _any_ratio(over, under)
        if _exact(over) and _exact(under):
            return over / under
        factor = np.gcd(over, under)
        over, under = over // factor, under // factor
        if _exact(over) and _exact(under):
            return over / under
        return np.asarray(_any_ratio(np.asarray(over, object), np.asarray(under, object)), float)

    def largest(self, first: Any, second: Any, *more: Any) -> Any:
        found: Any = np.maximum(first, second)
        for each in more:
            found = np.maximum(found, each)
        return found

    def smallest(self, first: Any, second: Any, *more: Any) -> Any:
        found = np.minimum(first, second)
        for each in more:
            found = np.minimum(found, each)
        return found

    def choose(self, condition: Any, yes: Any, no: Any) -> Any:
        return np.where(condition, np.asarray(yes), np.asarray(no))

    def first_fit(self, limit: int, fits: Callable[[Any], Any]) -> Any:
        whole = fits(1)
        if np.all(whole):
            return 1
        low, high = np.ones(np.shape(whole), np.int64), np.full(np.shape(whole), limit)
        while np.any(high - low > 1):
            middle = (low + high) // 2
            enough = fits(middle)
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return np.where(whole, 1, high)

    def first_of(self, candidates: Sequence[int], fits: Callable[[Any], Any], otherwise: int) -> Any:
        found: Any = 0
        for q in candidates:
            found = np.where((found == 0) & fits(q), q, found)
            if np.all(found):
                return found
        return np.where(found == 0, otherwise, found)

    def refuse(self, condition: Any, buffer: str, message: Callable[[], str]) -> None:
        del message
        if not np.any(condition):
            return
        if buffer not in self.buffers:
            self.buffers.append(buffer)
        self.refused = np.where((self.refused == 0) & condition, self.buffers.index(buffer), self.refused)


def _exact(numbers: Any) -> bool:
    """Whether every number of the array is a float as it is."""
    return bool(numbers.size == 0 or (numbers.max() < EXACT_IN_FLOAT and numbers.min() > -EXACT_IN_FLOAT))
