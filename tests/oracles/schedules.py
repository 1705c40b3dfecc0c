"""One kernel, random schedules: `exact` against the tile simulator, and the tiled execution against the untiled."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from simdc.backends.execute.agreement import compare_with_untiled
from simdc.backends.simulate import simulate
from simdc.cost import ExactModel
from simdc.cost.kernel import ArrayKernel
from simdc.cost.tiling import TilingError
from tests.oracles.random_layers import random_machine, random_tiling, with_random_widths
from tests.oracles.shrink import as_python
from tests.oracles.tight_machines import tight_machine

EXACT = ExactModel()


class Checked(NamedTuple):
    """Schedules that `exact` priced, those of them that were executed, and those that it refused."""

    priced: int
    executed: int
    refused: int


def check_schedules(kernel: ArrayKernel, seed: int, count: int, *, executed: int = 5, most_tiles: int = 60) -> Checked:
    """Draw `count` orders, sizes, widths and machines, every other one with memories that hardly hold the tiles. Every
    priced schedule must cost what the simulator plays; one of `executed` is carried out tile by tile, and must move as
    many bits and take as many cycles as were counted."""
    random = Random(seed)
    priced = run = refused = 0
    for number in range(count):
        drawn = with_random_widths(random, kernel)
        assert not isinstance(drawn, tuple) or type(drawn) is type(kernel)
        machine = tight_machine(random, drawn) if number % 2 else random_machine(random)
        tiling = random_tiling(random, drawn, random.choice((4, 20, most_tiles)))
        try:
            cost = EXACT.evaluate(drawn, tiling, machine)
        except TilingError:
            refused += 1
            continue
        priced += 1
        assert cost == simulate(drawn, tiling, machine), as_python((drawn, tiling, machine))
        if number % executed:
            continue
        found = compare_with_untiled(drawn, tiling, machine)
        assert found.wrong is None, as_python((drawn, tiling, machine))
        assert found.dram_bits == cost.dram_bits
        assert found.compute_cycles in (None, cost.cycles.compute)
        run += 1
    return Checked(priced, run, refused)
