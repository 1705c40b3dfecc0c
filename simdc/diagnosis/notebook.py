"""An explanation as tables of a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from simdc.cost.result import Number

from .explanation import Explanation


def tables(explanation: Explanation) -> str:
    """HTML: what the cycles went to, how full rows, columns, lanes and buffers are, and what would help. All that has a
    name is text."""
    total = explanation.cost.cycles.total
    form = f" as {explanation.form}" if explanation.form else ""
    head = f"{explanation.kernel.kind}{form} on {explanation.hardware.title}, model {explanation.model}"
    parts = [
        [_part(part.name, part.port), _count(part.cycles), _share(part.cycles, total)] for part in explanation.parts
    ]
    full = [[fill.name, _share(fill.share, 1)] for fill in explanation.fills]
    full += [[room.buffer, _share(room.need_bits, room.limit_bits)] for room in explanation.rooms]
    helps = [
        [
            remedy.setting or f"{remedy.kind}: {remedy.what}",
            _count(remedy.cost.cycles.total),
            _share(explanation.saved(remedy), total),
        ]
        for remedy in explanation.helpful
    ]
    return "\n".join(
        [
            f"<p>{escape(head)}: {_count(total)} cycles</p>",
            _table(("what the cycles went to", "cycles", "share [%]"), parts),
            _table(("how full", "[%]"), full),
            _table(("what would help", "cycles left", "saved [%]"), helps),
            *(f"<p>{escape(remark)}</p>" for remark in explanation.remarks),
        ]
    )


def _part(name: str, port: str) -> str:
    return f"{name} for {port.replace('_', ' ')}" if port else name


def _count(number: Number) -> str:
    return f"{number:,.0f}"


def _share(part: Number, whole: Number) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Nothing where there are no rows. The first column is text, the others are numbers."""
    if not rows:
        return ""
    lines = "".join(_line(row, "td") for row in rows)
    return f"<table><thead>{_line(heads, 'th')}</thead><tbody>{lines}</tbody></table>"


def _line(cells: Iterable[str], tag: str) -> str:
    made = (
        f'<{tag} style="text-align: {"right" if place else "left"}">{escape(cell)}</{tag}>'
        for place, cell in enumerate(cells)
    )
    return f"<tr>{''.join(made)}</tr>"
