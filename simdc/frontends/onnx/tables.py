"""Masks and tables of positions among a file's weights: fractions that a formula made, and nobody trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto

import numpy as np

from simdc.errors import SimdcError
from simdc.frontends.joined.masks import LOWEST, causal_mask

from .constant import Array, Constant, ValueOrigin
from .graph import Node
from .problems import Unsupported

MAX_ELEMENTS = 2**22
"""What is read to find out: a mask of 2,048 x 2,048 numbers."""
TOLERANCE = 4e-3
"""Tables may be in half precision: four values are off by 0.0005 each."""


class Standing(Enum):
    """What a tensor is that stands where no weight must stand, such as one that is added."""

    TRAINED = auto()
    COMPUTED = auto()
    """By whoever wrote the file: nobody trains it."""
    MASK = auto()
    """By its place, for its values do not tell: nobody trains it, but that is a guess."""


def standing_of(constant: Constant, readers: Mapping[str, Sequence[Node]], *, stores_weights: bool) -> Standing:
    """A weight of the file, or what a node states where nodes hold all weights, is trained unless it is a mask or a
    table."""
    if constant.origin is ValueOrigin.GIVEN:
        return Standing.TRAINED
    if constant.origin < (ValueOrigin.DERIVED if stores_weights else ValueOrigin.STATED):
        return Standing.COMPUTED
    found = is_table(constant)
    if found is None and is_added_to_scores(constant, readers):
        return Standing.MASK
    return Standing.COMPUTED if found else Standing.TRAINED


def is_table(constant: Constant) -> bool | None:
    """Whether the values are those of a mask, sines and cosines of positions, or slopes along them. None where the file
    has no values, or zeros only, which say nothing: a mask that hides nobody, or a bias as training begins."""
    if constant.elements <= 1 or constant.largest > MAX_ELEMENTS:
        return False
    try:
        values = np.asarray(constant.array(), np.float64)
    except (SimdcError, Unsupported, ValueError, TypeError):
        return None
    return any(kind(values) for kind in (_is_mask, _is_wave, _is_slope)) if values.any() else None


def is_neutral(constant: Constant) -> bool:
    """Whether the values, where the file has them, are all 1 or all 0: a factor or an addend that changes nothing."""
    try:
        values = constant.settings()
    except (SimdcError, Unsupported):
        return False
    return bool((values == 1).all() or (values == 0).all())


def is_made_zero(constant: Constant) -> bool:
    """Whether a node or the exporter wrote zeros here, that nobody trains: where a sequence begins."""
    return constant.origin < ValueOrigin.STORED and is_neutral(constant) and not constant.settings().any()


def same_values(one: Constant, other: Constant) -> bool:
    """Whether two constants of one shape hold the same numbers. False where the file has not the values of both."""
    try:
        return bool(np.array_equal(one.array(), other.array()))
    except (SimdcError, Unsupported):
        return False


def is_added_to_scores(constant: Constant, readers: Mapping[str, Sequence[Node]]) -> bool:
    """Whether all that read it add it to what only a softmax reads, the same for all images and heads. A bias by
    position, which is trained, differs from head to head."""
    adds = readers.get(constant.name, ())
    alike = len(constant.shape) > 2 and set(constant.shape[:-2]) == {1} and constant.shape[-1] > 1
    return (
        alike
        and bool(adds)
        and all(
            add.operator == "Add" and {node.operator for node in readers.get(add.outputs[0], ())} == {"Softmax"}
            for add in adds
        )
    )


def _is_mask(values: Array) -> bool:
    """Zeros, and numbers so low that a softmax makes zeros of them."""
    low = values <= LOWEST
    return bool(low.any() and not low.all() and (low | (values == 0)).all())


def causal_kind(constant: Constant) -> str | None:
    """How the values say, for queries and keys in the last two dimensions, that a query sees no key that comes later,
    and the last one all: `added` to scores, zeros and numbers so low that a softmax makes zeros of them, or truth
    values where a key is `seen` or `hidden`. None where they do not."""
    shape = constant.shape
    if len(shape) < 2 or any(size > 1 for size in shape[:-2]) or constant.elements > MAX_ELEMENTS:
        return None
    if not 1 < shape[-2] <= shape[-1]:
        return None
    try:
        return causal_mask(np.asarray(constant.array()).reshape(shape[-2:]))
    except (SimdcError, Unsupported, ValueError, TypeError):
        return None


def _is_wave(values: Array) -> bool:
    """Rows of cos(t*f) or sin(t*f) for positions t = 0, 1, ..., a frequency f for each column. They begin with 1 or 0,
    and row t+1 + row t-1 is 2*cos(f) times row t, which holds for no trained row."""
    if values.ndim < 2 or values.shape[-1] < 2:
        return False
    rows = values.reshape(-1, values.shape[-1])
    begins = (np.abs(rows[0] - 1) < TOLERANCE) | (np.abs(rows[0]) < TOLERANCE)
    highest = np.abs(rows).max()
    if len(rows) < 4 or not begins.all() or not 0.5 < highest < 1 + TOLERANCE or np.ptp(rows, axis=0).max() < 0.5:
        return False
    middle, around = rows[1:-1], rows[2:] + rows[:-2]
    squares = (middle**2).sum(axis=0)
    twice_cosine = (around * middle).sum(axis=0) / np.where(squares == 0, 1, squares)
    return bool(np.abs(around - twice_cosine * middle).max() < TOLERANCE)


def _is_slope(values: Array) -> bool:
    """What ALiBi adds to scores, [heads, 1 or rows, columns]: for each head the same whole numbers, distances, times a
    slope of its own. No two trained heads are multiples of one another."""
    if values.ndim < 3 or values.shape[-1] < 4 or np.prod(values.shape[:-2]) < 2:
        return False
    heads = np.asarray(values.reshape(-1, values.shape[-2] * values.shape[-1]), np.float64)
    lengths = np.abs(heads)
    steps = np.where(lengths > 0, lengths, np.inf).min(axis=1, keepdims=True)
    distances = heads / np.where(np.isinf(steps), 1, steps)
    whole = np.rint(distances[0])
    return bool(len(np.unique(whole)) >= 4 and np.abs(distances - whole).max() < TOLERANCE * np.abs(whole).max())
