"""The machine to compile for: a file or a preset, with single fields overridden."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import evolve

from simdc.cost.hardware import Hardware
from simdc.cost.machine_fields import HardwareError
from simdc.cost.machines import AnyMachine, SomeMachine
from simdc.cost.structure import structure_machine, with_field
from simdc.errors import SimdcError
from simdc.visible import to_name

from . import genesys_file
from .json_text import name_of, parse_json, parse_object, read_text
from .presets import find_file

MAX_BYTES = 2**20
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
    path = find_file(source, "hardware")
    return change_hardware(parse_hardware(read_text(path, MAX_BYTES), name_of(path)), settings)


def change_hardware(hardware: SomeMachine, settings: Sequence[str]) -> SomeMachine:
    """The machine with each `field=value` of `settings` applied in turn, as `load_machine`. Raises SimdcError."""
    for setting in settings:
        hardware = _override(hardware, setting)
    return hardware


def parse_hardware(text: str, path: str) -> AnyMachine:
    """The machine in a text of any format; `path` is for messages, names a GeneSys machine and tells a configuration
    of SCALE-Sim. Raises SimdcError."""
    if path.lower().endswith(".cfg"):
        from .scale_sim.config import parse_config

        return parse_config(text, path)
    data = parse_object(text, path)
    try:
        is_genesys = genesys_file.is_genesys(data)
        return (
            genesys_file.convert(data, to_name(Path(path).stem.strip("<>"))) if is_genesys else structure_machine(data)
        )
    except HardwareError as error:
        raise SimdcError(error.message, file=path, path=error.path) from None


def _override(hardware: SomeMachine, setting: str) -> SomeMachine:
    field, equals, text = (part.strip() for part in setting.partition("="))
    if not field or not equals or not text:
        raise SimdcError("must be field=value, for example simd.lanes=128", path=f"--set {setting[:80]}")
    try:
        value = parse_json(text, "")
    except SimdcError:
        value = text
    try:
        changed = with_field(hardware, field, value)
    except HardwareError as error:
        raise SimdcError(error.message, path=f"--set {error.path}") from None
    if changed == hardware or field in TEXTS:
        return changed
    earlier = [each for each in hardware.changed.split(", ") if each and not each.startswith(f"{field}=")]
    return evolve(changed, changed=", ".join([*earlier, f"{field}={value if isinstance(value, str) else text}"]))
