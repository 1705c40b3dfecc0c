"""Pooling by the mean of a window, and its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Annotated, ClassVar

from xdsl.dialects.builtin import DenseArrayBase, UnitAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.gradient import INPUT, Backward, give_input, rule_for
from simdc.ir.layers import layer, plain_layer
from simdc.ir.options import Border, Flag, Pair
from simdc.ir.pooling import OUT, WINDOW, PoolGradOp, PoolOp
from simdc.ir.window import MOST_NESTS, Run, image_shape, runs_of, stretches, window_counts, window_runs

from .max_pool import CeilMode, Stride


class AveragingPoolGradOp(PoolGradOp):
    """Each position of a window receives the window's gradient divided by its size."""

    def averaging_program(self, kind: str, divide: Instruction) -> VectorProgram:
        """`divide` makes each window's `share` of its `gradient`."""
        hand_out = CodeBlock(WINDOW, (Instruction("add", "dx", ("dx", "share")),))
        share = operand("share", self.gradient, ("n", "c", "oh", "ow"), self.accumulator_bits)
        return self.scatter_program(kind, (CodeBlock(OUT, (divide,), at="start"), hand_out), (), (share,))

    def divided_by_size(self) -> Instruction:
        kh, kw = self.kernel_size.get_values()
        return Instruction("div", "share", ("gradient", float(kh * kw)))


@irdl_op_definition
class AveragePoolGradOp(AveragingPoolGradOp):
    """`result[n, c, s*oh + d*kh - p, s*ow + d*kw - p] += gradient[n, c, oh, ow] / (KH * KW)`.

    Where windows have sizes of their own the gradient comes `divided`, by `simdc.window_divide`.
    """

    name = "simdc.average_pool_grad"

    divided = opt_prop_def(UnitAttr)
    result = result_def(TENSOR)

    def kernel(self) -> VectorProgram:
        if self.divided is not None:
            return self.averaging_program("divided_pool_grad", Instruction("move", "share", ("gradient",)))
        return self.averaging_program("average_pool_grad", self.divided_by_size())


@irdl_op_definition
class GlobalAveragePoolGradOp(AveragingPoolGradOp):
    """`result[n, c, h, w] = gradient[n, c, 0, 0] / (H * W)`."""

    name = "simdc.global_average_pool_grad"

    result = result_def(TENSOR)

    def kernel(self) -> VectorProgram:
        return self.averaging_program("global_average_pool_grad", self.divided_by_size())


