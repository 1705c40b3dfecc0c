"""The sizes that models of whole layers ask of a kernel: channels, pixels, window. What a loop moves tells them, and
never its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from simdc.named import NamedTuple

from .kernel import Affine, Contraction, Operand, VectorProgram
from .numbers import ceil_div


class ImageSide(NamedTuple):
    """A dimension of the image: `size` positions, and `positions` windows of `window` over it, `stride` apart. Where
    only one row is used of many, `window` is 1."""

    # 28 rows, windows of 5: size 28, window 5, stride 1, positions 24; with a border of 2, positions 28.

    size: int = 1
    window: int = 1
    stride: int = 1
    positions: int = 1

    @property
    def is_padded(self) -> bool:
        """Whether there are as many positions as without a window, the stride apart: the sheet's `same`."""
        return self.positions == ceil_div(self.size, self.stride)


class ConvolutionShape(NamedTuple):
    """`images` times `groups` convolutions of `input_channels` to `output_channels` (both of one group)."""

    images: int
    groups: int
    input_channels: int
    output_channels: int
    rows: ImageSide
    columns: ImageSide
    has_bias: bool

    @property
    def pixels(self) -> int:
        """Of a result: P times Q."""
        return self.rows.positions * self.columns.positions

    @property
    def taps(self) -> int:
        """Positions of the window: R times S."""
        return self.rows.window * self.columns.window

    @property
    def macs(self) -> int:
        return self.images * self.groups * self.input_channels * self.output_channels * self.taps * self.pixels


class ElementShape(NamedTuple):
    """A program on elements or windows: `channels` of `rows` x `columns`, of which its result has `positions`.
    `full_operands` are inputs as large as the result, `parameters` the elements of all others."""

    images: int
    channels: int
    rows: ImageSide
    columns: ImageSide
    full_operands: int
    parameters: int


def convolution_shape(kernel: Contraction) -> ConvolutionShape | None:
    """None for a contraction that is no convolution of images: whose weights change from image to image, or whose
    window moves in more than two dimensions."""
    ifmap, weight, psum = (set(each.loops) for each in (kernel.ifmap, kernel.weight, kernel.psum))
    bounds = kernel.bounds
    groups = ifmap & weight & psum
    window = (ifmap & weight) - psum - {kernel.rows}
    pixels = (ifmap & psum) - weight
    sides: list[ImageSide] = []
    images = 1
    for place, (extent, expression) in enumerate(zip(kernel.ifmap.shape, kernel.ifmap.index, strict=True)):
        loops = {loop for loop, _ in expression.terms}
        if kernel.rows in loops or loops & groups:
            if len(loops) > 1:
                return None
        elif place == 0 and not loops & window:
            images = prod(bounds[loop] for loop in loops)
        else:
            sides.append(_side(extent, expression, window, pixels, bounds))
    if len(sides) > 2 or not (weight & psum) - ifmap <= {kernel.columns}:
        return None
    rows, columns = [*[ImageSide()] * (2 - len(sides)), *sides]
    return ConvolutionShape(
        images=images,
        groups=prod(bounds[loop] for loop in groups),
        input_channels=bounds.get(kernel.rows, 1),
        output_channels=bounds.get(kernel.columns, 1),
        rows=rows,
        columns=columns,
        has_bias=kernel.bias is not None,
    )


def _side(extent: int, index: Affine, window: set[str], pixels: set[str], bounds: Mapping[str, int]) -> ImageSide:
    steps = dict(index.terms)
    return ImageSide(
        extent,
        prod(bounds[loop] for loop in steps if loop in window),
        max((step for loop, step in steps.items() if loop in pixels), default=1),
        prod(bounds[loop] for loop in steps if loop in pixels),
    )


def element_shape(program: VectorProgram) -> ElementShape:
    """Of a program that gives one tensor from others. Its first dimension counts images, its second channels."""
    result = program.nests[-1].outputs[-1]
    inputs = {operand.name: operand for nest in program.nests for operand in nest.inputs}
    made = {operand.name for nest in program.nests for operand in nest.outputs}
    read = [operand for name, operand in inputs.items() if name not in made]
    data, full = max(read, key=_elements), [each for each in read if _elements(each) >= _elements(result)]
    images, channels, *_ = (*result.shape, 1, 1)
    sides = [
        _side(extent, index, set(program.bounds) - set(result.loops), set(result.loops), program.bounds)
        for extent, index in [*zip(data.shape, data.index, strict=True)][2:]
    ]
    rows, columns = sides if len(sides) == 2 else (_flat(sides[:-1]), *(sides[-1:] or [ImageSide()]))
    parameters = sum(_elements(each) for each in read if each not in full)
    return ElementShape(images, channels, rows, columns, len(full), parameters)


def _flat(sides: Sequence[ImageSide]) -> ImageSide:
    """Rows of a volume, one after the other."""
    return ImageSide(prod(each.size for each in sides), positions=prod(each.positions for each in sides))


def elements_through(program: VectorProgram) -> int:
    """Of its largest operand: a unit takes in one after the other."""
    return max(map(_elements, program.operands))


def instruction_counts(program: VectorProgram) -> list[tuple[str, int]]:
    """(opcode, how often) of each instruction: once for each element."""
    # A mean of 10 rows of 4: 40 additions and 4 divisions.
    return [
        (instruction.opcode, prod(program.bounds[loop] for loop in block.loops))
        for nest in program.nests
        for block in nest.blocks
        for instruction in block.instructions
    ]


def _elements(operand: Operand) -> int:
    return prod(operand.shape)
