"""The loss of each result of the network in a training step: which it is, and the layers that compute it.

Logits [8, 1000] get a softmax cross entropy along axis 1 with targets [8], the numbers of the classes; an image
[8, 3, 32, 32] gets a mean squared error with targets of its own shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from xdsl.ir import Block, Operation, SSAValue

from simdc.errors import SimdcError
from simdc.ir.base import LayerOp, make_tensor_type, name_hint, shape_of, tensor_type
from simdc.ir.context import layer_error
from simdc.ir.network import ParameterOp
from simdc.ir.notes import add_note
from simdc.ir.ops.free import FlattenOp, ReshapeOp
from simdc.ir.ops.loss import BinaryCrossEntropyOp, MeanSquaredErrorOp, SoftmaxCrossEntropyOp, without
from simdc.ir.ops.softmax import SoftmaxOp
from simdc.named import NamedTuple

from .training_step import TrainingStep

if TYPE_CHECKING:
    from simdc.ir.ops.activation.exponential import SigmoidOp

LOSSES = ("softmax", "mse", "bce", "given")
WORDS = {
    "softmax": "softmax cross entropy",
    "mse": "mean squared error",
    "bce": "binary cross entropy",
    "given": "given, its gradient comes with the batch",
}
# Loss kernels loop over at most n, channels, rows and columns.
MOST_DIMENSIONS = 4


class Choice(NamedTuple):
    """What the user asks for: a loss for each result, one for all, or none to choose by shape; the dimension along
    which the classes lie; whether a softmax is compared with probabilities instead of the number of a class."""

    losses: tuple[str, ...] = ()
    class_axis: int | None = None
    soft_targets: bool = False


def add_losses(step: TrainingStep, results: Sequence[SSAValue], choice: Choice) -> list[SSAValue]:
    """A loss for each result of the network; returns what the step returns of them: a loss, or the result itself where
    its gradient is given. Raises SimdcError."""
    if len(choice.losses) not in (0, 1, len(results)):
        raise SimdcError(f"the network has {len(results)} results, but {len(choice.losses)} losses are given")
    asked = choice.losses * len(results) if len(choice.losses) == 1 else choice.losses or [None] * len(results)
    returned: list[SSAValue] = []
    for number, (value, kind) in enumerate(zip(results, asked, strict=True)):
        # A result may be returned twice: the first loss must not take away what the second reads.
        again = value in results[number + 1 :]
        # loss, loss2, loss3: the names that targets and gradients are fed by.
        suffix = "" if number == 0 else f"{number + 1}"
        name = value.owner.layer.data if isinstance(value.owner, LayerOp) else value.name_hint or "the input"
        chosen = kind or loss_by_shape(value)
        if chosen == "given":
            add_note(step.network, f"loss of {name}: {WORDS[chosen]}")
            returned.append(value)
            # The user's own loss: the step takes dloss/dvalue as an input, and starts its backward pass there.
            step.give(value, _argument(step, value, shape_of(value), f"gradient{suffix}"))
            continue
        axis = _axis(value, choice.class_axis)
        value = _without_activation(step, value, chosen, axis, again)
        # [8, 1000, 1, 1] after a global pool is [8, 1000]: then targets are [8], not [8, 1, 1].
        if shape_of(value)[2:] == (1, 1) and axis == 1:
            value = _viewed(step, FlattenOp(_view_name(value, "flatten"), value))
        text = f"{WORDS[chosen]} along axis {axis} of {list(shape_of(value))}"
        if chosen == "softmax":
            text += ", targets are probabilities" if choice.soft_targets else ", a target is the number of a class"
        if kind is None:
            text += "; chosen by its shape, --loss chooses another"
        add_note(step.network, f"loss of {name}: {text}")
        returned.append(_loss(step, value, chosen, axis, suffix, choice.soft_targets))
    return returned


def loss_by_shape(value: SSAValue) -> str:
    """Softmax cross entropy for [n, classes] and [n, tokens, vocabulary], and for what ends in a softmax; else mean
    squared error. A single class is nothing to choose from: [n, 1] is a number to come close to."""
    shape = shape_of(value)
    if isinstance(value.owner, SoftmaxOp):
        return "softmax"
    classifies = len(shape) in (2, 3) or shape[2:] == (1, 1)
    return "softmax" if classifies and shape[_axis(value, None)] > 1 else "mse"


def _axis(value: SSAValue, asked: int | None) -> int:
    """The dimension of the classes: as asked for, that of a softmax that ends the network, the last of [n, tokens,
    vocabulary], else the channels. A tensor of one dimension has it behind."""
    rank = max(2, len(shape_of(value)))
    if asked is not None:
        if not -rank <= asked < rank:
            raise _at(value, f"there is no class axis {asked} in a result of shape {list(shape_of(value))}")
        return asked % rank
    if isinstance(value.owner, SoftmaxOp):
        return value.owner.axis.value.data
    return 2 if rank == 3 else 1


def _activation_in_loss(owner: Operation | Block, kind: str, axis: int) -> SoftmaxOp | SigmoidOp | None:
    if kind == "softmax" and isinstance(owner, SoftmaxOp) and owner.axis.value.data == axis and owner.is_plain:
        return owner
    if kind != "bce":
        return None
    # One loss needs it: its file defines 14 ops.
    from simdc.ir.ops.activation.exponential import SigmoidOp

    return owner if isinstance(owner, SigmoidOp) else None


def _without_activation(step: TrainingStep, value: SSAValue, kind: str, axis: int, again: bool) -> SSAValue:
    """What goes into a softmax or sigmoid that is part of the loss, and that nobody else reads."""
    owner = _activation_in_loss(value.owner, kind, axis)
    if owner is None:
        return value
    # softmax + cross entropy have the gradient p - target together, without a softmax gradient between.
    if value.first_use is None and not again:
        step.block.erase_op(owner)
    return owner.input


def _loss(step: TrainingStep, value: SSAValue, kind: str, axis: int, suffix: str, soft_targets: bool) -> SSAValue:
    shape = shape_of(value)
    if not 2 <= len(shape) <= MOST_DIMENSIONS:
        # [n] as [n, 1]; a head of five dimensions [n, anchors, h, w, 85] along the last as [n*anchors*h*w, 85, 1].
        shape = (prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])) if len(shape) > 2 else (*shape, 1)
        value, axis = _viewed(step, ReshapeOp(_view_name(value, "reshape"), value, shape=shape)), 1
    name = f"loss{suffix}"
    if kind == "softmax" and not soft_targets:
        target = _argument(step, value, without(shape, axis), f"target{suffix}")
        label = f"{name}.classes"
        # A target is compared with 0, 1, ..., classes - 1, which the lanes read from DRAM: one vector for the layer.
        numbers = make_tensor_type(tensor_type(value).element_type, (shape[axis],))
        classes = ParameterOp.make(label, numbers, constant=True)
        step.append(classes, label)
        loss = SoftmaxCrossEntropyOp(name, value, target, classes.result, axis=axis)
    else:
        target = _argument(step, value, shape, f"target{suffix}")
        ops = {"softmax": SoftmaxCrossEntropyOp, "mse": MeanSquaredErrorOp, "bce": BinaryCrossEntropyOp}
        loss = ops[kind](name, value, target, axis=axis)
    if isinstance(value.owner, LayerOp):
        loss.location = value.owner.location
    step.append(loss, name)
    return loss.loss


def _argument(step: TrainingStep, like: SSAValue, shape: tuple[int, ...], name: str) -> SSAValue:
    """An input of the step, with elements as `like` has them."""
    argument = step.block.insert_arg(make_tensor_type(tensor_type(like).element_type, shape), len(step.block.args))
    argument.name_hint = name_hint(name)
    return argument


def _view_name(value: SSAValue, what: str) -> str:
    owner = value.owner
    return f"{owner.layer.data if isinstance(owner, LayerOp) else value.name_hint or 'input'}.{what}"


def _viewed(step: TrainingStep, op: FlattenOp | ReshapeOp) -> SSAValue:
    """The result of a view, which stands where what it views was written."""
    owner = op.input.owner
    if isinstance(owner, LayerOp):
        op.location = owner.location
    step.append(op, op.layer.data)
    return op.result


def _at(value: SSAValue, message: str) -> SimdcError:
    return layer_error(value.owner, message) if isinstance(value.owner, LayerOp) else SimdcError(message)
