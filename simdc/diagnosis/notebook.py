"""Tables of numbers for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from simdc.cost.result import Number
from simdc.named import NamedTuple


class Table(NamedTuple):
    """The first column is text, the others are numbers. A table without rows is left out."""

    heads: tuple[str, ...]
    rows: Sequence[Sequence[str]]


def page(head: str, tables: Iterable[Table], remarks: Iterable[str]) -> str:
    """HTML. Whatever has a name is text."""
    parts = [_paragraph(head), *(_table(table) for table in tables if table.rows), *map(_paragraph, remarks)]
    return "\n".join(parts)


def count(number: Number) -> str:
    return f"{number:,.0f}"


def share(part: Number, whole: Number) -> str:
    """In percent."""
    return f"{100 * part / whole:.1f}" if whole else "-"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _table(table: Table) -> str:
    lines = "".join(_line(row, "td") for row in table.rows)
    return f"<table><thead>{_line(table.heads, 'th')}</thead><tbody>{lines}</tbody></table>"


def _line(cells: Iterable[str], tag: str) -> str:
    made = (
        f'<{tag} style="text-align: {"right" if place else "left"}">{escape(cell)}</{tag}>'
        for place, cell in enumerate(cells)
    )
    return f"<tr>{''.join(made)}</tr>"
