"""What there is of a kind, what it is, and whether it is built in or from which package."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from typing import TypeVar

from simdc.named import NamedTuple
from simdc.plugins import Group

T = TypeVar("T")
BUILT_IN = "built in"


class Entry(NamedTuple):
    """One row: a name, what it is in a sentence, and the package that it is from."""

    name: str
    says: str
    source: str = BUILT_IN


def listing(kind: str) -> str:
    """The table of everything of `kind`, one of `KINDS`."""
    entries = KINDS[kind]()
    names = max(len(entry.name) for entry in entries)
    sources = max(len(entry.source) for entry in entries)
    lines = [f"{entry.name:{names}}  {entry.source:{sources}}  {entry.says}" for entry in entries]
    return "".join(line.rstrip() + "\n" for line in lines)


def passes() -> list[Entry]:
    from simdc.passes import PASSES, PLUGIN_PASSES

    return [*_built_in(PASSES), *_plugged(PLUGIN_PASSES)]


def models() -> list[Entry]:
    from simdc.cost.model_table import MODELS, PLUGIN_MODELS

    return [*_built_in(MODELS), *_plugged(PLUGIN_MODELS)]


def reports() -> list[Entry]:
    from simdc.backends.report import PLUGIN_REPORTS, REPORTS

    return [*_built_in(REPORTS), *_plugged(PLUGIN_REPORTS)]


def frontends() -> list[Entry]:
    from simdc.frontends import FRONT_ENDS, PLUGIN_FRONT_ENDS

    return [*(Entry(name, says) for name, says in FRONT_ENDS.items()), *_plugged(PLUGIN_FRONT_ENDS)]


def ops() -> list[Entry]:
    from simdc.ir.dialect import Simdc
    from simdc.ir.plugin_ops import PLUGIN_DIALECTS

    own = [Entry(op.name, _line(op)) for op in Simdc.operations]
    return own + [
        Entry(op.name, _line(op), plugin.source) for plugin in PLUGIN_DIALECTS.all() for op in plugin.value.operations
    ]


def layers() -> list[Entry]:
    from simdc.ir.layer_table import layer_table
    from simdc.ir.layers import LayerKind
    from simdc.ir.plugin_ops import PLUGIN_DIALECTS
    from simdc.ir.signatures import inputs_text, option_text

    # Importing a plug-in's ops enters its layers, whose functions stand in its package: simdc_example.squared_relu.
    packages = {
        op.__module__.partition(".")[0]: plugin.source
        for plugin in PLUGIN_DIALECTS.all()
        for op in plugin.value.operations
    }

    def entry(kind: LayerKind) -> Entry:
        called = ", ".join([inputs_text(kind), *(option_text(kind, name) for name in kind.options)])
        source = packages.get(kind.build.__module__.partition(".")[0], BUILT_IN)
        return Entry(kind.name, f"({called}): {kind.text.rstrip('.')}", source)

    return [entry(kind) for kind in layer_table().values()]


def hardware() -> list[Entry]:
    from simdc.frontends.hardware_file import load_machine
    from simdc.frontends.presets import presets

    return [Entry(name, load_machine(name).in_short) for name in presets("hardware")]


def networks() -> list[Entry]:
    from simdc.frontends.presets import presets

    return [Entry(name, _first_comment(path)) for name, path in presets("networks").items()]


KINDS: dict[str, Callable[[], list[Entry]]] = {
    "passes": passes,
    "models": models,
    "ops": ops,
    "layers": layers,
    "hardware": hardware,
    "networks": networks,
    "frontends": frontends,
    "reports": reports,
}


def _built_in(table: dict[str, str]) -> Iterable[Entry]:
    """Entries of a table of `module:name`."""
    for name, place in table.items():
        module, _, attribute = place.partition(":")
        yield Entry(name, _line(getattr(import_module(module), attribute)))


def _plugged(group: Group[T]) -> Iterable[Entry]:
    return (Entry(plugin.name, _line(plugin.value), plugin.source) for plugin in group.all())


def _line(thing: object) -> str:
    """The first sentence of a docstring, or its first paragraph."""
    paragraph = (getdoc(thing) or "").partition("\n\n")[0]
    return " ".join(paragraph.split()).partition(". ")[0].removesuffix(".")


def _first_comment(path: Path) -> str:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("# ") if first.startswith("#") else f"a {path.suffix} file"
