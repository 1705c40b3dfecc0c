"""Which column of a topology holds what: by the titles in its head, wherever they stand.

SCALE-Sim itself skips the head and reads by place. So does simdc where a file has no head, and where its head gives one
title twice (`IFMAP Width, IFMAP Width, Filter Height, ...`) and every other title stands at its usual place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from simdc.errors import SimdcError
from simdc.named import NamedTuple

NAME, STRIDES, STRIDE_WIDTH, BATCH, SPARSITY = "Layer name", "Strides", "Stride Width", "Batch Size", "Sparsity"
CONVOLUTION = ("IFMAP Height", "IFMAP Width", "Filter Height", "Filter Width", "Channels", "Num Filter", STRIDES)
PRODUCT = ("M", "N", "K")

SPELLINGS: Mapping[str, str] = {
    "layername": NAME, "layer": NAME, "name": NAME,
    "ifmapheight": "IFMAP Height", "ifmaph": "IFMAP Height", "inputheight": "IFMAP Height",
    "ifmapwidth": "IFMAP Width", "ifmapw": "IFMAP Width", "inputwidth": "IFMAP Width",
    "filterheight": "Filter Height", "filterh": "Filter Height", "kernelheight": "Filter Height",
    "filterwidth": "Filter Width", "filterw": "Filter Width", "kernelwidth": "Filter Width",
    "channels": "Channels", "channel": "Channels", "numchannels": "Channels",
    "numfilter": "Num Filter", "numfilters": "Num Filter", "filters": "Num Filter",
    "strides": STRIDES, "stride": STRIDES, "strideheight": STRIDES, "strideh": STRIDES,
    "stridewidth": STRIDE_WIDTH, "stridew": STRIDE_WIDTH,
    "m": "M", "n": "N", "k": "K",
    "batchsize": BATCH, "batch": BATCH,
    "sparsity": SPARSITY, "sparsityratio": SPARSITY,
}  # fmt: skip
"""A title in small letters, without what stands between them."""


class CsvLine(NamedTuple):
    """A line of the file: its cells without those that are empty at the end, and the column that each begins at.
    `ends` if the last cell has a separator behind it: what follows the last separator is a comment to SCALE-Sim."""

    file: str
    line: int
    text: str
    cells: tuple[str, ...]
    columns: tuple[int, ...]
    ends: bool

    def error(self, cell: int, message: str) -> SimdcError:
        column = self.columns[min(cell, len(self.columns) - 1)]
        return SimdcError(message, file=self.file, line=self.line, column=column, source_line=self.text)

    @property
    def is_section(self) -> bool:
        return len(self.cells) == 1


class Columns(NamedTuple):
    """`places[title]` is the cell that holds it, `fields` are the titles that every row has a number for, and `note` is
    what was decided because the head left it open."""

    fields: tuple[str, ...]
    places: Mapping[str, int]
    note: str | None = None


def split_rows(text: str, file: str) -> list[CsvLine]:
    """The lines that hold something. Cells end at commas, or at tabs if the first line has no comma."""
    lines = [(line, source) for line, source in enumerate(text.splitlines(), 1) if source.strip(' \t,"')]
    separator = "\t" if lines and "," not in lines[0][1] and "\t" in lines[0][1].strip() else ","
    return [_row(file, line, source, separator) for line, source in lines]


def _row(file: str, line: int, text: str, separator: str) -> CsvLine:
    parts = text.split(separator)
    given = len(parts)
    while not parts[-1].strip():
        parts.pop()
    columns: list[int] = []
    begin = 1
    for part in parts:
        columns.append(begin + len(part) - len(part.lstrip()))
        begin += len(part) + 1
    cells = tuple(part.strip().strip('"').strip() for part in parts)
    return CsvLine(file, line, text, cells, tuple(columns), len(parts) < given)


def read_head(rows: list[CsvLine]) -> tuple[Columns, list[CsvLine]]:
    """The columns, and the rows below the head. Raises SimdcError for a title that is unknown or missing."""
    first = next((row for row in rows if not row.is_section), rows[0])
    if not any(re.search("[^0-9]", cell) for cell in first.cells[1:]):
        fields = PRODUCT if len(first.cells) == 1 + len(PRODUCT) else CONVOLUTION
        places = (*fields, STRIDE_WIDTH) if fields == CONVOLUTION else fields
        note = (
            f"there is no head with titles: columns are read as {', '.join(places)}, and line {first.line} as a layer"
        )
        return _by_place(places, fields, note), rows
    return _titled(first), rows[rows.index(first) + 1 :]


def _titled(head: CsvLine) -> Columns:
    titles = [SPELLINGS.get(re.sub("[^a-z0-9]", "", cell.lower())) for cell in head.cells]
    titles[0] = titles[0] or NAME
    fields = PRODUCT if set(titles) & set(PRODUCT) else CONVOLUTION
    allowed = (NAME, *fields, *((STRIDE_WIDTH,) if fields == CONVOLUTION else ()), BATCH, SPARSITY)
    for place, (title, cell) in enumerate(zip(titles, head.cells, strict=True)):
        if cell and title not in allowed:
            known = ", ".join(f"'{name}'" for name in allowed)
            raise head.error(place, f"the column '{cell[:40]}' is not known; known are {known}")
    doubled = sorted({title for title in titles if title is not None and titles.count(title) > 1})
    missing = [field for field in fields if field not in titles]
    if doubled:
        usual = (NAME, *fields)
        moved = [place for place, (title, field) in enumerate(zip(titles, usual, strict=False)) if title != field]
        if len(titles) != len(usual) or len(moved) > 1:
            raise head.error(titles.index(doubled[0]), f"the head has two columns '{doubled[0]}'")
        note = f"the head says '{doubled[0]}' twice: column {moved[0] + 1} is read as '{usual[moved[0]]}'"
        return _by_place(fields, fields, note)
    if missing:
        kinds = " or ".join(f"'{NAME}, {', '.join(names)}'" for names in (CONVOLUTION, PRODUCT))
        raise head.error(0, f"the head has no column '{missing[0]}'; a topology has {kinds}")
    return Columns(fields, {title: place for place, title in enumerate(titles) if title is not None})


def _by_place(titles: tuple[str, ...], fields: tuple[str, ...], note: str) -> Columns:
    return Columns(fields, {title: place for place, title in enumerate((NAME, *titles))}, note)
