"""The protocol of a cost model and the table of those that are built in. Other packages add theirs by entry points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Protocol, cast

from simdc.plugins import Group, Plugin

from .hardware import Hardware
from .kernel import Kernel
from .result import Cost
from .tiling import Tiling, TilingError


class Uncosted(Exception):
    """The model does not know this kernel. The message says what it lacks; reports name the layer with it."""


class CostModel(Protocol):
    """A cost model legalizes tilings by its own rules and prices a tiled kernel. `load_model` makes one by calling its
    class with the network's phase. A model that has something better than greedy tilings has a method `default` of the
    same arguments."""

    name: str

    def greedy(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        """A legal tiling. Raises TilingError when even the innermost tile does not fit, Uncosted as `evaluate`."""
        ...

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        """Raises TilingError for a tiling that is not legal, Uncosted for a kernel that the model does not know."""
        ...


def default_tiling(model: CostModel, kernel: Kernel, hardware: Hardware) -> Tiling:
    """The tiling of a kernel that comes with none. Raises as `CostModel.greedy`."""
    return getattr(model, "default", model.greedy)(kernel, hardware)


def artefacts_of(model: CostModel, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> tuple[str, ...]:
    """What is wrong with the model's own answer, in words that do not depend on the layer: reports warn of it. A model
    that has such things has a method `artefacts` of the same arguments."""
    find = getattr(model, "artefacts", None)
    return () if find is None else find(kernel, tiling, hardware)


MODELS = {"exact": "simdc.cost.exact:ExactModel", "simdit": "simdc.cost.simdit:SimditModel"}


def load_model(name: str, phase: str = "inference") -> CostModel:
    """The model called `name`, built in or a plug-in, for a network in `phase` (`inference` or `training`). Raises
    KeyError."""
    if name in MODELS:
        module, _, cls = MODELS[name].partition(":")
        return getattr(import_module(module), cls)(phase)
    plugin = PLUGIN_MODELS.get(name)
    if plugin is None:
        raise KeyError(name)
    return PluginModel(plugin, phase)


class PluginModel:
    """A model of another package: what it raises and gives is held to the protocol. Raises PluginError."""

    def __init__(self, plugin: Plugin[Callable[[str], CostModel]], phase: str):
        self.name = plugin.name
        self._plugin = plugin
        with plugin.calling():
            self._model = plugin.value(phase)

    def greedy(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        return self._plugin.call(Tiling, self._model.greedy, kernel, hardware, fine=(TilingError, Uncosted))

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        return self._plugin.call(Cost, self._model.evaluate, kernel, tiling, hardware, fine=(TilingError, Uncosted))

    def __getattr__(self, name: str) -> Callable[..., object]:
        if name not in OPTIONAL:
            raise AttributeError(name)
        method: Callable[..., object] = getattr(self._model, name)
        return partial(self._plugin.call, OPTIONAL[name], method, fine=(TilingError, Uncosted))


OPTIONAL: dict[str, type] = {"default": Tiling, "artefacts": Sequence, "price_many": tuple}
"""What a model may have beside the methods of the protocol, and what these give."""


def source_of(name: str) -> str:
    """The package and version that a plug-in's model is from; empty for one that is built in."""
    plugin = None if name in MODELS else PLUGIN_MODELS.get(name)
    return "" if plugin is None else plugin.source


def check_model(name: str) -> None:
    """Raise ValueError, naming the models that there are, unless there is one called `name`."""
    if name not in MODELS and PLUGIN_MODELS.get(name) is None:
        known = ", ".join([*MODELS, *PLUGIN_MODELS.names()])
        raise ValueError(f"there is no cost model '{name}'; known models: {known}")


def _check(name: str, value: object) -> Callable[[str], CostModel]:
    lacks = [method for method in ("greedy", "evaluate") if not callable(getattr(value, method, None))]
    if not isinstance(value, type) or lacks:
        raise TypeError(f"expected a class with methods greedy and evaluate, got {value!r:.80}")
    if getattr(value, "name", None) != name:
        raise TypeError(f"the model calls itself '{getattr(value, 'name', None)}'")
    return cast("Callable[[str], CostModel]", value)


PLUGIN_MODELS = Group("simdc.models", MODELS, _check)
