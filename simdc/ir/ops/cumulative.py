"""Sums of all elements so far along a dimension."""

from __future__ import annotations

from typing import Annotated

from xdsl.dialects.builtin import IntegerAttr, UnitAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def

from simdc.cost.kernel import CodeBlock, Instruction, LoopNest, Operand, VectorProgram
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.gradient import INPUT, Backward, give_input, rule_for
from simdc.ir.layers import layer
from simdc.ir.movement import check_axis
from simdc.ir.options import Axis, Flag

from .broadcast import SubtractOp
from .pad import resized
from .reduce import ReduceSumOp, Reduction


@irdl_op_definition
class CumulativeSumOp(LayerOp):
    """`result[i] = input[0] + ... + input[i]` along `axis`; with `exclusive` without input[i]. The sum stays in vector
    memory from one element to the next."""

    name = "simdc.cumulative_sum"

    input = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64))
    exclusive = opt_prop_def(UnitAttr)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        check_axis(shape_of(self.input), self.axis.value.data)
        return shape_of(self.input)

    def kernel(self) -> VectorProgram:
        shape, axis = shape_of(self.input), self.axis.value.data
        reduction = Reduction(shape, (axis,))
        line = resized(shape, axis, 1)
        total = Operand("total", self.accumulator_bits, line, reduction.index_of(line))
        added, moved = Instruction("add", "total", ("total", "x")), Instruction("move", "y", ("total",))
        nest = LoopNest(
            reduction.loops,
            (operand("x", self.input, reduction.names),),
            (operand("y", self.result, reduction.names),),
            (CodeBlock(reduction.every, (added, moved) if self.exclusive is None else (moved, added)),),
            (total,),
            initial=(("total", 0.0),),
        )
        return VectorProgram("cumulative_sum", (nest,), reduction.lanes)


@rule_for(CumulativeSumOp)
def cumulative_sum_gradient(op: CumulativeSumOp, back: Backward) -> None:
    """An element is part of every sum from its own on: all gradients less those before it."""
    name, upstream, axis = op.layer.data, back.upstream(op.result), op.axis.value.data
    total = back.emit(ReduceSumOp(f"{name}.grad_total", upstream, axes=(axis,), keepdims=True), INPUT).results[0]
    exclusive = op.exclusive is None
    before = back.emit(CumulativeSumOp(f"{name}.grad_before", upstream, axis=axis, exclusive=exclusive), INPUT)
    give_input(back, op.input, SubtractOp(f"{name}.grad_input", total, before.results[0]))


@layer
def cumulative_sum(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    axis: Axis = -1,
    exclusive: Annotated[Flag, "whether a sum is without its own element"] = False,
) -> SSAValue:
    """The sum of all elements so far, along a dimension."""
    return net.append(CumulativeSumOp(name, x, axis=axis, exclusive=exclusive), name)
