"""A network as the cost models see it: named kernels, each distinct one priced once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias, cast

from .chosen import Chosen, Forms
from .forms import cheapest, least_for, value_for
from .guards import InvariantError, layer_fault
from .hardware import Hardware
from .kernel import Kernel
from .layer_costs import DistinctPrice, LayerCost, PricedLayers
from .machines import AnyMachine, SomeMachine
from .model import CostModel, Uncosted, check_options, guard_of
from .result import Cost
from .tiling import Tiling, TilingError
from .together import LayersPriced, NetworkPricer

# Whoever prices a workload reads its layers.
__all__ = ["Guard", "LayerCost", "PricedLayers", "Workload"]

Guard: TypeAlias = Callable[[Cost, AnyMachine], None]


class Workload:
    """Layers in program order. Keep one and price it on machine after machine: the kernels are analysed once."""

    def __init__(self, layers: Iterable[tuple[str, Forms]]):
        """`layers` are names of the layers that cost something, each with the kernels that it can be."""
        # conv1, relu1, conv2 alike conv1: numbers 0, 1, 0, two distinct layers to price.
        self.names: list[str] = []
        self.numbers: list[int] = []
        known: dict[Forms, int] = {}
        for name, forms in layers:
            self.names.append(name)
            self.numbers.append(known.setdefault(forms, len(known)))
        self.distinct = tuple(known)
        # Each model's check of a form, made once: what a layer must move does not depend on the machine. By
        # the identity of the kernel, which `distinct` holds: its hash takes longer than many a check.
        self._guards: dict[str, dict[int, Guard]] = {}
        self._pricers: dict[type, NetworkPricer | None] = {}

    def __getstate__(self) -> dict[str, object]:
        """Of a copy, here or in another process: what was worked out for these very kernels stays behind."""
        return {**self.__dict__, "_guards": {}, "_pricers": {}}

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """Of layers alike one, in its first form."""
        return tuple(kernel for (_, kernel), *_ in self.distinct)

    def occurrences(self) -> list[tuple[Forms, str, int]]:
        """The forms of each distinct layer with the first layer that has them and the number of layers that do."""
        return [
            (forms, self.names[self.numbers.index(number)], self.numbers.count(number))
            for number, forms in enumerate(self.distinct)
        ]

    def price(
        self,
        model: CostModel[SomeMachine],
        hardware: SomeMachine,
        tiler: Callable[[Kernel, SomeMachine], Tiling] | None = None,
        objective: str = "cycles",
    ) -> PricedLayers:
        """Tile each layer, by the model's default if no `tiler` is given, and price it in the form that is the cheapest
        for `objective`. Raises TilingError, which knows the layer, when a buffer is too small, InvariantError for a
        cost that no schedule can have, ValueError for an option of the machine that the model does not know."""
        together = self._together(model, hardware, tiler, objective)
        if together is None:
            # What prices layers together takes no machine with an option that it does not know.
            check_options(model, hardware)
        left_over = range(len(self.distinct)) if together is None else together.left_over
        if not left_over:
            return PricedLayers(self.names, self.numbers, together, {})
        price, value = self._pricing(model, hardware, tiler or model.default), value_for(objective, hardware)
        least, priced = least_for(objective, model, hardware), dict[int, DistinctPrice]()
        for number in left_over:
            first, *others = forms = self.distinct[number]
            # A model that takes no forms prices the first one: a depthwise convolution on the array, not on the lanes.
            try:
                if together is not None:
                    together.hold(number, cast("Hardware", hardware))
                every = model.takes_forms and others
                chosen = cheapest(forms, price, value, least) if every else Chosen(*first, *price(first[1]))
                priced[number] = DistinctPrice(chosen.kernel, chosen.tiling, chosen.cost, "", chosen.form)
            except Uncosted as reason:
                priced[number] = DistinctPrice(first[1], None, None, str(reason), "")
            except TilingError as error:
                error.layer = self.name_of(number)
                raise
            except InvariantError as broken:
                raise layer_fault(self.name_of(number), model.name, broken) from None
        return PricedLayers(self.names, self.numbers, together, priced)

    def name_of(self, number: int) -> str:
        """The first layer that is alike to the distinct one of this number."""
        return self.names[self.numbers.index(number)]

    def _together(
        self,
        model: CostModel[SomeMachine],
        hardware: SomeMachine,
        tiler: Callable[[Kernel, SomeMachine], Tiling] | None,
        objective: str,
    ) -> LayersPriced | None:
        """All layers that the model prices at once; None where it does none, or by other tilings than its own."""
        greedy = tiler == model.greedy
        if objective != "cycles" or not (greedy or tiler in (None, model.default)):
            return None
        # By class: what prices at once answers for all models of it.
        if type(model) not in self._pricers:
            times = [self.numbers.count(number) for number in range(len(self.distinct))]
            self._pricers[type(model)] = model.together(self.distinct, times)
        pricer = self._pricers[type(model)]
        return None if pricer is None else pricer.price(cast("Hardware", hardware), greedy=greedy)

    def _pricing(
        self,
        model: CostModel[SomeMachine],
        hardware: SomeMachine,
        tiler: Callable[[Kernel, SomeMachine], Tiling],
    ) -> Callable[[Kernel], tuple[Tiling, Cost]]:
        """What tiles a kernel and prices it, and holds the cost to the model's guard."""
        guards = self._guards.setdefault(model.name, {})

        def price(kernel: Kernel) -> tuple[Tiling, Cost]:
            tiling = tiler(kernel, hardware)
            cost = model.evaluate(kernel, tiling, hardware)
            guard = guards.get(id(kernel))
            if guard is None:
                guard = guards[id(kernel)] = guard_of(model, kernel)
            guard(cost, hardware)
            return tiling, cost

        return price
