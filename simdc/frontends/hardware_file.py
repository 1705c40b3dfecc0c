"""The machine to compile for: a file or a preset, with single fields overridden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from simdc.cost.hardware import Hardware
from simdc.cost.machine_fields import HardwareError
from simdc.cost.machines import AnyMachine, SomeMachine
from simdc.cost.quantities import BINARY
from simdc.cost.reading import CLOCK, CLOCK_IN_WORDS, structure
from simdc.cost.structure import leaf_path, unstructure
from simdc.errors import SimdcError
from simdc.frozen import evolve

from .json_text import parse_json
from .machine_sheet import MAX_BYTES, Sheet, merged, parse_sheet, read_sheet
from .presets import find_file

__all__ = ["MAX_BYTES", "change_hardware", "load_hardware", "load_machine", "parse_hardware"]

TEXTS = ("name", "prices.source")
"""Fields that say what a machine is called; they make it no other machine."""


def load_hardware(source: str, settings: Sequence[str] = ()) -> Hardware:
    """As `load_machine`, of a systolic and a SIMD array. Raises SimdcError for a machine of another kind, too."""
    machine = load_machine(source, settings)
    if not isinstance(machine, Hardware):
        raise SimdcError("describes units and memories; a systolic and a SIMD array are needed here", file=source)
    return machine


def load_machine(source: str, settings: Sequence[str] = ()) -> AnyMachine:
    """The machine in a file or preset `source`, with each `field=value` of `settings` applied in turn.

    The file, or standard input (`-`), is JSON, simdc's own or a GeneSys parameter file, or a SCALE-Sim configuration
    (.cfg). JSON with `units` describes a machine of units and memories. A value is read as JSON and, where it is none,
    as text, so that sizes (`256 KiB`) need no quotes. Raises SimdcError.
    """
    return _changed(read_sheet(find_file(source, "hardware")), settings)


def change_hardware(hardware: SomeMachine, settings: Sequence[str]) -> SomeMachine:
    """The machine with each `field=value` of `settings` applied in turn, as `load_machine`. Raises SimdcError."""
    if not settings:
        return hardware
    return cast("SomeMachine", _changed(Sheet(unstructure(hardware), BINARY, hardware), settings))


def parse_hardware(text: str, path: str) -> AnyMachine:
    """The machine in a text of any format; `path` is for messages, names a machine that has no name and tells a
    configuration of SCALE-Sim. Raises SimdcError, which tells all faults."""
    return parse_sheet(text, path).machine


def _changed(sheet: Sheet, settings: Sequence[str]) -> AnyMachine:
    data, machine = sheet.data, sheet.machine
    for setting in settings:
        field, equals, text = (part.strip() for part in setting.partition("="))
        if not field or not equals or not text:
            raise SimdcError("must be field=value, for example simd.lanes=128", path=f"--set {setting[:80]}")
        try:
            value = parse_json(text, "")
        except SimdcError:
            value = text
        try:
            path = leaf_path(machine, field)
            data = _with_leaf(data, path, value)
            changed = structure(type(machine), {**data, "changed": machine.changed}, kilo=sheet.kilo)
        except HardwareError as error:
            raise SimdcError(error.message, path=f"--set {error.path}") from None
        if changed != machine and path not in TEXTS:
            named = CLOCK if path == CLOCK_IN_WORDS else path
            earlier = [each for each in machine.changed.split(", ") if each and not each.startswith(f"{named}=")]
            note = f"{named}={value if isinstance(value, str) else text}"
            changed = evolve(changed, changed=", ".join([*earlier, note]))
        machine = changed
    return machine


def _with_leaf(data: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    if path in (CLOCK, CLOCK_IN_WORDS):
        # The other name of the clock would stand beside it.
        data = {key: each for key, each in data.items() if key not in (CLOCK, CLOCK_IN_WORDS)}
    inner: dict[str, Any] = {}
    here = inner
    *parents, leaf = path.split(".")
    for step in parents:
        here[step] = here = dict[str, Any]()
    here[leaf] = value
    return merged(data, inner)
