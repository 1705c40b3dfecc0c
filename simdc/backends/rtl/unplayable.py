"""What the hardware in `verilog` cannot do."""

from __future__ import annotations

from simdc.cost.ratio import Rate, as_number


class Unplayable(Exception):
    """A schedule that the RTL has no hardware for. The text says what it lacks."""


def require(holds: bool, lacks: str) -> None:
    """Raise Unplayable with `lacks` unless it holds."""
    if not holds:
        raise Unplayable(lacks)


def whole_bits(rate: Rate, what: str) -> int:
    """The bits a cycle of a port. Raises Unplayable where they are no whole number."""
    if not isinstance(rate, int):
        raise Unplayable(f"{as_number(rate)} bits a cycle for {what}; ports are built for whole bits")
    return rate
