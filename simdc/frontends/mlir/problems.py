"""What simdc has no price for in a module, gathered over all of it and told in one error."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.errors import SimdcError
from simdc.named import NamedTuple

MOST_PLACES = 12


class Unpriced(Exception):
    """An op that has no layer; the message says why."""


class UnpricedOp(NamedTuple):
    """An op, why it has no layer, and its line."""

    operator: str
    reason: str
    line: int


def refusal(problems: Sequence[UnpricedOp], file: str) -> SimdcError:
    """All of them, by op and reason."""
    alike: dict[tuple[str, str], list[int]] = {}
    for operator, reason, line in problems:
        alike.setdefault((operator, reason), []).append(line)
    rows = [f"no price for {len(problems)} op{'s' * (len(problems) != 1)}:"]
    for (operator, reason), lines in alike.items():
        places = ", ".join(map(str, lines[:MOST_PLACES])) + (", ..." if len(lines) > MOST_PLACES else "")
        rows.append(f"  {operator}, {reason}: line{'s' * (len(lines) != 1)} {places}")
    return SimdcError("\n".join(rows), file=file)
