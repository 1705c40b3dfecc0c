"""The streams of the machine's rule for one tiled contraction."""

from __future__ import annotations

from simdc.cost.axis import Places
from simdc.cost.grid import Grid, Reloads
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.rule import MachineRule

from .stream import Stream

Flow = tuple[str, int, bool, Stream]
"""The traffic that a stream counts as, its port, and whether it loads tiles that are new."""


class Idle:
    """Nothing moves."""

    def cycles_at(self, places: Places) -> int:
        return 0


IDLE = Idle()


class Flows:
    """`ports` names the ports by number. `new` and `resumed` are streams, with their ports, of tiles that come into
    use; `leaving` has the ports of results that go out of use, with what moves there if all sums are complete and what
    if they are not. `totals` says how often all tiles of each stream move, and `Flow` as what."""

    # psum[oc, oh] in use twice, as with ic in 2 tiles outside oh: all its tiles are resumed once and leave once as
    # partial sums, together 2 times as psum, and leave once as ofmap.

    __slots__ = ("leaving", "new", "ports", "resumed", "totals")

    def __init__(self, kernel: Contraction, grid: Grid, hardware: Hardware, rule: MachineRule, reloads: Reloads):
        self.new: list[tuple[Stream, int]] = []
        self.resumed: list[tuple[Stream, int]] = []
        leaving: dict[int, dict[str, Stream | Idle]] = {}
        self.totals: dict[Flow, int] = {}
        numbers: dict[str, int] = {}
        streams: dict[tuple[str, int, int], Stream] = {}
        roles, bandwidths = kernel.by_role, rule.bandwidths(hardware)
        for role, when, port_name, traffic in rule.array_streams:
            operand = roles.get(role)
            if operand is None:
                continue
            # Ports are numbered as they turn up: GENESYS has weight 0, ifmap 1, psum 2.
            port = numbers.setdefault(port_name, len(numbers))
            bits = kernel.ofmap_bits if when == "complete" else operand.bits
            stream = streams.get((role, bits, port))
            if stream is None:
                footprint = grid.footprint(operand)
                stream = Stream(footprint, bits, bandwidths[port_name], grid, reloads(footprint, grid))
                streams[role, bits, port] = stream
            # A result in use 3 times is resumed twice, leaves twice as partial sum and once complete.
            times = stream.reloads - 1
            if when == "new":
                times = stream.reloads
                self.new.append((stream, port))
            elif when == "resumed":
                self.resumed.append((stream, port))
            else:
                times = times if when == "partial" else 1
                leaving.setdefault(port, {})[when] = stream
            flow = traffic, port, when == "new", stream
            self.totals[flow] = self.totals.get(flow, 0) + times
        self.ports = list(numbers)
        self.leaving = [
            (port, moved.get("complete", IDLE), moved.get("partial", IDLE)) for port, moved in leaving.items()
        ]
