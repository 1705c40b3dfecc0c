"""The tiles of a contraction on a machine whose buffers are not all released at once."""

from __future__ import annotations

from collections.abc import Callable

from simdc.cost.axis import Axis, Places
from simdc.cost.grid import Grid
from simdc.cost.kernel import Operand

from .flows import Flows
from .timeline import Handover, Replay, State, Timeline

FIRST_TILE = -1
"""In the place of the axis that stepped: all that there is moves, also what no axis moves."""


def released_cycles(
    grid: Grid, psum: Operand, flows: Flows, compute: Callable[[Places], int], *, joint: bool, latency: int
) -> int:
    """From the first load to the last store: the timeline of the tiles, `compute` their cycles on the array."""
    timeline = Timeline(len(flows.new) + 1, len(flows.ports), joint=joint, latency=latency)
    return timeline.end(played(grid, psum, flows, compute, timeline))


def played(grid: Grid, psum: Operand, flows: Flows, compute: Callable[[Places], int], timeline: Timeline) -> State:
    """After the last tile."""
    turns = Handovers(grid, psum, flows, compute)

    def step(state: State, here: Places, after: Places, stepped: int) -> State:
        return timeline.after(state, turns.between(here, after, stepped))

    def inside(state: State, _: Places) -> State:
        return state

    used = [timeline.used(*turns.moved(level)) for level in range(len(grid.axes))]
    walk = Replay(turns.axes, used, inside, step, timeline.carried)
    first = tuple([axis.place(0) for axis in turns.axes])
    last = tuple([axis.place(axis.count - 1) for axis in turns.axes])
    state = walk.through(timeline.begin(turns.loaded(first, FIRST_TILE)))
    return timeline.after(state, turns.last(last))


class Handovers:
    """What moves from tile to tile. Buffers are numbered as the streams of `flows.new`, the result's is the last."""

    def __init__(self, grid: Grid, psum: Operand, flows: Flows, compute: Callable[[Places], int]):
        slots = grid.footprint(psum).slots
        self._flows, self._compute, self._result = flows, compute, len(flows.new)
        self._innermost = slots[-1] if slots else -1
        self._summed = [slot for slot in range(len(grid.axes)) if slot not in slots]
        # Whether a result is begun, or complete, shows at the first and last tile of each loop that is summed over.
        self.axes: list[Axis] = [
            axis.cut_at(1, axis.count - 1) if slot in self._summed else axis for slot, axis in enumerate(grid.axes)
        ]
        self._known: dict[tuple[Places, Places, int], Handover] = {}

    def moved(self, level: int) -> tuple[list[int], list[int]]:
        """Buffers and ports of what moves as axes from `level` on step."""
        flows = self._flows
        buffers = [number for number, (stream, _) in enumerate(flows.new) if stream.innermost >= level]
        ports = {flows.new[number][1] for number in buffers}
        if self._innermost >= level:
            buffers.append(self._result)
            ports |= {port for _, port in flows.resumed} | {port for port, *_ in flows.leaving}
        return buffers, sorted(ports)

    def between(self, here: Places, after: Places, stepped: int) -> Handover:
        key = (here, after, stepped)
        found = self._known.get(key)
        if found is None:
            found = self.loaded(after, stepped)._replace(compute=self._compute(here))
            if self._innermost >= stepped:
                found = self._leaving(found, here)
            self._known[key] = found
        return found

    def last(self, here: Places) -> Handover:
        """Out of the last tile: to none."""
        return self._leaving(Handover((), (), self._compute(here)), here)

    def loaded(self, after: Places, stepped: int) -> Handover:
        """The buffers whose other half the tile takes, and what it loads."""
        moving = [
            (number, port, stream)
            for number, (stream, port) in enumerate(self._flows.new)
            if stream.innermost >= stepped
        ]
        taken = [number for number, _, _ in moving]
        loads = [(number, port, stream.cycles_at(after)) for number, port, stream in moving]
        if self._innermost >= stepped:
            taken.append(self._result)
            # At the first tile of all loops summed over there is nothing to load: a result begins.
            if not all(after[slot].is_first for slot in self._summed):
                loads += [(self._result, port, stream.cycles_at(after)) for stream, port in self._flows.resumed]
        return Handover(tuple(taken), tuple(loads), 0)

    def _leaving(self, turn: Handover, here: Places) -> Handover:
        complete = all(here[slot].is_last for slot in self._summed)
        stores = [
            (port, (whole if complete else partial).cycles_at(here)) for port, whole, partial in self._flows.leaving
        ]
        return turn._replace(stores=tuple(stores), result=self._result)
