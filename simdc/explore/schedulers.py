"""How layers get their tilings while machines are compared."""

from __future__ import annotations

from collections.abc import Callable
from operator import lt
from typing import Protocol, cast

from attrs import astuple, evolve

from simdc.choices import SPACE_OBJECTIVES
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel
from simdc.cost.tiling import Tiling, TilingError


class Scheduler(Protocol):
    rates_matter: bool
    """Whether a tiling depends on more of the machine than `dependence.shapes_tilings` tells."""

    def __call__(self, model: AnyModel, kernel: Kernel, hardware: AnyMachine, /) -> Tiling: ...


class Default:
    """What the model takes by itself: under `exact` the cheapest rung of a ladder on this very machine."""

    rates_matter = True

    def __init__(self, objective: str):
        del objective

    def __call__(self, model: AnyModel, kernel: Kernel, hardware: AnyMachine, /) -> Tiling:
        return model.default(kernel, hardware)


class Greedy:
    """By the model's own rules, which look at sizes alone."""

    rates_matter = False

    def __init__(self, objective: str):
        del objective

    def __call__(self, model: AnyModel, kernel: Kernel, hardware: AnyMachine, /) -> Tiling:
        return model.greedy(kernel, hardware)


class Search:
    """The best schedule of each layer under `exact`, over even tiles. The product of energy and time is that of the
    layer: the layers' best products do not make the network's, so that an exploration for it finds a bound from above.

    What fits a machine fits one with larger memories, and costs the same there. So what was found on smaller machines
    is tried first, which makes sure that memory never costs anything; and what was found on a larger one and fits is
    the best here, too, unless something known is better.
    """

    rates_matter = True

    def __init__(self, objective: str):
        self.objective = SPACE_OBJECTIVES[objective]
        self._found: dict[Kernel, list[tuple[Hardware, Tiling, float]]] = {}

    def __call__(self, model: AnyModel, kernel: Kernel, machine: AnyMachine, /) -> Tiling:
        from simdc.cost.search import objective_for, search

        # No model of any other kind of machine is searchable.
        hardware = cast("Hardware", machine)
        objective = objective_for(self.objective, kernel, hardware)
        before = self._found.setdefault(kernel, [])
        known = [(value, tiling) for other, tiling, value in before if _covers(hardware, other)]
        larger = [(value, tiling) for other, tiling, value in before if _covers(other, hardware)]
        # The largest machine comes first (`pricing._by_memory`): where its optimum fits, no smaller one is searched.
        fitting = [(value, tiling) for value, tiling in larger if _fits(model, kernel, tiling, hardware)]
        if fitting:
            value, tiling = min([*known, *fitting])
        else:
            tried = [tiling for _, tiling in sorted(known)[:1]]
            tiling, cost, _ = search(kernel, hardware, objective, even_only=True, known=tried, rule=model.rule)
            value = objective(cost)
        before.append((hardware, tiling, value))
        return tiling


def _covers(larger: Hardware, smaller: Hardware) -> bool:
    """Whether the machines differ in memories only, and none of them is smaller in `larger`."""
    high, low = larger.systolic.buffers, smaller.systolic.buffers
    if larger.simd.vmem_bits < smaller.simd.vmem_bits or any(map(lt, astuple(high), astuple(low))):
        return False
    systolic, simd = evolve(larger.systolic, buffers=low), evolve(larger.simd, vmem_bits=smaller.simd.vmem_bits)
    return evolve(larger, systolic=systolic, simd=simd) == smaller


def _fits(model: AnyModel, kernel: Kernel, tiling: Tiling, hardware: AnyMachine) -> bool:
    try:
        model.evaluate(kernel, tiling, hardware)
    except TilingError:
        return False
    return True


SCHEDULERS: dict[str, Callable[[str], Scheduler]] = {"default": Default, "greedy": Greedy, "search": Search}
"""By the name that `--tiling` has for it, each made for an objective of the space."""
