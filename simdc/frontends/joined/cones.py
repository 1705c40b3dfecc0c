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
    """Those with as many elements at the tip as the result has, the largest first."""
    whole = _behind(result)
    count, seen = prod(shape_of(result)), set[SSAValue]()
    values = [base_of(each) for reading in whole.values() for each, _ in reading.tensors.values()]
    for x in values:
        if x in seen or isinstance(x.owner, ParameterOp) or prod(shape_of(x)) != count:
            continue
        seen.add(x)
        found = _between(x, result, whole)
        if found is not None:
            yield found


def _behind(result: SSAValue) -> Readings:
    """What a result is made of, as far as layers can be read, the first made first."""
    found: Readings = {}
    seen: set[SSAValue] = set()

    def visit(value: SSAValue) -> None:
        reading = None if value in seen or len(seen) >= MOST_LAYERS else reading_of(value)
        if reading is not None:
            seen.add(value)
            for each, _ in reading.tensors.values():
                visit(base_of(each))
            found[value] = reading

    visit(result)
    return found


def _between(x: SSAValue, result: SSAValue, whole: Readings) -> Cone | None:
    """None where somebody else reads what is between the two."""
    inside = {x}
    for value, reading in whole.items():
        if any(base_of(each) in inside for each, _ in reading.tensors.values()):
            inside.add(value)
    if result not in inside:
        return None
    needed = _needed(x, result, inside, whole)
    owners: set[object] = {value.owner for value in needed}
    views: list[LayerOp] = []
    for value in needed:
        if value is not result and not all(_is_inside(use.operation, owners, views) for use in value.uses):
            return None
    # A layer with a second result that somebody reads cannot go away.
    others = [each for owner in owners if isinstance(owner, Operation) for each in owner.results if each not in needed]
    if any(each.first_use is not None for each in others):
        return None
    return Cone(x, result, {value: reading for value, reading in whole.items() if value in needed}, tuple(views))


def _needed(x: SSAValue, result: SSAValue, inside: set[SSAValue], whole: Readings) -> set[SSAValue]:
    """Of what depends on `x`, what the result depends on."""
    found: set[SSAValue] = set()
    waiting = [result]
    while waiting:
        value = waiting.pop()
        if value in found or value is x or value not in inside:
            continue
        found.add(value)
        waiting += [base_of(each) for each, _ in whole[value].tensors.values()]
    return found


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
