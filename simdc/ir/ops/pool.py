"""Pooling: a window slides over each channel; windows may be padded at the border, dilated, and reach beyond it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Annotated

from xdsl.dialects.builtin import DenseArrayBase, StringAttr, UnitAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, Block, Instruction, Loop, Phase, VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, operand, shape_of, tensor_type
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layers import layer, plain_layer
from simdc.ir.options import Border, Flag, Pair
from simdc.ir.window import MOST_PHASES, ONES, ZEROS, Run, Stretch, stretches, window_index, window_output, window_runs

OUT = ("c", "n", "oh", "ow")
WINDOW = (*OUT, "kh", "kw")


class PoolOp(LayerOp):
    """A window of `kernel_size` at each output position: input [n, c, h, w]; `padding` is top, left, bottom, right.

    With `ceil_mode` a last window may reach beyond the padded image, if it begins before its padding ends there.
    """

    input = operand_def(TENSOR)
    kernel_size = prop_def(DenseArrayBase.constr(i64))
    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS)
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    ceil_mode = opt_prop_def(UnitAttr)
    result = result_def(TENSOR)

    def __init__(
        self,
        layer: str,
        input: SSAValue,
        kernel_size: Sequence[int],
        *,
        stride: Sequence[int] = (1, 1),
        padding: Sequence[int] = (0, 0, 0, 0),
        dilation: Sequence[int] = (1, 1),
        ceil_mode: bool = False,
    ):
        n, channels, *size = _image(input)
        shape = (n, channels, *window_output(size, kernel_size, stride, padding, dilation, ceil=ceil_mode))
        IRDLOperation.__init__(
            self,
            operands=[input],
            result_types=[make_tensor_type(tensor_type(input).element_type, shape)],
            properties={
                "layer": StringAttr(layer),
                "kernel_size": DenseArrayBase.from_list(i64, kernel_size),
                "stride": DenseArrayBase.from_list(i64, stride),
                "padding": DenseArrayBase.from_list(i64, padding),
                "dilation": DenseArrayBase.from_list(i64, dilation),
                **({"ceil_mode": UnitAttr()} if ceil_mode else {}),
            },
        )

    def result_shape(self) -> tuple[int, ...]:
        n, channels, *size = _image(self.input)
        kernel = self.kernel_size.get_values()
        if len(kernel) != 2 or min(kernel) < 1:
            raise VerifyException(f"the window must have two positive sizes, got {list(kernel)}")
        fields = (self.stride.get_values(), self.padding.get_values(), self.dilation.get_values())
        return (n, channels, *window_output(size, kernel, *fields, ceil=self.ceil_mode is not None))

    def window_phase(
        self, blocks: Sequence[Block], initial: float, rows: Stretch, columns: Stretch, *, sums: bool = False
    ) -> Phase:
        """The phase of the windows in `rows` and `columns`: operands x (windows) and y, and with `sums` a scratch
        accumulator `sum`, else y accumulates. What accumulates begins as `initial`."""
        kh, kw = self.kernel_size.get_values()
        n, channels, *_ = shape_of(self.result)
        read = window_index(self.stride.get_values(), self.padding.get_values(), self.dilation.get_values())
        made = [affine(stretch.loop, constant=stretch.first) for stretch in (rows, columns)]
        seen = [_begun_at(*each) for each in zip(read, (rows, columns), self.stride.get_values(), strict=True)]
        bounds = {"c": channels, "n": n, rows.loop: rows.length, columns.loop: columns.length, "kh": kh, "kw": kw}
        index = ("n", "c", *made)
        scratch = (operand("sum", self.result, index, self.accumulator_bits),) if sums else ()
        return Phase(
            tuple(Loop(name, bound) for name, bound in bounds.items()),
            (operand("x", self.input, ("n", "c", *seen)),),
            (operand("y", self.result, index),),
            tuple(blocks),
            scratch,
            (("sum" if sums else "y", initial),),
        )

    def maximum_program(self, kind: str) -> VectorProgram:
        oh, ow = shape_of(self.result)[2:]
        block = Block(WINDOW, (Instruction("max", "y", ("y", "x")),))
        whole = Stretch("oh", 0, oh, 0), Stretch("ow", 0, ow, 0)
        return VectorProgram(kind, (self.window_phase((block,), float("-inf"), *whole),))

    def averaging_program(self, kind: str, counts: Sequence[tuple[Run, ...]]) -> VectorProgram:
        """Sums, then divides by the product of what `counts` has for the window's row and column: a phase for each
        rectangle of windows that divide by one number."""
        phases: list[Phase] = []
        for rows, columns in product(*map(stretches, ("oh", "ow"), counts)):
            out = ("c", "n", rows.loop, columns.loop)
            accumulate = Block((*out, "kh", "kw"), (Instruction("add", "sum", ("sum", "x")),))
            divide = Block(out, (Instruction("div", "y", ("sum", float(rows.value * columns.value))),))
            phases.append(self.window_phase((accumulate, divide), 0.0, rows, columns, sums=True))
        return VectorProgram(kind, tuple(phases))


def _begun_at(expression: Affine, stretch: Stretch, stride: int) -> Affine:
    """The window's index over the positions of `stretch` alone."""
    (_, step), window = expression.terms
    return affine((stretch.loop, step), window, constant=expression.constant + stretch.first * stride)


