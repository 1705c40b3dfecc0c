"""NumberList that an option takes in order: one, several or a range."""

from __future__ import annotations

from simdc.errors import UsageError
from simdc.named import NamedTuple

MAX_NUMBERS = 20_000
STEPS = 200
"""NumberList of a range at most, where no step is given."""


class NumberOption(NamedTuple):
    """What an option counts, for messages: `--context` has lengths, in `unit` tokens, of at most `most`; a range of
    them is a `name`."""

    option: str
    plural: str
    unit: str
    name: str
    most: int


class NumberList(NamedTuple):
    """Rising; `several` where more than one was asked for, or a range."""

    values: tuple[int, ...]
    several: bool


def numbers_of(text: str, kind: NumberOption) -> NumberList:
    """`8`, `1,8,32`, `1:64` or `8:64:8`. Raises UsageError."""
    first, colon, rest = text.partition(":")
    if not colon:
        values = tuple(number_of(word, kind) for word in text.split(","))
        if sorted(set(values)) != list(values):
            raise UsageError(f"{kind.option}: {kind.plural} must rise, got {text[:80]}")
        return NumberList(values, len(values) > 1)
    last, colon, step = rest.partition(":")
    low, high = number_of(first, kind), number_of(last, kind)
    if low >= high:
        raise UsageError(f"{kind.option}: a {kind.name} goes from less to more, got {low}:{high}")
    return NumberList(_between(low, high, number_of(step, kind) if colon else None, kind), True)


def number_of(word: str, kind: NumberOption) -> int:
    """Raises UsageError."""
    text = word.strip()
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:20]) <= kind.most):
        raise UsageError(f"{kind.option}: expected 1 to {kind.most} {kind.unit}, got '{word[:80]}'")
    return int(text)


def _between(low: int, high: int, step: int | None, kind: NumberOption) -> tuple[int, ...]:
    """From `low` to `high`, both among them."""
    # 128 to 32,768 are 32,640 steps of one; in steps of 165 they are 198 lengths and the last.
    step = step or -(-(high - low) // (STEPS - 1))
    count = (high - low) // step + 1
    if count > MAX_NUMBERS:
        wider = f"take a step, as in {low}:{high}:64"
        raise UsageError(f"{kind.option}: {count} {kind.plural} are more than {MAX_NUMBERS}; {wider}")
    return (*range(low, high, step), high)
