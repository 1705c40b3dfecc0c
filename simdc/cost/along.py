"""What a model may offer for layers that differ in one number, a length or a batch: all of them at step after step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from simdc.named import NamedTuple

from .hardware import Hardware
from .kernel import Kernel
from .result import Cost

FormLine = Callable[[int], Kernel]
"""A kernel that a layer can be, at each step."""


def checked_steps(steps: int) -> list[int]:
    """Steps between the ends at which what is read off these is compared with what is packed there: the first three, a
    third of the way, half of it and the last but one. What turns anywhere, as a `min` of sizes does, is off the line at
    each of them."""
    return sorted({step for step in (1, 2, 3, steps // 3, steps // 2, steps - 1) if 0 < step < steps})


class LineLayer(NamedTuple):
    """Layers alike: the kernels that they can be, how many they are, and of how many products count."""

    forms: Sequence[FormLine]
    times: int
    counted: int


class LineSums(NamedTuple):
    """What layers cost at a step, each in its cheapest form and as often as it is there: those that ran on the systolic
    array together, those that ran on the lanes, without their operations; products that count; and the numbers of
    layers that have no price here."""

    array: Cost
    lanes: Cost
    macs: int
    left_over: list[int]


class LinePricer(Protocol):
    """Layers at many steps."""

    def sums(self, step: int, hardware: Hardware) -> LineSums | None:
        """With the model's default tilings, each layer in its cheapest form by cycles. None where all of them have to
        be asked for one by one."""
        ...
