"""How layers get their tilings while machines are compared."""

from __future__ import annotations

from collections.abc import Callable
from operator import lt
from typing import Protocol, cast

from simdc.choices import SPACE_OBJECTIVES
from simdc.cost.exact.known import Asked, is_remembered
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel, VectorProgram
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel
from simdc.cost.rule import MachineRule
from simdc.cost.tiling import Tiling, TilingError
from simdc.frozen import astuple, evolve

Memories = tuple[int, ...]


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
    the best here, too, unless something known is better. A layer is searched once on all machines that differ in what
    its array does not feel.
    """

    rates_matter = True

    def __init__(self, objective: str):
        self.objective = SPACE_OBJECTIVES[objective]
        self._found: dict[object, list[tuple[Memories, Tiling, float]]] = {}
        self._like: Hardware | None = None

    def __call__(self, model: AnyModel, kernel: Kernel, machine: AnyMachine, /) -> Tiling:
        from simdc.cost.search import objective_for, search

        # No model of any other kind of machine is searchable.
        hardware = cast("Hardware", machine)
        objective = objective_for(self.objective, kernel, hardware)
        before = self._found.setdefault(self._felt(kernel, hardware, model.rule), [])
        own = _memories(kernel, hardware)
        known = [(value, tiling) for other, tiling, value in before if not any(map(lt, own, other))]
        larger = [(value, tiling) for other, tiling, value in before if not any(map(lt, other, own))]
        # The largest machine comes first (`pricing._by_memory`): where its optimum fits, no smaller one is searched.
        fitting = [(value, tiling) for value, tiling in larger if _fits(model, kernel, tiling, hardware)]
        if fitting:
            value, tiling = min([*known, *fitting])
        else:
            tried = [tiling for _, tiling in sorted(known)[:1]]
            tiling, cost, _ = search(kernel, hardware, objective, even_only=True, known=tried, rule=model.rule)
            value = objective(cost)
        before.append((own, tiling, value))
        return tiling

    def _felt(self, kernel: Kernel, hardware: Hardware, rule: MachineRule) -> object:
        """The kernel on the machine, but for memories: equal where nothing else differs that matters. Energy knows
        prices, too."""
        self._like = like = self._like or hardware
        systolic = evolve(hardware.systolic, buffers=like.systolic.buffers)
        bare = evolve(hardware, systolic=systolic, simd=evolve(hardware.simd, vmem_bits=like.simd.vmem_bits))
        if self.objective in ("cycles", "dram") and is_remembered(kernel, rule):
            return Asked(kernel, bare)
        return kernel, bare


def _memories(kernel: Kernel, hardware: Hardware) -> Memories:
    """Those that hold tiles of the kernel."""
    buffers, vector = astuple(hardware.systolic.buffers), hardware.simd.vmem_bits
    if isinstance(kernel, Contraction):
        return buffers
    return (vector,) if isinstance(kernel, VectorProgram) else (*buffers, vector)


def _fits(model: AnyModel, kernel: Kernel, tiling: Tiling, hardware: AnyMachine) -> bool:
    try:
        model.evaluate(kernel, tiling, hardware)
    except TilingError:
        return False
    return True


SCHEDULERS: dict[str, Callable[[str], Scheduler]] = {"default": Default, "greedy": Greedy, "search": Search}
"""By the name that `--tiling` has for it, each made for an objective of the space."""
