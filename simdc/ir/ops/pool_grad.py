"""Gradients of pooling: each window hands its gradient back to the input positions that it covers.

The loops are those of the forward layer, so windows that overlap add to the same positions of the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from xdsl.dialects.builtin import DenseArrayBase, StringAttr, UnitAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Block, Instruction, Loop, Operand, Phase, VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, operand, shape_of, tensor_type
from simdc.ir.window import ONES, ZEROS, runs_of, stretches, window_index, window_output

from .pool import OUT, WINDOW, PoolOp


class PoolGradOp(LayerOp):
    """Window of the forward layer, and `size`, the height and width of its input."""

    gradient = operand_def(TENSOR)
    size = prop_def(DenseArrayBase.constr(i64))
    kernel_size = prop_def(DenseArrayBase.constr(i64))
    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS)
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    ceil_mode = opt_prop_def(UnitAttr)

    def _build(self, layer: str, pool: PoolOp, operands: list[SSAValue]) -> None:
        shape = shape_of(pool.input)
        IRDLOperation.__init__(
            self,
            operands=operands,
            result_types=[make_tensor_type(tensor_type(pool.input).element_type, shape)],
            properties={
                "layer": StringAttr(layer),
                "size": DenseArrayBase.from_list(i64, shape[2:]),
                "kernel_size": pool.kernel_size,
                "stride": pool.stride,
                "padding": pool.padding,
                "dilation": pool.dilation,
                **({} if pool.ceil_mode is None else {"ceil_mode": pool.ceil_mode}),
            },
        )

    def result_shape(self) -> tuple[int, ...]:
        n, channels, *positions = shape_of(self.gradient)
        size = self.size.get_values()
        fields = (self.kernel_size, self.stride, self.padding, self.dilation)
        found = window_output(size, *(field.get_values() for field in fields), ceil=self.ceil_mode is not None)
        if found != tuple(positions):
            raise VerifyException(f"the gradient has {positions} positions, the window {list(found)}")
        return (n, channels, *size)

    def scatter_program(
        self,
        kind: str,
        blocks: tuple[Block, ...],
        inputs: tuple[tuple[str, SSAValue], ...],
        scratch: tuple[Operand, ...] = (),
    ) -> VectorProgram:
        """Operands `gradient`, those of `inputs` (x: the forward input, read by window; y: its result) and `dx`."""
        n, channels, oh, ow = shape_of(self.gradient)
        kh, kw = self.kernel_size.get_values()
        bounds = {"c": channels, "n": n, "oh": oh, "ow": ow, "kh": kh, "kw": kw}
        rows, columns = window_index(self.stride.get_values(), self.padding.get_values(), self.dilation.get_values())
        windows, positions = ("n", "c", rows, columns), ("n", "c", "oh", "ow")
        loaded = [operand(name, value, windows if name == "x" else positions) for name, value in inputs]
        phase = Phase(
            tuple(Loop(name, bound) for name, bound in bounds.items()),
            (*loaded, operand("gradient", self.gradient, positions)),
            (operand("dx", self.results[0], windows),),
            blocks,
            scratch,
            initial=(("dx", 0.0),),
        )
        return VectorProgram(kind, (phase,))


@irdl_op_definition
class MaxPoolGradOp(PoolGradOp):
    """`result += gradient where the input equals the window's maximum`, at the first such place of each window.

    Equal maxima are common: a pool whose windows overlap repeats values, and another pool may read them. So each window
    hands out what it has `left`, once. The released SimDIT's row is one instruction shorter.
    """

    name = "simdc.max_pool_grad"

    # Named again because what a class inherits comes after its own operands.
    gradient = operand_def(TENSOR)
    input = operand_def(TENSOR)
    output = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, pool: PoolOp, gradient: SSAValue):
        self._build(layer, pool, [gradient, pool.input, pool.result])

    def result_shape(self) -> tuple[int, ...]:
        shape = super().result_shape()
        if shape_of(self.input) != shape or shape_of(self.output) != shape_of(self.gradient):
            found = f"input {list(shape_of(self.input))} and output {list(shape_of(self.output))}"
            raise VerifyException(f"{found} do not go with gradient {list(shape_of(self.gradient))} and {list(shape)}")
        return shape

    def kernel(self) -> VectorProgram:
        begin = Block(OUT, (Instruction("move", "left", ("gradient",)),), at="start")
        code = (
            Instruction("conditional_move", "part", ("x", "y", "left", 0.0)),
            Instruction("add", "dx", ("dx", "part")),
            Instruction("sub", "left", ("left", "part")),
        )
        left = operand("left", self.gradient, ("n", "c", "oh", "ow"), self.accumulator_bits)
        inputs = (("x", self.input), ("y", self.output))
        return self.scatter_program("max_pool_grad", (begin, Block(WINDOW, code)), inputs, (left,))


class AveragingPoolGradOp(PoolGradOp):
    """Each position of a window receives the window's gradient divided by its size."""

    def __init__(self, layer: str, pool: PoolOp, gradient: SSAValue):
        self._build(layer, pool, [gradient])

    def averaging_program(self, kind: str, divide: Instruction) -> VectorProgram:
        """`divide` makes each window's `share` of its `gradient`."""
        hand_out = Block(WINDOW, (Instruction("add", "dx", ("dx", "share")),))
        share = operand("share", self.gradient, ("n", "c", "oh", "ow"), self.accumulator_bits)
        return self.scatter_program(kind, (Block(OUT, (divide,), at="start"), hand_out), (), (share,))

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

    def __init__(self, layer: str, pool: PoolOp, gradient: SSAValue, *, divided: bool = False):
        super().__init__(layer, pool, gradient)
        if divided:
            self.divided = UnitAttr()

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
    windows count `rows` and `columns` of the image, which differ at the border. As in the pool, a phase for each
    rectangle of windows that divide by one number."""

    name = "simdc.window_divide"

    input = operand_def(TENSOR)
    rows = prop_def(DenseArrayBase.constr(i64))
    columns = prop_def(DenseArrayBase.constr(i64))
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue, rows: Sequence[int], columns: Sequence[int]):
        IRDLOperation.__init__(
            self,
            operands=[input],
            result_types=[input.type],
            properties={
                "layer": StringAttr(layer),
                "rows": DenseArrayBase.from_list(i64, rows),
                "columns": DenseArrayBase.from_list(i64, columns),
            },
        )

    def result_shape(self) -> tuple[int, ...]:
        shape, counts = shape_of(self.input), (self.rows.get_values(), self.columns.get_values())
        if shape[2:] != tuple(map(len, counts)) or min(map(min, counts)) < 1:
            raise VerifyException(f"expected a positive count for each row and column of {list(shape)}")
        return shape

    def kernel(self) -> VectorProgram:
        n, channels, *_ = shape_of(self.input)
        phases: list[Phase] = []
        counts = (self.rows.get_values(), self.columns.get_values())
        for rows, columns in product(*map(stretches, ("h", "w"), map(runs_of, counts))):
            bounds = {"c": channels, "n": n, rows.loop: rows.length, columns.loop: columns.length}
            index = ("n", "c", *(affine(each.loop, constant=each.first) for each in (rows, columns)))
            code = (Instruction("div", "y", ("x", float(rows.value * columns.value))),)
            loops = tuple(Loop(name, bound) for name, bound in bounds.items())
            read, made = operand("x", self.input, index), operand("y", self.result, index)
            phases.append(Phase(loops, (read,), (made,), (Block(tuple(bounds), code),)))
        return VectorProgram("window_divide", tuple(phases))
