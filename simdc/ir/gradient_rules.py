"""The gradient rules of the dialect's own layers. Names of gradients follow their layer: `conv1.grad_weight`."""

from __future__ import annotations

from .base import shape_of
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


@rule_for(Conv2DOp)
def conv2d(op: Conv2DOp, back: Backward) -> None:
    name, upstream = op.layer.data, back.upstream(op.result)
    if back.needs(op.input):
        emitted = back.emit(Conv2DInputGradOp(f"{name}.grad_input", op, upstream), INPUT)
        back.give(op.input, emitted.results[0])
    if back.needs(op.weight):
        emitted = back.emit(Conv2DWeightGradOp(f"{name}.grad_weight", op, upstream), WEIGHT)
        back.give(op.weight, emitted.results[0])
    if op.bias is not None and back.needs(op.bias):
        back.give(op.bias, back.emit(ReduceSumOp(f"{name}.grad_bias", upstream), WEIGHT).results[0])


@rule_for(LinearOp)
def linear(op: LinearOp, back: Backward) -> None:
    name, upstream = op.layer.data, back.upstream(op.result)
    if back.needs(op.input):
        emitted = back.emit(LinearInputGradOp(f"{name}.grad_input", upstream, op.weight), INPUT)
        back.give(op.input, emitted.results[0])
    if back.needs(op.weight):
        emitted = back.emit(LinearWeightGradOp(f"{name}.grad_weight", op.input, upstream), WEIGHT)
        back.give(op.weight, emitted.results[0])
    if op.bias is not None and back.needs(op.bias):
        back.give(op.bias, back.emit(ReduceSumOp(f"{name}.grad_bias", upstream), WEIGHT).results[0])


@rule_for(ReluOp)
def relu(op: ReluOp, back: Backward) -> None:
    grad = ReluGradOp(f"{op.layer.data}.grad_input", back.upstream(op.result), op.result)
    back.give(op.input, back.emit(grad, INPUT).results[0])


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
            grad = SliceOp(f"{op.layer.data}.grad_input{number}", back.upstream(op.result), first, channels)
            back.give(value, back.emit(grad, INPUT).results[0])
        first += channels


@rule_for(MultiplyOp)
def multiply(op: MultiplyOp, back: Backward) -> None:
    for value, other, side in ((op.lhs, op.rhs, "lhs"), (op.rhs, op.lhs, "rhs")):
        if back.needs(value):
            side_name = "input" if side == "lhs" else "other"
            grad = MultiplyOp(f"{op.layer.data}.grad_{side_name}", back.upstream(op.result), other)
            back.give(value, back.emit(grad, INPUT).results[0])


@rule_for(MaxPoolOp)
def max_pool(op: MaxPoolOp, back: Backward) -> None:
    grad = MaxPoolGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result))
    back.give(op.input, back.emit(grad, INPUT).results[0])


@rule_for(AveragePoolOp)
def average_pool(op: AveragePoolOp, back: Backward) -> None:
    grad = AveragePoolGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result))
    back.give(op.input, back.emit(grad, INPUT).results[0])


@rule_for(GlobalAveragePoolOp)
def global_average_pool(op: GlobalAveragePoolOp, back: Backward) -> None:
    grad = GlobalAveragePoolGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result))
    back.give(op.input, back.emit(grad, INPUT).results[0])


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
    grad = LocalResponseNormGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result))
    back.give(op.input, back.emit(grad, INPUT).results[0])


@rule_for(FlattenOp)
def flatten(op: FlattenOp, back: Backward) -> None:
    grad = ReshapeOp(f"{op.layer.data}.grad_input", back.upstream(op.result), op.input)
    back.give(op.input, back.emit(grad, INPUT).results[0])


@rule_for(SoftmaxCrossEntropyOp)
def softmax_cross_entropy(op: SoftmaxCrossEntropyOp, back: Backward) -> None:
    """The loss is where the gradient begins: its own upstream is one."""
    grad = SoftmaxCrossEntropyGradOp(f"{op.layer.data}.grad_input", op.probabilities, op.target)
    back.give(op.logits, back.emit(grad, INPUT).results[0])
