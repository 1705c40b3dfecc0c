"""SCALE-Sim topologies: a head, then a row for each layer.

    Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
    conv1, 224, 224, 7, 7, 3, 64, 2,

    Layer, M, N, K,
    attention, 197, 768, 768,

What the format means, and what becomes of it here:

* Columns are looked up by their titles. What follows the last comma of a row, beyond the last title, is a comment.
* A row with nothing but a name heads a section: it stands before the names of the layers below it, `AlphaGoZero/conv1`.
* There is no padding: the ifmap holds it. SCALE-Sim rounds the number of windows up, so that the last one may hang over
  the border; here the image is padded below and at the right by as much.
* One stride counts for both directions; a second one is that of the width.
* A layer whose name contains `DP` is depthwise: each channel has `Num Filter` filters of its own.
* M, N and K multiply an M x K matrix by a K x N one. That is a 1x1 convolution from K to N channels over M pixels.
* A `Batch Size`, the same in all rows, multiplies the images.
* Rows do not say whose result they read: every layer reads an input of its own.
"""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.errors import SimdcError
from simdc.frontends.limits import MAX_BATCH
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_error import MAX_SIZE, LayerError
from simdc.ir.network import network_of
from simdc.ir.notes import add_note
from simdc.ir.ops.conv import conv
from simdc.named import NamedTuple

from .columns import (
    BATCH,
    CONVOLUTION,
    NAME,
    PRODUCT,
    SPARSITY,
    STRIDE_WIDTH,
    STRIDES,
    Columns,
    CsvLine,
    read_head,
    split_rows,
)

DEPTHWISE = "DP"


class Layer(NamedTuple):
    """A row that was read: its own name, that name within its section, made the only one of its kind, and its numbers
    by title."""

    row: CsvLine
    own_name: str
    name: str
    sizes: dict[str, int]


def parse_topology(text: str, file: str, batch: int) -> ModuleOp:
    """The layers in `text` for `batch` images each, times what the rows say. `file` is for messages and locations.
    Raises SimdcError."""
    rows = split_rows(text, file)
    if len(rows) < 2:
        raise SimdcError("is not a topology: expected a head and a row for each layer", file=file)
    columns, rows = read_head(rows)
    layers = _layers(rows, columns)
    if not layers:
        raise SimdcError("is not a topology: expected a head and a row for each layer", file=file)
    images = _images(layers)
    if batch * images > MAX_BATCH:
        message = f"the {BATCH} {images} times the batch {batch} must be at most {MAX_BATCH}"
        raise layers[0].row.error(columns.places[BATCH], message)
    builder = ModuleBuilder(Path(file).stem.strip("<>"), batch * images, file)
    results: list[SSAValue] = []
    for layer in layers:
        try:
            results.append((_product if columns.fields == PRODUCT else _convolution)(builder, layer))
        except (LayerError, VerifyException) as error:
            raise layer.row.error(0, f"layer '{layer.name[:80]}': {error}") from None
    module = builder.finish(results)
    notes = [columns.note, _untitled_stride(layers, columns)]
    if images > 1:
        notes.append(f"each row asks for {BATCH} {images}: {images} x {batch} = {batch * images} images")
    for note in filter(None, notes):
        add_note(network_of(module), note)
    return module


def _layers(rows: list[CsvLine], columns: Columns) -> list[Layer]:
    layers: list[Layer] = []
    names: set[str] = set()
    section = ""
    for row in rows:
        if row.is_section:
            section = f"{row.cells[0]}/"
        else:
            own = _cell(row, columns.places[NAME]) or "layer"
            layers.append(Layer(row, own, _unique(section + own, names), _sizes(row, columns)))
    return layers


def _images(layers: list[Layer]) -> int:
    """How many images the rows ask for."""
    first = layers[0]
    for layer in layers:
        if layer.sizes[BATCH] != first.sizes[BATCH]:
            ours, theirs = layer.sizes[BATCH], f"{first.sizes[BATCH]} in line {first.row.line}"
            raise layer.row.error(0, f"{BATCH} must be the same in all rows: {ours} here, {theirs}")
    return first.sizes[BATCH]


