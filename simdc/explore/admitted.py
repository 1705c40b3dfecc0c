"""The machines of a space that keep its constraints, without walking the whole space.

Axes that appear in one constraint form a component, together with those of every constraint that shares an axis. The
admitted machines are the product of the components' admitted combinations: two components with 300 each are 90,000
machines in two lists of 300. A component grows axis by axis, and combinations whose sums cannot come into their bounds
any more are dropped at once. Two buffers of 16, 32 or 64 KiB, 64 KiB together: of the first, 64 is dropped, for 16 more
must come; then 16 + 16, 16 + 32, 32 + 16 and 32 + 32 stay.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdc.errors import SimdcError
from simdc.named import NamedTuple

from .space import Constraint, Space, SpaceAxis, Term, Value, field_of

MAX_COMBINATIONS = 2**24
"""Of one component at a time."""
# 0.1 + 0.1 + 0.1 is more than 0.3 in floating point, by a share of 1.9e-16.
SLACK = 1e-12
"""A sum is in its bounds even if rounding a bound has moved it by this share."""

Indices = NDArray[np.int64]


class Component(NamedTuple):
    """`options` [combinations, axes] has the option of each axis in `axes`; `sums` [combinations] the sum of every
    constraint on them, by name."""

    axes: tuple[int, ...]
    options: Indices
    sums: dict[str, NDArray[np.float64]]


class Admitted(NamedTuple):
    components: tuple[Component, ...]
    constants: dict[str, float]
    """Sums of constraints in which nothing varies."""

    @property
    def size(self) -> int:
        return prod(len(component.options) for component in self.components)


def listed_machines(space: Space, choices: Indices) -> Admitted:
    """The machines with these options [machines, axes], whatever the constraints say."""
    sums: dict[str, Any] = {}
    for each in space.constraints:
        sums[each.name] = np.broadcast_to(_reach(space, each, dict(enumerate(choices.T)))[0], len(choices))
    return Admitted((Component(tuple(range(len(space.axes))), choices, sums),), {})


def admitted_machines(space: Space) -> Admitted:
    """Raises SimdcError when no machine keeps all constraints."""
    place = {path: number for number, axis in enumerate(space.axes) for path in axis.paths}
    tied = [
        sorted({place[path] for term in each.terms for path in term.paths if path in place})
        for each in space.constraints
    ]
    constants: dict[str, float] = {}
    for each, axes in zip(space.constraints, tied, strict=True):
        if not axes:
            # A sum of fields that no axis varies is one number, the same for every machine.
            constants[each.name] = float(sum(term.weight * _constant(term, space) for term in each.terms))
            _check_reach(space, each, constants[each.name], constants[each.name])
    components = [
        _component(
            space, axes, [each for each, its in zip(space.constraints, tied, strict=True) if set(its) & set(axes)]
        )
        for axes in _groups(len(space.axes), tied)
    ]
    return Admitted(tuple(components), constants)


def _constant(term: Term, space: Space) -> float:
    return prod(_amount(field_of(space.base, path)) for path in term.paths)


def _groups(count: int, tied: list[list[int]]) -> list[list[int]]:
    """Axes that belong together, in order of their first."""
    # Of four axes, [0, 2] and [2, 3] are tied: [0, 2, 3] and [1].
    group = list(range(count))
    for axes in tied:
        for other in axes[1:]:
            old, new = group[other], group[axes[0]]
            group = [new if each == old else each for each in group]
    return [[axis for axis in range(count) if group[axis] == each] for each in dict.fromkeys(group)]


def _component(space: Space, axes: list[int], constraints: list[Constraint]) -> Component:
    reach = {each.name: _reach(space, each, {}) for each in constraints}
    for each in constraints:
        _check_reach(space, each, *(float(np.ravel(side)[0]) for side in reach[each.name]))
    chosen: dict[int, Indices] = {}
    sums: dict[str, Any] = {}
    for axis in axes:
        count, old = len(space.axes[axis].options), len(next(iter(chosen.values()), [0]))
        if old * count > MAX_COMBINATIONS:
            names = ", ".join(space.axes[each].name for each in axes)
            raise _error(space, f"more than {MAX_COMBINATIONS:,} combinations of {names} at once: narrow their values")
        # Two options, then three of the next axis: 0 0 0 1 1 1 beside 0 1 2 0 1 2.
        chosen = {each: np.repeat(options, count) for each, options in chosen.items()}
        chosen[axis] = np.tile(np.arange(count), old)
        fits: Any = np.ones(old * count, bool)
        for each in constraints:
            least, most = _reach(space, each, chosen)
            fits &= (most >= each.low - SLACK * abs(each.low)) & (least <= each.high + SLACK * abs(each.high))
            # When all axes of a constraint are chosen, least and most are both the sum itself.
            sums[each.name] = least
        if not fits.any():
            names = " and ".join(f"'{each.name}'" for each in constraints)
            raise _error(space, f"no machine keeps {names}{' together' if len(constraints) > 1 else ''}")
        chosen = {each: options[fits] for each, options in chosen.items()}
        sums = {name: np.broadcast_to(values, len(fits))[fits] for name, values in sums.items()}
    return Component(tuple(axes), np.stack([chosen[axis] for axis in axes], axis=1), sums)


def _reach(space: Space, constraint: Constraint, chosen: dict[int, Indices]) -> tuple[Any, Any]:
    """Least and most that the sum can still become when the axes in `chosen` have taken these options."""
    place = {path: number for number, axis in enumerate(space.axes) for path in axis.paths}
    low: Any = 0.0
    high: Any = 0.0
    for weight, paths in constraint.terms:
        least: Any = 1.0
        most: Any = 1.0
        for path in paths:
            if path not in place:
                fixed = _amount(field_of(space.base, path))
                least, most = least * fixed, most * fixed
                continue
            values = np.array([_amount(each) for each in _column(space.axes[place[path]], path)])
            options = chosen.get(place[path])
            least = least * (values.min() if options is None else values[options])
            most = most * (values.max() if options is None else values[options])
        # Weight -1 on values 2 to 8: from -8 to -2.
        low = low + weight * (least if weight >= 0 else most)
        high = high + weight * (most if weight >= 0 else least)
    return low, high


def axis_values(axis: SpaceAxis, path: str) -> NDArray[np.generic]:
    """The values of one field along its axis."""
    column = _column(axis, path)
    # [8, 0.5] are floats; [8, 16] stay integers, since a size in bits has to be exact.
    kinds = {type(value) for value in column}
    if str in kinds:
        # 64, 102.4 and 10240/97 bits a cycle are 64/1, 512/5 and 10240/97: text, which is exact.
        return np.array([each if isinstance(each, str) else "/".join(map(str, _ratio(each))) for each in column])
    return np.array(column, np.float64 if float in kinds else np.bool_ if kinds == {bool} else np.int64)


def written_values(axis: SpaceAxis, path: str) -> NDArray[np.generic]:
    """The same for a table that people read: text as it was given."""
    column = _column(axis, path)
    return np.array([str(each) for each in column]) if str in map(type, column) else axis_values(axis, path)


def _column(axis: SpaceAxis, path: str) -> list[Value]:
    return [option[axis.paths.index(path)] for option in axis.options]


def _ratio(value: float) -> tuple[int, int]:
    return Fraction(str(value)).as_integer_ratio()


def _amount(value: Value) -> float:
    """Of a number, or a bandwidth that is no decimal number: `10240/97`."""
    return float(Fraction(value)) if isinstance(value, str) else float(value)


def _check_reach(space: Space, constraint: Constraint, least: float, most: float) -> None:
    if constraint.low > constraint.high:
        raise _error(
            space,
            f"'{constraint.name}' has to be at least {constraint.low:,.10g} and at most {constraint.high:,.10g}: "
            "nothing is both",
        )
    if most < constraint.low - SLACK * abs(constraint.low) or least > constraint.high + SLACK * abs(constraint.high):
        raise _error(
            space,
            f"no machine keeps '{constraint.name}': the sum goes from {least:,.10g} to {most:,.10g}, "
            f"wanted {constraint.low:,.10g} to {constraint.high:,.10g}",
        )


def _error(space: Space, message: str) -> SimdcError:
    return SimdcError(message, file=space.file or None, path="constraints")
