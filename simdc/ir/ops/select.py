"""The choice between two tensors, element by element, as masks and gates by data make it."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from xdsl.dialects.builtin import FloatAttr, f64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, result_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction, VectorProgram
from simdc.ir.base import TENSOR, LayerOp, shape_of
from simdc.ir.broadcasting import broadcast_shape
from simdc.ir.elements import broadcast_operand, element_loops, element_program
from simdc.ir.gradient import INPUT, Backward, rule_for
from simdc.ir.layers import plain_layer

from .free import ReshapeOp
from .reduce import ReduceSumOp

Branch = SSAValue | float


@irdl_op_definition
class SelectOp(LayerOp):
    """`result = lhs where condition is not 0, else rhs`, all three broadcast. `branches` are lhs and rhs, but for one
    that is a number: that is an immediate, `lhs_value` or `rhs_value`."""

    name = "simdc.select"

    condition = operand_def(TENSOR)
    branches = var_operand_def(TENSOR)
    lhs_value = opt_prop_def(FloatAttr.constr(f64))
    rhs_value = opt_prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def __init__(self, layer: str, condition: SSAValue, lhs: Branch, rhs: Branch):
        tensors = [branch for branch in (lhs, rhs) if isinstance(branch, SSAValue)]
        lhs_value, rhs_value = (None if isinstance(branch, SSAValue) else branch for branch in (lhs, rhs))
        super().__init__(layer, condition, tensors, lhs_value=lhs_value, rhs_value=rhs_value)

    def alike(self) -> Sequence[SSAValue]:
        return (self.branches[0] if self.branches else self.condition,)

    @property
    def sides(self) -> tuple[Branch, Branch]:
        """lhs and rhs. Raises VerifyException unless each is a tensor or a number."""
        numbers = (self.lhs_value, self.rhs_value)
        if len(self.branches) != numbers.count(None):
            raise VerifyException(f"needs {numbers.count(None)} tensors to choose from, got {len(self.branches)}")
        tensors = iter(self.branches)
        lhs, rhs = (next(tensors) if number is None else number.value.data for number in numbers)
        return lhs, rhs

    def result_shape(self) -> tuple[int, ...]:
        for side in self.sides:
            if isinstance(side, float) and not isfinite(side):
                raise VerifyException(f"value must be finite, got {side}")
        shape = _joint(self.operands)
        element_loops(shape)
        return shape

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.result)
        inputs = [broadcast_operand("condition", self.condition, shape)]
        sources: list[str | float] = []
        for side in self.sides:
            if isinstance(side, SSAValue):
                name = f"x{len(inputs) - 1}"
                inputs.append(broadcast_operand(name, side, shape))
                sources.append(name)
            else:
                sources.append(side)
        lhs, rhs = sources
        code = (Instruction("conditional_move", "y", ("condition", 0.0, rhs, lhs)),)
        return element_program("select", shape, inputs, broadcast_operand("y", self.result, shape), code)


def _joint(values: Sequence[SSAValue]) -> tuple[int, ...]:
    """The shape that all broadcast to. Raises VerifyException."""
    shapes = [shape_of(value) for value in values]
    joint: tuple[int, ...] | None = shapes[0]
    for shape in shapes[1:]:
        joint = None if joint is None else broadcast_shape(joint, shape)
    if joint is None or not all(shapes):
        raise VerifyException(f"cannot choose between shapes {list(map(list, shapes))}")
    return joint


@rule_for(SelectOp)
def select_gradient(op: SelectOp, back: Backward) -> None:
    """Each side receives the gradient where it was chosen, zero elsewhere; then what was repeated is summed up."""
    upstream, name, shape = back.upstream(op.result), op.layer.data, shape_of(op.result)
    lhs, rhs = op.sides
    for value, suffix, gate in ((lhs, "grad_input", (upstream, 0.0)), (rhs, "grad_other", (0.0, upstream))):
        if not isinstance(value, SSAValue) or not back.needs(value):
            continue
        own = shape_of(value)
        steps = [f"{name}.{suffix}"] if own == shape else [f"{name}.{suffix}_whole", f"{name}.{suffix}"]
        gradient = back.emit(SelectOp(steps[0], op.condition, *gate), INPUT).results[0]
        if own != shape:
            gradient = _summed_to(back, gradient, own, steps[1])
        back.give(value, gradient)


def _summed_to(back: Backward, gradient: SSAValue, own: tuple[int, ...], name: str) -> SSAValue:
    """The gradient of a value of shape `own` that was broadcast."""
    shape = shape_of(gradient)
    padded = (1,) * (len(shape) - len(own)) + own
    axes = [axis for axis, (size, whole) in enumerate(zip(padded, shape, strict=True)) if size != whole]
    summed = ReduceSumOp(name if len(own) == len(shape) else f"{name}_sum", gradient, axes=axes, keepdims=True)
    result = back.emit(summed, INPUT).results[0]
    return result if len(own) == len(shape) else back.emit(ReshapeOp(name, result, shape=own), INPUT).results[0]


plain_layer("where", SelectOp, "`y` where `x` is not 0, else `z`; all three are broadcast.", inputs=3)
