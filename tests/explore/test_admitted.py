"""The machines that keep their budgets, against plain loops over random spaces."""

from __future__ import annotations

import random
from itertools import product
from math import prod

import numpy as np
import pytest

import simdc
import simdc.cost
from simdc.errors import SimdcError
from simdc.explore import admitted, exploration
from simdc.explore.admitted import admitted_machines, listed_machines
from simdc.explore.space import Constraint, Space, SpaceAxis, Term
from tests.explore.spaces import WEIGHTS, machines_of

PATHS = (WEIGHTS, "simd.lanes", "simd.vmem_bits", "systolic.rows", "systolic.columns", "clock_ns", "simd.width_bits")


def random_space(pick: random.Random) -> Space:
    paths = pick.sample(PATHS, pick.randrange(2, 6))
    axes: list[SpaceAxis] = []
    while paths:
        own = tuple(paths.pop() for _ in range(min(len(paths), pick.choice((1, 1, 2)))))
        count = pick.randrange(1, 5)
        options = tuple({tuple(pick.randrange(1, 30) for _ in own) for _ in range(count)})
        axes.append(SpaceAxis("+".join(own), own, options, tuple(map(str, options))))
    constraints: list[Constraint] = []
    for number in range(pick.randrange(4)):
        terms = tuple(
            Term(pick.choice((1.0, 0.5, -1.0)), tuple(pick.sample(PATHS, pick.choice((1, 1, 2)))))
            for _ in range(pick.randrange(1, 4))
        )
        low = pick.choice((float("-inf"), float(pick.randrange(-40, 60))))
        constraints.append(Constraint(f"c{number}", terms, low, pick.choice((float("inf"), max(low, 0.0) + 60.0))))
    base = simdc.load_hardware("HI1")
    for path in PATHS[:3]:
        base = simdc.cost.with_field(base, path, 20)
    return Space(base, tuple(axes), tuple(constraints))


def test_components_are_what_loops_find() -> None:
    pick = random.Random("components")
    empty = several = 0
    for _ in range(300):
        space = random_space(pick)
        expected = {single.number: single.sums for single in machines_of(space)}
        try:
            found = admitted_machines(space)
        except SimdcError:
            assert not expected
            empty += 1
            continue
        shape = [len(axis.options) for axis in space.axes]
        numbers: dict[int, dict[str, float]] = {}
        for combination in product(*(range(len(component.options)) for component in found.components)):
            choice = [0] * len(shape)
            sums = dict(found.constants)
            for component, place in zip(found.components, combination, strict=True):
                for axis, option in zip(component.axes, component.options[place].tolist(), strict=True):
                    choice[axis] = option
                sums |= {name: float(column[place]) for name, column in component.sums.items()}
            numbers[int(np.ravel_multi_index(choice, shape))] = sums
        assert found.size == prod(len(component.options) for component in found.components) == len(numbers)
        assert numbers.keys() == expected.keys()
        for number, sums in expected.items():
            assert numbers[number] == pytest.approx(sums, rel=1e-12)
        several += len(found.components) > 1
    assert empty > 20
    assert several > 50


def test_a_component_too_large_to_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admitted, "MAX_COMBINATIONS", 5)
    options = tuple((value,) for value in (1, 2, 3))
    axes = tuple(SpaceAxis(path, (path,), options, ("a", "b", "c")) for path in ("simd.lanes", "systolic.rows"))
    constraint = Constraint("sum", (Term(1.0, ("simd.lanes",)), Term(1.0, ("systolic.rows",))), high=100.0)
    with pytest.raises(SimdcError, match=r"more than 5 combinations of simd\.lanes, systolic\.rows"):
        admitted_machines(Space(simdc.load_hardware("HI1"), axes, (constraint,)))
    assert admitted_machines(Space(simdc.load_hardware("HI1"), axes)).size == 9


def test_listed_machines_have_sums_and_keep_no_constraint() -> None:
    axis = SpaceAxis("simd.lanes", ("simd.lanes",), ((4,), (8,)), ("4", "8"))
    space = Space(simdc.load_hardware("HI1"), (axis,), (Constraint("lanes", (Term(3.0, ("simd.lanes",)),), high=1.0),))
    (component,) = listed_machines(space, np.array([[1], [0], [1]])).components
    assert component.sums["lanes"].tolist() == [24, 12, 24]


def test_more_machines_than_can_be_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploration, "MAX_MACHINES", 8)
    options = tuple((value,) for value in (1, 2, 3))
    axes = tuple(SpaceAxis(path, (path,), options, ("a", "b", "c")) for path in ("simd.lanes", "systolic.rows"))
    with pytest.raises(SimdcError, match="9 machines keep the constraints, at most 8 can be compared"):
        exploration.Exploration(Space(simdc.load_hardware("HI1"), axes), [])
