"""What a tile touches of an operand, and when that has to move."""

from __future__ import annotations

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


def _touched(expression: Affine, tile: Tile) -> range:
    first = expression.constant + sum(step * tile.values[loop][0] for loop, step in expression.terms)
    last = expression.constant + sum(step * tile.values[loop][-1] for loop, step in expression.terms)
    return range(first, last + 1)


def differs(operand: Operand, tile: Tile, other: Tile | None) -> bool:
    """Whether the two tiles work on different tiles of the operand. Beyond the ends of the walk (None) is nothing."""
    return other is None or tile.place(operand.loops) != other.place(operand.loops)
