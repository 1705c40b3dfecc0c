"""The kernels that one layer can be, and the cheapest of them on a machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .hardware import Hardware
from .kernel import Kernel
from .machines import AnyMachine
from .model import Uncosted
from .result import Cost, Number
from .tiling import Tiling, TilingError

Forms = tuple[tuple[str, Kernel], ...]
"""(name, kernel) of each form, the first for models that look at no other. A layer with one form may leave its name
empty."""
Value = Callable[[Kernel, Cost], Number]
"""Of what the cheapest form has the least."""


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


class Chosen(NamedTuple):
    form: str
    kernel: Kernel
    tiling: Tiling
    cost: Cost


def cheapest(forms: Forms, price: Callable[[Kernel], tuple[Tiling, Cost]], value: Value) -> Chosen:
    """The form with the least `value`, the first of equals. `price` tiles a kernel as well as it can.

    A form that no tiling fits, or that the model does not know, is left out. Where none is left: raises Uncosted if the
    model knows none, else TilingError as the first form that it knows did, with what the others lack.
    """
    # Forms of 90, 70 and 70 cycles: the second.
    best: tuple[Number, Chosen] | None = None
    unknown: list[Uncosted] = []
    refused: dict[str, TilingError] = {}
    for name, kernel in forms:
        try:
            tiling, cost = price(kernel)
        except Uncosted as reason:
            unknown.append(reason)
        except TilingError as error:
            refused[name] = error
        else:
            found = value(kernel, cost), Chosen(name, kernel, tiling, cost)
            if best is None or found[0] < best[0]:
                best = found
    if best is not None:
        return best[1]
    raise _unfit(refused) if refused else unknown[0]


def _unfit(refused: dict[str, TilingError]) -> TilingError:
    """One error out of those of all forms; what is too small is what the first form lacks."""
    (name, first), *others = refused.items()
    if not others:
        return first
    also = "".join(f"; as '{other}' {error}" for other, error in others)
    return TilingError(f"as '{name}' {first}{also}", need=first.need, buffer=first.buffer)
