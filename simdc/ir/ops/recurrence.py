"""What recurrent layers share: the steps of a sequence, and the product of the state with weights at each of them.

A recurrent layer is unrolled. What does not depend on the state, the input's part of all gates, is one product for the
whole sequence; then each step is a product of the state with its weights and the gates. The weights are read anew at
each step, for nothing stays in the array's buffers from one layer to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, StringAttr, f32, i64
from xdsl.ir import SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
    result_def,
    var_operand_def,
    var_result_def,
)
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Contraction
from simdc.ir.attributes import Unit
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, shape_of, tensor_type
from simdc.ir.builder import ModuleBuilder
from simdc.ir.gradient import INPUT, Backward, give_input, give_weight, rule_for
from simdc.ir.layer_error import LayerError
from simdc.ir.movement import MAX_RANK, check_axis
from simdc.ir.network import ParameterOp
from simdc.named import NamedTuple

from .free import ReshapeOp
from .linear import LinearInputGradOp, LinearOp, LinearWeightGradOp, matrix_kernel
from .reduce import give_bias
from .scalar import ScalarOp

MOST_STEPS = 2048
"""Steps of a sequence that are unrolled: each is two layers or more."""


@irdl_op_definition
class StepsOp(LayerOp):
    """Each position of dimension `axis` as a tensor without it, read where it lies: `results[t] = input[..., t, ...]`.
    It moves nothing, as a row of a matrix moves nothing."""

    name = "simdc.steps"
    UNIT: ClassVar = None

    input = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64))
    parts = var_result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue, *, axis: int):
        shape = shape_of(input)
        check_axis(shape, axis)
        kind = make_tensor_type(tensor_type(input).element_type, (*shape[:axis], *shape[axis + 1 :]))
        properties = {"layer": StringAttr(layer), "axis": IntegerAttr(axis, i64)}
        # Past the general way, which knows one result of a name or none.
        IRDLOperation.__init__(self, operands=[input], result_types=[[kind] * shape[axis]], properties=properties)

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        shape, axis = shape_of(self.input), self.axis.value.data
        check_axis(shape, axis)
        if len(shape) < 2 or len(self.results) != shape[axis]:
            raise VerifyException(f"dimension {axis} of {list(shape)} does not have {len(self.results)} steps")
        return ((*shape[:axis], *shape[axis + 1 :]),) * len(self.results)

    def kernel(self) -> None:
        return None


@irdl_op_definition
class SequenceOp(LayerOp):
    """Tensors of one shape as the positions of a new dimension `axis`: `result[..., t, ...] = inputs[t]`. Whoever makes
    one of them writes it where it lies in the result, so this moves nothing."""

    name = "simdc.sequence"
    UNIT: ClassVar = None

    inputs = var_operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shapes, axis = {shape_of(value) for value in self.inputs}, self.axis.value.data
        if len(shapes) != 1:
            raise VerifyException(f"steps of one shape make a sequence, got {sorted(map(list, shapes))}")
        shape = shapes.pop()
        if not 0 <= axis <= len(shape) < MAX_RANK:
            raise VerifyException(f"there is no place {axis} for a new dimension in shape {list(shape)}")
        return (*shape[:axis], len(self.inputs), *shape[axis:])

    def kernel(self) -> None:
        return None


@rule_for(StepsOp)
def steps_gradient(op: StepsOp, back: Backward) -> None:
    parts = [_reached(op, number, back) for number in range(len(op.results))]
    give_input(back, op.input, SequenceOp(f"{op.layer.data}.grad_input", parts, axis=op.axis))


def _reached(op: StepsOp, number: int, back: Backward) -> SSAValue:
    """The gradient of a step, zeros for one that no loss depends on."""
    result = op.results[number]
    if back.reaches(result):
        return back.upstream(result)
    zeros = ScalarOp(f"{op.layer.data}.grad_step{number}", result, function="mul", value=0.0)
    return back.emit(zeros, INPUT).results[0]


@rule_for(SequenceOp)
def sequence_gradient(op: SequenceOp, back: Backward) -> None:
    upstream = back.upstream(op.result)
    steps = StepsOp(f"{op.layer.data}.grad_inputs", upstream, axis=op.axis.value.data)
    for value, gradient in zip(op.inputs, back.emit(steps, INPUT).results, strict=True):
        if back.needs(value):
            back.give(value, gradient)


@irdl_op_definition
class StepProductOp(LayerOp):
    """`result[n, oc] = bias[oc] + sum(input[n, ic] * weight[oc, ic])`: the state of one step by the weights that all
    steps share. It costs what a fully connected layer does. The gradient of the weight is one product for all steps
    together, not a sum of one for each."""

    name = "simdc.step_product"
    UNIT: ClassVar = Unit.SYSTOLIC
    ROLES: ClassVar = ("ifmap", "weight", "bias")

    input = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        state, weight = shape_of(self.input), shape_of(self.weight)
        if len(state) != 2 or len(weight) != 2 or state[1] != weight[1]:
            raise VerifyException(f"the state has shape {list(state)}, the weight {list(weight)}")
        if self.bias is not None and shape_of(self.bias) != weight[:1]:
            raise VerifyException(f"bias has shape {list(shape_of(self.bias))}, expected [{weight[0]}]")
        return (state[0], weight[0])

    def kernel(self) -> Contraction:
        ifmap, weight = (self.input, ("n", "ic")), (self.weight, ("oc", "ic"))
        return matrix_kernel(self, "linear", ifmap, weight, ("n", "oc"), self.bias)


@rule_for(StepProductOp)
def step_product_gradient(op: StepProductOp, back: Backward) -> None:
    name, upstream = op.layer.data, back.upstream(op.result)
    if back.needs(op.input):
        give_input(back, op.input, LinearInputGradOp(f"{name}.grad_input", upstream, op.weight))
    steps = _later_steps(op)
    # Backwards, the first step comes last: the gradients of all others are there.
    if not steps or not (back.needs(op.weight) or (op.bias is not None and back.needs(op.bias))):
        return
    steps = [op, *(other for other in steps[1:] if back.reaches(other.result))]
    gradients = _stacked(back, f"{name}.gradients", [back.upstream(other.result) for other in steps])
    if back.needs(op.weight):
        states = _stacked(back, f"{name}.states", [other.input for other in steps])
        give_weight(back, op.weight, LinearWeightGradOp(f"{name}.grad_weight", states, gradients))
    give_bias(back, op.bias, f"{name}.grad_bias", gradients)


def _later_steps(op: StepProductOp) -> list[StepProductOp]:
    """All steps that share the weight of `op`, in order, if it is the first of them; else none."""
    readers = {use.operation for use in op.weight.uses}
    before = op.prev_op
    while before is not None:
        if before in readers and isinstance(before, StepProductOp):
            return []
        before = before.prev_op
    block = op.parent_block()
    assert block is not None
    return [other for other in block.ops if isinstance(other, StepProductOp) and other in readers]


def _stacked(back: Backward, name: str, values: Sequence[SSAValue]) -> SSAValue:
    """The rows of all steps as one matrix."""
    if len(values) == 1:
        return values[0]
    sequence = back.emit(SequenceOp(name, values, axis=0), INPUT).results[0]
    steps, n, features = shape_of(sequence)
    return back.emit(ReshapeOp(f"{name}.rows", sequence, shape=(steps * n, features)), INPUT).results[0]


# How recurrent layers are built.


class Weights(NamedTuple):
    """Of one direction: `input` [gates * h, features] and `recurrent` [gates * h, h], each with its bias [gates * h] or
    none."""

    input: SSAValue
    recurrent: SSAValue
    input_bias: SSAValue | None = None
    recurrent_bias: SSAValue | None = None


def make_weights(
    net: ModuleBuilder, name: str, shape: tuple[int, int], gates: int, *, bias: bool, frozen: bool
) -> Weights:
    """The parameters of a layer with `gates` gates; `shape` is its features and those of its input. Of 2 features from
    3 with 4 gates: 8 x 3 and 8 x 2 weights and twice 8 biases, 56."""
    features, given = shape
    parts = [(f"{name}.{side}", size) for side, size in (("input", given), ("recurrent", features))]
    weights = [net.parameter(side, "weight", (gates * features, size), frozen=frozen) for side, size in parts]
    if not bias:
        return Weights(*weights)
    offsets = [net.parameter(side, "bias", (gates * features,), frozen=frozen) for side, _ in parts]
    return Weights(*weights, *offsets)


def check_steps(count: int) -> None:
    """Raise LayerError for more steps than are unrolled."""
    if count > MOST_STEPS:
        raise LayerError(f"the sequence has {count} steps; at most {MOST_STEPS} are unrolled")


def zero_state(net: ModuleBuilder, label: str, shape: Sequence[int]) -> SSAValue:
    """What a state begins as where nothing else is given: zeros that come with the network, no parameter."""
    return net.append(ParameterOp.make(label, make_tensor_type(f32, tuple(shape)), constant=True), label)


def input_gates(net: ModuleBuilder, name: str, x: SSAValue, weights: Weights, axis: int) -> Sequence[SSAValue]:
    """The input's part of all gates at each step of `x`, whose dimension `axis`, 0 or 1, is the sequence and the other
    the batch: [n, gates * h] for each, from one product."""
    first, second, features = shape_of(x)
    check_steps((first, second)[axis])
    rows = net.append(ReshapeOp(f"{name}.rows", x, shape=(first * second, features)), f"{name}.rows")
    product = LinearOp(f"{name}.input", rows, weights.input, weights.input_bias)
    made = net.append(product, f"{name}.input")
    gates = ReshapeOp(f"{name}.gates", made, shape=(first, second, shape_of(made)[1]))
    steps = StepsOp(f"{name}.steps", net.append(gates, f"{name}.gates"), axis=axis)
    net.insert(steps, f"{name}.steps")
    return tuple(steps.results)


def product_of_state(net: ModuleBuilder, name: str, state: SSAValue, weights: Weights) -> SSAValue:
    op = StepProductOp(f"{name}.product", state, weights.recurrent, weights.recurrent_bias)
    return net.append(op, f"{name}.product")


class Unrolled(NamedTuple):
    """What one direction gives: the hidden state after each step, in the order of the sequence, and the last states."""

    hidden: Sequence[SSAValue]
    last: Sequence[SSAValue]


def joined(net: ModuleBuilder, name: str, runs: Sequence[Unrolled], *, last: bool) -> SSAValue:
    """Of one direction or two side by side: the hidden states [n, t, h] or [n, t, 2h], or the `last`, without t."""
    sides = [run.last[0] for run in runs] if last else [_states(net, name, number, runs) for number in range(len(runs))]
    if len(sides) == 1:
        return sides[0]
    *outer, features = shape_of(sides[0])
    both = net.append(SequenceOp(f"{name}.sides", sides, axis=len(outer)), f"{name}.sides")
    return net.append(ReshapeOp(f"{name}.joined", both, shape=(*outer, 2 * features)), f"{name}.joined")


def _states(net: ModuleBuilder, name: str, number: int, runs: Sequence[Unrolled]) -> SSAValue:
    label = f"{name}.hidden" if len(runs) == 1 else f"{name}.hidden{number}"
    return net.append(SequenceOp(label, runs[number].hidden, axis=1), label)


def sequence_of(x: SSAValue) -> tuple[int, int, int]:
    """The shape of an input that must be [n, t, features]. Raises LayerError."""
    shape = shape_of(x)
    if len(shape) != 3:
        raise LayerError(f"needs a sequence [n, t, features], its input has shape {list(shape)}")
    return shape[0], shape[1], shape[2]
