"""Pooling: a window slides over each channel; windows may be padded at the border."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DenseArrayBase, StringAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Block, Instruction, Loop, Operand, Phase, VectorProgram

from .base import TENSOR, LayerOp, make_tensor_type, operand, shape_of, tensor_type
from .window import ONES, ZEROS, window_index, window_output

OUT = ("c", "n", "oh", "ow")
WINDOW = (*OUT, "kh", "kw")


class PoolOp(LayerOp):
    """A window of `kernel_size` at each output position: input [n, c, h, w]; `padding` is top, left, bottom, right."""

    input = operand_def(TENSOR)
    kernel_size = prop_def(DenseArrayBase.constr(i64))
    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS)
    result = result_def(TENSOR)

    def __init__(
        self,
        layer: str,
        input: SSAValue,
        kernel_size: Sequence[int],
        *,
        stride: Sequence[int] = (1, 1),
        padding: Sequence[int] = (0, 0, 0, 0),
    ):
        n, channels, *size = _image(input)
        shape = (n, channels, *window_output(size, kernel_size, stride, padding))
        super().__init__(
            operands=[input],
            result_types=[make_tensor_type(tensor_type(input).element_type, shape)],
            properties={
                "layer": StringAttr(layer),
                "kernel_size": DenseArrayBase.from_list(i64, kernel_size),
                "stride": DenseArrayBase.from_list(i64, stride),
                "padding": DenseArrayBase.from_list(i64, padding),
            },
        )

    def result_shape(self) -> tuple[int, ...]:
        n, channels, *size = _image(self.input)
        stride, padding, kernel = (field.get_values() for field in (self.stride, self.padding, self.kernel_size))
        if len(kernel) != 2 or min(kernel) < 1:
            raise VerifyException(f"the window must have two positive sizes, got {list(kernel)}")
        return (n, channels, *window_output(size, kernel, stride, padding))

    def program(self, kind: str, blocks: tuple[Block, ...], initial: tuple[tuple[str, float], ...], sums: bool):
        """The vector program: operands x (windows) and y, and a scratch accumulator `sum` if `sums`."""
        kh, kw = self.kernel_size.get_values()
        n, channels, oh, ow = shape_of(self.result)
        bounds = {"c": channels, "n": n, "oh": oh, "ow": ow, "kh": kh, "kw": kw}
        rows, columns = window_index(self.stride.get_values(), self.padding.get_values())
        out_index = ("n", "c", "oh", "ow")
        scratch: tuple[Operand, ...] = ()
        if sums:
            scratch = (operand("sum", self.result, out_index, self.accumulator_bits),)
        phase = Phase(
            tuple(Loop(name, bound) for name, bound in bounds.items()),
            (operand("x", self.input, ("n", "c", rows, columns)),),
            (operand("y", self.result, out_index),),
            blocks,
            scratch,
            initial,
        )
        return VectorProgram(kind, (phase,))


@irdl_op_definition
class MaxPoolOp(PoolOp):
    """`result[n, c, oh, ow] = max over (kh, kw) of input[n, c, s*oh + kh - p, s*ow + kw - p]`."""

    name = "simdc.max_pool"

    def kernel(self) -> VectorProgram:
        block = Block(WINDOW, (Instruction("max", "y", ("y", "x")),))
        return self.program("max_pool", (block,), (("y", float("-inf")),), sums=False)


class AveragingPoolOp(PoolOp):
    """Sums each window, then divides by its size, border padding included."""

    def averaging_program(self, kind: str) -> VectorProgram:
        kh, kw = self.kernel_size.get_values()
        accumulate = Block(WINDOW, (Instruction("add", "sum", ("sum", "x")),))
        divide = Block(OUT, (Instruction("div", "y", ("sum", float(kh * kw))),))
        return self.program(kind, (accumulate, divide), (("sum", 0.0),), sums=True)


@irdl_op_definition
class AveragePoolOp(AveragingPoolOp):
    """`result[n, c, oh, ow] = sum over (kh, kw) of input[n, c, s*oh + kh - p, s*ow + kw - p] / (KH * KW)`."""

    name = "simdc.average_pool"

    def kernel(self) -> VectorProgram:
        return self.averaging_program("average_pool")


@irdl_op_definition
class GlobalAveragePoolOp(AveragingPoolOp):
    """Average over the whole image: input [n, c, h, w] to [n, c, 1, 1]."""

    name = "simdc.global_average_pool"

    def __init__(self, layer: str, input: SSAValue):
        super().__init__(layer, input, _image(input)[2:])

    def kernel(self) -> VectorProgram:
        return self.averaging_program("global_average_pool")


def _image(value: SSAValue) -> tuple[int, ...]:
    shape = shape_of(value)
    if len(shape) != 4:
        raise VerifyException(f"expected an image [n, c, h, w], got shape {list(shape)}")
    return shape
