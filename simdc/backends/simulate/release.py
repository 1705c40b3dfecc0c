"""When tiles are computed where the halves of buffers change hands one by one or together, and not all at a barrier."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from .transfer import Transfer
from .walk import neighbours


class Visit(Protocol):
    """`takes` names the operands of which the tile has another tile than the one before it."""

    @property
    def takes(self) -> Sequence[str]: ...
    @property
    def loads(self) -> Sequence[Transfer]: ...
    @property
    def compute_cycles(self) -> int: ...
    @property
    def stores(self) -> Sequence[Transfer]: ...


V = TypeVar("V", bound=Visit)


class Halves:
    """The two halves of each buffer, by operand: when each is free, and which one is in use."""

    def __init__(self) -> None:
        self._free = defaultdict[str, list[int]](lambda: [0, 0])
        self._used = Counter[str]()

    def other(self, operand: str) -> int:
        """When the half that is not in use is free."""
        return self._free[operand][1 - self._used[operand]]

    def take(self, operand: str) -> None:
        self._used[operand] = 1 - self._used[operand]

    def free_other(self, operand: str, time: int) -> None:
        """The half that was in use before the last `take` is free from then on."""
        self._free[operand][1 - self._used[operand]] = time


def spans(visits: Iterable[V], result: str, *, joint: bool, latency: int = 0) -> Iterator[tuple[V, int]]:
    """Each tile with the cycles from the end of the computation before it to the end of its own; what is stored after
    the last one counts with that. `result` is the operand that stores are of. A load comes
    `latency` after the half that it goes to is free, at the earliest."""
    buffers, ports, asked, ready, ended = Halves(), Counter[str](), 0, 0, 0

    def load(visit: Visit) -> int:
        """When all is there. Ports serve in the order of calls."""
        nonlocal asked
        free = {operand: buffers.other(operand) for operand in visit.takes}
        for operand in visit.takes:
            buffers.take(operand)
        if joint:
            asked = max(asked, *free.values()) if free else asked
            free = dict.fromkeys(free, asked)
        there = max(free.values(), default=0)
        for move in visit.loads:
            # What is nothing takes no turn: a tile that lies outside the image.
            if move.cycles:
                ports[move.port] = max(ports[move.port], free[move.buffer] + latency) + move.cycles
                there = max(there, ports[move.port])
        return there

    for before, visit, after in neighbours(visits):
        if before is None:
            ready = load(visit)
        # Tile 2 takes the halves that tile 0 had, which is through; tile 1 frees its own as it ends.
        following = load(after) if after is not None else 0
        end = max(ready, ended) + visit.compute_cycles
        for operand in after.takes if after is not None else ():
            buffers.free_other(operand, end)
        for move in visit.stores:
            if move.cycles:
                ports[move.port] = max(ports[move.port], end) + move.cycles
                buffers.free_other(result, ports[move.port])
        through = end if after is not None else max([end, *ports.values()])
        yield visit, through - ended
        ready, ended = following, end
