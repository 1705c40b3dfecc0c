"""The gradient rules of the dialect's own layers. Names of gradients follow their layer: `conv1.grad_weight`."""

from __future__ import annotations

from xdsl.ir import SSAValue

from .base import LayerOp, shape_of
from .batch_norm_grad import BatchNormGradOp
from .concat import ConcatOp, SliceOp
from .conv import Conv2DOp, LinearOp
from .conv_grad import Conv2DInputGradOp, Conv2DWeightGradOp
from .elementwise import AddOp, ReluOp
from .elementwise_grad import MultiplyOp, ReduceSumOp, ReluGradOp
from .free import FlattenOp, ReshapeOp
from .gradient import RULES, Backward, rule_for
from .linear_grad import LinearInputGradOp, LinearWeightGradOp
from .loss import SoftmaxCrossEntropyGradOp, SoftmaxCrossEntropyOp
from .lrn_grad import LocalResponseNormGradOp
from .norm import BatchNormOp, LocalResponseNormOp
from .pool import AveragePoolOp, GlobalAveragePoolOp, MaxPoolOp
from .pool_grad import AveragePoolGradOp, GlobalAveragePoolGradOp, MaxPoolGradOp

__all__ = ["RULES"]

INPUT, WEIGHT = "input_gradient", "weight_gradient"


def _give_input(back: Backward, value: SSAValue, op: LayerOp) -> None:
    """Hand over the only result of `op` as the gradient with respect to `value`."""
    back.give(value, back.emit(op, INPUT).results[0])


@rule_for(Conv2DOp)
def conv2d(op: Conv2DOp, back: Backward) -> None:
    name, upstream = op.layer.data, back.upstream(op.result)
    if back.needs(op.input):
        _give_input(back, op.input, Conv2DInputGradOp(f"{name}.grad_input", op, upstream))
    if back.needs(op.weight):
        emitted = back.emit(Conv2DWeightGradOp(f"{name}.grad_weight", op, upstream), WEIGHT)
        back.give(op.weight, emitted.results[0])
    if op.bias is not None and back.needs(op.bias):
        back.give(op.bias, back.emit(ReduceSumOp(f"{name}.grad_bias", upstream), WEIGHT).results[0])


@rule_for(LinearOp)
def linear(op: LinearOp, back: Backward) -> None:
    name, upstream = op.layer.data, back.upstream(op.result)
    if back.needs(op.input):
        _give_input(back, op.input, LinearInputGradOp(f"{name}.grad_input", upstream, op.weight))
    if back.needs(op.weight):
        emitted = back.emit(LinearWeightGradOp(f"{name}.grad_weight", op.input, upstream), WEIGHT)
        back.give(op.weight, emitted.results[0])
    if op.bias is not None and back.needs(op.bias):
        back.give(op.bias, back.emit(ReduceSumOp(f"{name}.grad_bias", upstream), WEIGHT).results[0])


@rule_for(ReluOp)
def relu(op: ReluOp, back: Backward) -> None:
    _give_input(back, op.input, ReluGradOp(f"{op.layer.data}.grad_input", back.upstream(op.result), op.result))


@rule_for(AddOp)
def add(op: AddOp, back: Backward) -> None:
    for value in (op.lhs, op.rhs):
        if back.needs(value):
            back.give(value, back.upstream(op.result))


@rule_for(ConcatOp)
def concat(op: ConcatOp, back: Backward) -> None:
    first = 0
    for number, value in enumerate(op.inputs):
        channels = shape_of(value)[1]
        if back.needs(value):
            name = f"{op.layer.data}.grad_input{number}"
            _give_input(back, value, SliceOp(name, back.upstream(op.result), first, channels))
        first += channels


@rule_for(MultiplyOp)
def multiply(op: MultiplyOp, back: Backward) -> None:
    for value, other, side in ((op.lhs, op.rhs, "input"), (op.rhs, op.lhs, "other")):
        if back.needs(value):
            _give_input(back, value, MultiplyOp(f"{op.layer.data}.grad_{side}", back.upstream(op.result), other))


@rule_for(MaxPoolOp)
def max_pool(op: MaxPoolOp, back: Backward) -> None:
    _give_input(back, op.input, MaxPoolGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result)))


@rule_for(AveragePoolOp)
def average_pool(op: AveragePoolOp, back: Backward) -> None:
    _give_input(back, op.input, AveragePoolGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result)))


@rule_for(GlobalAveragePoolOp)
def global_average_pool(op: GlobalAveragePoolOp, back: Backward) -> None:
    _give_input(back, op.input, GlobalAveragePoolGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result)))


@rule_for(BatchNormOp)
def batch_norm(op: BatchNormOp, back: Backward) -> None:
    upstream = back.upstream(op.result)
    grad = BatchNormGradOp(f"{op.layer.data}.grad", op.input, upstream, op.mean, op.inv_std, op.scale)
    results = back.emit(grad, INPUT).results
    for value, gradient in zip((op.input, op.scale, op.shift), results, strict=True):
        if back.needs(value):
            back.give(value, gradient)


@rule_for(LocalResponseNormOp)
def local_response_norm(op: LocalResponseNormOp, back: Backward) -> None:
    _give_input(back, op.input, LocalResponseNormGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result)))


@rule_for(FlattenOp)
def flatten(op: FlattenOp, back: Backward) -> None:
    _give_input(back, op.input, ReshapeOp(f"{op.layer.data}.grad_input", back.upstream(op.result), op.input))


@rule_for(SoftmaxCrossEntropyOp)
def softmax_cross_entropy(op: SoftmaxCrossEntropyOp, back: Backward) -> None:
    """The loss is where the gradient begins: its own upstream is one."""
    _give_input(back, op.logits, SoftmaxCrossEntropyGradOp(f"{op.layer.data}.grad_input", op.probabilities, op.target))
