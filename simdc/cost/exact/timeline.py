"""When tiles load, compute and store where no barrier stands between them: a recurrence over the tiles.

Every time is a largest of earlier times plus a number of cycles. So if all times were later by c, all that follow were
later by c: a run of tiles that are alike is played until times stand to each other as they did before, and from there
on it repeats. 1,000 tiles of 10 cycles that stand alike after 3 take 3 * 10 + 997 * 10 without being played.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simdc.cost.axis import Axis, Places
from simdc.named import NamedTuple

State = tuple[int, ...]
"""Times: when the tile before the one at hand is computed (`DONE`), when this one has all that it needs (`READY`), when
it was asked for (`ASKED`), `DONE` and the cycles that it computes longer than others (`OWN`); then for each
buffer when its other half is free, and for each port when it is."""
DONE, READY, ASKED, OWN, FIRST = 0, 1, 2, 3, 4


class Handover(NamedTuple):
    """From one tile to the next. The next takes the other half of the buffers `taken` and loads, in this order,
    (buffer, port, cycles). The tile at hand computes for `compute` cycles; if the tile of the buffer `result` leaves,
    `stores` has (port, cycles), and that half is free once it is stored. `own` are cycles that the next tile computes
    longer because it came after this one."""

    taken: tuple[int, ...]
    loads: tuple[tuple[int, int, int], ...]
    compute: int
    stores: tuple[tuple[int, int], ...] = ()
    result: int = -1
    own: int = 0


class Timeline:
    """`joint`: a tile is asked for when all halves that it takes are free, and only after the tile before it; otherwise
    each buffer loads when its own half is free. Each port moves one thing after the other, in the order of tiles: what
    tile 1 leaves, what tile 3 loads, what tile 2 leaves. Loads come `latency` after they are asked for, or
    later."""

    carried: tuple[int, ...] = ()
    """Places of a state that are no times but sums, which runs that repeat add to: none here."""

    def __init__(self, buffers: int, ports: int, *, joint: bool, latency: int = 0):
        self._size = FIRST + buffers + ports
        self._port, self._joint, self._latency = FIRST + buffers, joint, latency

    def begin(self, turn: Handover) -> State:
        """Before the first tile: all is free."""
        return self._loaded([0] * self._size, turn, 0)

    def after(self, state: State, turn: Handover) -> State:
        # Tile 1 computes from 10 to 30. Tile 2 was loaded at 25, its half was that of tile 0, free at 10; it computes
        # from 30 on. The half of tile 1 is free at 30, for tile 3.
        begun = max(state[DONE], state[READY])
        done = begun + turn.compute + state[OWN] - state[DONE]
        times = list(self._loaded(list(state), turn, done))
        for buffer in turn.taken:
            times[FIRST + buffer] = done
        for port, cycles in turn.stores:
            if cycles:
                port += self._port
                times[port] = max(times[port], done) + cycles
                times[FIRST + turn.result] = max(times[FIRST + turn.result], times[port])
        return tuple(times)

    def end(self, state: State) -> int:
        """When all is through."""
        return max([state[DONE], *state[self._port :]])

    def _loaded(self, times: list[int], turn: Handover, done: int) -> State:
        """With the next tile loaded, and the tile at hand `done`."""
        free = [times[FIRST + buffer] for buffer in turn.taken]
        if self._joint:
            times[ASKED] = max([times[ASKED], *free])
        ready = max([done, *free])
        for buffer, port, cycles in turn.loads:
            if cycles:
                port += self._port
                begun = times[ASKED] if self._joint else times[FIRST + buffer]
                times[port] = max(times[port], begun + self._latency) + cycles
                ready = max(ready, times[port])
        times[DONE], times[READY], times[OWN] = done, ready, done + turn.own
        return tuple(times)

    def used(self, buffers: Sequence[int], ports: Sequence[int]) -> tuple[int, ...]:
        """Places in a state of what these buffers and ports have to do with."""
        own = (*(FIRST + buffer for buffer in buffers), *(self._port + port for port in ports))
        # Where nothing is asked for that time stands still, and would never be to others as it was before.
        asked = (ASKED,) if self._joint else ()
        return (DONE, READY, *asked, OWN, *sorted(own))


class Replay:
    """Tiles in loop order, the outermost of `axes` first. `inside` plays what lies inside one tile of all of them,
    but for the turn out of it; `step` plays the turn from the last tile inside one place to the first inside another,
    as the axis of that number steps. `used[level]` are the places in a state that matter while axes from `level` on
    step: a weight that none of them moves does not. `carried` are those of `Timeline`."""

    def __init__(
        self,
        axes: Sequence[Axis],
        used: Sequence[tuple[int, ...]],
        inside: Callable[[State, Places], State],
        step: Callable[[State, Places, Places, int], State],
        carried: Sequence[int] = (),
    ):
        self._axes, self._used, self._inside, self._step = axes, used, inside, step
        self._carried = carried
        self._firsts = tuple([axis.place(0) for axis in axes])
        self._lasts = tuple([axis.place(axis.count - 1) for axis in axes])
        self._known: dict[tuple[Places, State], tuple[State, State]] = {}

    def through(self, state: State, outer: Places = ()) -> State:
        """All tiles of the axes inside `outer`, but for the turn out of the last of them."""
        level = len(outer)
        if level == len(self._axes):
            return self._inside(state, outer)
        used = self._used[level]
        key = (outer, relative(state, used))
        found = self._known.get(key)
        if found is None:
            after, axis = state, self._axes[level]
            for times, (here, there) in axis.segments(0, axis.count - 1, (0, 1)):
                before = (*outer, here, *self._lasts[level + 1 :])
                behind = (*outer, there, *self._firsts[level + 1 :])

                def turn(state: State, before: Places = before, behind: Places = behind) -> State:
                    return self._step(self.through(state, before[: level + 1]), before, behind, level)

                after = repeated(turn, after, times, used, self._carried)
            after = self.through(after, (*outer, self._lasts[level]))
            gains = tuple([after[place] - state[place] for place in self._carried])
            found = self._known[key] = relative(after, used, state[DONE]), gains
        times_found, gains = found
        return added(placed(state, used, times_found), self._carried, gains)


def repeated(
    turn: Callable[[State], State], state: State, times: int, used: Sequence[int], carried: Sequence[int] = ()
) -> State:
    """The state after so many turns alike, which look at the places `used` only and add to the `carried` ones."""
    seen: dict[State, tuple[int, State]] | None = {}
    left = times
    while left:
        if seen is not None:
            key = relative(state, used)
            if key in seen:
                # Seen with 90 turns left, at 50; now there are 88 left, at 70: every 2 turns take 20.
                before, earlier = seen[key]
                rounds, left = divmod(left, before - left)
                gains = [rounds * (state[place] - earlier[place]) for place in carried]
                later = [each + rounds * (state[DONE] - earlier[DONE]) for each in key]
                state = added(placed(state, used, later), carried, gains)
                seen = None
                continue
            seen[key] = (left, state)
        state, left = turn(state), left - 1
    return state


def relative(state: State, used: Sequence[int], base: int | None = None) -> State:
    """The times in the places `used` since `base`: since the tile before was computed, if nothing else is said."""
    since = state[DONE] if base is None else base
    return tuple([state[place] - since for place in used])


def placed(state: State, used: Sequence[int], found: Sequence[int]) -> State:
    """The state with `found`, relative to when it was done, in the places `used`."""
    times = list(state)
    for place, each in zip(used, found, strict=True):
        times[place] = state[DONE] + each
    return tuple(times)


def added(state: State, carried: Sequence[int], gains: Sequence[int]) -> State:
    """The state with `gains` on top of its sums."""
    if not carried:
        return state
    sums = list(state)
    for place, gain in zip(carried, gains, strict=True):
        sums[place] += gain
    return tuple(sums)
