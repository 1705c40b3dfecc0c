"""A form: one of the ways in which an op can be carried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine

from .attributes import Unit


class Form(NamedTuple):
    """The array that runs the op in this form, and its kernel there for a width of partial sums in bits."""

    unit: Unit
    kernel: Callable[[int], Kernel]


def accumulator_bits(unit: Unit, hardware: AnyMachine) -> int:
    """Width of partial sums and temporaries on an array."""
    return hardware.psum_bits if unit is Unit.SYSTOLIC else hardware.temporary_bits