@irdl_op_definition
class WindowDivideOp(LayerOp):
    """`result[n, c, oh, ow] = input[n, c, oh, ow] / (rows[oh] * columns[ow])`: gradients of an average pool whose
    windows count `rows` and `columns` of the image, which differ at the border. As in the pool, a nest for each
    rectangle of windows that divide by one number."""

    name = "simdc.window_divide"

    input = operand_def(TENSOR)
    rows = prop_def(DenseArrayBase.constr(i64))
    columns = prop_def(DenseArrayBase.constr(i64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape, counts = shape_of(self.input), (self.rows.get_values(), self.columns.get_values())
        if shape[2:] != tuple(map(len, counts)) or min(map(min, counts)) < 1:
            raise VerifyException(f"expected a positive count for each row and column of {list(shape)}")
        return shape

    def kernel(self) -> VectorProgram:
        n, channels, *_ = shape_of(self.input)
        nests: list[LoopNest] = []
        counts = (self.rows.get_values(), self.columns.get_values())
        for rows, columns in product(*map(stretches, ("h", "w"), map(runs_of, counts))):
            bounds = {"c": channels, "n": n, rows.loop: rows.length, columns.loop: columns.length}
            index = ("n", "c", *(affine(each.loop, constant=each.first) for each in (rows, columns)))
            code = (Instruction("div", "y", ("x", float(rows.value * columns.value))),)
            loops = tuple(Loop(name, bound) for name, bound in bounds.items())
            read, made = operand("x", self.input, index), operand("y", self.result, index)
            nests.append(LoopNest(loops, (read,), (made,), (CodeBlock(tuple(bounds), code),)))
        return VectorProgram("window_divide", tuple(nests))


def averaging_program(op: PoolOp, kind: str, counts: Sequence[tuple[Run, ...]]) -> VectorProgram:
    """Sums, then divides by the product of what `counts` has for the window's row and column: a nest for each
    rectangle of windows that divide by one number."""
    nests: list[LoopNest] = []
    for rows, columns in product(*map(stretches, ("oh", "ow"), counts)):
        out = ("c", "n", rows.loop, columns.loop)
        accumulate = CodeBlock((*out, "kh", "kw"), (Instruction("add", "sum", ("sum", "x")),))
        divide = CodeBlock(out, (Instruction("div", "y", ("sum", float(rows.value * columns.value))),))
        nests.append(op.window_nest((accumulate, divide), 0.0, rows, columns, sums=True))
    return VectorProgram(kind, tuple(nests))


@irdl_op_definition
class AveragePoolOp(PoolOp):
    """`result[n, c, oh, ow] = sum over (kh, kw) of input[n, c, s*oh + d*kh - p, s*ow + d*kw - p] / size of the window`.

    The size counts positions in the border of `padding`, unless `exclude_padding` is set, and never those that
    `ceil_mode` reaches beyond it. Windows that all have one size are one nest, which divides by an immediate. Where
    sizes differ, each rectangle of windows with one size is a nest of its own with its own immediate: an immediate
    goes to all lanes, a table of divisors in vector memory would not.
    """

    name = "simdc.average_pool"

    exclude_padding = opt_prop_def(UnitAttr)

    def result_shape(self) -> tuple[int, ...]:
        shape = super().result_shape()
        rows, columns = self._runs(shape[2:])
        if len(rows) * len(columns) > MOST_NESTS:
            sizes = f"{len(rows)} x {len(columns)}"
            raise VerifyException(f"windows at the border have {sizes} sizes; at most {MOST_NESTS} are supported")
        if any(run.value == 0 for run in (*rows, *columns)):
            raise VerifyException("a window lies in the border altogether: there is nothing to take the average of")
        return shape

    def window_runs(self) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
        """How many positions each row and each column of windows counts; a window's size is their product.

        Of 4 rows with a border of 1 on both sides, windows of 3 with stride 1 count 2, 3, 3 and 2 rows of the image.
        """
        return self._runs(shape_of(self.result)[2:])

    def _runs(self, positions: Sequence[int]) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
        size, counted = shape_of(self.input)[2:], self.exclude_padding is None
        return window_runs(size, positions, self.kernel_size.get_values(), *self.geometry, padding_counts=counted)

    def kernel(self) -> VectorProgram:
        return averaging_program(self, "average_pool", self.window_runs())


@irdl_op_definition
class GlobalAveragePoolOp(PoolOp):
    """Average over the whole image: input [n, c, h, w] to [n, c, 1, 1]."""

    name = "simdc.global_average_pool"

    GRADIENT: ClassVar = GlobalAveragePoolGradOp

    def __init__(self, layer: str, input: SSAValue):
        super().__init__(layer, input, kernel_size=image_shape(input)[2:])

    def kernel(self) -> VectorProgram:
        kh, kw = self.kernel_size.get_values()
        return averaging_program(self, "global_average_pool", ((Run(kh, 1),), (Run(kw, 1),)))


@rule_for(AveragePoolOp)
def average_pool_gradient(op: AveragePoolOp, back: Backward) -> None:
    """A gradient of windows that differ in size is divided first: they overlap, and share their loops."""
    name, upstream, runs = op.layer.data, back.upstream(op.result), op.window_runs()
    uneven = {rows.value * columns.value for rows, columns in product(*runs)} != {prod(op.kernel_size.get_values())}
    if uneven:
        rows, columns = map(window_counts, runs)
        divide = WindowDivideOp(f"{name}.grad_divided", upstream, rows=rows, columns=columns)
        upstream = back.emit(divide, INPUT).results[0]
    give_input(back, op.input, AveragePoolGradOp.of(f"{name}.grad_input", op, upstream, divided=uneven))


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
        kernel_size=kernel,
        stride=stride or kernel,
        padding=pad,
        ceil_mode=ceil_mode,
        exclude_padding=not count_include_pad,
    )
    return net.append(op, name)


plain_layer("global_avgpool", GlobalAveragePoolOp, "The mean of each channel; keeps 1x1 pixels.")
