"""A network as the cost models see it: named kernels, each distinct one priced once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from simdc.named import NamedTuple

from .forms import Chosen, Forms, cheapest, least_for, value_for
from .guards import InvariantError, layer_fault
from .kernel import Kernel
from .machines import AnyMachine, SomeMachine
from .model import CostModel, Uncosted, check_options, guard_of
from .result import Cost
from .tiling import Tiling, TilingError

Guard: TypeAlias = Callable[[Cost, AnyMachine], None]


class LayerCost(NamedTuple):
    """A layer with its schedule and cost; both are None where the model has no price, and `reason` says why. `form` is
    the one that was taken, by its name."""

    name: str
    kernel: Kernel
    tiling: Tiling | None
    cost: Cost | None
    reason: str = ""
    form: str = ""

    def __repr__(self) -> str:
        # A kernel in full is a page; a list of layers has to be read.
        priced = f"not costed: {self.reason}" if self.cost is None else f"{self.cost.cycles.total:,} cycles"
        return f"<{self.name}: {self.kernel.kind}{f' as {self.form}' if self.form else ''}, {priced}>"


class Workload:
    """Layers in program order. Keep one and price it on machine after machine: the kernels are analysed once."""

    def __init__(self, layers: Iterable[tuple[str, Forms]]):
        """`layers` are names of the layers that cost something, each with the kernels that it can be."""
        # conv1, relu1, conv2 alike conv1: numbers 0, 1, 0, two distinct layers to price.
        self._names: list[str] = []
        self._numbers: list[int] = []
        known: dict[Forms, int] = {}
        for name, forms in layers:
            self._names.append(name)
            self._numbers.append(known.setdefault(forms, len(known)))
        self.distinct = tuple(known)
        # Each model's check of a form, made once: what a layer must move does not depend on the machine. By
        # the identity of the kernel, which `distinct` holds: its hash takes longer than many a check.
        self._guards: dict[str, dict[int, Guard]] = {}

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """Of layers alike one, in its first form."""
        return tuple(kernel for (_, kernel), *_ in self.distinct)

    def occurrences(self) -> list[tuple[Forms, str, int]]:
        """The forms of each distinct layer with the first layer that has them and the number of layers that do."""
        return [
            (forms, self._names[self._numbers.index(number)], self._numbers.count(number))
            for number, forms in enumerate(self.distinct)
        ]

    def price(
        self,
        model: CostModel[SomeMachine],
        hardware: SomeMachine,
        tiler: Callable[[Kernel, SomeMachine], Tiling] | None = None,
        objective: str = "cycles",
    ) -> list[LayerCost]:
        """Tile each layer, by the model's default if no `tiler` is given, and price it in the form that is the cheapest
        for `objective`. Raises TilingError, which knows the layer, when a buffer is too small, InvariantError for a
        cost that no schedule can have, ValueError for an option of the machine that the model does not know."""
        check_options(model, hardware)
        tiler = tiler or model.default
        every, value = model.takes_forms, value_for(objective, hardware)
        guards = self._guards.setdefault(model.name, {})
        least = least_for(objective, model, hardware)

        def price(kernel: Kernel) -> tuple[Tiling, Cost]:
            tiling = tiler(kernel, hardware)
            cost = model.evaluate(kernel, tiling, hardware)
            guard = guards.get(id(kernel))
            if guard is None:
                guard = guards[id(kernel)] = guard_of(model, kernel)
            guard(cost, hardware)
            return tiling, cost

        priced: list[tuple[Kernel, Tiling | None, Cost | None, str, str]] = []
        for number, forms in enumerate(self.distinct):
            first, *others = forms
            # A model that takes no forms prices the first one: a depthwise convolution on the array, not on the lanes.
            try:
                chosen = cheapest(forms, price, value, least) if every and others else Chosen(*first, *price(first[1]))
                priced.append((chosen.kernel, chosen.tiling, chosen.cost, "", chosen.form))
            except Uncosted as reason:
                priced.append((first[1], None, None, str(reason), ""))
            except TilingError as error:
                error.layer = self._names[self._numbers.index(number)]
                raise
            except InvariantError as broken:
                raise layer_fault(self._names[self._numbers.index(number)], model.name, broken) from None
        return [LayerCost(name, *priced[number]) for name, number in zip(self._names, self._numbers, strict=True)]
