"""How the input and the weights of a pass come in over the memory port."""

from __future__ import annotations

from typing import NamedTuple

from simdc.cost.numbers import ceil_div

from .arithmetic import larger, smaller


class Load(NamedTuple):
    """Times are in units of which a cycle has `cycle`, so that all of them are whole: a beat takes `beat`, a beat of
    the input where nothing else is read `alone`. A group of kernels needs `group_beats`, the last one as many as its
    part of `granule`."""

    # 28 beats a line are asked for in bursts of 8, 8, 8 and 4 with 2 idle cycles each: a line takes 28 + 8 = 36 cycles,
    # a beat of it 36 / 28. With 64 bits a cycle and 8 kernels a group a cycle is 28 * 64 * 8 units, a beat of weights
    # as many, a beat of the input 36 * 64 * 8.

    cycle: int
    beat: int
    alone: int
    ifmap_beats: int
    weight_beats: int
    group_beats: int
    kernels: int
    granule: int

    @property
    def start(self) -> int:
        """When the whole input is in. It alternates with the weights for as long as both stream."""
        both = smaller(self.ifmap_beats, self.weight_beats)
        return both * larger(2 * self.beat, self.alone) + (self.ifmap_beats - both) * self.alone

    @property
    def start_cycles(self) -> int:
        return ceil_div(self.start, self.cycle)

    @property
    def weights_left_cycles(self) -> int:
        """For which weights stream beside the array, once the input is in."""
        return ceil_div(larger((self.ifmap_beats + self.weight_beats) * self.beat - self.start, 0), self.cycle)

    @property
    def port_cycles(self) -> int:
        """For which the input and the weights keep the memory port."""
        return ceil_div((self.ifmap_beats + self.weight_beats) * self.beat, self.cycle)

    def end(self, groups: int, body_cycles: int) -> int:
        """Cycles until the last of `groups` is done, one in `body_cycles` where its weights are in."""
        body = body_cycles * self.cycle
        end = self.start + groups * body
        for group in self._late(groups):
            end = larger(end, self._arrival(group) + (groups - group) * body)
        return ceil_div(end, self.cycle)

    def _arrival(self, group: int) -> int:
        """When the weights of a group of kernels are in, and of all before it."""
        # Beats times the granule: the last group of 20 kernels, 4 of them, has half the beats of one.
        kernels = group * self.granule + smaller(self.granule, self.kernels - group * self.granule)
        beats = smaller(self.weight_beats * self.granule, self.group_beats * kernels)
        return self.beat // self.granule * smaller(2 * beats, self.ifmap_beats * self.granule + beats)

    def _late(self, groups: int) -> tuple[int, ...]:
        """The groups of which one makes the layer wait longest for weights."""
        # Group g keeps the layer until its arrival + (groups - g) * body. Arrivals rise by two cycles a beat while the
        # input streams beside, by one after it, then not at all: the sum is concave in g, and largest where the rise
        # changes, or at an end. 8 groups of 100 beats, 250 of the input and 790 in all: groups 0, 1, 2, 6 and 7.
        turns = (self.ifmap_beats // self.group_beats, self.weight_beats // self.group_beats)
        places = (0, *(turn - back for turn in turns for back in (1, 0)), groups - 2, groups - 1)
        return tuple(smaller(larger(place, 0), groups - 1) for place in places)
