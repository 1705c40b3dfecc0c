"""Plain data to `Hardware` and back, with the dotted path of whatever is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from simdc.frozen import Field, Frozen, fields

from .changed import ReadWhole, changed
from .extensions import Extensions
from .hardware import Hardware
from .machine_fields import HardwareError
from .machines import AnyMachine, SomeMachine
from .quantities import BINARY
from .ratio import Ratio
from .reading import CLOCK_IN_WORDS, hint, structure


def unstructure(instance: Frozen, *, every: bool = False) -> dict[str, Any]:
    """The nested dictionaries that `structure` reads, in field order. Left out are an optional text that is empty,
    extensions where there are none, prices where none are known and, but for `every`, options at their defaults."""
    # A report of HI3 does not say that its `systolic.buffer_release` is `segment`; one of HI3 with another says which.
    out: dict[str, Any] = {}
    for field in fields(type(instance)):
        value = getattr(instance, field.name)
        if isinstance(value, Extensions):
            value = value.as_data()
        if value in ("", {}) and not field.is_required:
            continue
        if "absent" in field.metadata and value == field.metadata["absent"]:
            continue
        shown = _shown(field, value, every)
        if not every and (_is_usual(field, value) or ("part" in field.metadata and not shown)):
            continue
        out[field.name] = shown
    return out


def _is_usual(field: Field, value: object) -> bool:
    """Whether it is an option at its default."""
    return bool(field.metadata.get("option")) and value == field.default


def _shown(field: Field, value: Any, every: bool) -> Any:
    metadata = field.metadata
    if "part" in metadata:
        return unstructure(value, every=every)
    if "parts" in metadata:
        return {name: unstructure(each, every=every) for name, each in value}
    return metadata["show"](value) if "show" in metadata else value


def options_of(instance: Frozen, prefix: str = "") -> dict[str, object]:
    """The options that are not at their defaults, with their values, by dotted path."""
    found: dict[str, object] = {}
    for field in fields(type(instance)):
        value = getattr(instance, field.name)
        if "part" in field.metadata:
            found |= options_of(value, f"{prefix}{field.name}.")
        elif field.metadata.get("option") and value != field.default:
            found[f"{prefix}{field.name}"] = value
    return found


def structure_machine(data: object, *, kilo: int = BINARY) -> AnyMachine:
    """The machine that `data` describe: one of units and memories if it has `units`, else a systolic and a SIMD array.
    K, M and G of sizes count by `kilo`. Raises HardwareError."""
    if isinstance(data, dict) and "units" in data:
        # Making its classes takes two milliseconds.
        from .machine import Machine

        return structure(Machine, cast("object", data), kilo=kilo)
    return structure(Hardware, cast("object", data), kilo=kilo)


def with_field(hardware: SomeMachine, path: str, value: object) -> SomeMachine:
    """A copy with the field at a dotted `path` (`simd.lanes`) replaced. Raises HardwareError."""
    try:
        return changed(hardware, {path: value})
    except ReadWhole:
        pass
    # Through plain data and back, so that the new value is checked as in a file. `systolic` alone is no field.
    hardware = with_extension(hardware, path)
    data = unstructure(hardware, every=True)
    *parents, leaf = path.split(".")
    here: Any = data
    for step in parents:
        here = cast("dict[str, Any]", here).get(step) if isinstance(here, dict) else None
    if not isinstance(here, dict) or leaf not in here or isinstance(here[leaf], dict):
        raise HardwareError(path[:80], _unknown(path, data))
    here[leaf] = value
    return structure(type(hardware), data)


def leaf_path(hardware: AnyMachine, field: str) -> str:
    """The dotted path of a field that is named by it, or by so much of its end as no other path has: `rows` is
    `systolic.rows`. The clock's other name stays. Raises HardwareError with all that may be meant."""
    known = leaf_paths(without_marks(unstructure(with_extension(hardware, field), every=True)))
    if field in known or field == CLOCK_IN_WORDS:
        return field
    ends = [path for path in known if path.endswith(f".{field}")]
    if len(ends) > 1:
        raise HardwareError(field, f"names {len(ends)} fields, say which: {', '.join(ends)}")
    if not ends:
        raise HardwareError(field[:80], _unknown(field, without_marks(unstructure(hardware, every=True))))
    return ends[0]


def without_marks(data: Mapping[str, object]) -> dict[str, object]:
    """A machine's data but for what its numbers rest on."""
    # `rows` is the end of systolic.rows, and of what it rests on: basis.systolic.rows.
    return {name: each for name, each in data.items() if name != "basis"}


def _unknown(path: str, data: Mapping[str, object]) -> str:
    if path.startswith("prices.") and "prices" not in data:
        return "the machine has no prices; they are given in its file, all of them"
    return f"unknown field{hint(path, leaf_paths(data))}"


def with_extension(hardware: SomeMachine, path: str) -> SomeMachine:
    """A copy that has the section of a plug-in's field at `path` in full, for machines that leave it out. Any other
    `path` changes nothing. Raises HardwareError for a plug-in that is not known."""
    first, _, rest = path.partition(".")
    data = unstructure(hardware)
    sections: dict[str, Any] = data.get("extensions", {})
    name = rest.partition(".")[0]
    if first != "extensions" or not name or name in sections:
        return hardware
    return structure(type(hardware), {**data, "extensions": {**sections, name: {}}})


def fractions_of(machine: Frozen, prefix: str = "") -> Iterator[tuple[str, Ratio]]:
    """The bandwidths that are no whole bits per cycle, by dotted path."""
    for field in fields(type(machine)):
        value = getattr(machine, field.name)
        if isinstance(value, Ratio):
            yield f"{prefix}{field.name}", value
        elif "part" in field.metadata:
            yield from fractions_of(value, f"{prefix}{field.name}.")
        elif "parts" in field.metadata:
            for name, each in value:
                yield from fractions_of(each, f"{prefix}{field.name}.{name}.")


def leaf_values(data: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Every dotted path of a nested dictionary that ends in a value, with the value."""
    found: dict[str, object] = {}
    for key, value in data.items():
        inner = cast("dict[str, object]", value) if isinstance(value, dict) else None
        found |= {f"{prefix}{key}": value} if inner is None else leaf_values(inner, f"{prefix}{key}.")
    return found


def leaf_paths(data: Mapping[str, object]) -> list[str]:
    return list(leaf_values(data))


def unmodelled_paths() -> list[str]:
    """Dotted paths of the fields that describe a machine and that no cost depends on."""
    return [path for path, metadata in described(Hardware) if not metadata.get("modelled", True)]


def option_paths() -> list[str]:
    """Dotted paths of the options of a systolic and a SIMD array."""
    return list(option_defaults())


def option_defaults(cls: type[Frozen] = Hardware, prefix: str = "") -> dict[str, object]:
    """The options of a machine by dotted path, with their defaults."""
    found: dict[str, object] = {}
    for field in fields(cls):
        path = f"{prefix}{field.name}"
        if "part" in field.metadata:
            found |= option_defaults(field.metadata["part"], f"{path}.")
        elif field.metadata.get("option"):
            found[path] = field.default
    return found


def bit_paths() -> list[str]:
    """Dotted paths of the fields in bits, or bits per cycle, that every machine has."""
    return [path for path, metadata in described(Hardware) if metadata["unit"] in ("bit", "bit/cycle")]


def described(cls: type[Frozen], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every field that is no part, by dotted path, with its metadata."""
    for field in fields(cls):
        path, metadata = f"{prefix}{field.name}", field.metadata
        if "part" in metadata:
            yield from described(metadata["part"], f"{path}.")
        else:
            yield path, metadata
