"""The shares of all tiles add up to the cost that the simulator gives."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from simdc.backends.simulate import simulate
from simdc.backends.verify.compare import numbers
from simdc.backends.verify.trace import trace
from tests.strategies import contractions, machines, tilings, vector_programs


@given(st.data())
@settings(max_examples=80)
def test_shares_add_up(data: st.DataObject) -> None:
    kernel = data.draw(st.one_of(contractions(), vector_programs()))
    machine = data.draw(machines())
    tiling = data.draw(tilings(kernel, max_tiles=60))
    total = Counter[str]()
    for share in trace(kernel, tiling, machine):
        total.update(share.adds)
    # Operations are those of the mathematics: no tile adds to them, but for the steps of the array.
    expected = {
        what: number
        for what, number in numbers(simulate(kernel, tiling, machine)).items()
        if what == "ops.mac_executed" or not what.startswith("ops.")
    }
    assert +total == {what: number for what, number in expected.items() if number}
