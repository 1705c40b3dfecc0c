"""A machine with other values in some fields. Only the parts that have these are made anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simdc.frozen import Frozen, evolve

from .machine_fields import HardwareError
from .machines import SomeMachine
from .reading import CLOCK, FieldReader


class ReadWhole(Exception):
    """The machine has to be read as a whole, which says what is wrong, if anything is."""


def changed(machine: SomeMachine, values: Mapping[str, object]) -> SomeMachine:
    """With the numbers, words and switches at dotted paths replaced, each read and checked as in a file. Raises
    ReadWhole for any other field, and where a value is wrong."""
    reader = FieldReader()
    reader.with_clock({CLOCK: values.get(CLOCK, machine.clock_ns)}, "")
    try:
        found = _part(machine, values, reader)
    except HardwareError:
        raise ReadWhole from None
    if reader.faults:
        raise ReadWhole
    return found


def _part(part: Any, values: Mapping[str, object], reader: FieldReader) -> Any:
    own, inner = _apart(values)
    new = {name: reader.value(_plain_field(part, name), value, name) for name, value in own.items()}
    for name, each in inner.items():
        field = part.frozen_fields.get(name)
        there: Any = None if field is None else getattr(part, name)
        if field is None or there == field.metadata.get("absent"):
            raise ReadWhole
        if "part" in field.metadata:
            new[name] = _part(there, each, reader)
        elif "parts" in field.metadata:
            new[name] = _parts(there, each, reader)
        else:
            raise ReadWhole
    return evolve(part, **new)


def _parts(given: Any, values: Mapping[str, object], reader: FieldReader) -> tuple[tuple[str, Frozen], ...]:
    parts: dict[str, Frozen] = dict(given)
    own, inner = _apart(values)
    if own or not parts.keys() >= inner.keys():
        raise ReadWhole
    return tuple((parts | {name: _part(parts[name], each, reader) for name, each in inner.items()}).items())


def _apart(values: Mapping[str, object]) -> tuple[dict[str, object], dict[str, dict[str, object]]]:
    """Values of fields, and of fields of parts by the name of the part."""
    own: dict[str, object] = {}
    inner: dict[str, dict[str, object]] = {}
    for path, value in values.items():
        name, _, rest = path.partition(".")
        if rest:
            inner.setdefault(name, {})[rest] = value
        else:
            own[name] = value
    return own, inner


def _plain_field(part: Frozen, name: str) -> Any:
    field = part.frozen_fields.get(name)
    if field is None or not field.metadata.keys().isdisjoint(("part", "parts", "read", "absent")):
        raise ReadWhole
    # Text and plug-ins' sections that are empty are no fields of a machine's data.
    if getattr(part, name) == "" or name == "extensions":
        raise ReadWhole
    return field
