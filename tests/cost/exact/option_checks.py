"""What holds on every machine, whatever its options: bounds are bounds, arrays are tilings one by one, the search finds
the best."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from simdc.cost import Cost, ExactModel, Hardware, Kernel, Tiling
from simdc.cost.exact.tiled import tile
from simdc.cost.schedules import bound_many, evaluate_many
from simdc.cost.tiling import loop_bounds
from tests.cost.search.test_bounds import bound, numbers
from tests.oracles.best_schedules import complaint, least_of_all
from tests.oracles.random_layers import Case

EXACT = ExactModel()


def check_bounds(random: Random, case: Case, cost: Cost) -> bool:
    """No bound of the schedule is above its cost. Whether the least cost has as many cycles."""
    kernel, tiling, machine = case
    own, some = numbers(cost), [loop for loop in tiling.order if random.random() < 0.6]
    least = numbers(tile(kernel, tiling.order, tiling.sizes, machine).least_cost())
    for bounds in (least, *(numbers(bound(kernel, tiling, machine, loops)) for loops in (tiling.order, some))):
        assert all(bounds[name] <= own[name] for name in bounds), case
    assert EXACT.least_cycles(kernel, machine) <= cost.cycles.total
    return least["total"] == own["total"]


def check_arrays(random: Random, cases: Iterable[Case]) -> int:
    """Each tiling and four more of its order, in arrays and one by one. How many of them are legal."""
    compared = 0
    for kernel, tiling, machine in cases:
        bounds = loop_bounds(kernel)
        rows = [tiling.sizes, *([random.randint(1, bounds[loop]) for loop in tiling.order] for _ in range(4))]
        exact, least = (price(kernel, tiling.order, rows, machine) for price in (evaluate_many, bound_many))
        for row, sizes in enumerate(rows):
            if exact.legal[row]:
                cost = EXACT.evaluate(kernel, Tiling(tiling.order, tuple(sizes)), machine)
                assert exact.cost.cycles.total[row] == cost.cycles.total
                assert [int(port[row]) for port in exact.cost.busy] == [*cost.busy]
                assert least.cost.cycles.total[row] <= cost.cycles.total
                compared += 1
    return compared


def check_search(layers: Iterable[tuple[Kernel, Hardware]]) -> None:
    """The search finds and proves the best schedule of all."""
    for kernel, machine in layers:
        wrong = complaint(kernel, machine, least_of_all(kernel, machine))
        assert wrong is None, wrong
