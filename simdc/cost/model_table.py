"""The cost models by name: those that are built in, and those that other packages add by entry points."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import new_class
from typing import TypeAlias, cast

from simdc.plugins import Group

from .model import AnyModel, CostModel
from .model_options import chosen_options, split_spec

MODELS = {
    "exact": "simdc.cost.exact:ExactModel",
    "simdit": "simdc.cost.simdit:SimditModel",
    "roofline": "simdc.cost.roofline:RooflineModel",
    "nvdla": "simdc.cost.nvdla:NvdlaModel",
    "nvdla-sheet": "simdc.cost.nvdla_sheet:NvdlaSheetModel",
}
Make: TypeAlias = Callable[..., AnyModel]


def load_model(spec: str, phase: str = "inference") -> AnyModel:
    """The model that `spec` names, built in or a plug-in, with its options (`nvdla{level=3}`), for a network in `phase`
    (`inference` or `training`). Raises KeyError for a name that is not there, ValueError for an option."""
    name, given = split_spec(spec)
    # Imported by name when asked for: `--model exact` never loads simdit.
    if name in MODELS:
        module, _, cls = MODELS[name].partition(":")
        made: type[AnyModel] = getattr(import_module(module), cls)
        # Called with the phase alone where nothing else is known: a model of a plug-in may take no more.
        return cast("Make", made)(phase, **chosen_options(name, made.options, given))
    plugin = PLUGIN_MODELS.get(name)
    if plugin is None:
        raise KeyError(name)
    from .plugin_model import PluginModel

    return PluginModel(plugin, phase, given)


def source_of(name: str) -> str:
    """The package and version that a plug-in's model is from; empty for one that is built in."""
    plugin = None if name in MODELS else PLUGIN_MODELS.get(name.partition("{")[0])
    return "" if plugin is None else plugin.source


def check_model(spec: str) -> None:
    """Raise ValueError, naming what there is, unless there is such a model with such options."""
    name, given = split_spec(spec)
    if name not in MODELS and PLUGIN_MODELS.get(name) is None:
        known = ", ".join([*MODELS, *PLUGIN_MODELS.names()])
        raise ValueError(f"there is no cost model '{name[:80]}'; known models: {known}")
    if given:
        load_model(spec)


def _check(name: str, value: object) -> Make:
    """A class that does not come from `CostModel` gets its defaults."""
    lacks = [method for method in ("greedy", "evaluate") if not callable(getattr(value, method, None))]
    if not isinstance(value, type) or lacks:
        raise TypeError(f"expected a class with methods greedy and evaluate, got {value!r:.80}")
    if getattr(value, "name", None) != name:
        raise TypeError(f"the model calls itself '{getattr(value, 'name', None)}'")
    if issubclass(value, CostModel):
        return cast("Make", value)
    # class Theirs(TheirModel, CostModel): their methods first, ours for what they lack.
    return cast("Make", new_class(value.__name__, cast("tuple[type, ...]", (value, CostModel))))


PLUGIN_MODELS = Group("simdc.models", MODELS, _check)
