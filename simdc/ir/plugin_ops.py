"""Ops of other packages: each brings a dialect of its own, found by its entry point when a name asks for it."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.ir import Dialect

from simdc.plugins import Group


def register_plugin_dialects(context: Context) -> None:
    """Let IR text name ops of plug-ins; each is imported when the text does."""
    for name in PLUGIN_DIALECTS.names():
        context.register_dialect(name, lambda name=name: plugin_dialect(name))


def load_plugin_ops() -> None:
    """Import every plug-in with ops, which enters its layers and gradient rules into the tables."""
    PLUGIN_DIALECTS.all()


def plugin_dialect(name: str) -> Dialect:
    """The dialect called `name`; an empty one for a plug-in that does not work."""
    plugin = PLUGIN_DIALECTS.working(name)
    return Dialect(name) if plugin is None else plugin.value


def _check(name: str, value: object) -> Dialect:
    if not isinstance(value, Dialect):
        raise TypeError(f"expected an xdsl.ir.Dialect, got {value!r:.80}")
    if value.name != name:
        raise TypeError(f"the dialect calls itself '{value.name}'")
    foreign = [op.name for op in value.operations if not op.name.startswith(f"{name}.")]
    if foreign:
        raise TypeError(f"ops of dialect '{name}' are called {name}.something, not {', '.join(foreign)}")
    return value


PLUGIN_DIALECTS = Group("simdc.ops", ("simdc", "builtin"), _check)
