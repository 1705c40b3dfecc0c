"""A row of the sheet read off a kernel, or a chain of them."""

from __future__ import annotations

from simdc.cost.kernel import Contraction, Kernel, VectorProgram, links_of
from simdc.cost.layer_shape import ConvolutionShape, ImageSide, convolution_shape, element_shape
from simdc.cost.model import Uncosted
from simdc.named import NamedTuple

from .row import RowLayout, RowSide


class EqualRows(NamedTuple):
    """`many` equal rows, one for each image and group, of a layer of `macs` products."""

    many: int
    macs: int
    row: RowLayout


def read_rows(kernel: Kernel) -> EqualRows | None:
    """None for a layer of programs alone, which are free. Raises Uncosted for what the sheet has no row for."""
    head, *others = links_of(kernel)
    if isinstance(head, VectorProgram):
        return None
    programs = [link for link in others if isinstance(link, VectorProgram)]
    shape = convolution_shape(head)
    if shape is None or len(programs) < len(others):
        raise Uncosted(f"the sheet has convolutions and fully connected layers; '{kernel.kind[:80]}' is neither")
    return EqualRows(shape.images * shape.groups, head.useful_macs, _row(head, shape, programs))


def _row(head: Contraction, shape: ConvolutionShape, programs: list[VectorProgram]) -> RowLayout:
    results = [element_shape(program) for program in programs]
    stored = (results[-1].rows, results[-1].columns) if results else (shape.rows, shape.columns)
    sides = (shape.rows, shape.columns)
    return RowLayout(
        shape.input_channels,
        shape.output_channels,
        *(_side(side, behind.positions) for side, behind in zip(sides, stored, strict=True)),
        is_fully_connected=all(side.window == side.size for side in sides),
        has_addend=any(each.full_operands > 1 for each in results),
        data_bits=head.ifmap.bits,
        weight_bits=head.weight.bits,
    )


def _side(side: ImageSide, stored: int) -> RowSide:
    return RowSide(side.size, side.window, side.stride, stored, side.is_padded)
