"""Joining tensors along the channels, and taking a range of channels out again: data is copied in DRAM.

A channel's place in the result is another than in its operand, and lanes cannot see each other, so channels do not lie
across the lanes: the image's width does, or the batch where there is no image.
"""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr, StringAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, Block, Instruction, Loop, Operand, Phase, VectorProgram, affine

from .base import TENSOR, LayerOp, make_tensor_type, operand, shape_of, tensor_type

DIMENSIONS: tuple[str, ...] = ("n", "c", "h", "w")


def _copy(source: Operand, target: Operand, shape: tuple[int, ...], channels: str) -> Phase:
    """`target = source`, element by element of `shape`; `channels` names the loop over them."""
    names = (DIMENSIONS[0], channels, *DIMENSIONS[2:])[: len(shape)]
    bounds = dict(zip(names, shape, strict=True))
    order = (channels, *(name for name in names if name != channels))
    block = Block(order, (Instruction("move", target.name, (source.name,)),))
    return Phase(tuple(Loop(name, bounds[name]) for name in order), (source,), (target,), (block,))


def _index(shape: tuple[int, ...], channels: str, first: int = 0) -> tuple[str | Affine, ...]:
    return (DIMENSIONS[0], affine(channels, constant=first), *DIMENSIONS[2:])[: len(shape)]


def _lanes(shape: tuple[int, ...]) -> str:
    return DIMENSIONS[len(shape) - 1] if len(shape) > 2 else "n"


def _rest(shape: tuple[int, ...]) -> tuple[int, ...]:
    """All sizes but the channels."""
    if not 2 <= len(shape) <= len(DIMENSIONS):
        raise VerifyException(f"expected [n, c], [n, c, h] or [n, c, h, w], got shape {list(shape)}")
    return (shape[0], *shape[2:])


@irdl_op_definition
class ConcatOp(LayerOp):
    """The inputs' channels one after the other; all other sizes are equal. One phase copies each input `x0`, `x1`, ...
    to its part `y0`, `y1`, ... of the result."""

    name = "simdc.concat"

    inputs = var_operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, *inputs: SSAValue):
        n, _, *image = shape_of(inputs[0])
        channels = sum(shape_of(value)[1] for value in inputs)
        result = make_tensor_type(tensor_type(inputs[0]).element_type, (n, channels, *image))
        super().__init__(operands=[inputs], result_types=[result], properties={"layer": StringAttr(layer)})

    def result_shape(self) -> tuple[int, ...]:
        shapes = [shape_of(value) for value in self.inputs]
        if not shapes or len({_rest(shape) for shape in shapes}) != 1:
            raise VerifyException(f"inputs must agree in all but the channels, got {list(map(list, shapes))}")
        n, _, *image = shapes[0]
        return (n, sum(shape[1] for shape in shapes), *image)

    def kernel(self) -> VectorProgram:
        phases: list[Phase] = []
        first = 0
        for number, value in enumerate(self.inputs):
            shape, channels = shape_of(value), f"c{number}"
            source = operand(f"x{number}", value, _index(shape, channels))
            target = operand(f"y{number}", self.result, _index(shape, channels, first))
            phases.append(_copy(source, target, shape, channels))
            first += shape[1]
        return VectorProgram("concat", tuple(phases), lanes=_lanes(shape_of(self.result)))


@irdl_op_definition
class SliceOp(LayerOp):
    """`channels` channels of the input from number `first` on."""

    name = "simdc.slice"

    input = operand_def(TENSOR)
    first = prop_def(IntegerAttr.constr(i64))
    channels = prop_def(IntegerAttr.constr(i64))
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue, first: int, channels: int):
        n, _, *image = shape_of(input)
        super().__init__(
            operands=[input],
            result_types=[make_tensor_type(tensor_type(input).element_type, (n, channels, *image))],
            properties={
                "layer": StringAttr(layer),
                "first": IntegerAttr(first, i64),
                "channels": IntegerAttr(channels, i64),
            },
        )

    def result_shape(self) -> tuple[int, ...]:
        shape, first, channels = shape_of(self.input), self.first.value.data, self.channels.value.data
        _rest(shape)
        if first < 0 or channels < 1 or first + channels > shape[1]:
            raise VerifyException(f"channels {first} to {first + channels - 1} are not among the input's {shape[1]}")
        return (shape[0], channels, *shape[2:])

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.result)
        source = operand("x", self.input, _index(shape, "c", self.first.value.data))
        target = operand("y", self.result, _index(shape, "c"))
        return VectorProgram("slice", (_copy(source, target, shape, "c"),), lanes=_lanes(shape))
