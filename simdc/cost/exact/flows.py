"""The streams of the machine's rule for one tiled contraction."""

from __future__ import annotations

from simdc.cost.axis import Places
from simdc.cost.bursts import bursts_of
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
        roles, bandwidths, dram = kernel.by_role, rule.bandwidths(hardware), hardware.dram
        self.ports = rule.array_ports
        self.new: list[tuple[Stream, int]] = []
        self.resumed: list[tuple[Stream, int]] = []
        self.totals: dict[Flow, int] = {}
        for role, _, name, port, traffic in rule.read_rows:
            operand = roles.get(role)
            if operand is not None:
                footprint = grid.footprint(operand)
                bursts = bursts_of(operand, footprint, grid, dram)
                stream = Stream(footprint, operand.bits, bandwidths[name], grid, reloads(footprint, grid), bursts)
                self.new.append((stream, port))
                self.totals[traffic, port, True, stream] = stream.reloads
        footprint = grid.footprint(kernel.psum)
        times, bursts = reloads(footprint, grid), bursts_of(kernel.psum, footprint, grid, dram)
        streams: dict[tuple[int, int], Stream] = {}
        leaving: dict[int, dict[str, Stream | Idle]] = {}
        for _, when, name, port, traffic in rule.result_rows:
            bits = kernel.ofmap_bits if when == "complete" else kernel.psum.bits
            stream = streams.get((bits, port))
            if stream is None:
                stream = streams[bits, port] = Stream(footprint, bits, bandwidths[name], grid, times, bursts)
            if when == "resumed":
                self.resumed.append((stream, port))
            else:
                leaving.setdefault(port, {})[when] = stream
            # A result in use 3 times is resumed twice, leaves twice as partial sum and once complete.
            flow = traffic, port, False, stream
            self.totals[flow] = self.totals.get(flow, 0) + (1 if when == "complete" else times - 1)
        self.leaving = [
            (port, moved.get("complete", IDLE), moved.get("partial", IDLE)) for port, moved in leaving.items()
        ]
