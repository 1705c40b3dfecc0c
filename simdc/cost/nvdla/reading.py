"""A hardware layer read off a kernel, or a chain of them, by the units that run its links."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from simdc.cost.kernel import ArrayKernel, Chain, Contraction, Kernel, Operand, VectorProgram, links_of
from simdc.cost.layer_shape import ElementShape, convolution_shape, element_shape
from simdc.cost.machine import ComputeUnit, Machine
from simdc.cost.model import Uncosted

from .hardware_layer import Before, HardwareLayer, convolution_layer, unit_layer
from .parts import Nvdla
from .sizes import ConvolutionPass, UnitPass
from .split import Windows


def read_layer(kernel: Kernel, machine: Machine, parts: Nvdla) -> HardwareLayer:
    """Raises Uncosted for what no unit runs, or the units not in one go."""
    links = links_of(kernel)
    units = [unit_of(link, machine) for link in links]
    head, *others = links
    programs = [link for link in others if isinstance(link, VectorProgram)]
    if len(programs) == len(others) and _streams(units[1:]):
        pool = programs.pop() if units[1:] and units[-1] == "pdp" else None
        if isinstance(head, Contraction) and units[0] == "conv":
            return _convolution(head, programs, pool, kernel.beside if isinstance(kernel, Chain) else None, parts)
        if isinstance(head, VectorProgram) and (units[0] == "sdp" or (units[0] != "conv" and not others)):
            return _unit([head, *programs], pool, units[0], machine.unit(units[0]), parts)
    raise Uncosted(f"{', '.join(units)} are no order in which one hardware layer runs '{kernel.kind}'")


def _streams(units: Sequence[str]) -> bool:
    """Whether results can run through these units on their way to memory: the SDP, then the PDP."""
    return all(unit == "sdp" for unit in units[:-1]) and units[-1:] in ([], ["sdp"], ["pdp"])


def unit_of(link: ArrayKernel, machine: Machine) -> str:
    """Raises Uncosted where no unit runs it, with what they run."""
    name = machine.unit_of(link.kind)
    if name is None:
        runs = "; ".join(f"{unit} runs {', '.join(each.runs)}" for unit, each in machine.units)
        raise Uncosted(f"no unit of {machine.name} runs '{link.kind}': {runs}")
    return name


def _convolution(
    head: Contraction,
    streamed: Sequence[VectorProgram],
    pool: VectorProgram | None,
    beside: Operand | None,
    parts: Nvdla,
) -> HardwareLayer:
    shape = convolution_shape(head)
    if shape is None:
        raise Uncosted(f"'{head.kind}' is no convolution of images with one set of weights")
    _check_widths((head.ifmap, head.weight), parts.conv)
    rows, columns, windows = shape.rows.positions, shape.columns.positions, Windows(shape.rows.stride)
    out_rows, out_columns = rows, columns
    if pool is not None:
        out_rows, out_columns = _result_image(pool)
        along = element_shape(pool).rows
        windows = Windows(shape.rows.stride, along.window, along.stride)
    addends, vectors = _operands([element_shape(each) for each in streamed], has_bias=shape.has_bias)
    layer = ConvolutionPass(
        shape.input_channels,
        shape.rows.size,
        shape.columns.size,
        shape.output_channels,
        shape.rows.window,
        shape.columns.window,
        rows,
        columns,
        out_rows,
        out_columns,
        vectors,
        addends,
        pool is not None,
    )
    before = None if beside is None else _before(beside)
    return convolution_layer(layer, windows, parts, shape.images * shape.groups, before)


def _unit(
    links: Sequence[VectorProgram], pool: VectorProgram | None, name: str, unit: ComputeUnit, parts: Nvdla
) -> HardwareLayer:
    shapes = [element_shape(link) for link in links]
    for link in links:
        _check_widths(link.operands, unit)
    addends, vectors = _operands(shapes, affine_vectors=2)
    first, (rows, columns) = shapes[0], _result_image(pool or links[-1])
    layer = UnitPass(
        first.channels, first.rows.size, first.columns.size, rows, columns, vectors, addends, is_pooled=pool is not None
    )
    return unit_layer(layer, name, unit, parts, first.images)


def _operands(shapes: Sequence[ElementShape], *, has_bias: bool = False, affine_vectors: int = 1) -> tuple[int, int]:
    """(operands as large as the result, operands with an element for each channel) that come from memory."""
    # What scales and shifts behind a convolution, a batch norm, folds into its weights and a bias: one vector. By
    # itself it is two. The slope of a PReLU is one more.
    addends = sum(max(each.full_operands - 1, 0) for each in shapes)
    alone = sum(0 < each.parameters <= each.channels for each in shapes)
    affine = any(each.parameters > each.channels for each in shapes)
    return addends, alone + (affine_vectors if affine else int(has_bias))


def _check_widths(operands: Sequence[Operand], unit: ComputeUnit) -> None:
    for each in operands:
        if each.bits > unit.element_bits:
            raise Uncosted(f"'{each.name}' has elements of {each.bits} bits, the unit of {unit.element_bits}")


def _result_image(program: VectorProgram) -> tuple[int, int]:
    return _rows_and_columns(program.nests[-1].outputs[-1].shape[2:])


def _rows_and_columns(image: Sequence[int]) -> tuple[int, int]:
    """The planes of a volume lie below each other."""
    return prod(image[:-1]), prod(image[-1:])


def _before(operand: Operand) -> Before:
    """Of the last group, where there are groups: [n, g, c, h, w]."""
    channels, *image = operand.shape[1:][-3:] or (1,)
    return Before(channels, *_rows_and_columns(image))
