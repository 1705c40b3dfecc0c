"""What Python's operators do not do for whole numbers and for arrays of them alike.

The formulas of this model are written once: a sweep puts numpy arrays in the place of a machine's fields.
"""

from __future__ import annotations


def larger(first: int, *others: int) -> int:
    # 3 and 5: 3 + (5 - 3) * True.
    for each in others:
        first = first + (each - first) * (each > first)
    return first


def smaller(first: int, *others: int) -> int:
    for each in others:
        first = first - (first - each) * (each < first)
    return first


def choose(condition: bool, yes: int, no: int) -> int:
    return no + (yes - no) * condition
