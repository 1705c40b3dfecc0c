"""Plain data to `Hardware` and back, with the dotted path of whatever is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast

from attrs import NOTHING, Attribute, fields

from .extensions import Extensions, HardwareField, Section, declared_fields, extension_paths
from .hardware import Hardware
from .machine_fields import LARGEST, MAX_TEXT, HardwareError
from .machines import AnyMachine, SomeMachine

T = TypeVar("T")

PREFIXES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
BITS_PER_WORD = {"bit": 1, "b": 8, "byte": 8}
SIZE = re.compile(r"\s*([0-9]{1,18})(?:\.([0-9]{1,18}))?\s*(?:([kKMG])[iI]?)?(B|(?i:bit|byte)s?)\s*", re.ASCII)
UNITS = "bit, B, Kibit, KiB, Mibit, MiB, Gibit, GiB (Kbit, KB, ... mean the same)"


def parse_bits(text: str) -> int:
    """`"256 KiB"` to 2097152, `"0.5 MiB"` to 4194304. `UNITS` lists the units. K, M and G are powers of 1024 in all of
    them, as in the paper. A lone `b` is refused: half of those who write `32 Kb` mean bits."""
    match = SIZE.fullmatch(text)
    if match is None:
        such = "must be bits as a whole number or a size such as '256 KiB'"
        raise ValueError(f"{such}, got {text[:40]!r}; units are {UNITS}")
    whole, part = match[1], match[2] or ""
    unit = PREFIXES[(match[3] or "").upper()] * BITS_PER_WORD[match[4].lower().removesuffix("s")]
    # 0.5 MiB: 05 * 8388608 / 10**1.
    bits, rest = divmod(int(whole + part) * unit, 10 ** len(part))
    if rest:
        raise ValueError(f"must be a whole number of bits, got {text[:40]!r}")
    return bits


def structure(cls: type[T], data: object, path: str = "") -> T:
    """Build `cls` from nested dictionaries. Raises HardwareError with the path of what is unknown, missing or wrong."""
    if not isinstance(data, dict):
        raise HardwareError(path or "top level", f"must be an object, got {data!r:.60}")
    given = cast("dict[object, object]", data)
    known: dict[str, Attribute[object]] = {attribute.name: attribute for attribute in fields(cls)}  # pyright: ignore[reportArgumentType]
    prefix = f"{path}." if path else ""
    for key in given:
        if key not in known:
            raise HardwareError(f"{prefix}{str(key)[:80]}", f"unknown field{_hint(str(key), list(known))}")
    values: dict[str, object] = {}
    for name, attribute in known.items():
        if name in given:
            values[name] = _value(attribute, given[name], f"{prefix}{name}")
        elif attribute.default is NOTHING:
            raise HardwareError(f"{prefix}{name}", f"missing ({attribute.metadata.get('unit', 'an object')})")
    # A part names its fields as it knows them: `rows` becomes `systolic.rows` here.
    try:
        return cls(**values)
    except HardwareError as error:
        raise HardwareError(f"{prefix}{error.path}", error.message) from None


def _value(attribute: Attribute[object], value: object, path: str) -> object:
    part = attribute.metadata.get("part")
    if part is not None:
        return structure(part, value, path)
    if "parts" in attribute.metadata:
        entries = _object(value, path).items()
        return tuple(
            (_name(key, path), structure(attribute.metadata["parts"], each, f"{path}.{key}")) for key, each in entries
        )
    if "read" in attribute.metadata:
        try:
            return attribute.metadata["read"](value)
        except HardwareError as error:
            raise HardwareError(path, error.message) from None
    if attribute.name == "extensions":
        return _extensions(value, path)
    if attribute.metadata["unit"] == "bit" and isinstance(value, str):
        try:
            return parse_bits(value)
        except ValueError as error:
            raise HardwareError(path, str(error)) from None
    return value


def _name(key: object, path: str) -> str:
    name = str(key)
    if not name.isidentifier() or len(name) > MAX_TEXT:
        raise HardwareError(f"{path}.{name[:80]}", "must be named by letters, digits and underscores")
    return name


def _extensions(value: object, path: str) -> Extensions:
    sections: list[tuple[str, Section]] = []
    for name, given in _object(value, path).items():
        fields, place = declared_fields(str(name)), f"{path}.{str(name)[:80]}"
        if not fields:
            known = ", ".join(dict.fromkeys(each.split(".")[1] for each in extension_paths())) or "none"
            raise HardwareError(place, f"unknown plug-in; plug-ins with hardware fields: {known}")
        values = _object(given, place)
        names = [field.name for field in fields]
        for key in values:
            if key not in names:
                raise HardwareError(f"{place}.{str(key)[:80]}", f"unknown field{_hint(str(key), names)}")
        found = tuple((field.name, _whole(field, values.get(field.name, field.default), place)) for field in fields)
        sections.append((str(name), Section(found)))
    return Extensions(tuple(sorted(sections)))


def _object(value: object, path: str) -> dict[object, object]:
    if not isinstance(value, dict):
        raise HardwareError(path, f"must be an object, got {value!r:.60}")
    return cast("dict[object, object]", value)


def _whole(field: HardwareField, value: object, place: str) -> int:
    path = f"{place}.{field.name}"
    if field.unit == "bit" and isinstance(value, str):
        try:
            value = parse_bits(value)
        except ValueError as error:
            raise HardwareError(path, str(error)) from None
    if isinstance(value, bool) or not isinstance(value, int):
        raise HardwareError(path, f"must be a whole number ({field.unit}), got {value!r:.80}")
    if not field.minimum <= value <= LARGEST:
        raise HardwareError(path, f"must be at least {field.minimum} and at most 10^20, got {value}")
    return value


def unstructure(instance: object, *, every: bool = False) -> dict[str, Any]:
    """The nested dictionaries that `structure` reads, in field order. Left out are an optional text that is empty,
    extensions where there are none and, but for `every`, options at their defaults."""
    # A report of HI3 does not say that its `systolic.buffer_release` is `segment`; one of HI3 with another says which.
    out: dict[str, Any] = {}
    for attribute in fields(cast("type[Hardware]", type(instance))):
        value = getattr(instance, attribute.name)
        if isinstance(value, Extensions):
            value = value.as_data()
        if value in ("", {}) and attribute.default is not NOTHING:
            continue
        shown = _shown(attribute, value, every)
        if not every and (_is_usual(attribute, value) or ("part" in attribute.metadata and not shown)):
            continue
        out[attribute.name] = shown
    return out


def _is_usual(attribute: Attribute[Any], value: object) -> bool:
    """Whether it is an option at its default."""
    return bool(attribute.metadata.get("option")) and value == attribute.default


def _shown(attribute: Attribute[object], value: Any, every: bool) -> Any:
    metadata = attribute.metadata
    if "part" in metadata:
        return unstructure(value, every=every)
    if "parts" in metadata:
        return {name: unstructure(each, every=every) for name, each in value}
    return metadata["show"](value) if "show" in metadata else value


def options_of(instance: object, prefix: str = "") -> dict[str, object]:
    """The options that are not at their defaults, with their values, by dotted path."""
    found: dict[str, object] = {}
    for attribute in fields(cast("type[Hardware]", type(instance))):
        value = getattr(instance, attribute.name)
        if "part" in attribute.metadata:
            found |= options_of(value, f"{prefix}{attribute.name}.")
        elif attribute.metadata.get("option") and value != attribute.default:
            found[f"{prefix}{attribute.name}"] = value
    return found


def structure_machine(data: object) -> AnyMachine:
    """The machine that `data` describe: one of units and memories if it has `units`, else a systolic and a SIMD array.
    Raises HardwareError."""
    if isinstance(data, dict) and "units" in data:
        # Making its classes takes two milliseconds.
        from .machine import Machine

        return structure(Machine, cast("object", data))
    return structure(Hardware, cast("object", data))


def with_field(hardware: SomeMachine, path: str, value: object) -> SomeMachine:
    """A copy with the field at a dotted `path` (`simd.lanes`) replaced. Raises HardwareError."""
    # Through plain data and back, so that the new value is checked as in a file. `systolic` alone is no field.
    hardware = with_extension(hardware, path)
    data = unstructure(hardware, every=True)
    *parents, leaf = path.split(".")
    here: Any = data
    for step in parents:
        here = cast("dict[str, Any]", here).get(step) if isinstance(here, dict) else None
    if not isinstance(here, dict) or leaf not in here or isinstance(here[leaf], dict):
        raise HardwareError(path[:80], f"unknown field{_hint(path, leaf_paths(data))}")
    here[leaf] = value
    return structure(type(hardware), data)


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
    return [path for path, metadata in described(Hardware) if metadata.get("option")]


def bit_paths() -> list[str]:
    """Dotted paths of the fields in bits, or bits per cycle, that every machine has."""
    return [path for path, metadata in described(Hardware) if metadata["unit"] in ("bit", "bit/cycle")]


def described(cls: type, prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every field that is no part, by dotted path, with its metadata."""
    for attribute in fields(cls):
        path, metadata = f"{prefix}{attribute.name}", attribute.metadata
        if "part" in metadata:
            yield from described(metadata["part"], f"{path}.")
        else:
            yield path, metadata


def _hint(word: str, known: list[str]) -> str:
    import difflib

    # `rows` is the last word of one path only: systolic.rows.
    ends = [path for path in known if path.endswith(f".{word}")]
    close = ends if len(ends) == 1 else difflib.get_close_matches(word[:80], known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known fields: {', '.join(known)}"
