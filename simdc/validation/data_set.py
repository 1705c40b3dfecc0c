"""Measured numbers with those of a model beside them, level by level, and how far they are apart."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from simdc.cost.result import Number, add_up
from simdc.named import NamedTuple


class MeasuredRow(NamedTuple):
    """`predicted` are the model's numbers, one for each level; the last is that of the whole model. `conditions` are
    those of the measurement, as `DataSet.conditions` calls them."""

    name: str
    kind: str
    unit: str
    conditions: tuple[int, ...]
    measured: int
    predicted: tuple[Number, ...]

    @property
    def errors(self) -> tuple[float, ...]:
        """Signed, as parts of what was measured."""
        # 98 where 100 were measured: -0.02.
        return tuple(each / self.measured - 1 for each in self.predicted)


class MeasuredSum(NamedTuple):
    """Rows that make something together, such as a network."""

    name: str
    rows: tuple[MeasuredRow, ...]

    @property
    def whole(self) -> MeasuredRow:
        columns = zip(*(row.predicted for row in self.rows), strict=True)
        measured = sum(row.measured for row in self.rows)
        return MeasuredRow(self.name, "sum", self.rows[0].unit, (), measured, tuple(map(add_up, columns)))


class MeasuredCount(NamedTuple):
    """Something that was counted in several rows: `pairs` of what was measured, which is not zero, and the model's."""

    name: str
    unit: str
    pairs: tuple[tuple[int, Number], ...]

    @property
    def equal(self) -> int:
        return sum(measured == predicted for measured, predicted in self.pairs)

    @property
    def worst(self) -> float:
        """The largest magnitude of an error, as part of what was measured."""
        return max(abs(predicted / measured - 1) for measured, predicted in self.pairs)


class DataSet(NamedTuple):
    """`levels` say what each level of the model knows beside the one before. `remarks` are what must be known of the
    measurement, and what it does not show."""

    name: str
    title: str
    remarks: tuple[str, ...]
    machine: str
    model: str
    levels: tuple[str, ...]
    conditions: tuple[str, ...]
    rows: tuple[MeasuredRow, ...]
    sums: tuple[MeasuredSum, ...] = ()
    counts: tuple[MeasuredCount, ...] = ()


class KindErrors(NamedTuple):
    """Mean and largest magnitude of the errors of all rows of a kind, by level."""

    kind: str
    rows: int
    mean: tuple[float, ...]
    worst: tuple[float, ...]


def errors_by_kind(rows: Sequence[MeasuredRow]) -> list[KindErrors]:
    """Kinds in the order in which they come."""
    found: list[KindErrors] = []
    for kind in dict.fromkeys(row.kind for row in rows):
        errors = [row.errors for row in rows if row.kind == kind]
        by_level = [[abs(each) for each in level] for level in zip(*errors, strict=True)]
        found.append(KindErrors(kind, len(errors), tuple(map(fmean, by_level)), tuple(map(max, by_level))))
    return found
