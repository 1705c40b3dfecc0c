"""A timeline that also adds up for how long tiles waited, and for what."""

from __future__ import annotations

from collections.abc import Sequence

from .timeline import DONE, OWN, READY, Handover, State, Timeline


class WaitTimeline(Timeline):
    """Its states are longer: when the last load of the tile at hand came over each port, then what is `carried`: the
    cycles before the first tile, and those waited for each port. None of them is later than the end. A tile that has
    all its loads and still waits does so for the half of a buffer that a result leaves, over the port `stores`."""

    # Two ports. The tile before is done at 30; the ifmap came at 25, the weights come at 42: 12 cycles of wait for the
    # weight port.

    def __init__(self, buffers: int, ports: int, *, joint: bool, stores: int = 0, latency: int = 0):
        super().__init__(buffers, ports, joint=joint, latency=latency)
        self._ports, self._stores, self._arrival = ports, stores, self._size
        self._first = self._arrival + ports
        self._waits = self._first + 1
        self._size = self._waits + ports
        self.carried = tuple(range(self._first, self._size))

    def begin(self, turn: Handover) -> State:
        times = list(super().begin(turn))
        # What the first tile waits is no wait for another: its time begins where it has everything.
        first = times[READY]
        times[self._first] = first
        times[DONE], times[OWN] = times[DONE] + first, times[OWN] + first
        return tuple(times)

    def after(self, state: State, turn: Handover) -> State:
        times = list(super().after(state, turn))
        waited = state[READY] - state[DONE]
        if waited > 0:
            arrivals = state[self._arrival : self._first]
            port = arrivals.index(state[READY]) if state[READY] in arrivals else self._stores
            times[self._waits + port] += waited
        return tuple(times)

    def used(self, buffers: Sequence[int], ports: Sequence[int]) -> tuple[int, ...]:
        return (*super().used(buffers, ports), *range(self._arrival, self._first))

    def _loaded(self, times: list[int], turn: Handover, done: int) -> State:
        super()._loaded(times, turn, done)
        moved = {port for _, port, cycles in turn.loads if cycles}
        for port in range(self._ports):
            times[self._arrival + port] = max(done, times[self._port + port]) if port in moved else done
        return tuple(times)

    def found(self, state: State) -> tuple[int, list[int], int]:
        """Cycles before the first tile, waits for each port, and cycles after the last tile."""
        return state[self._first], list(state[self._waits :]), self.end(state) - state[DONE]
