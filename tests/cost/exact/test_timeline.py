"""What a run of tiles without barriers does not look at twice."""

from __future__ import annotations

from simdc.cost.exact.timeline import ASKED as ASKED_FOR
from simdc.cost.exact.timeline import DONE, FIRST, OWN, READY, State, Timeline, relative, repeated

STATE = (50, 70, 40, 55, 30, 90)


def test_times_are_told_from_when_the_tile_before_is_computed() -> None:
    assert relative(STATE, (DONE, READY, FIRST, FIRST + 1)) == (0, 20, -20, 40)


def test_turns_that_are_alike_are_played_until_times_repeat() -> None:
    """A port that starts 40 cycles behind and gains 10 a turn: 4 turns until it waits, one more to see it; 995 of 7
    cycles are counted."""
    played: list[int] = []

    def turn(state: State) -> State:
        played.append(1)
        done = state[DONE] + 7
        return (done, max(done, state[READY] - 3))

    assert repeated(turn, (0, 40), 1000, (DONE, READY)) == (7000, 7000)
    assert len(played) < 8


def test_only_where_tiles_are_asked_for_that_time_counts() -> None:
    """Buffers 0 to 2 and ports 0 and 1."""
    own = (FIRST + 1, FIRST + 3)
    assert Timeline(3, 2, joint=True).used((1,), (0,)) == (DONE, READY, ASKED_FOR, OWN, *own)
    assert Timeline(3, 2, joint=False).used((1,), (0,)) == (DONE, READY, OWN, *own)
