"""What --batch asks for: one batch or several."""

from __future__ import annotations

from argparse import Namespace

from simdc.errors import UsageError
from simdc.frontends.limits import MAX_BATCH

from .number_list import NumberOption, numbers_of

BATCHES = NumberOption("--batch", "batches", "inputs", "range", MAX_BATCH)


def batches_of(arguments: Namespace) -> tuple[int, ...]:
    """What --batch says, in order. Raises UsageError."""
    text: str = arguments.batch
    if "," in text or ":" in text:
        return numbers_of(text, BATCHES).values
    try:
        return (int(text),)
    except ValueError:
        raise UsageError(f"argument --batch: invalid int value: '{text}'") from None
