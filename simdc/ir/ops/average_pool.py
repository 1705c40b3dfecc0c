"""Pooling by the mean of a window, and its gradient."""

from __future__ import annotations

from abc import abstractmethod
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
from simdc.ir.pooling import PoolGradOp, PoolOp
from simdc.ir.window import MOST_NESTS, Run, along, image_shape, runs_of, stretches, window_counts, window_runs

from .max_pool import CeilMode, Stride


class AveragingPoolGradOp(PoolGradOp):
    """Each position of a window receives the window's gradient divided by its size."""

    def averaging_program(self, kind: str, divide: Instruction) -> VectorProgram:
        """`divide` makes each window's `share` of its `gradient`."""
        hand_out = CodeBlock(self.window_places, (Instruction("add", "dx", ("dx", "share")),))
        share = operand("share", self.gradient, ("n", "c", *self.places[2:]), self.accumulator_bits)
        return self.scatter_program(kind, (CodeBlock(self.places, (divide,), at="start"), hand_out), (), (share,))

    def divided_by_size(self) -> Instruction:
        return Instruction("div", "share", ("gradient", float(prod(self.kernel_size.get_values()))))


class WindowMeanGradOp(AveragingPoolGradOp):
    """Of the mean of windows, of images or of volumes. Where these have sizes of their own the gradient comes
    `divided`, by an op before."""

    divided = opt_prop_def(UnitAttr)
    result = result_def(TENSOR)

    def kernel(self) -> VectorProgram:
        kind = self.name.removeprefix("simdc.")
        if self.divided is not None:
            move = Instruction("move", "share", ("gradient",))
            return self.averaging_program(kind.replace("average", "divided"), move)
        return self.averaging_program(kind, self.divided_by_size())


@irdl_op_definition
class AveragePoolGradOp(WindowMeanGradOp):
    """`result[n, c, s*oh + d*kh - p, s*ow + d*kw - p] += gradient[n, c, oh, ow] / (KH * KW)`.

    Where windows have sizes of their own the gradient comes `divided`, by `simdc.window_divide`.
    """

    name = "simdc.average_pool_grad"


@irdl_op_definition
class GlobalAveragePoolGradOp(AveragingPoolGradOp):
    """`result[n, c, h, w] = gradient[n, c, 0, 0] / (H * W)`."""

    name = "simdc.global_average_pool_grad"

    result = result_def(TENSOR)

    def kernel(self) -> VectorProgram:
        return self.averaging_program("global_average_pool_grad", self.divided_by_size())


class DividingOp(LayerOp):
    """Gradients of an average pool divided by the sizes of its windows, which differ at the border: `counts` are the
    places of the image that each row and each column of windows has. As in the pool, a nest for each rectangle of
    windows that divide by one number."""

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    @property
    @abstractmethod
    def counts(self) -> tuple[tuple[int, ...], ...]:
        """Along each side of the image."""

    def result_shape(self) -> tuple[int, ...]:
        shape, counts = shape_of(self.input), self.counts
        if shape[2:] != tuple(map(len, counts)) or min(map(min, counts)) < 1:
            sides = "row and column" if len(counts) == 2 else "plane, row and column"
            raise VerifyException(f"expected a positive count for each {sides} of {list(shape)}")
        return shape

    def kernel(self) -> VectorProgram:
        n, channels, *_ = shape_of(self.input)
        nests: list[LoopNest] = []
        names = along("", len(self.counts))
        for sides in product(*map(stretches, names, map(runs_of, self.counts))):
            bounds = {"c": channels, "n": n, **{each.loop: each.length for each in sides}}
            index = ("n", "c", *(affine(each.loop, constant=each.first) for each in sides))
            code = (Instruction("div", "y", ("x", float(prod(each.value for each in sides)))),)
            loops = tuple(Loop(name, bound) for name, bound in bounds.items())
            read, made = operand("x", self.input, index), operand("y", self.result, index)
            nests.append(LoopNest(loops, (read,), (made,), (CodeBlock(tuple(bounds), code),)))
        return VectorProgram(self.name.removeprefix("simdc."), tuple(nests))


