"""SCALE-Sim topologies: a head, then a row for each layer.

    Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
    conv1, 224, 224, 7, 7, 3, 64, 2,

    Layer, M, N, K,
    attention, 197, 768, 768,

What the format means, and what becomes of it here:

* There is no padding: the ifmap holds it. SCALE-Sim rounds the number of windows up, so that the last one may hang over
  the border; here the image is padded below and at the right by as much.
* One stride counts for both directions; a second one is that of the width.
* A layer whose name contains `DP` is depthwise: each channel has `Num Filter` filters of its own.
* M, N and K multiply an M x K matrix by a K x N one. That is a 1x1 convolution from K to N channels over M pixels.
* Rows do not say whose result they read: every layer reads an input of its own.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import NamedTuple

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from simdc.errors import SimdcError
from simdc.frontends.builder import MAX_SIZE, LayerError, NetworkBuilder

CONVOLUTION = ("IFMAP Height", "IFMAP Width", "Filter Height", "Filter Width", "Channels", "Num Filter", "Strides")
PRODUCT = ("M", "N", "K")
DEPTHWISE = "DP"


class Row(NamedTuple):
    """A line of the file: its cells without those that are empty at the end, and the column that each begins at."""

    line: int
    text: str
    cells: tuple[str, ...]
    columns: tuple[int, ...]


def parse_topology(text: str, file: str, batch: int) -> ModuleOp:
    """The layers in `text` for `batch` images each. `file` is for messages and locations. Raises SimdcError."""
    rows = [_row(line, source) for line, source in enumerate(text.splitlines(), 1) if source.strip(" \t,")]
    if len(rows) < 2:
        raise SimdcError("is not a topology: expected a head and a row for each layer", file=file)
    is_product = tuple(cell.upper() for cell in rows[0].cells[1:4]) == PRODUCT
    builder = NetworkBuilder(Path(file).stem, batch, file)
    results: list[SSAValue] = []
    names: set[str] = set()
    for row in rows[1:]:
        name = _unique(row.cells[0] or "layer", names)
        sizes = _sizes(row, PRODUCT if is_product else CONVOLUTION, file)
        try:
            results.append((_product if is_product else _convolution)(builder, row, name, sizes))
        except LayerError as error:
            raise _error(row, 0, f"layer '{name}': {error.message}", file) from None
    return builder.finish(results)


def _convolution(builder: NetworkBuilder, row: Row, name: str, sizes: tuple[int, ...]) -> SSAValue:
    height, width, kernel_height, kernel_width, channels, filters, *strides = sizes
    if kernel_height > height or kernel_width > width:
        raise LayerError(f"the filter, {kernel_height} x {kernel_width}, is larger than the ifmap, {height} x {width}")
    steps = (strides[0], strides[-1])
    below, right = (
        -(size - kernel) % step
        for size, kernel, step in zip((height, width), (kernel_height, kernel_width), steps, strict=True)
    )
    options: dict[str, object] = {
        "kernel": [kernel_height, kernel_width],
        "stride": list(steps),
        "pad": [0, 0, below, right],
    }
    if DEPTHWISE in name:
        options |= {"channels": channels * filters, "groups": channels}
    else:
        options |= {"channels": filters}
    place = (row.line, row.columns[0])
    ifmap = builder.input(f"{name}.ifmap", (channels, height, width), *place)
    return builder.layer("conv", [ifmap], options, name, *place)


def _product(builder: NetworkBuilder, row: Row, name: str, sizes: tuple[int, ...]) -> SSAValue:
    pixels, features, inner = sizes
    place = (row.line, row.columns[0])
    ifmap = builder.input(f"{name}.ifmap", (inner, pixels, 1), *place)
    return builder.layer("conv", [ifmap], {"channels": features, "kernel": 1}, name, *place)


def _row(line: int, text: str) -> Row:
    parts = text.split(",")
    while not parts[-1].strip():
        parts.pop()
    columns: list[int] = []
    begin = 1
    for part in parts:
        columns.append(begin + len(part) - len(part.lstrip()))
        begin += len(part) + 1
    return Row(line, text, tuple(part.strip() for part in parts), tuple(columns))


def _sizes(row: Row, fields: tuple[str, ...], file: str) -> tuple[int, ...]:
    """The numbers of a row. A convolution may have a second stride."""
    given = len(row.cells) - 1
    most = len(fields) + (fields == CONVOLUTION)
    if not len(fields) <= given <= most:
        raise _error(row, 0, f"a row has a name and {', '.join(fields)}; here are {given} numbers", file)
    sizes: list[int] = []
    for number, cell in enumerate(row.cells[1:], 1):
        field = fields[min(number, len(fields)) - 1]
        if not (cell.isascii() and cell.isdigit()) or len(cell) > 20 or not 1 <= int(cell) <= MAX_SIZE:
            raise _error(row, number, f"{field} must be a positive whole number, got '{cell[:40]}'", file)
        sizes.append(int(cell))
    return tuple(sizes)


def _unique(name: str, names: set[str]) -> str:
    """`name`, or `name.2` for its second layer: topologies give names more than once."""
    candidates = (name if number == 1 else f"{name}.{number}" for number in count(1))
    found = next(candidate for candidate in candidates if candidate not in names)
    names.add(found)
    return found


def _error(row: Row, cell: int, message: str, file: str) -> SimdcError:
    return SimdcError(message, file=file, line=row.line, column=row.columns[cell], source_line=row.text)
