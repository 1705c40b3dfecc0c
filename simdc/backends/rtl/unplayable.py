"""What the hardware in `verilog` cannot do."""

from __future__ import annotations


class Unplayable(Exception):
    """A schedule that the RTL has no hardware for. The text says what it lacks."""


def require(holds: bool, lacks: str) -> None:
    """Raise Unplayable with `lacks` unless it holds."""
    if not holds:
        raise Unplayable(lacks)
