"""How loops lie on the array, by hand."""

from __future__ import annotations

from simdc.cost.array_kernel import mapped
from simdc.cost.axis import ONE
from simdc.cost.rule import GENESYS
from simdc.cost.search.least_compute import least_compute
from simdc.cost.spread import Spread, spread_of
from simdc.frozen import evolve
from tests.cost.machines import row_convolution, small_machine
from tests.oracles.random_mappings import able

WINDOW = Spread(("ic", "kw"), ("oc",), (), 16, 8, ("ic", "oc"))
PACKED = Spread(("ic",), ("oc",), ("g",), 16, 8, ("ic", "oc"))


def test_a_part_of_the_sides() -> None:
    assert WINDOW.along(["kw", "ic"]) == WINDOW._replace(columns=())
    assert WINDOW.along(["ic", "oc"]) == WINDOW._replace(rows=())
    assert WINDOW.along(["ic", "kw", "oc", "ow"]) == WINDOW
    assert PACKED.along(["g"]) == PACKED._replace(rows=(), columns=())


def test_the_share_of_busy_elements() -> None:
    """3 channels and a window of 7 are 21 rows, 2 passes of 16; 4 of 8 columns: 84 of 2 * 16 * 8."""
    assert WINDOW.filled({"ic": 3, "kw": 7, "oc": 4}) == 84 / 256
    # Groups of 3 and 2 on 16 x 8: min(5, 4) = 4 at once, 6 in 2 passes: 36 of 256.
    assert PACKED.filled({"ic": 3, "oc": 2, "g": 6}) == 36 / 256


def test_passes_of_all_tiles_together_at_least() -> None:
    """21 rows on 16 are 2 passes at least; the window in 7 tiles has one in each."""
    bounds = {"ic": 3, "kw": 7, "oc": 4}
    assert WINDOW.least_passes(bounds, {}, ONE) == 2
    assert WINDOW.least_passes(bounds, {"kw": 7}, ONE) == 7


def test_cycles_of_loops_that_share_the_rows() -> None:
    """3 channels and a window of 5 on 4 rows: 4 passes, 2 along the columns, 6 positions; one tile fills in 4 cycles.
    5 tiles along the window are 5 passes at least, and fill 5 times."""
    machine = able(small_machine())
    machine = evolve(machine, systolic=evolve(machine.systolic, rows=4))
    kernel = mapped(row_convolution(ic=3, oc=3, ow=6, kw=5), ("window",))
    assert set(spread_of(kernel, machine.systolic).joint) == {"ic", "kw"}
    bounds = kernel.bounds
    assert least_compute(kernel, bounds, {}, {}, machine, GENESYS) == 4 * 2 * 6 + 4
    assert least_compute(kernel, bounds, {"kw": 5}, {}, machine, GENESYS) == 5 * 2 * 6 + 5 * 4
