"""The rungs of a ladder with their bounds, which must not be above what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simdc.cost import Contraction, ExactModel, Hardware, Kernel, Tiling, TilingError
from simdc.cost.ladder.array import ArrayRungs
from simdc.cost.ladder.climb import Bounded
from simdc.cost.ladder.vectors import VectorRungs
from simdc.cost.rule import GENESYS, MachineRule

EXACT = ExactModel()


def check_rungs(cases: Iterable[tuple[Kernel, Hardware]], least: int, model: ExactModel = EXACT) -> None:
    """Of more than `least` rungs that can be run, each costs what the ladder says, and no less than its bound."""
    seen = 0
    for kernel, machine in cases:
        for bound_cycles, cycles, tiling in rungs(kernel, machine, model.rule):
            try:
                cost = model.evaluate(kernel, tiling, machine)
            except TilingError:
                continue
            assert cost.cycles.total == cycles
            assert bound_cycles <= cycles, (kernel, machine, tiling)
            seen += 1
    assert seen > least


def rungs(kernel: Kernel, machine: Hardware, rule: MachineRule = GENESYS) -> Iterator[tuple[float, float, Tiling]]:
    """Each with what its own bound and that of its rail say, whichever is more."""
    ladder: Bounded = (
        ArrayRungs(kernel, machine, rule) if isinstance(kernel, Contraction) else VectorRungs(kernel, machine, rule)
    )
    for start in ladder.rails():
        rail, most = start, start.bound
        while rail is not None:
            # A rail's bound holds for all of its rungs, those of later rails included.
            most = max(most, rail.bound)
            least, following = ladder.step(rail)
            priced = None if least is None else ladder.price(rail.group, rail.step)
            if least is not None and priced is not None:
                cycles, _, tiling = priced
                yield max(most, least.cycles), cycles, tiling
            rail = following