@irdl_op_definition
class MaxPoolOp(PoolOp):
    """`result[n, c, oh, ow] = max over (kh, kw) of input[n, c, s*oh + d*kh - p, s*ow + d*kw - p]`."""

    name = "simdc.max_pool"

    def kernel(self) -> VectorProgram:
        return self.maximum_program("max_pool")


@irdl_op_definition
class GlobalMaxPoolOp(PoolOp):
    """Maximum over the whole image: input [n, c, h, w] to [n, c, 1, 1]."""

    name = "simdc.global_max_pool"

    def __init__(self, layer: str, input: SSAValue):
        super().__init__(layer, input, _image(input)[2:])

    def kernel(self) -> VectorProgram:
        return self.maximum_program("global_max_pool")


@irdl_op_definition
class AveragePoolOp(PoolOp):
    """`result[n, c, oh, ow] = sum over (kh, kw) of input[n, c, s*oh + d*kh - p, s*ow + d*kw - p] / size of the window`.

    The size counts positions in the border of `padding`, unless `exclude_padding` is set, and never those that
    `ceil_mode` reaches beyond it. Windows that all have one size are one phase, which divides by an immediate. Where
    sizes differ, each rectangle of windows with one size is a phase of its own with its own immediate: an immediate
    goes to all lanes, a table of divisors in vector memory would not.
    """

    name = "simdc.average_pool"

    exclude_padding = opt_prop_def(UnitAttr)

    def __init__(
        self,
        layer: str,
        input: SSAValue,
        kernel_size: Sequence[int],
        *,
        stride: Sequence[int] = (1, 1),
        padding: Sequence[int] = (0, 0, 0, 0),
        dilation: Sequence[int] = (1, 1),
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ):
        super().__init__(
            layer, input, kernel_size, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
        )
        if not count_include_pad:
            self.exclude_padding = UnitAttr()

    def result_shape(self) -> tuple[int, ...]:
        shape = super().result_shape()
        rows, columns = self.window_runs()
        if len(rows) * len(columns) > MOST_PHASES:
            sizes = f"{len(rows)} x {len(columns)}"
            raise VerifyException(f"windows at the border have {sizes} sizes; at most {MOST_PHASES} are supported")
        if any(run.value == 0 for run in (*rows, *columns)):
            raise VerifyException("a window lies in the border altogether: there is nothing to take the average of")
        return shape

    def window_runs(self) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
        """How many positions each row and each column of windows counts; a window's size is their product."""
        return window_runs(
            shape_of(self.input)[2:],
            shape_of(self.result)[2:],
            self.kernel_size.get_values(),
            self.stride.get_values(),
            self.padding.get_values(),
            self.dilation.get_values(),
            padding_counts=self.exclude_padding is None,
        )

    def kernel(self) -> VectorProgram:
        return self.averaging_program("average_pool", self.window_runs())


@irdl_op_definition
class GlobalAveragePoolOp(PoolOp):
    """Average over the whole image: input [n, c, h, w] to [n, c, 1, 1]."""

    name = "simdc.global_average_pool"

    def __init__(self, layer: str, input: SSAValue):
        super().__init__(layer, input, _image(input)[2:])

    def kernel(self) -> VectorProgram:
        kh, kw = self.kernel_size.get_values()
        return self.averaging_program("global_average_pool", ((Run(kh, 1),), (Run(kw, 1),)))


def _image(value: SSAValue) -> tuple[int, ...]:
    shape = shape_of(value)
    if len(shape) != 4:
        raise VerifyException(f"expected an image [n, c, h, w], got shape {list(shape)}")
    return shape


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
    op = MaxPoolOp(name, x, kernel, stride=stride or kernel, padding=pad, dilation=dilation, ceil_mode=ceil_mode)
    return net.append(op, name)


@layer
def avgpool(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    kernel: Pair,
    stride: Stride = None,
    pad: Border = (0, 0, 0, 0),
    ceil_mode: CeilMode = False,
    count_include_pad: Annotated[Flag, "divide by the whole window, not by what of it lies in the image"] = True,
) -> SSAValue:
    """The mean of each window."""
    op = AveragePoolOp(
        name,
        x,
        kernel,
        stride=stride or kernel,
        padding=pad,
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
    )
    return net.append(op, name)


plain_layer("global_maxpool", GlobalMaxPoolOp, "The largest of each channel; keeps 1x1 pixels.")
plain_layer("global_avgpool", GlobalAveragePoolOp, "The mean of each channel; keeps 1x1 pixels.")
