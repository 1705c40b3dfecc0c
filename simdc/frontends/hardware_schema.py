"""The JSON Schema of hardware files, from the fields of the machines.

`hardware.schema.json` beside this file has it, for editors: `"$schema"` of a hardware file names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from simdc.cost.hardware import Hardware
from simdc.cost.machine import Machine
from simdc.cost.machine_fields import LARGEST, MAX_TEXT
from simdc.cost.marks import MARKS
from simdc.cost.reading import CLOCK, CLOCK_IN_WORDS
from simdc.frozen import Field, Frozen, fields

from .machine_sheet import BASE, SCHEMA

NUMBER = r"^\s*[0-9]+(\.[0-9]+)?\s*"
BYTES = "([kKMG]i?)?(B|[bB][iI][tT][sS]?|[bB][yY][tT][eE][sS]?)"
CLOCKS = f"{NUMBER}([kMG]?Hz|[pnu]s)\\s*$"
TEXTS: dict[str, dict[str, object]] = {
    "size": {
        "description": "Bits, or a size in bit, B, KiB, MiB, GiB, or kB, MB, GB, which count by 1000.",
        "anyOf": [{"type": "integer"}, {"type": "string", "pattern": f"{NUMBER}{BYTES}\\s*$"}],
    },
    "rate": {
        "description": "Bits per cycle, or a bandwidth such as 12.8 GB/s or 64 B/cycle.",
        "anyOf": [
            {"type": "number"},
            {"type": "string", "pattern": f"{NUMBER}{BYTES.replace('kKMG', 'kKMGT')}\\s*/\\s*(s|cycle)\\s*$"},
            {"type": "string", "pattern": r"^\s*[0-9]+\s*/\s*[0-9]+\s*$"},
        ],
    },
    "clock": {
        "description": "Nanoseconds, or a clock such as 800 MHz or 1.25 ns.",
        "anyOf": [{"type": "number"}, {"type": "string", "pattern": CLOCKS}],
    },
}
NAMES: dict[str, object] = {"type": "array", "items": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}}
BY_NAME: dict[str, dict[str, object]] = {
    "lists of units": {"type": "array", "items": NAMES},
    "marks by path": {"type": "object", "additionalProperties": {"enum": list(MARKS)}},
    "pJ by operation": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
}


def hardware_schema() -> dict[str, object]:
    """The format, for machines of both kinds, without what plug-ins add."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "simdc machine",
        "description": "A machine that a neural network is costed on. With 'base' it says only what differs.",
        "type": "object",
        "if": {"anyOf": [{"required": [name]} for name in ("units", "memories", "chains")]},
        "then": {"$ref": "#/$defs/Machine"},
        "else": {"$ref": "#/$defs/Hardware"},
        "$defs": {**TEXTS, "Hardware": _whole(Hardware), "Machine": _whole(Machine)},
    }


def _whole(cls: type[Frozen]) -> dict[str, object]:
    found = _object(cls)
    head = {
        SCHEMA: {"type": "string", "description": "This schema. With it, kB, MB and GB count by 1000."},
        BASE: {"type": "string", "description": "A preset, or a file: this one says what differs."},
        CLOCK_IN_WORDS: {"type": "string", "pattern": CLOCKS, "description": "In place of clock_ns, such as 800 MHz."},
    }
    found["properties"] = {**head, **cast("dict[str, object]", found["properties"])}
    needs = _needs(cls)
    needs["required"] = [name for name in needs["required"] if name != CLOCK]
    either = [{"required": [CLOCK]}, {"required": [CLOCK_IN_WORDS]}]
    return {
        **found,
        "not": {"required": [CLOCK, CLOCK_IN_WORDS]},
        "if": {"not": {"required": [BASE]}},
        "then": {**needs, "anyOf": either},
    }


def _object(cls: type[Frozen]) -> dict[str, object]:
    return {
        "description": " ".join((cls.__doc__ or "").split()),
        "type": "object",
        "additionalProperties": False,
        "properties": {field.name: _field(field) for field in fields(cls)},
    }


def _needs(cls: type[Frozen]) -> dict[str, Any]:
    """What must be there where no base has it."""
    needed = [each.name for each in fields(cls) if each.is_required]
    inner = {each.name: _needs(each.metadata["part"]) for each in fields(cls) if "part" in each.metadata}
    inner |= {
        each.name: {"additionalProperties": _needs(each.metadata["parts"])}
        for each in fields(cls)
        if "parts" in each.metadata
    }
    inner = {name: needs for name, needs in inner.items() if needs}
    return {**({"required": needed} if needed else {}), **({"properties": inner} if inner else {})}


def _field(field: Field) -> dict[str, object]:
    metadata = field.metadata
    if "part" in metadata:
        inner = _object(metadata["part"])
        return {"anyOf": [inner, {"type": "null"}]} if "absent" in metadata else inner
    if "parts" in metadata:
        return {"type": "object", "minProperties": 1, "additionalProperties": _object(metadata["parts"])}
    said = {"description": ", ".join(each for each in (metadata["unit"], metadata.get("source")) if each)}
    return {**said, **_values(field, metadata), **_default(field)}


def _default(field: Field) -> dict[str, object]:
    plain = isinstance(field.default, (int, float, str)) and field.default != ""
    return {"default": field.default} if plain else {}


def _values(field: Field, metadata: Mapping[str, Any]) -> dict[str, object]:
    """What is allowed in a field that is no part, as its definition tells."""
    unit, kind = metadata["unit"], str(field.type)
    # A field that takes one of some words lists them.
    words = [cast("tuple[str, ...]", each) for each in metadata.values() if isinstance(each, tuple)]
    if unit in BY_NAME:
        return BY_NAME[unit]
    if words:
        return {"enum": list(words[0])}
    if "read" in metadata:
        return dict(NAMES)
    if kind == "bool":
        return {"type": "boolean"}
    if kind == "Extensions":
        return {"type": "object"}
    if "minimum" not in metadata:
        return {"type": "string", "minLength": int(field.is_required), "maxLength": MAX_TEXT}
    named = {"bit": "size", "bit/cycle": "rate", "ns": "clock"}.get(unit)
    whole = kind == "int" and unit != "bit/cycle"
    what = {"type": "integer" if whole else "number"} if named is None else {"$ref": f"#/$defs/{named}"}
    # Of prices and bandwidths 1 stands for more than nothing.
    low = {"minimum": metadata["minimum"]} if whole or not metadata["minimum"] else {"exclusiveMinimum": 0}
    return {**what, **low, "maximum": LARGEST}
