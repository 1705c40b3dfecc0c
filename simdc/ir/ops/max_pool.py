"""Pooling by the largest element of a window, and its gradient."""

from __future__ import annotations

from typing import Annotated, ClassVar

from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, VectorProgram
from simdc.ir.base import TENSOR, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layers import layer, plain_layer
from simdc.ir.options import Border, Flag, Pair
from simdc.ir.pooling import PoolGradOp, PoolOp
from simdc.ir.window import Stretch, image_shape


class MaximumPoolGradOp(PoolGradOp):
    """`result += gradient where the input equals the window's maximum`, at the first such place of each window.

    Equal maxima are common: a pool whose windows overlap repeats values, and another pool may read them. So each window
    hands out what it has `left`, once. The released SimDIT's row is one instruction shorter.
    """

    # Named again because what a class inherits comes after its own operands.
    gradient = operand_def(TENSOR)
    input = operand_def(TENSOR)
    output = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape = super().result_shape()
        if shape_of(self.input) != shape or shape_of(self.output) != shape_of(self.gradient):
            found = f"input {list(shape_of(self.input))} and output {list(shape_of(self.output))}"
            raise VerifyException(f"{found} do not go with gradient {list(shape_of(self.gradient))} and {list(shape)}")
        return shape

    def kernel(self) -> VectorProgram:
        begin = CodeBlock(self.places, (Instruction("move", "left", ("gradient",)),), at="start")
        code = (
            Instruction("conditional_move", "part", ("x", "y", "left", 0.0)),
            Instruction("add", "dx", ("dx", "part")),
            Instruction("sub", "left", ("left", "part")),
        )
        left = operand("left", self.gradient, ("n", "c", *self.places[2:]), self.accumulator_bits)
        inputs = (("x", self.input), ("y", self.output))
        kind, hand_out = self.name.removeprefix("simdc."), CodeBlock(self.window_places, code)
        return self.scatter_program(kind, (begin, hand_out), inputs, (left,))


@irdl_op_definition
class MaxPoolGradOp(MaximumPoolGradOp):
    """`result += gradient where the input equals the window's maximum`, at the first such place of each window."""

    name = "simdc.max_pool_grad"


class MaximumPoolOp(PoolOp):
    """The largest element of each window; places in the border do not count."""

    GRADIENT: ClassVar = MaxPoolGradOp

    def kernel(self) -> VectorProgram:
        sizes = shape_of(self.result)[2:]
        block = CodeBlock(self.window_places, (Instruction("max", "y", ("y", "x")),))
        whole = [Stretch(loop, 0, size, 0) for loop, size in zip(self.places[2:], sizes, strict=True)]
        kind = self.name.removeprefix("simdc.")
        return VectorProgram(kind, (self.window_nest((block,), float("-inf"), whole),))


@irdl_op_definition
class MaxPoolOp(MaximumPoolOp):
    """`result[n, c, oh, ow] = max over (kh, kw) of input[n, c, s*oh + d*kh - p, s*ow + d*kw - p]`."""

    name = "simdc.max_pool"


@irdl_op_definition
class GlobalMaxPoolOp(MaximumPoolOp):
    """Maximum over the whole image: input [n, c, h, w] to [n, c, 1, 1]."""

    name = "simdc.global_max_pool"

    def __init__(self, layer: str, input: SSAValue):
        super().__init__(layer, input, kernel_size=image_shape(input)[2:])


Stride = Annotated[Pair | None, "the kernel's sizes if left out"]
CeilMode = Annotated[Flag, "the last window may reach beyond the border"]


@layer
def maxpool(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    kernel: Pair,
    stride: Stride = None,
    pad: Border = (0, 0, 0, 0),
    dilation: Pair = (1, 1),
    ceil_mode: CeilMode = False,
) -> SSAValue:
    """The largest of each window."""
    op = MaxPoolOp(
        name, x, kernel_size=kernel, stride=stride or kernel, padding=pad, dilation=dilation, ceil_mode=ceil_mode
    )
    return net.append(op, name)


plain_layer("global_maxpool", GlobalMaxPoolOp, "The largest of each channel; keeps 1x1 pixels.")
