"""The largest numbers along a dimension and where they stand."""

from __future__ import annotations

from math import inf
from typing import Annotated

from xdsl.dialects.builtin import IntegerAttr, UnitAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, LoopNest, LoopRoles, Operand, VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.gradient import Backward, give_operand, rule_for
from simdc.ir.layers import layer
from simdc.ir.movement import check_axis
from simdc.ir.options import Axis, Flag, Positive, one_of

from .pad import resized
from .reduce import Reduction
from .scatter import ScatterElementsOp

ROLES = LoopRoles(channels=(), batch=("n",), image=())
MOST_PASSES = 1024
"""Each number is a pass of its own, and a nest of its program."""


@irdl_op_definition
class TopKOp(LayerOp):
    """`values` are the `count` largest numbers along `axis`, the largest first, and `indices` the numbers of their
    positions; of equal ones the first position comes first. With `smallest` the smallest. Numbers must be finite.

    Each takes a pass over all numbers, which looks for the largest one that comes after the one before it: that is
    smaller, or as large and stands behind it. So nothing is sorted and nothing stored but the results.
    """

    name = "simdc.top_k"

    input = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64))
    count = prop_def(IntegerAttr.constr(i64))
    smallest = opt_prop_def(UnitAttr)
    values = result_def(TENSOR)
    indices = result_def(TENSOR)

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        shape, axis, count = shape_of(self.input), self.axis.value.data, self.count.value.data
        check_axis(shape, axis)
        if not 1 <= count <= min(shape[axis], MOST_PASSES):
            most = f"{shape[axis]}, at most {MOST_PASSES}"
            raise VerifyException(f"cannot take {count} of {most}")
        return (resized(shape, axis, count),) * 2

    def kernel(self) -> VectorProgram:
        reduction = Reduction(shape_of(self.input), (self.axis.value.data,))
        nests = [self._pass(reduction, number) for number in range(self.count.value.data)]
        return VectorProgram("top_k", tuple(nests), reduction.lanes, ROLES)

    def _pass(self, reduction: Reduction, number: int) -> LoopNest:
        opcode, worst = ("max", -inf) if self.smallest is None else ("min", inf)
        value, place = self._results(reduction, number)
        inputs, candidate = (operand("x", self.input, reduction.names),), "x"
        code: tuple[Instruction, ...] = ()
        if number:
            last_value, last_place = self._results(reduction, number - 1)
            inputs, candidate = (*inputs, last_value, last_place), "open"
            # On the way from the largest down x comes after the last one if it is smaller, or equal and stands behind.
            code = (
                Instruction(opcode, "further", ("x", last_value.name)),
                Instruction("conditional_move", "beyond", ("further", last_value.name, "x", worst)),
                Instruction("max", "later", ("at", last_place.name)),
                Instruction("conditional_move", "behind", ("later", last_place.name, worst, "x")),
                Instruction("conditional_move", "open", ("x", last_value.name, "behind", "beyond")),
            )
        code = (
            *code,
            Instruction(opcode, "better", ("best", candidate)),
            Instruction("conditional_move", "found", ("better", "best", "found", "at")),
            Instruction("move", "best", ("better",)),
            Instruction("add", "at", ("at", 1.0)),
        )
        end = (Instruction("move", value.name, ("best",)), Instruction("move", place.name, ("found",)))
        index = reduction.index_of(resized(shape_of(self.input), self.axis.value.data, 1))
        shape = resized(shape_of(self.input), self.axis.value.data, 1)
        scratch = tuple(Operand(name, self.accumulator_bits, shape, index) for name in ("best", "found", "at"))
        return LoopNest(
            reduction.loops,
            inputs,
            (value, place),
            (CodeBlock(reduction.every, code), CodeBlock(reduction.ends, end)),
            scratch,
            initial=(("best", worst), ("found", 0.0), ("at", 0.0)),
        )

    def _results(self, reduction: Reduction, number: int) -> tuple[Operand, Operand]:
        """What a pass finds: it has a place of its own along the axis."""
        axis = self.axis.value.data
        index = [*reduction.index_of(resized(shape_of(self.input), axis, 1))]
        terms = index[axis].terms
        index[axis] = affine(*terms, constant=number)
        return (
            operand(f"values_{number}", self.values, index),
            operand(f"indices_{number}", self.indices, index),
        )


@rule_for(TopKOp)
def top_k_gradient(op: TopKOp, back: Backward) -> None:
    """Each gradient goes to where its number stood, zeros to all other places. Places are constant wherever they have
    a slope."""
    if back.reaches(op.values) and back.needs(op.input):
        name, shape, upstream = f"{op.layer.data}.grad_input", shape_of(op.input), back.upstream(op.values)
        give_operand(back, op.input, ScatterElementsOp(name, op.indices, upstream, axis=op.axis, shape=shape))


@layer
def top_k(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    count: Positive,
    axis: Axis = -1,
    smallest: Flag = False,
    result: Annotated[str, one_of("values", "indices")] = "values",
) -> SSAValue:
    """The largest numbers along a dimension, the largest first, or where they stand."""
    op = TopKOp(name, x, axis=axis, count=count, smallest=smallest)
    net.insert(op, name)
    return op.values if result == "values" else op.indices
