"""What a pass of the convolution core waits for, and its cycles at each level."""

from __future__ import annotations

from simdc.cost.numbers import ceil_div
from simdc.named import NamedTuple

from .arithmetic import choose, larger
from .levels import LOADED, PORT, ROOFLINE, RUNS, WHOLE
from .load import Load

BACK_TO_BACK_CYCLES = 65
"""From one independent layer to the next: measured on nv_small, on pairs of equal layers."""


class PassWork(NamedTuple):
    """Cycles of each thing that a pass waits for.

    `useful_*` are those of the layer alone, as a roofline has them, `bus_cycles` those of its padded traffic. Each of
    `groups` of kernels takes `group_cycles` in the array, and `group_run_cycles` with the shortest run of pixels.
    `port_cycles` pass until all results are through accumulator, SDP and PDP, `write_cycles` until they are written,
    `latency_cycles` before the first product and behind the last. Where reads and writes share the memory's cycles no
    pass is shorter than its traffic.
    """

    useful_mac_cycles: int
    useful_bus_cycles: int
    bus_cycles: int
    groups: int
    group_cycles: int
    group_run_cycles: int
    port_cycles: int
    write_cycles: int
    latency_cycles: int
    load: Load
    shares_memory: bool

    def active_cycles(self, level: int) -> int:
        """In which the array multiplies."""
        return self.useful_mac_cycles if level == ROOFLINE else self.groups * self.group_cycles

    @property
    def run_cycles(self) -> int:
        return self.groups * self.group_run_cycles

    def terms(self, level: int) -> dict[str, int]:
        """What the pass waits for at a level. Up to level 3 the largest of them is all."""
        mac = self.active_cycles(level) if level < RUNS else self.run_cycles
        found = {"mac": mac} if level < PORT else {"mac": mac, "port": self.port_cycles}
        if level < LOADED:
            return {**found, "dram": self.useful_bus_cycles if level == ROOFLINE else self.bus_cycles}
        load = self.load
        found |= {"load": load.start_cycles, "weights": load.weights_left_cycles, "write": self.write_cycles}
        if self.shares_memory:
            found["dram"] = self.bus_cycles
        return found if level < WHOLE else {**found, "latency": self.latency_cycles}

    def cycles(self, level: int) -> int:
        if level < LOADED:
            return larger(*self.terms(level).values())
        results = ceil_div(larger(self.port_cycles, self.write_cycles), self.groups)
        end = self.load.end(self.groups, larger(self.group_run_cycles, results))
        end = larger(end, choose(self.shares_memory, self.bus_cycles, 0))
        return end if level < WHOLE else end + self.latency_cycles

    def next_cycles(self, level: int, is_hidden: bool) -> int:
        """Of an independent pass just behind another: its latencies are hidden, and its load too if the buffer has room
        for both inputs. Tested on pairs of equal passes only."""
        # 256 channels of 14 x 14 to 32 kernels: 25,088 + 65 = 25,153, as measured. With room for one input it is
        # 33,884 + 65 = 33,949, where 33,262 were measured.
        if level < LOADED:
            return self.cycles(level)
        memory = choose(self.shares_memory, self.bus_cycles, larger(self.write_cycles, self.load.port_cycles))
        hidden = larger(self.run_cycles, self.port_cycles, memory)
        before = choose(is_hidden, hidden, self.cycles(LOADED))
        return before if level < WHOLE else before + BACK_TO_BACK_CYCLES

    def with_twice_the_port(self) -> PassWork:
        """The same as if twice as many results left in a cycle."""
        return self._replace(port_cycles=ceil_div(self.port_cycles, 2))

    def without(self, term: str) -> PassWork:
        """The same as if one term took no time."""
        match term:
            case "mac":
                return self._replace(useful_mac_cycles=0, group_cycles=0, group_run_cycles=0)
            case "dram":
                return self._replace(useful_bus_cycles=0, bus_cycles=0)
            case "load":
                return self._replace(load=self.load._replace(ifmap_beats=0))
            case "weights":
                return self._replace(load=self.load._replace(weight_beats=0))
            case _:
                return self._replace(**{f"{term}_cycles": 0})
