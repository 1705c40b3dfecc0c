"""Tables of text."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.result import Number


def percent(part: Number, whole: Number) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


def columns(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: int, right_text: int = 0) -> str:
    """Rows below their heads: the first `left` and the last `right_text` columns flush left, numbers flush right."""
    widths = [max(len(head), *(len(row[i]) for row in rows)) for i, head in enumerate(heads)]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if i < left or i >= len(heads) - right_text else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    return "\n".join([line(heads), "  ".join("-" * width for width in widths), *map(line, rows)])
