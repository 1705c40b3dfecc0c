"""Tables of text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

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


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: int, right_text: int = 0) -> str:
    """The same as a table in Markdown."""
    texts = [i < left or i >= len(heads) - right_text for i in range(len(heads))]
    rules = ["---" if is_text else "--:" for is_text in texts]
    lines = [[_cell(head) for head in heads], rules, *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def html(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: int, right_text: int = 0) -> str:
    """The same as a table for notebooks. What names hold is text, whatever it is."""

    def line(cells: Sequence[str], tag: str) -> str:
        texts = [i < left or i >= len(heads) - right_text for i in range(len(heads))]
        made = (
            f'<{tag} style="text-align: {"left" if is_text else "right"}">{escape(cell)}</{tag}>'
            for cell, is_text in zip(cells, texts, strict=True)
        )
        return f"<tr>{''.join(made)}</tr>"

    body = "\n".join(line(row, "td") for row in rows)
    return f"<table>\n<thead>{line(heads, 'th')}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _cell(text: str) -> str:
    """No bar ends the cell, and no name makes markup of itself."""
    for mark in ("\\", "|", "<", "`", "*", "_", "["):
        text = text.replace(mark, f"\\{mark}")
    return text
