"""What --batch asks for: one batch or several."""

from __future__ import annotations

from argparse import Namespace

from simdc.frontends.limits import MAX_BATCH

from .number_list import NumberOption, number_of, numbers_of

BATCHES = NumberOption("--batch", "batches", "inputs", "range", MAX_BATCH)


def batches_of(arguments: Namespace) -> tuple[int, ...]:
    """What --batch says, in order. Raises UsageError."""
    return numbers_of(arguments.batch, BATCHES).values


def one_batch(text: str) -> int:
    """Of a command that takes no more. Raises UsageError."""
    return number_of(text, BATCHES)
