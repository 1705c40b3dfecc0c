"""Tables of text."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.result import Number
from simdc.named import NamedTuple


def broken(line: str, room: int) -> str:
    """A line of words, broken where it is longer than `room`; what is broken off is indented."""
    if len(line) <= room and line.isprintable() and line == line.strip():
        return line
    # Importing it takes a millisecond.
    from textwrap import fill

    return fill(line, room, subsequent_indent="  ", break_on_hyphens=False)


def percent(part: Number, whole: Number) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


SHORTEST = 12
"""Letters of a name that stay, where there is no room."""


class Style(NamedTuple):
    """How tables are written: in `width` columns, None for as many as they need, or in Markdown."""

    width: int | None = None
    is_markdown: bool = False

    def table(
        self,
        heads: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        left: int,
        right_text: int = 0,
        spare: Sequence[str] = (),
    ) -> str:
        """Rows below their heads: the first `left` and the last `right_text` columns flush left, numbers flush right;
        nothing for no rows. Where there is no room, columns of the heads `spare` are left out, the first first, which
        a line below says; then the first column is shortened."""
        if not rows:
            return ""
        if self.is_markdown:
            return markdown(heads, rows, left=left, right_text=right_text)
        dropped: list[str] = []
        for head in spare:
            if self.width is not None and head in heads and _width(heads, rows) > self.width:
                place = list(heads).index(head)
                left, right_text = left - (place < left), right_text - (place >= len(heads) - right_text)
                heads, rows = _without(heads, place), [_without(row, place) for row in rows]
                dropped.append(head)
        if self.width is not None and (over := _width(heads, rows) - self.width) > 0:
            longest = max(SHORTEST, max(len(row[0]) for row in rows) - over)
            rows = [[shortened(row[0], longest), *row[1:]] for row in rows]
        text = columns(heads, rows, left=left, right_text=right_text)
        left_out = "no room for: " + ", ".join(dropped)
        return f"{text}\n{self.lines([left_out])}" if dropped else text

    def lines(self, lines: Sequence[str]) -> str:
        """Lines of words, each broken where it is long."""
        if self.is_markdown:
            return "  \n".join(map(_cell, lines))
        room = LINE if self.width is None else min(LINE, self.width)
        return "\n".join([broken(line, room) for line in lines])

    @property
    def below(self) -> str:
        """Between a table and words that belong to it."""
        return "\n\n" if self.is_markdown else "\n"


LINE = 110
PLAIN = Style()


def shortened(name: str, most: int) -> str:
    """A name of at most so many letters, its middle left out."""
    # layer1.0.downsample.0 in 12: layer..ple.0
    if len(name) <= most:
        return name
    begin = (most - 2) // 2
    return f"{name[:begin]}..{name[len(name) - (most - 2 - begin) :]}"


def _without(cells: Sequence[str], place: int) -> list[str]:
    return [cell for number, cell in enumerate(cells) if number != place]


def _width(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    return sum(max(len(head), *(len(row[i]) for row in rows)) for i, head in enumerate(heads)) + 2 * len(heads) - 2


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
    # Not at start-up: a table for people takes no characters of HTML, of which there are two thousand.
    from html import escape

    texts = [i < left or i >= len(heads) - right_text for i in range(len(heads))]

    def line(cells: Sequence[str], tag: str) -> str:
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
