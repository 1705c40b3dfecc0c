"""The tiles of two fused products on a machine whose buffers are not all released at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Generic, Protocol, TypeVar

from simdc.cost.axis import Axis, Places
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import FusedProducts

from .fused_tile import Move, Strip, TileWork, alike
from .timeline import Handover, Replay, State, Timeline, repeated


class Strips(Protocol):
    """The tiles of two fused products, strip by strip (`TiledFused`)."""

    kernel: FusedProducts
    hardware: Hardware
    work: TileWork
    outer: list[Axis]

    def strip(self, places: Places) -> Strip: ...
    def wrapped(self, strip: Strip) -> set[str]: ...
    def array_loads(self, strip: Strip, index: int, stepped: set[str] | None) -> list[Move]: ...
    def lane_loads(self, strip: Strip, index: int, stepped: set[str] | None) -> list[Move]: ...
    def stores(self, strip: Strip, index: int) -> list[Move]: ...
    def tile_work(self, strip: Strip, index: int) -> Counter[str]: ...


def released_cycles(tiled: Strips) -> int:
    """From the first load to the last store. What array, path and lanes do, and what crosses the lanes' port, takes
    turns within a tile; operands of the array load for the next ones meanwhile."""
    joint, late = tiled.hardware.systolic.buffer_release == "joint", tiled.hardware.dram.latency_cycles
    timeline, _, state = played(tiled, partial(Timeline, joint=joint, latency=late))
    return timeline.end(state)


Made = TypeVar("Made", bound=Timeline)


def played(tiled: Strips, make: Callable[[int, int], Made]) -> tuple[Made, list[str], State]:
    """After the last tile, on a timeline of so many buffers and ports; the ports by number."""
    turns = FusedHandovers(tiled, make)
    timeline, used = turns.timeline, [turns.used(level) for level in range(len(tiled.outer))]
    first = tuple([axis.place(0) for axis in tiled.outer])
    last = tuple([axis.place(axis.count - 1) for axis in tiled.outer])
    state = timeline.begin(turns.into(tiled.strip(first), 0, None))
    state = Replay(tiled.outer, used, turns.inside, turns.step, timeline.carried).through(state)
    strip = tiled.strip(last)
    return timeline, turns.names, timeline.after(state, Handover((), (), turns.serial(strip, strip.tiles - 1)))


class FusedHandovers(Generic[Made]):
    """Buffers are numbered as the operands of the array, ports as these come to them."""

    def __init__(self, tiled: Strips, make: Callable[[int, int], Made]):
        self._tiled, self._operands = tiled, tiled.work.array_operands
        streams = [tiled.work.port_of(operand) for operand in self._operands]
        self.names = list(dict.fromkeys(streams))
        self._ports = [self.names.index(port) for port in streams]
        self.timeline = make(len(self._operands), len(self.names))

    def used(self, level: int) -> tuple[int, ...]:
        """What matters in a state while axes from `level` on step, and the stream."""
        loops = {axis.loop for axis in self._tiled.outer[level:]} | {self._tiled.kernel.streamed}
        buffers = [n for n, operand in enumerate(self._operands) if not loops.isdisjoint(operand.loops)]
        return self.timeline.used(buffers, sorted({self._ports[n] for n in buffers}))

    def into(self, strip: Strip, index: int, stepped: set[str] | None) -> Handover:
        """Into a tile, when these loops stepped."""
        moves = self._tiled.array_loads(strip, index, stepped)
        taken = tuple([self._operands.index(operand) for operand, _ in moves])
        loads = [(n, self._ports[n], self._tiled.work.cycles_of(move)) for n, move in zip(taken, moves, strict=True)]
        lanes = self._tiled.lane_loads(strip, index, stepped)
        own = sum(self._tiled.work.port_cycles(lanes).values()) + self._tiled.work.latency_of(lanes)
        return Handover(taken, tuple(loads), 0, own=own)

    def serial(self, strip: Strip, index: int) -> int:
        """Cycles of a tile, what its lanes load left out."""
        tile, stores = self._tiled.tile_work(strip, index), self._tiled.stores(strip, index)
        return tile["compute"] + tile["path"] + sum(self._tiled.work.port_cycles(stores).values())

    def inside(self, state: State, places: Places) -> State:
        """The tiles of a strip, but for the turn out of the last of them."""
        strip, stepped = self._tiled.strip(places), {self._tiled.kernel.streamed}
        used = self.used(len(self._tiled.outer))
        for start, stop in alike(strip.tiles, strip.plain):
            if stop < strip.tiles:
                turn = self.into(strip, start + 1, stepped)._replace(compute=self.serial(strip, start))
                again = partial(self._after, turn)
                state = repeated(again, state, stop - start, used, self.timeline.carried)
        return state

    def _after(self, turn: Handover, state: State) -> State:
        return self.timeline.after(state, turn)

    def step(self, state: State, before: Places, after: Places, level: int) -> State:
        """From one strip to the next."""
        tiled, strip = self._tiled, self._tiled.strip(before)
        stepped = {axis.loop for axis in tiled.outer[level:]} | tiled.wrapped(strip)
        turn = self.into(tiled.strip(after), 0, stepped)
        return self.timeline.after(state, turn._replace(compute=self.serial(strip, strip.tiles - 1)))
