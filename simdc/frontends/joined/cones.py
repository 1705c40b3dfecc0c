"""Layers between a value and a result that nobody else looks into: candidates for being one layer."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TypeAlias

from xdsl.ir import Operation, SSAValue

from simdc.ir.base import LayerOp, shape_of
from simdc.ir.network import ParameterOp
from simdc.ir.ops.free import ReshapeOp
from simdc.named import NamedTuple

from .readings import Pieces, Reading, base_of, long_sizes, reading_of

MOST_LAYERS = 96
"""That one layer may have been written as. An error function by polynomials takes about 50."""


Readings: TypeAlias = "dict[SSAValue, Reading | Pieces]"
"""By what is made, the first made first."""


class Cone(NamedTuple):
    """All that `result` is made of from `x` on. `readings` are by result, the first made first; `views` are those that
    only these layers read."""

    x: SSAValue
    result: SSAValue
    readings: Readings
    views: tuple[LayerOp, ...]

    @property
    def layers(self) -> list[LayerOp]:
        """All but the one that makes the result, each behind its readers."""
        last, found = self.result.owner, list[LayerOp]()
        for value in reversed(self.readings):
            # A view of a view was made behind it.
            found += [view for view in reversed(self.views) if base_of(view.results[0]) is value]
            if isinstance(value.owner, LayerOp) and value.owner is not last and value.owner not in found:
                found.append(value.owner)
        return found


def cones_of(result: SSAValue) -> Iterator[Cone]:
    """Those with at least as many elements at the tip as the result has, the largest first."""
    whole, views = _closed(result)
    count = prod(shape_of(result))
    read = {value: [base_of(each) for each, _ in reading.tensors.values()] for value, reading in whole.items()}
    for x in dict.fromkeys(each for bases in read.values() for each in bases):
        if isinstance(x.owner, ParameterOp) or prod(shape_of(x)) < count:
            continue
        inside = {x}
        for value, bases in read.items():
            if value is not x and not inside.isdisjoint(bases):
                inside.add(value)
        # A layer with two results is inside with both, or its other one nobody reads.
        others = [each for value in inside - {x} for each in _others(value)]
        if result in inside and all(each in inside or each.first_use is None for each in others):
            readings = {value: reading for value, reading in whole.items() if value in inside and value is not x}
            yield Cone(x, result, readings, tuple(view for view in views if base_of(view.results[0]) in readings))


def _closed(result: SSAValue) -> tuple[Readings, list[LayerOp]]:
    """All that goes into a result and into nothing else, as far as layers can be read, and the views between."""
    found: Readings = {}
    owners: set[object] = set()
    views: list[LayerOp] = []
    waiting = [result]
    while waiting and len(found) < MOST_LAYERS:
        value = waiting.pop()
        between: list[LayerOp] = []
        alone = value is result or all(_is_inside(use.operation, owners, between) for use in value.uses)
        reading = reading_of(value) if alone and value not in found else None
        if reading is None:
            continue
        # Where another reader is found later, this is asked again then: it is an operand of that, too.
        found[value] = reading
        owners.add(value.owner)
        views += [view for view in between if view not in views]
        waiting += [base_of(each) for each, _ in reading.tensors.values()]
    return dict(reversed(found.items())), views


def _others(value: SSAValue) -> list[SSAValue]:
    return [each for each in value.owner.results if each is not value] if isinstance(value.owner, Operation) else []


def _is_inside(reader: Operation, owners: set[object], views: list[LayerOp]) -> bool:
    """Whether a reader is among `owners`, or a view that only these read, or nobody."""
    if reader in owners:
        return True
    if not isinstance(reader, ReshapeOp) or long_sizes(reader.input) != long_sizes(reader.result):
        return False
    if not all(_is_inside(use.operation, owners, views) for use in reader.result.uses):
        return False
    if reader not in views:
        views.append(reader)
    return True
