"""What a tile touches of an operand, and when that has to move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod

from simdc.cost.kernel import Affine, Operand

from .walk import Tile


def footprint_elements(operand: Operand, tile: Tile, *, stores_padding: bool) -> int:
    """Elements of the box around everything that the tile touches, stride gaps included.

    Positions outside the tensor count only where padding is stored.
    """
    boxes = (_touched(expression, tile) for expression in operand.index)
    if stores_padding:
        return prod(len(box) for box in boxes)
    return prod(
        len(range(max(box.start, 0), min(box.stop, extent))) for box, extent in zip(boxes, operand.shape, strict=True)
    )


def contiguous_runs(operand: Operand, tile: Tile, bounds: Mapping[str, int], *, stores_padding: bool) -> Iterator[int]:
    """Elements of each run of the tile's box that lies in one piece in DRAM, where the loops with `bounds` have the
    tensor, by the addresses of its rows."""
    boxes = [_touched(expression, tile) for expression in operand.index]
    stored = [range(extent) for extent in operand.shape]
    if stores_padding:
        everything = Tile({}, {loop: range(bound) for loop, bound in bounds.items()}, {})
        reached = [_touched(expression, everything) for expression in operand.index]
        stored = [
            range(min(all_of.start, inside.start), max(all_of.stop, inside.stop))
            for all_of, inside in zip(reached, stored, strict=True)
        ]
    boxes = [range(max(b.start, s.start), min(b.stop, s.stop)) for b, s in zip(boxes, stored, strict=True)]
    if not boxes:
        yield 1
        return
    if not all(boxes):
        return
    strides = [prod(len(inner) for inner in stored[dimension + 1 :]) for dimension in range(len(stored))]
    row = len(boxes[-1])
    starts = [
        sum((position - whole.start) * stride for position, whole, stride in zip(point, stored, strides, strict=True))
        for point in product(*boxes[:-1], [boxes[-1].start])
    ]
    begun = end = starts[0]
    for start in starts:
        if start != end:
            yield end - begun
            begun = start
        end = start + row
    yield end - begun


def _touched(expression: Affine, tile: Tile) -> range:
    first = expression.constant + sum(step * tile.values[loop][0] for loop, step in expression.terms)
    last = expression.constant + sum(step * tile.values[loop][-1] for loop, step in expression.terms)
    return range(first, last + 1)


def differs(operand: Operand, tile: Tile, other: Tile | None) -> bool:
    """Whether the two tiles work on different tiles of the operand. Beyond the ends of the walk (None) is nothing."""
    return other is None or tile.place(operand.loops) != other.place(operand.loops)
