"""Layers between a value and a result that nobody else looks into: candidates for being one layer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import prod
from typing import TypeAlias

from xdsl.ir import Operation, SSAValue

from simdc.ir.base import LayerOp, shape_of
from simdc.ir.network import ParameterOp
from simdc.ir.ops.free import ReshapeOp
from simdc.named import NamedTuple

from .readings import Layer, LayerReadings, base_of, long_sizes

MOST_LAYERS = 64
"""That one layer may have been written as. An error function by polynomials takes about 50."""


Readings: TypeAlias = "dict[SSAValue, Layer]"
"""By what is made, the first made first."""


class ClosedRegion(NamedTuple):
    """All that goes into a result and into nothing else, as far as layers can be read. A set of its values is a number,
    which has bit n for value n of `readings`."""

    readings: Readings
    views: tuple[LayerOp, ...]
    """Between them, which only these layers read."""
    behind: dict[SSAValue, int]
    """Of each value that is read, those that are made of it."""
    pointwise: int
    gathering: int
    others: tuple[tuple[int, SSAValue], ...]
    """Second results that somebody reads, each with the set of what its layer makes here."""

    def numbers(self, inside: int) -> Iterator[SSAValue]:
        return (value for n, value in enumerate(self.readings) if inside >> n & 1)


class Cone:
    """All that `result` is made of from `x` on; `inside` is the set of it in the region."""

    def __init__(self, x: SSAValue, result: SSAValue, region: ClosedRegion, inside: int):
        self.x = x
        self.result = result
        self.region = region
        self.inside = inside

    @property
    def size(self) -> int:
        return self.inside.bit_count()

    @property
    def is_pointwise(self) -> bool:
        """Whether each layer makes an element of those at the same place."""
        return not self.inside & ~self.region.pointwise

    @property
    def gathers(self) -> bool:
        return bool(self.inside & self.region.gathering)

    @cached_property
    def readings(self) -> Readings:
        return {value: self.region.readings[value] for value in self.region.numbers(self.inside)}

    @property
    def layers(self) -> list[LayerOp]:
        """All but the one that makes the result, each behind its readers; views of `x` that no others read, too."""
        last, found = self.result.owner, list[LayerOp]()
        views = [view for view in reversed(self.region.views) if base_of(view.results[0]) in self.readings]
        for value in reversed(self.readings):
            # A view of a view was made behind it.
            found += [view for view in views if base_of(view.results[0]) is value]
            if isinstance(value.owner, LayerOp) and value.owner is not last and value.owner not in found:
                found.append(value.owner)
        return [*found, *_views_of(self.x, {last, *found})]


def cones_of(result: SSAValue, read: LayerReadings) -> Iterator[Cone]:
    """Those with at least as many elements at the tip as the result has, the largest first."""
    region = _region(result, read)
    count = prod(shape_of(result))
    order = dict.fromkeys(base_of(each) for reading in region.readings.values() for each, _ in reading.tensors.values())
    places = {value: n for n, value in enumerate(region.readings)}
    for x in order:
        if isinstance(x.owner, ParameterOp) or prod(shape_of(x)) < count:
            continue
        inside = region.behind[x]
        # A layer with two results is inside with both, or its other one nobody reads.
        if not any(
            own & inside and not (other in places and inside >> places[other] & 1) for own, other in region.others
        ):
            yield Cone(x, result, region, inside)


def _region(result: SSAValue, read: LayerReadings) -> ClosedRegion:
    found: Readings = {}
    owners: set[object] = set()
    views: list[LayerOp] = []
    waiting = [result]
    while waiting and len(found) < MOST_LAYERS:
        value = waiting.pop()
        between: list[LayerOp] = []
        alone = value is result or all(_is_inside(use.operation, owners, between) for use in value.uses)
        reading = read.of(value) if alone and value not in found else None
        if reading is None:
            continue
        # Where another reader is found later, this is asked again then: it is an operand of that, too.
        found[value] = reading
        owners.add(value.owner)
        views += [view for view in between if view not in views]
        waiting += read.bases(value)
    behind: dict[SSAValue, int] = {}
    pointwise = gathering = 0
    others: list[tuple[int, SSAValue]] = []
    for n, value in zip(reversed(range(len(found))), found, strict=True):
        # What reads it stands before it here.
        made = behind.get(value, 0) | 1 << n
        for base in read.bases(value):
            behind[base] = behind.get(base, 0) | made
        pointwise |= read.is_pointwise(value) << n
        gathering |= bool(found[value].gathered) << n
        others += [(1 << n, each) for each in _others(value) if each.first_use is not None]
    return ClosedRegion(dict(reversed(found.items())), tuple(views), behind, pointwise, gathering, tuple(others))


def _others(value: SSAValue) -> list[SSAValue]:
    return [each for each in value.owner.results if each is not value] if isinstance(value.owner, Operation) else []


def _views_of(x: SSAValue, readers: set[object]) -> list[LayerOp]:
    """Views of a value that nobody but `readers` reads, the last first."""
    found: list[LayerOp] = []
    for use in x.uses:
        inner: list[LayerOp] = []
        if use.operation not in readers and _is_inside(use.operation, readers, inner):
            found += [view for view in inner if view not in found]
    return found


def _is_inside(reader: Operation, owners: set[object], views: list[LayerOp]) -> bool:
    """Whether a reader is among `owners`, or a view that only these read, or nobody. Views come after what views
    them."""
    if reader in owners:
        return True
    if not isinstance(reader, ReshapeOp) or long_sizes(reader.input) != long_sizes(reader.result):
        return False
    if not all(_is_inside(use.operation, owners, views) for use in reader.result.uses):
        return False
    if reader not in views:
        views.append(reader)
    return True
