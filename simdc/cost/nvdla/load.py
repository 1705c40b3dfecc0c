"""How the input and the weights of a pass come in over the memory port."""

from __future__ import annotations

from simdc.cost.numbers import ceil_div
from simdc.named import NamedTuple

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
        # Group g keeps the layer until its arrival + (groups - g) * body. Arrivals rise evenly until all weights are
        # in, so the sum is largest at the first group, where the rise ends, or at one of the last two.
        body, full = body_cycles * self.cycle, self.weight_beats // self.group_beats
        end = larger(self.start, self._arrival(0)) + groups * body
        for place in (full - 1, full, groups - 2, groups - 1):
            group = larger(place, 0)
            end = larger(end, self._arrival(group) + (groups - group) * body)
        return ceil_div(end, self.cycle)

    def _arrival(self, group: int) -> int:
        """When the weights of a group of kernels are in, and of all before it; not before the input's end, as nothing
        begins before that. Behind the last group all are in."""
        # Beats times the granule: the last group of 20 kernels, 4 of them, has half the beats of one.
        kernels = group * self.granule + smaller(self.granule, self.kernels - group * self.granule)
        beats = smaller(self.weight_beats * self.granule, self.group_beats * kernels)
        return self.beat // self.granule * (self.ifmap_beats * self.granule + beats)
