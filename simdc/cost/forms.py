"""The kernels that one layer can be, and the cheapest of them on a machine."""

from __future__ import annotations

from collections.abc import Callable

from .chosen import Chosen, Forms
from .hardware import Hardware
from .kernel import Kernel
from .machines import AnyMachine, SomeMachine
from .model import CostModel, Uncosted
from .result import Cost, Number
from .tiling import Tiling, TilingError

Value = Callable[[Kernel, Cost], Number]
"""Of what the cheapest form has the least."""
Least = Callable[[Kernel], Number]
"""What a kernel has of that at least, however it is tiled."""


def only(kernel: Kernel) -> Forms:
    """The forms of a layer that can be nothing else."""
    return (("", kernel),)


def value_for(objective: str, hardware: AnyMachine) -> Value:
    """`cycles`, or another of the objectives of `simdc.cost.search`, which is for arrays."""
    # The others need the search's module and with it numpy, which re-costing should not load.
    if objective == "cycles" or not isinstance(hardware, Hardware):
        return lambda kernel, cost: cost.cycles.total
    from .search import objective_for

    return lambda kernel, cost: objective_for(objective, kernel, hardware)(cost)


def least_for(objective: str, model: CostModel[SomeMachine], hardware: SomeMachine) -> Least:
    """What goes with `value_for`."""
    return (lambda kernel: model.least_cycles(kernel, hardware)) if objective == "cycles" else lambda kernel: 0


def cheapest(forms: Forms, price: Callable[[Kernel], tuple[Tiling, Cost]], value: Value, least: Least) -> Chosen:
    """The form with the least `value`, the first of equals. `price` tiles a kernel as well as it can; a form that has
    at `least` more than another is not priced.

    A form that no tiling fits, or that the model does not know, is left out. Where none is left: raises Uncosted if the
    model knows none, else TilingError as the first form that it knows did, with what the others lack.
    """
    # Forms of 90, 70 and 70 cycles: the second. With at least 80, 60 and 65 it is priced first, the first never.
    best: tuple[Number, int, Chosen] | None = None
    unknown: list[tuple[int, Uncosted]] = []
    refused: list[tuple[int, str, TilingError]] = []
    for bound, number in sorted((least(kernel), number) for number, (_, kernel) in enumerate(forms)):
        if best is not None and (bound, number) > best[:2]:
            continue
        name, kernel = forms[number]
        try:
            tiling, cost = price(kernel)
        except Uncosted as reason:
            unknown.append((number, reason))
        except TilingError as error:
            refused.append((number, name, error))
        else:
            found = value(kernel, cost)
            if best is None or (found, number) < best[:2]:
                best = found, number, Chosen(name, kernel, tiling, cost)
    if best is not None:
        return best[2]
    raise _unfit({name: error for _, name, error in sorted(refused)}) if refused else min(unknown)[1]


def _unfit(refused: dict[str, TilingError]) -> TilingError:
    """One error out of those of all forms; what is too small is what the first form lacks."""
    (name, first), *others = refused.items()
    if not others:
        return first
    also = "".join(f"; as '{other}' {error}" for other, error in others)
    return TilingError(f"as '{name}' {first}{also}", need=first.need, buffer=first.buffer)
