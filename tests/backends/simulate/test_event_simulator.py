"""The tile simulator against the event simulator: two styles, one answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simdc.backends.simulate import simulate
from simdc.cost.hardware import Hardware
from tests.oracles.event_queue import EventQueue
from tests.oracles.event_simulator import play
from tests.strategies import contractions, machines, tilings, vector_programs


def test_jobs_on_one_resource_take_turns_and_resources_work_side_by_side() -> None:
    queue = EventQueue()
    first = queue.submit("a", 3)
    queue.submit("a", 4)
    queue.submit("b", 5, [first])
    # a: 0 to 3, 3 to 7; b: 3 to 8.
    assert queue.run() == (8, {"a": 7, "b": 5})


def test_a_barrier_waits_for_all() -> None:
    queue = EventQueue()
    gate = queue.submit(None, 0, [queue.submit("a", 3), queue.submit("b", 9)])
    queue.submit("a", 1, [gate])
    assert queue.run() == (10, {"a": 4, "b": 9})


def test_jobs_of_no_length_and_a_circle() -> None:
    queue = EventQueue()
    assert queue.run() == (0, {})
    queue.submit("a", 0)
    assert queue.run()[0] == 0
    queue.submit("a", 1, [2])
    queue.submit("a", 1, [1])
    with pytest.raises(AssertionError, match="circle"):
        queue.run()


@given(st.data(), machines())
@settings(max_examples=150)
def test_contractions(data: st.DataObject, machine: Hardware) -> None:
    kernel = data.draw(contractions())
    tiling = data.draw(tilings(kernel))
    assert play(kernel, tiling, machine) == simulate(kernel, tiling, machine)


@given(st.data(), machines())
@settings(max_examples=150)
def test_vector_programs(data: st.DataObject, machine: Hardware) -> None:
    kernel = data.draw(vector_programs())
    tiling = data.draw(tilings(kernel))
    assert play(kernel, tiling, machine) == simulate(kernel, tiling, machine)
