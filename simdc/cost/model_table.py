"""The cost models by name: those that are built in, and those that other packages add by entry points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import new_class
from typing import TypeAlias, cast

from simdc.plugins import Group, Plugin

from .account import Account
from .analysis import Analysis
from .batch import BatchCost
from .extensions import extension_paths
from .guards import Check, InvariantError
from .hardware import Hardware
from .kernel import Kernel
from .machines import AnyMachine
from .model import WIDTH_RULES, AnyModel, CostModel, Uncosted
from .model_options import chosen_options, split_spec
from .result import Cost
from .structure import bit_paths
from .tiling import Tiling, TilingError

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
    return PluginModel(plugin, phase, given)


class PluginModel(CostModel[AnyMachine]):
    """A model of another package: what it raises and gives is held to the protocol. Raises PluginError."""

    def __init__(self, plugin: Plugin[Make], phase: str, given: dict[str, str]):
        self._plugin = plugin
        options = chosen_options(plugin.name, getattr(plugin.value, "options", ()), given)
        with plugin.calling():
            self._model = plugin.value(phase, **options)
        model = self._model
        self.name = plugin.name
        self.width_rule, self.machines, self.rule = model.width_rule, model.machines, model.rule
        self.searchable, self.verifiable, self.separable = model.searchable, model.verifiable, model.separable
        self.takes_forms, self.levels, self.knows = model.takes_forms, model.levels, model.knows
        self.forward_only, self.takes_fractions = model.forward_only, model.takes_fractions
        if self.width_rule not in WIDTH_RULES:
            known = ", ".join(WIDTH_RULES)
            raise plugin.at_fault(f"its width_rule must be one of {known}, got {self.width_rule!r:.80}")
        fields = [*bit_paths(), *extension_paths(plugin.name)]
        for what, path in self.rule.reads.items():
            if path not in fields:
                reason = f"its rule has the {what} in '{path[:80]}', which is no hardware field in bits; these are"
                raise plugin.at_fault(f"{reason}: {', '.join(fields)}")

    def greedy(self, kernel: Kernel, hardware: AnyMachine) -> Tiling:
        return self._plugin.call(Tiling, self._model.greedy, kernel, hardware, fine=ANSWERS)

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: AnyMachine) -> Cost:
        return self._plugin.call(Cost, self._model.evaluate, kernel, tiling, hardware, fine=ANSWERS)

    def default(self, kernel: Kernel, hardware: AnyMachine) -> Tiling:
        return self._plugin.call(Tiling, self._model.default, kernel, hardware, fine=ANSWERS)

    def artefacts(self, kernel: Kernel, tiling: Tiling, hardware: AnyMachine) -> Sequence[str]:
        with self._plugin.calling(*ANSWERS):
            return tuple(self._model.artefacts(kernel, tiling, hardware))

    def analyse(self, kernel: Kernel, tiling: Tiling, hardware: AnyMachine) -> Analysis | None:
        found = self._plugin.call(object, self._model.analyse, kernel, tiling, hardware, fine=ANSWERS)
        if found is None or isinstance(found, Analysis):
            return found
        raise self._plugin.at_fault(f"failed: analyse gave {found!r:.80} where Analysis or None is expected")

    def account(self, kernel: Kernel, tiling: Tiling, hardware: AnyMachine) -> Account | None:
        found = self._plugin.call(object, self._model.account, kernel, tiling, hardware, fine=ANSWERS)
        if found is None or isinstance(found, Account):
            return found
        raise self._plugin.at_fault(f"failed: account gave {found!r:.80} where Account or None is expected")

    def guard(self, kernel: Kernel) -> Check:
        with self._plugin.calling():
            check = self._model.guard(kernel)

        # Making the check and running it are both the plug-in's code; only InvariantError is an answer.
        def held(cost: Cost, hardware: Hardware) -> None:
            with self._plugin.calling(InvariantError):
                check(cost, hardware)

        return held

    def price_many(self, kernel: Kernel, machines: AnyMachine) -> BatchCost:
        return self._plugin.call(BatchCost, self._model.price_many, kernel, machines, fine=ANSWERS)

    def price_rates(self, kernel: Kernel, tiling: Tiling, dearest: AnyMachine, rates: Mapping[str, object]) -> Cost:
        return self._plugin.call(Cost, self._model.price_rates, kernel, tiling, dearest, rates, fine=ANSWERS)

    def together(self, layers: Sequence[object], times: Sequence[int]) -> None:
        """None: layer by layer an error is known to be the plug-in's."""
        del layers, times

    def along(self, layers: Sequence[object], steps: int) -> None:
        """None, as `together`."""
        del layers, steps

    @property
    def prices_together(self) -> bool:
        return False

    @property
    def prices_many(self) -> bool:
        return self._model.prices_many

    @property
    def prices_rates(self) -> bool:
        return self._model.prices_rates

    @property
    def analyses(self) -> bool:
        return self._model.analyses

    @property
    def default_is_greedy(self) -> bool:
        return self._model.default_is_greedy


ANSWERS = (TilingError, Uncosted)
"""What a model may raise: it is an answer."""


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
