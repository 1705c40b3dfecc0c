"""Marks: what the numbers of a machine rest on, by dotted path or the beginning of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias, cast, get_args

from simdc.frozen import field

from .machine_fields import HardwareError

Mark = Literal["measured", "published", "fitted", "assumed"]
MARKS: tuple[Mark, ...] = get_args(Mark)
"""The strongest first. What is fitted was chosen so that the model agrees with measured runs: those runs are no proof
of it, as they are of what was measured by itself."""
Basis: TypeAlias = tuple[tuple[str, Mark], ...]


def read_basis(value: object) -> Basis:
    """From an object of marks by path. Raises HardwareError."""
    if not isinstance(value, Mapping):
        raise HardwareError("", f"must be an object of marks by path, got {value!r:.80}")
    found: list[tuple[str, Mark]] = []
    for place, mark in cast("Mapping[object, object]", value).items():
        if mark not in MARKS:
            raise HardwareError(
                "", f"{str(place)[:80]} must be {', '.join(MARKS[:-1])} or {MARKS[-1]}, got {mark!r:.80}"
            )
        found.append((str(place), mark))
    return tuple(found)


def marks(**metadata: Any) -> Any:
    """The field of a machine that has its marks. What it does not name is assumed."""
    known = {"unit": "marks by path", "source": "whoever wrote the file", "read": read_basis, "show": dict}
    return field(metadata={**known, **metadata}, default=())


def is_part_of(path: str, whole: str) -> bool:
    """Whether a path is this one or begins with it: `systolic.rows` is part of `systolic`."""
    return f"{path}.".startswith(f"{whole}.")


def mark_at(path: str, basis: Basis, changed: str) -> Mark:
    """What the number at a dotted path rests on: what the longest path says that it begins with. A number that was
    `changed` is an assumption."""
    # units.conv measured, units.conv.atom_cycles assumed: the second of the two is assumed.
    if any(each.startswith(f"{path}=") for each in changed.split(", ")):
        return MARKS[-1]
    longest, found = -1, MARKS[-1]
    for place, mark in basis:
        if len(place) > longest and is_part_of(path, place):
            longest, found = len(place), mark
    return found


def marks_on_base(base: Mapping[str, str], own: Mapping[str, str], stated: Iterable[str]) -> dict[str, str]:
    """The marks of a file that rests on another one, whose marks are `base`. What the file has marks for it knows
    better; a number that it states, at one of the paths `stated`, without a mark is assumed."""
    # The base's rows are published. A file that says `rows: 32` and no more has nothing published.
    said = {path: mark for path, mark in base.items() if not any(is_part_of(path, each) for each in own)}
    unsaid = [path for path in stated if not any(is_part_of(path, each) for each in own)]
    return {**said, **own, **dict.fromkeys(unsaid, MARKS[-1])}
