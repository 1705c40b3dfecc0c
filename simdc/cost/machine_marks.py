"""What the numbers of a machine of units rest on, taken together: a chain is as strong as its weakest link."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import fields

from .machine import MARKS, ComputeUnit, Granule, Machine, Mark, MemoryLevel

PART = Granule | ComputeUnit | MemoryLevel


def weakest_mark(machine: Machine) -> tuple[Mark, tuple[str, ...]]:
    """The weakest mark of the numbers that the machine states, and the dotted paths of those that have it; where all
    numbers of a unit or memory do, its path alone. Numbers that are as they are where nobody states them do not
    count."""
    groups: dict[str, list[str]] = {"clock_ns": ["clock_ns"]}
    groups |= {f"units.{name}": list(_stated(unit, f"units.{name}.")) for name, unit in machine.units}
    groups |= {f"memories.{name}": list(_stated(each, f"memories.{name}.")) for name, each in machine.memories}
    marks: dict[str, Mark] = {path: machine.mark_of(path) for paths in groups.values() for path in paths}
    weakest: Mark = max(marks.values(), key=MARKS.index)
    found: list[str] = []
    for group, paths in groups.items():
        weak = [path for path in paths if marks[path] == weakest]
        found += [group] if weak and weak == paths else weak
    return weakest, tuple(found)


def _stated(part: PART, prefix: str) -> Iterator[str]:
    """Paths of the numbers of a part that are not the default."""
    for attribute in fields(type(part)):
        value = getattr(part, attribute.name)
        if isinstance(value, Granule):
            yield from _stated(value, f"{prefix}{attribute.name}.")
        # `shared` is true or false: a property of the machine, and a bool is an int.
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and value != attribute.default:
            yield f"{prefix}{attribute.name}"
