"""What a decode step costs at many lengths."""

from __future__ import annotations

from collections.abc import Iterable

from simdc.backends.report.language import DecodeStep
from simdc.cost.result import add_up

from .between import Compile, RunsBetween


class StepPrices:
    """Prices of decode steps from `first` to `last`; `compile` gives the priced module of the step at a length."""

    def __init__(self, compile: Compile, first: int, last: int):
        self._runs = RunsBetween(compile, first, last)

    def step(self, length: int) -> DecodeStep:
        """What one token costs that sees `length`, itself among them."""
        sums = self._runs.at(length)
        return DecodeStep(length, sums.cycles, sums.dram_bits, sums.energy_pj)

    def steps(self, lengths: Iterable[int]) -> tuple[DecodeStep, ...]:
        return tuple(map(self.step, lengths))


def total(length: int, steps: Iterable[DecodeStep]) -> DecodeStep:
    """All of them together."""
    every = list(steps)

    return DecodeStep(
        length,
        add_up(each.cycles for each in every),
        add_up(each.dram_bits for each in every),
        add_up(each.energy_pj for each in every),
    )
