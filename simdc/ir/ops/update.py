"""Parameter updates: one element-wise program each, with the optimizer's state in DRAM.

Every op reads the parameter, its gradient and its state, and gives their new values. The rates are immediates.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, UnitAttr, f64, i64
from xdsl.ir import SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    opt_result_def,
    prop_def,
    result_def,
)
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, VectorProgram
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of
from simdc.ir.elements import element_index, element_loops
from simdc.ir.fields import Value

RATE = FloatAttr.constr(f64)


class UpdateOp(LayerOp):
    """Operands and results of one shape. Operands: parameter, gradient, state; results: parameter, state.

    With `copy_of` the parameter is a full-width master, and the last result is the new narrow parameter in its place.
    """

    copy_of = opt_operand_def(TENSOR)
    new_copy = opt_result_def(TENSOR)

    def __init__(self, layer: str, *operands: SSAValue, copy_of: SSAValue | None = None, **rates: Value):
        super().__init__(layer, *operands, copy_of, new_copy=None if copy_of is None else copy_of.type, **rates)

    @property
    def replaced(self) -> tuple[SSAValue, ...]:
        """The operands whose place in DRAM the results take, in the order of the results."""
        parameter, _, *state = self.operands
        return (parameter, *state)

    def alike(self) -> tuple[SSAValue, ...]:
        return self.replaced

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        shapes = {shape_of(value) for value in self.operands}
        if len(shapes) != 1:
            raise VerifyException(f"parameter, gradient and state differ in shape: {sorted(map(list, shapes))}")
        return (shapes.pop(),) * len(self.results)

    def update_program(
        self,
        kind: str,
        blocks: Sequence[Sequence[Instruction]],
        inputs: Sequence[str],
        outputs: Sequence[str],
        scratch: Sequence[str] = (),
    ) -> VectorProgram:
        """`inputs` and `outputs` name operands and results in order, the narrow copy left out. Each entry of `blocks`
        goes over the whole tile before the next begins; what it hands on is `scratch`."""
        shape = shape_of(self.operands[0])
        loops, index = _loops(shape)
        names = tuple(loop.name for loop in loops)
        if self.copy_of is not None:
            outputs = (*outputs, "new_copy")
            *earlier, last = blocks
            blocks = (*earlier, (*last, Instruction("move", "new_copy", (outputs[0],))))
        nest = LoopNest(
            loops,
            tuple(operand(name, value, index) for name, value in zip(inputs, self.operands, strict=False)),
            tuple(operand(name, value, index) for name, value in zip(outputs, self.results, strict=True)),
            tuple(CodeBlock(names, tuple(block)) for block in blocks),
            tuple(operand(name, self.operands[0], index, self.accumulator_bits) for name in scratch),
        )
        return VectorProgram(kind, (nest,))


def _loops(shape: tuple[int, ...]) -> tuple[tuple[Loop, ...], tuple[str, ...]]:
    """Over the elements of a parameter, and in the order of its dimensions; a weight of volumes has five of these."""
    if len(shape) < 5:
        return element_loops(shape), element_index(shape)
    names = ("n", "c", "d", "h", "w")
    bounds = dict(zip(names, shape, strict=True))
    return tuple([Loop(name, bounds[name]) for name in ("c", "n", "d", "h", "w")]), names


def _decayed(weight_decay: float) -> tuple[tuple[Instruction, ...], str]:
    """Code that adds weight decay to the gradient, and the name of the gradient to go on with."""
    if weight_decay == 0.0:
        return (), "gradient"
    code = (
        Instruction("mul", "decay", ("parameter", weight_decay)),
        Instruction("add", "decayed", ("gradient", "decay")),
    )
    return code, "decayed"


@irdl_op_definition
class SgdOp(UpdateOp):
    """`new_parameter = parameter - rate * (gradient + weight_decay * parameter)`."""

    name = "simdc.sgd"

    parameter = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    rate = prop_def(RATE)
    weight_decay = prop_def(RATE)
    new_parameter = result_def(TENSOR)

    def kernel(self) -> VectorProgram:
        decay, gradient = _decayed(self.weight_decay.value.data)
        blocks = (
            (*decay, Instruction("mul", "step", (gradient, self.rate.value.data))),
            (Instruction("sub", "new_parameter", ("parameter", "step")),),
        )
        return self.update_program("sgd", blocks, ("parameter", "gradient"), ("new_parameter",), ("step",))


@irdl_op_definition
class MomentumOp(UpdateOp):
    """`new_velocity = momentum * velocity + gradient + weight_decay * parameter`,
    `new_parameter = parameter - rate * new_velocity`."""

    name = "simdc.momentum"

    parameter = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    velocity = operand_def(TENSOR)
    rate = prop_def(RATE)
    momentum = prop_def(RATE)
    weight_decay = prop_def(RATE)
    new_parameter = result_def(TENSOR)
    new_velocity = result_def(TENSOR)

    def kernel(self) -> VectorProgram:
        decay, gradient = _decayed(self.weight_decay.value.data)
        code = (
            *decay,
            Instruction("mul", "kept", ("velocity", self.momentum.value.data)),
            Instruction("add", "new_velocity", ("kept", gradient)),
            Instruction("mul", "step", ("new_velocity", self.rate.value.data)),
            Instruction("sub", "new_parameter", ("parameter", "step")),
        )
        inputs, outputs = ("parameter", "gradient", "velocity"), ("new_parameter", "new_velocity")
        return self.update_program("momentum", (code,), inputs, outputs)


@irdl_op_definition
class AdamOp(UpdateOp):
    """Adam at step `step`: `new_first = beta1 * first + (1 - beta1) * g`,
    `new_second = beta2 * second + (1 - beta2) * g^2`,
    `new_parameter = parameter
    - rate * new_first / (1 - beta1^step) / (sqrt(new_second / (1 - beta2^step)) + epsilon)`.

    With `decoupled` (AdamW) the parameter itself decays by `rate * weight_decay`; otherwise g includes the decay.
    """

    name = "simdc.adam"

    parameter = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    first = operand_def(TENSOR)
    second = operand_def(TENSOR)
    rate = prop_def(RATE)
    beta1 = prop_def(RATE)
    beta2 = prop_def(RATE)
    epsilon = prop_def(RATE)
    weight_decay = prop_def(RATE)
    decoupled = opt_prop_def(UnitAttr)
    step = prop_def(IntegerAttr.constr(i64))
    new_parameter = result_def(TENSOR)
    new_first = result_def(TENSOR)
    new_second = result_def(TENSOR)

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        if self.step.value.data < 1 or not all(0 <= beta.value.data < 1 for beta in (self.beta1, self.beta2)):
            raise VerifyException("steps count from 1, and beta1 and beta2 are at least 0 and less than 1")
        return super().result_shapes()

    def kernel(self) -> VectorProgram:
        rate, beta1, beta2, epsilon, weight_decay = (
            field.value.data for field in (self.rate, self.beta1, self.beta2, self.epsilon, self.weight_decay)
        )
        step = self.step.value.data
        decoupled = self.decoupled is not None and weight_decay != 0.0
        decay, gradient = ((), "gradient") if decoupled else _decayed(weight_decay)
        kept = "parameter"
        if decoupled:
            kept = "shrunk"
            decay = (Instruction("mul", "shrunk", ("parameter", 1.0 - rate * weight_decay)),)
        code = (
            *decay,
            Instruction("mul", "first_kept", ("first", beta1)),
            Instruction("mul", "first_part", (gradient, 1.0 - beta1)),
            Instruction("add", "new_first", ("first_kept", "first_part")),
            Instruction("mul", "square", (gradient, gradient)),
            Instruction("mul", "second_part", ("square", 1.0 - beta2)),
            Instruction("mul", "second_kept", ("second", beta2)),
            Instruction("add", "new_second", ("second_kept", "second_part")),
            Instruction("mul", "second_fair", ("new_second", 1.0 / (1.0 - beta2**step))),
            Instruction("sqrt", "root", ("second_fair",)),
            Instruction("add", "divisor", ("root", epsilon)),
            Instruction("mul", "scaled", ("new_first", rate / (1.0 - beta1**step))),
            Instruction("div", "move", ("scaled", "divisor")),
            Instruction("sub", "new_parameter", (kept, "move")),
        )
        inputs = ("parameter", "gradient", "first", "second")
        outputs = ("new_parameter", "new_first", "new_second")
        return self.update_program("adam", (code,), inputs, outputs)


@irdl_op_definition
class RunningAverageOp(UpdateOp):
    """`new_parameter = (1 - momentum) * parameter + momentum * gradient`: a running statistic; the gradient's place
    is taken by the batch's own value."""

    name = "simdc.running_average"

    parameter = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    momentum = prop_def(RATE)
    new_parameter = result_def(TENSOR)

    def kernel(self) -> VectorProgram:
        momentum = self.momentum.value.data
        code = (
            Instruction("mul", "kept", ("parameter", 1.0 - momentum)),
            Instruction("mul", "added", ("gradient", momentum)),
            Instruction("add", "new_parameter", ("kept", "added")),
        )
        return self.update_program("running_average", (code,), ("parameter", "gradient"), ("new_parameter",))