def _untitled_stride(layers: list[Layer], columns: Columns) -> str | None:
    lines = [layer.row.line for layer in layers if STRIDE_WIDTH in layer.sizes]
    if STRIDE_WIDTH in columns.places or not lines:
        return None
    return f"the number without a title behind '{STRIDES}' (line {lines[0]}) is read as the stride of the width"


def _convolution(builder: ModuleBuilder, layer: Layer) -> SSAValue:
    row, own_name, name, sizes = layer
    height, width, kernel_height, kernel_width, channels, filters, stride = (sizes[field] for field in CONVOLUTION)
    if kernel_height > height or kernel_width > width:
        raise LayerError(f"the filter, {kernel_height} x {kernel_width}, is larger than the ifmap, {height} x {width}")
    steps = (stride, sizes.get(STRIDE_WIDTH, stride))
    below, right = (
        -(size - kernel) % step
        for size, kernel, step in zip((height, width), (kernel_height, kernel_width), steps, strict=True)
    )
    groups = channels if DEPTHWISE in own_name else 1
    builder.go_to(row.line, row.columns[0])
    return conv(
        builder,
        name,
        builder.input(f"{name}.ifmap", (channels, height, width)),
        channels=filters * groups,
        kernel=(kernel_height, kernel_width),
        stride=steps,
        pad=(0, 0, below, right),
        groups=groups,
    )


def _product(builder: ModuleBuilder, layer: Layer) -> SSAValue:
    pixels, features, inner = (layer.sizes[field] for field in PRODUCT)
    builder.go_to(layer.row.line, layer.row.columns[0])
    ifmap = builder.input(f"{layer.name}.ifmap", (inner, pixels, 1))
    return conv(builder, layer.name, ifmap, channels=features, kernel=(1, 1))


def _sizes(row: CsvLine, columns: Columns) -> dict[str, int]:
    """The numbers of a row by title: all fields, the batch size, and the width's stride where there is one."""
    places = columns.places
    sizes = {field: _number(row, places[field], field) for field in columns.fields}
    sizes[BATCH] = 1
    for title in (BATCH, STRIDE_WIDTH):
        if title in places and _cell(row, places[title]):
            sizes[title] = _number(row, places[title], title)
    if SPARSITY in places:
        _check_dense(row, places[SPARSITY])
    for place, cell in enumerate(row.cells):
        if not cell or place in places.values():
            continue
        last_title = max(places.values())
        if STRIDE_WIDTH not in places and place == last_title + 1 == places.get(STRIDES, -1) + 1 and cell.isdigit():
            sizes[STRIDE_WIDTH] = _number(row, place, STRIDE_WIDTH)
        elif place < last_title or place < len(row.cells) - 1 or row.ends or cell.isdigit():
            raise row.error(place, f"'{cell[:40]}' stands in a column without a title; give it one in the head")
    return sizes


def _check_dense(row: CsvLine, place: int) -> None:
    """Sparsity says N:M: of M weights in a row at most N are not zero. 1:1, 4:4 and nothing mean that all may be."""
    cell = _cell(row, place)
    if cell and not re.fullmatch(r"([1-9][0-9]*)\s*:\s*\1", cell):
        raise row.error(
            place, f"{SPARSITY} '{cell[:40]}': sparsity is not modelled; only dense weights are, such as 1:1"
        )


def _cell(row: CsvLine, place: int) -> str:
    return row.cells[place] if place < len(row.cells) else ""


def _number(row: CsvLine, place: int, title: str) -> int:
    cell = _cell(row, place)
    if not (cell.isascii() and cell.isdigit()) or len(cell) > 20 or not 1 <= int(cell) <= MAX_SIZE:
        raise row.error(place, f"{title} must be a positive whole number, got '{cell[:40]}'")
    return int(cell)


def _unique(name: str, names: set[str]) -> str:
    """`name`, or `name.2` for its second layer: topologies give names more than once."""
    candidates = (name if number == 1 else f"{name}.{number}" for number in count(1))
    found = next(candidate for candidate in candidates if candidate not in names)
    names.add(found)
    return found