@irdl_op_definition
class WindowDivideOp(DividingOp):
    """`result[n, c, oh, ow] = input[n, c, oh, ow] / (rows[oh] * columns[ow])`."""

    name = "simdc.window_divide"

    rows = prop_def(DenseArrayBase.constr(i64))
    columns = prop_def(DenseArrayBase.constr(i64))

    @property
    def counts(self) -> tuple[tuple[int, ...], ...]:
        return self.rows.get_values(), self.columns.get_values()


def averaging_program(op: PoolOp, kind: str, counts: Sequence[tuple[Run, ...]]) -> VectorProgram:
    """Sums, then divides by the product of what `counts` has for the window's row and column: a nest for each
    rectangle of windows that divide by one number."""
    nests: list[LoopNest] = []
    names, taps = along("o", op.SPATIAL), along("k", op.SPATIAL)
    for sides in product(*map(stretches, names, counts)):
        out = ("c", "n", *(each.loop for each in sides))
        accumulate = CodeBlock((*out, *taps), (Instruction("add", "sum", ("sum", "x")),))
        size = float(prod(each.value for each in sides))
        divide = CodeBlock(out, (Instruction("div", "y", ("sum", size)),))
        nests.append(op.window_nest((accumulate, divide), 0.0, sides, sums=True))
    return VectorProgram(kind, tuple(nests))


class WindowMeanOp(PoolOp):
    """The mean of each window, of images or of volumes.

    Its size counts positions in the border of `padding`, unless `exclude_padding` is set, and never those that
    `ceil_mode` reaches beyond it. Windows that all have one size are one nest, which divides by an immediate. Where
    sizes differ, each rectangle of windows with one size is a nest of its own with its own immediate: an immediate
    goes to all lanes, a table of divisors in vector memory would not.
    """

    exclude_padding = opt_prop_def(UnitAttr)

    def result_shape(self) -> tuple[int, ...]:
        shape = super().result_shape()
        runs = self._runs(shape[2:])
        if prod(map(len, runs)) > MOST_NESTS:
            sizes = " x ".join(str(len(side)) for side in runs)
            raise VerifyException(f"windows at the border have {sizes} sizes; at most {MOST_NESTS} are supported")
        if any(run.value == 0 for side in runs for run in side):
            raise VerifyException("a window lies in the border altogether: there is nothing to take the average of")
        return shape

    def window_runs(self) -> tuple[tuple[Run, ...], ...]:
        """How many positions each row and each column of windows counts; a window's size is their product.

        Of 4 rows with a border of 1 on both sides, windows of 3 with stride 1 count 2, 3, 3 and 2 rows of the image.
        """
        return self._runs(shape_of(self.result)[2:])

    def _runs(self, positions: Sequence[int]) -> tuple[tuple[Run, ...], ...]:
        size, counted = shape_of(self.input)[2:], self.exclude_padding is None
        return window_runs(size, positions, self.kernel_size.get_values(), *self.geometry, padding_counts=counted)

    @property
    def is_uneven(self) -> bool:
        """Whether a window has another size than the whole one."""
        sizes = {prod(run.value for run in runs) for runs in product(*self.window_runs())}
        return sizes != {prod(self.kernel_size.get_values())}

    def kernel(self) -> VectorProgram:
        return averaging_program(self, self.name.removeprefix("simdc."), self.window_runs())


@irdl_op_definition
class AveragePoolOp(WindowMeanOp):
    """`result[n, c, oh, ow] = sum over (kh, kw) of input[n, c, s*oh + d*kh - p, s*ow + d*kw - p] / size of the window`,
    which counts its border or not."""

    name = "simdc.average_pool"


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
    name, upstream, uneven = op.layer.data, back.upstream(op.result), op.is_uneven
    if uneven:
        rows, columns = map(window_counts, op.window_runs())
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
