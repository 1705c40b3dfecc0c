"""A machine as its file states it: what the file says is kept in the file's own words until all of it is known.

A bandwidth of 12.8 GB/s is 102.4 bits a cycle at 1 GHz and 51.2 at 2 GHz, so that a setting of the clock changes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from simdc.cost.machine_fields import MAX_TEXT, HardwareError
from simdc.cost.machines import AnyMachine
from simdc.cost.marks import marks_on_base
from simdc.cost.quantities import BINARY, DECIMAL, counts_by_kilo, parse_bits
from simdc.cost.reading import CLOCK, CLOCK_IN_WORDS
from simdc.cost.structure import leaf_values, structure_machine, unstructure
from simdc.errors import SimdcError, SimdcErrors
from simdc.named import NamedTuple
from simdc.visible import to_name

from . import genesys_file
from .commented_json import Places, parse_commented, places_in
from .json_text import name_of, read_text
from .own_results import refuse_results
from .presets import find_file, presets

MAX_BYTES = 2**20
MAX_BASES = 8
"""Machines that a file may rest on, one on the other."""
BASE, SCHEMA = "base", "$schema"
CLOCKS = (CLOCK_IN_WORDS, CLOCK)
UNMARKED = ("name", "changed", "basis", "chains", "pj_per_operation", "extensions")
"""Of a machine what is no number, or of numbers that nobody asks what they rest on."""


class Sheet(NamedTuple):
    """`data` in the file's words, with what its base says; K, M and G of its sizes count by `kilo`. `machine` is what
    they describe."""

    data: dict[str, Any]
    kilo: int
    machine: AnyMachine


def read_sheet(path: str) -> Sheet:
    """The sheet in a file, or on standard input (`-`). Raises SimdcError."""
    return parse_sheet(read_text(path, MAX_BYTES), name_of(path))


def parse_sheet(text: str, path: str, below: tuple[str, ...] = ()) -> Sheet:
    """The sheet in a text of any format; `path` is for messages, names a machine that has no name, and tells a
    configuration of SCALE-Sim; a base is looked for in its folder. `below` are the files that rest on this one. Raises
    SimdcError, which tells all faults."""
    if path.lower().endswith(".cfg"):
        from .scale_sim.config import parse_config

        return _plain(parse_config(text, path))
    data: dict[str, Any] = parse_commented(text, path)
    refuse_results(data, path, "machine")
    name = to_name(Path(path).stem.strip("<>"))
    try:
        if genesys_file.is_genesys(data):
            return _plain(genesys_file.convert(data, name))
        kilo = _kilo(data, path)
        if BASE in data:
            data = _on_base(data, kilo, path, (*below, path))
            data.setdefault("name", name)
        return Sheet(data, kilo, _checked(structure_machine(data, kilo=kilo)))
    except HardwareError as error:
        raise _with_places(error, places_in(text, path), path) from None


def merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What `own` says, and where it says nothing what `base` says."""
    out = dict(base)
    for key, value in own.items():
        below = out.get(key)
        both = isinstance(value, dict) and isinstance(below, dict)
        out[key] = merged(cast("dict[str, Any]", below), cast("dict[str, Any]", value)) if both else value
    return out


def _checked(machine: AnyMachine) -> AnyMachine:
    if machine.basis:
        from simdc.cost.machine_marks import check_marks

        check_marks(machine)
    return machine


def _plain(machine: AnyMachine) -> Sheet:
    return Sheet(unstructure(machine), BINARY, machine)


def _kilo(data: dict[str, Any], path: str) -> int:
    """What K, M and G count by; takes the reference to the schema out of the data. Files of before had no such
    reference, and keep their meaning."""
    if SCHEMA in data:
        if not isinstance(data[SCHEMA], str):
            raise HardwareError(SCHEMA, f"must be text, got {data[SCHEMA]!r:.60}")
        del data[SCHEMA]
        return DECIMAL
    for field, text in _sizes(data):
        if counts_by_kilo(text):
            said = (
                f"note: {path}: {field}: {text} counts by 1024, as in files without {SCHEMA}; KiB, MiB and GiB say so"
            )
            print(said, file=sys.stderr)
            break
    return BINARY


def _sizes(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _sizes(cast("dict[str, Any]", value), f"{prefix}{key}.")
        elif isinstance(value, str) and _is_size(prefix, key):
            yield f"{prefix}{key}", value


def _is_size(prefix: str, key: str) -> bool:
    return key.endswith("_bits") or prefix.startswith("extensions.")


def _on_base(own: dict[str, Any], kilo: int, path: str, below: tuple[str, ...]) -> dict[str, Any]:
    name = own.pop(BASE)
    if not isinstance(name, str):
        raise HardwareError(BASE, f"must be the name of a file or preset, got {name!r:.60}")
    if len(below) > MAX_BASES:
        raise HardwareError(BASE, f"more than {MAX_BASES} machines rest on each other, such as {', '.join(below[:2])}")
    found = _find_base(name, path)
    base = parse_sheet(read_text(found, MAX_BYTES, name), found, below)
    data = _in_bits(base.data, base.kilo) if kilo != base.kilo else dict(base.data)
    data.pop("name")
    if not own.keys().isdisjoint(CLOCKS):
        data = {key: value for key, value in data.items() if key not in CLOCKS}
    if data.get("prices") and "prices" not in own:
        data["prices"] = {**data["prices"], "source": _borrowed(data["prices"]["source"], base.machine.name)}
    return {**merged(data, own), **_marked(data, own)}


def _marked(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, object]:
    """The marks of a file on a base, if one of the two has any. What is no object of marks is left as it is."""
    given = base.get("basis", {}), own.get("basis", {})
    if not any(given) or not all(isinstance(each, dict) for each in given):
        return {}
    numbers = {name: each for name, each in own.items() if name not in UNMARKED}
    stated = [CLOCK if path == CLOCK_IN_WORDS else path for path in leaf_values(numbers) if path != "prices.source"]
    return {"basis": marks_on_base(*given, stated)}


def _borrowed(source: str, name: str) -> str:
    # A report of another machine must not say where its prices come from as if they had been made for it.
    return f"those of {name}, not adjusted to this machine ({source}"[: MAX_TEXT - 1] + ")"


def _find_base(name: str, path: str) -> str:
    beside = Path(path).parent / name
    try:
        if beside.is_file():
            return str(beside)
        return str(presets("hardware").get(name) or find_file(name, "hardware"))
    except (SimdcError, OSError, ValueError) as error:
        message = error.message if isinstance(error, SimdcError) else str(error)
        raise HardwareError(BASE, f"'{name[:80]}': {message}") from None


def _in_bits(data: Mapping[str, Any], kilo: int, prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            value = _in_bits(cast("dict[str, Any]", value), kilo, f"{prefix}{key}.")
        elif isinstance(value, str) and _is_size(prefix, key):
            value = parse_bits(value, kilo)
        out[key] = value
    return out


def _with_places(error: HardwareError, places: Places, path: str) -> SimdcError:
    errors = [places.error(fault.path, fault.message, path) for fault in error.all_faults]
    errors.sort(key=lambda each: (each.line or sys.maxsize, each.column or 0))
    return errors[0] if len(errors) == 1 else SimdcErrors(errors)
