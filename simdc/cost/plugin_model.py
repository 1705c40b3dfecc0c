"""A cost model of another package, which is held to the protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from simdc.plugins import Plugin

from .account import Account
from .analysis import Analysis
from .batch import BatchCost
from .extensions import extension_paths
from .guards import Check, InvariantError
from .hardware import Hardware
from .kernel import Kernel
from .machines import AnyMachine
from .model import WIDTH_RULES, AnyModel, CostModel, Uncosted
from .model_options import chosen_options
from .result import Cost
from .structure import bit_paths
from .tiling import Tiling, TilingError

ANSWERS = (TilingError, Uncosted)
"""What a model may raise: it is an answer."""


class PluginModel(CostModel[AnyMachine]):
    """What the model raises and gives is looked at. Raises PluginError."""

    def __init__(self, plugin: Plugin[Callable[..., AnyModel]], phase: str, given: dict[str, str]):
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
