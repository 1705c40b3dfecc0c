"""What the numbers of a machine rest on, taken together: a chain is as strong as its weakest link."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from simdc.frozen import Frozen, fields
from simdc.named import NamedTuple

from .machine_fields import HardwareError
from .machines import AnyMachine
from .marks import MARKS, Mark, mark_at
from .ratio import Ratio
from .reading import hint
from .structure import leaf_paths, unstructure, without_marks


class Weakest(NamedTuple):
    """The weakest `mark` of the numbers that a machine states. `paths` are those that have it; where all of a part do,
    its path alone. They are `numbers` of all that are `stated`. `fitted` are the paths of those that are fitted."""

    mark: Mark
    paths: tuple[str, ...]
    numbers: int
    stated: int
    fitted: tuple[str, ...]


class Stated(NamedTuple):
    """A number, or a part with its numbers."""

    path: str
    inner: tuple[Stated, ...] = ()

    def numbers(self) -> Iterator[str]:
        """Paths of its numbers."""
        for each in self.inner:
            yield from each.numbers()
        if not self.inner:
            yield self.path

    def named(self, chosen: set[str]) -> Iterator[str]:
        """The paths `chosen` that lie in it, in as few words as possible."""
        if chosen.issuperset(self.numbers()):
            yield self.path
        else:
            for each in self.inner:
                yield from each.named(chosen)


def weakest_mark(machine: AnyMachine) -> Weakest:
    """Numbers that are as they are where nobody states them do not count."""
    stated = list(_stated(machine, ""))
    marks: dict[str, Mark] = {
        path: mark_at(path, machine.basis, machine.changed) for each in stated for path in each.numbers()
    }
    weakest: Mark = max(marks.values(), key=MARKS.index)
    paths, fitted = _marked(stated, marks, weakest), _marked(stated, marks, "fitted")
    return Weakest(weakest, paths, list(marks.values()).count(weakest), len(marks), fitted)


def check_marks(machine: AnyMachine) -> None:
    """Raises HardwareError for a mark of what the machine does not have."""
    leaves = leaf_paths(without_marks(unstructure(machine, every=True)))
    # Of a machine without prices, too: its base may have some.
    known = {"prices": None}
    for path in leaves:
        # units.conv.atom_cycles: units, units.conv, and itself.
        known |= dict.fromkeys([path[: dot.start()] for dot in re.finditer(r"\.|$", path)])
    for place, _ in machine.basis:
        if place not in known:
            raise HardwareError(f"basis.{place[:80]}", f"unknown field{hint(place, list(known))}")


def _marked(stated: Sequence[Stated], marks: dict[str, Mark], mark: Mark) -> tuple[str, ...]:
    chosen = {path for path, each in marks.items() if each == mark}
    return tuple([path for each in stated for path in each.named(chosen)])


def _stated(part: Frozen, prefix: str) -> Iterator[Stated]:
    """What a part states that is not the default."""
    for field in fields(type(part)):
        value, metadata, path = getattr(part, field.name), field.metadata, f"{prefix}{field.name}"
        if "parts" in metadata:
            for name, each in value:
                yield Stated(f"{path}.{name}", tuple(_stated(each, f"{path}.{name}.")))
        elif value == field.usual():
            continue
        elif "part" in metadata:
            inner = tuple(_stated(value, f"{path}."))
            yield from [Stated(path, inner)] if inner else []
        elif isinstance(value, (bool, int, float, Ratio)) or "words" in metadata:
            yield Stated(path)
