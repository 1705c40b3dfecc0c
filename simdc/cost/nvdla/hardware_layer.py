"""A layer as the machine runs it: passes or streams one after the other, for every image and group."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from simdc.cost.machine import ComputeUnit
from simdc.named import NamedTuple

from .arithmetic import choose
from .levels import ROOFLINE
from .parts import Nvdla
from .pass_amounts import work_of
from .pass_work import PassWork
from .sizes import Beats, ConvolutionPass, UnitPass, pass_beats, unit_beats
from .split import Windows, banks_of, cut, is_unlimited
from .unit_work import UnitWork, unit_work

AnyWork: TypeAlias = PassWork | UnitWork


class HardwareLayer(NamedTuple):
    """`pieces` are (how many, work) of what is run, `whole` is the work of the layer uncut, which they are where it
    `is_whole`. All of them run once for each of `repeats` images and groups, which are independent of each other; their
    `beats` are those of all. `has_room` tells whether the buffer holds the inputs of two repeats, `has_room_behind`
    this input and that of the layer before; None where that one leads to this one. A layer that does not fit
    (`fits`) has no cycles worth a name."""

    whole: AnyWork
    pieces: tuple[tuple[int, AnyWork], ...]
    beats: Beats
    repeats: int
    is_whole: bool = True
    has_room: bool = False
    has_room_behind: bool | None = None
    fits: bool = True

    def cycles(self, level: int) -> int:
        alone = sum(times * work.cycles(level) for times, work in self._run(level))

        def behind(is_hidden: bool) -> int:
            return choose(self.is_whole, self.whole.next_cycles(level, is_hidden), alone)

        first = alone if self.has_room_behind is None else behind(self.has_room_behind)
        return first + (self.repeats - 1) * behind(self.has_room)

    def active_cycles(self, level: int) -> int:
        """In which the unit of the layer computes."""
        return self.repeats * sum(times * work.active_cycles(level) for times, work in self._run(level))

    def terms(self, level: int) -> dict[str, int]:
        """What the layer waits for, each for how many cycles by itself."""
        found: dict[str, int] = {}
        for times, work in self._run(level):
            for name, cycles in work.terms(level).items():
                found[name] = found.get(name, 0) + self.repeats * times * cycles
        return found

    def with_twice_the_port(self) -> HardwareLayer:
        """The same as if twice as many results left the accumulator in a cycle."""
        return self._each(lambda work: work.with_twice_the_port())

    def without(self, term: str) -> HardwareLayer:
        """The same as if one term took no time."""
        return self._each(lambda work: work.without(term))

    def _run(self, level: int) -> tuple[tuple[int, AnyWork], ...]:
        """A roofline knows no buffer, so nothing of it is read twice."""
        return ((1, self.whole),) if level == ROOFLINE else self.pieces

    def _each(self, change: Callable[[AnyWork], AnyWork]) -> HardwareLayer:
        pieces = tuple((times, change(work)) for times, work in self.pieces)
        return self._replace(whole=change(self.whole), pieces=pieces)


class Before(NamedTuple):
    """The input of the independent layer that runs just before."""

    channels: int
    rows: int
    columns: int


def convolution_layer(
    layer: ConvolutionPass, windows: Windows, machine: Nvdla, repeats: int = 1, before: Before | None = None
) -> HardwareLayer:
    pieces = cut(layer, windows, machine)
    banks = banks_of(machine)
    own, weights = banks.of_input(layer, machine, layer.height), banks.of_weights(layer, machine, layer.kernels)
    left = banks.number - own - weights

    def has_room(other: int) -> bool:
        return (other <= left) | is_unlimited(machine)

    def banks_before(before: Before) -> int:
        beside = layer._replace(channels=before.channels, width=before.columns)
        return banks.of_input(beside, machine, before.rows)

    return HardwareLayer(
        work_of(layer, machine),
        tuple((times, work_of(piece, machine)) for times, piece in pieces.pieces),
        _sum((times * repeats, pass_beats(piece, machine)) for times, piece in pieces.pieces),
        repeats,
        pieces.is_whole,
        has_room(own),
        None if before is None else has_room(banks_before(before)),
        pieces.kernels > 0,
    )


def unit_layer(layer: UnitPass, name: str, unit: ComputeUnit, machine: Nvdla, repeats: int = 1) -> HardwareLayer:
    beats = _sum([(repeats, unit_beats(layer, unit, machine))])
    work = unit_work(layer, name, unit, machine)
    return HardwareLayer(work, ((1, work),), beats, repeats)


def _sum(many: Iterable[tuple[int, Beats]]) -> Beats:
    columns = zip(*(tuple(times * each for each in beats) for times, beats in many), strict=True)
    return Beats(*(sum(column) for column in columns))
