"""Hardware fields of other packages: a cost model of a plug-in declares them, a machine has values for them.

"extensions": {"one-channel": {"dram_bits_per_cycle": 64}}
"""

from __future__ import annotations

from typing import cast

from simdc.frozen import Frozen
from simdc.named import NamedTuple
from simdc.plugins import Group


class HardwareField(NamedTuple):
    """A whole number that a model asks of a machine: `extension_fields` of the model's class lists them. `default`
    counts where a machine says nothing."""

    name: str
    unit: str
    default: int
    minimum: int = 1


class Section(Frozen):
    """Values by name, read like attributes: `section.dram_bits_per_cycle`."""

    values: tuple[tuple[str, int], ...]

    def __getattr__(self, name: str) -> int:
        for each, value in self.values:
            if each == name:
                return value
        raise AttributeError(name)


class Extensions(Frozen):
    """Sections by the name of the plug-in. `getattr(extensions, "one-channel")` of a machine without that section has
    the defaults."""

    sections: tuple[tuple[str, Section], ...] = ()

    def __getattr__(self, name: str) -> Section:
        for each, section in self.sections:
            if each == name:
                return section
        # `copy` and `pickle` ask for `__deepcopy__` and the like.
        declared = () if name.startswith("__") else declared_fields(name)
        if not declared:
            raise AttributeError(name)
        return Section(tuple((field.name, field.default) for field in declared))

    def as_data(self) -> dict[str, dict[str, int]]:
        return {name: dict(section.values) for name, section in self.sections}


def declared_fields(name: str) -> tuple[HardwareField, ...]:
    """The fields of the plug-in `name`; empty where there is none or it declares none. Raises PluginError."""
    plugin = DECLARED.get(name)
    return () if plugin is None else plugin.value


def extension_paths(name: str = "") -> list[str]:
    """Dotted paths of what the plug-in `name`, or each that works, declares."""
    plugins = DECLARED.all() if not name else [DECLARED.get(name)]
    return [
        f"extensions.{plugin.name}.{field.name}" for plugin in plugins if plugin is not None for field in plugin.value
    ]


def _declared(name: str, value: object) -> tuple[HardwareField, ...]:
    fields = getattr(value, "extension_fields", ())
    if not isinstance(fields, tuple):
        raise TypeError(f"its extension_fields must be a tuple of HardwareField, got {fields!r:.80}")
    for field in cast("tuple[object, ...]", fields):
        if not isinstance(field, HardwareField) or not field.name.isidentifier() or field.default < field.minimum:
            raise TypeError(f"its extension_fields has {field!r:.80}, no HardwareField with a sound name and default")
    return cast("tuple[HardwareField, ...]", fields)


DECLARED = Group("simdc.models", (), _declared)
"""Beside `PLUGIN_MODELS`, which loads the models themselves."""
