"""Masks of scores told by their values."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import StringAttr, UnitAttr

from simdc.ir.base import shape_of
from simdc.ir.network import CAUSAL, NetworkOp, ParameterOp

from .rotary import TableValues

LOWEST = -100
"""What is added to a score that must not count, at most: Swin adds -100, others -10000, the lowest number or -inf."""


def causal_mask(values: NDArray[Any]) -> str | None:
    """How an array [queries, keys] says that a query sees no key that comes later, and the last one all: `added` to
    scores, zeros and numbers so low that a softmax makes zeros of them, or truth values where a key is `seen` or
    `hidden`. None where it does not."""
    queries, keys = values.shape
    seen = np.tri(queries, keys, keys - queries) > 0
    if values.dtype == np.bool_:
        return "seen" if (values == seen).all() else "hidden" if (values == ~seen).all() else None
    return "added" if (values[seen] == 0).all() and (values[~seen] <= LOWEST).all() and not seen.all() else None


def mark_masks(network: NetworkOp, values: TableValues) -> None:
    """Note on constants whose values are known that they are causal masks: a softmax needs no tensor for one."""
    for op in network.body.block.ops:
        shape = shape_of(op.results[0]) if isinstance(op, ParameterOp) else ()
        if not isinstance(op, ParameterOp) or len(shape) < 2 or any(size > 1 for size in shape[:-2]):
            continue
        if not 1 < shape[-2] <= shape[-1] or not values.is_known(op.label.data):
            continue
        numbers = values.of(op.label.data, prod(shape))
        kind = None if numbers is None else causal_mask(numbers.reshape(shape[-2:]))
        if kind is not None:
            op.attributes[CAUSAL] = StringAttr(kind)
            op.properties["constant"] = UnitAttr()
