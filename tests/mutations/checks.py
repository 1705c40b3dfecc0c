"""The checks that a mutant has to fail: oracles on fixed random cases, and the hand-worked tests below tests/cost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.mutations import answers, plain_runner
from tests.mutations.sandbox import Find

ORACLES: dict[str, Callable[[list[bytes]], None]] = {
    "costs": answers.check_costs,
    "bounds": answers.check_bounds,
    "tilings": answers.check_tilings,
    "refusals": answers.check_refusals,
}
SEARCH = {
    "search/relaxed": ("tests.cost.search.test_bounds", "schedules", "tests.cost.search.test_search"),
    "search/orders": ("schedules", "tests.cost.search.test_bounds", "tests.cost.search.test_search"),
    "search": ("tests.cost.search.test_search", "schedules"),
}
"""What knows of the search for schedules; the others know nothing of it."""

# Those that need the dialect take longest to start.
PLAIN = (
    "test_resident_corners",
    "exact.test_hand_contractions",
    "test_corners",
    "exact.test_release",
    "test_kernel",
    "test_energy",
    "exact.test_segments",
    "exact.test_many_phases",
)
SIMDIT = ("hand_systolic", "hand_simd", "records", "tiling", "edges")
DIALECT = (
    "exact.test_waits",
    "test_wellformed",
    "exact.test_shared_windows",
    "test_capacity",
    "exact.test_hand_programs",
    "test_workload",
    "greedy.test_greedy",
    "test_refusals",
)
MODULES = (
    *(f"tests.cost.{name}" for name in PLAIN),
    *(f"tests.cost.simdit.test_simdit_{name}" for name in SIMDIT),
    "tests.cost.test_structure",
    *(f"tests.cost.{name}" for name in DIALECT),
    "tests.cost.exact.test_scaling",
    "tests.cost.test_borders",
)
# What knows the default schedules takes as long as all others together.
LADDER = ("tests.cost.ladder.test_ladder_rules", "tests.cost.ladder.test_monotone")
# By the beginning of the mutated file's name: what knows most about it comes first.
MANY, EDGES, HAND, TILING = (
    f"tests.cost.simdit.test_simdit_{name}" for name in ("many", "edges", "hand_systolic", "tiling")
)
FIRST = {
    "simdit/many": (EDGES, MANY),
    "simdit/arrays": (EDGES, MANY),
    "simdit/arithmetic": (TILING, HAND, EDGES, MANY),
    "simdit/model": (TILING, HAND, EDGES, MANY),
    "batch": (MANY,),
    "simdit/simd": ("tests.cost.simdit.test_simdit_hand_simd", TILING, EDGES),
    "simdit": (HAND, TILING, EDGES),
    "ladder": LADDER,
    "greedy": ("tilings", "tests.cost.greedy.test_greedy"),
    "exact/waits": ("costs", "tests.cost.exact.test_waits"),
    "exact": ("costs",),
    "whole": ("refusals", "tests.cost.test_corners"),
    "grid": ("costs", "tests.cost.test_borders"),
    "axis": ("costs", "tests.cost.test_borders"),
    "capacity": ("refusals",),
    "energy": ("tests.cost.test_energy",),
    "hardware": ("tests.cost.test_structure",),
    "structure": ("tests.cost.test_structure",),
    "kernel": ("tests.cost.test_kernel", "tests.cost.test_wellformed"),
    "tiling": ("costs",),
    "workload": ("tests.cost.test_workload",),
}


def order_for(file: str) -> list[str]:
    """Every check that the file can fail, the most telling ones first."""
    known = next((names for start, names in SEARCH.items() if file.startswith(start)), None)
    if known is not None:
        return list(known)
    first = next((names for start, names in FIRST.items() if file.startswith(start)), ())
    last = LADDER if file == "exact/__init__.py" else ()
    return list(dict.fromkeys((*first, *ORACLES, *MODULES, *last)))


def finder(prepared: answers.Answers) -> Find:
    """From the name of a check to the check."""

    def find(name: str) -> Callable[[], object]:
        if name == "schedules":
            return partial(answers.check_schedules, prepared[name])
        if name in ORACLES:
            return partial(ORACLES[name], prepared["costs" if name == "bounds" else name])
        return partial(plain_runner.run_module, name)

    return find
