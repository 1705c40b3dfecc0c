"""Reverse-mode differentiation: from the network to one whole training step of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import VerifyException

from simdc.ir.base import LayerOp, name_hint, tensor_type
from simdc.ir.context import layer_error
from simdc.ir.network import ParameterOp, ReturnOp, network_of
from simdc.ir.ops.batch_norm import BatchNormOp, BatchNormStatisticsOp
from simdc.ir.ops.broadcast import MultiplyOp
from simdc.ir.ops.free import DropoutOp
from simdc.ir.ops.update import AdamOp, MomentumOp, RunningAverageOp, SgdOp, UpdateOp
from simdc.ir.statistics import EPSILON

from .training_loss import LOSSES, Choice, add_losses
from .training_step import TrainingStep

UPDATE = "update"
LARGEST = 1e100
"""Of a rate: products of rates are numbers, too."""
Optimizer = Literal["sgd", "momentum", "adam", "adamw"]
OPTIMIZERS: tuple[Optimizer, ...] = ("sgd", "momentum", "adam", "adamw")


def use_batch_statistics(step: TrainingStep) -> list[tuple[BatchNormOp, list[SSAValue]]]:
    """Let batch norms use the batch's own statistics; returns them with their stored (mean, inv_std)."""
    found: list[tuple[BatchNormOp, list[SSAValue]]] = []
    for op in list(step.network.layers()):
        if isinstance(op, BatchNormOp):
            statistics = BatchNormStatisticsOp(f"{op.layer.data}.statistics", op.input, epsilon=EPSILON)
            statistics.location = op.location
            step.block.insert_op_before(statistics, op)
            found.append((op, [op.mean, op.inv_std]))
            # The stored mean and inv_std lose this reader; the running averages read them instead.
            op.operands = [op.input, statistics.mean, statistics.inv_std, op.scale, op.shift]
            for result, name in zip(statistics.results, ("mean", "inv_std"), strict=True):
                result.name_hint = name_hint(f"{op.layer.data}.batch_{name}")
    return found


def mask_dropout(step: TrainingStep) -> None:
    """Dropout multiplies by a mask, which comes with the batch; it holds zeros and 1 / (1 - rate)."""
    for op in list(step.network.layers()):
        if isinstance(op, DropoutOp):
            mask = ParameterOp.make(f"{op.layer.data}.mask", tensor_type(op.result), statistic=True)
            masked = MultiplyOp(op.layer.data, op.input, mask.result)
            # The rate changes the values of the mask, not its cost.
            masked.attributes["rate"] = op.rate
            masked.location = mask.location = op.location
            mask.result.name_hint, masked.result.name_hint = name_hint(f"{op.layer.data}.mask"), op.result.name_hint
            step.block.insert_ops_before([mask, masked], op)
            op.result.replace_all_uses_with(masked.result)
            step.block.erase_op(op)


@dataclass(frozen=True)
class DeriveTrainingPass(ModulePass):
    """Appends loss, gradients and parameter updates: forward becomes one iteration of training."""

    name = "simdc-derive-training"

    optimizer: Literal["sgd", "momentum", "adam", "adamw"] = "sgd"
    """The update rule; its state lives in DRAM."""
    rate: float = 0.01
    """Learning rate."""
    momentum: float = 0.9
    """Share of the velocity that an update keeps, of the optimizer `momentum` only."""
    weight_decay: float = 0.0
    """Weight decay, decoupled from the gradient in adamw."""
    master_weights: bool = False
    """Whether the update works on a full-width copy of each weight and writes the narrow weight beside it."""
    input_grad: bool = False
    """Whether to compute the gradient with respect to the network's inputs, too."""
    loss: tuple[str, ...] = ()
    """`softmax`, `mse`, `bce` or `given`, for all results or for each; by their shapes where there is none."""
    class_axis: int | None = None
    """The dimension along which a loss is taken, negative from the end."""
    soft_targets: bool = False
    """Whether a softmax is compared with probabilities instead of the number of a class."""

    def __post_init__(self) -> None:
        for name in ("rate", "momentum", "weight_decay"):
            if not abs(getattr(self, name)) < LARGEST:
                raise ValueError(f"{name} must be a number below {LARGEST:g}, got {getattr(self, name)}")
        for loss in self.loss:
            if loss not in LOSSES:
                raise ValueError(f"there is no loss '{loss}'; known: {', '.join(LOSSES)}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        network = network_of(op)
        if network.phase.data == "training":
            raise VerifyException("the network is a training step already")
        for layer in network.layers():
            if layer.folded is not None:
                raise layer_error(layer, "a batch norm is folded into it, which training needs: derive the step first")
        network.phase = StringAttr("training")
        step = TrainingStep(network, self.input_grad)
        inputs = list(step.block.args)
        # Masks and batch statistics are layers with gradient rules of their own, so they come before any gradient.
        mask_dropout(step)
        norms = use_batch_statistics(step)
        terminator = step.block.last_op
        assert isinstance(terminator, ReturnOp)
        results: list[SSAValue] = list(terminator.operands)
        step.block.erase_op(terminator)

        losses = add_losses(step, results, Choice(self.loss, self.class_axis, self.soft_targets))
        step.find_wanted()
        layers = list(network.layers())
        step.differentiate(layers)

        returned = list(losses)
        if self.input_grad:
            for argument in inputs:
                step.join(argument, argument.name_hint or "input")
                returned += step.gradients.get(argument, [])
        # Updates stand last: they overwrite weights that gradients above still read.
        returned += [result for update in self._updates(step, norms) for result in update.results]
        step.block.add_op(ReturnOp(*returned))

    def _updates(self, step: TrainingStep, norms: list[tuple[BatchNormOp, list[SSAValue]]]) -> list[UpdateOp]:
        """Updates of all trained parameters, then of the running statistics."""
        updates: list[UpdateOp] = []
        for op in list(step.block.ops):
            if isinstance(op, ParameterOp) and step.needs(op.result) and op.result in step.gradients:
                # Weights that two layers share get one update by the sum of both gradients.
                step.join(op.result, op.label.data)
                update = self._update(step, op, step.upstream(op.result))
                update.location = op.location
                step.emit(update, UPDATE)
                updates.append(update)
        for norm, stored in norms:
            for value, current, name in zip(stored, (norm.mean, norm.inv_std), ("mean", "inv_std"), strict=True):
                # 0.9 * running + 0.1 * batch, PyTorch's default; the optimizer's momentum has no say in it.
                average = RunningAverageOp(f"{norm.layer.data}.running_{name}", value, current, momentum=0.1)
                average.location = norm.location
                step.emit(average, UPDATE)
                updates.append(average)
        return updates

    def _update(self, step: TrainingStep, parameter: ParameterOp, gradient: SSAValue) -> UpdateOp:
        label, value = parameter.label.data, parameter.result
        name = f"{label}.update"

        def state(role: str) -> SSAValue:
            """A tensor like the parameter that the optimizer keeps."""
            kept = ParameterOp.make(f"{label}.{role}", tensor_type(value), statistic=True)
            step.append(kept, f"{label}.{role}")
            return kept.result

        rate, decay = self.rate, self.weight_decay
        # HI1: weights of 8 bits for the array, a master of 32 for the update; a bias has 32 already.
        narrow = value if self.master_weights and _is_weight(value) else None
        if narrow is not None:
            value = state("master")
        if self.optimizer == "sgd":
            return SgdOp(name, value, gradient, rate=rate, weight_decay=decay, copy_of=narrow)
        if self.optimizer == "momentum":
            velocity, momentum = state("velocity"), self.momentum
            return MomentumOp(
                name, value, gradient, velocity, rate=rate, momentum=momentum, weight_decay=decay, copy_of=narrow
            )
        moments, decoupled = (state("first"), state("second")), self.optimizer == "adamw"
        return AdamOp(
            name, value, gradient, *moments, rate=rate, weight_decay=decay, decoupled=decoupled, copy_of=narrow,
            # Kingma and Ba, Adam (2015), algorithm 1, at its first step: constants of the code, which cost nothing.
            beta1=0.9, beta2=0.999, epsilon=1e-8, step=1,
        )  # fmt: skip


def _is_weight(parameter: SSAValue) -> bool:
    """Whether the systolic array reads the parameter as weights, or rows of it are gathered: it is then narrower in
    DRAM than the SIMD array."""
    readers = [(use.operation, use.index) for use in parameter.uses]
    return any(isinstance(op, LayerOp) and op.ROLES and op.ROLES[index] in ("weight", "table") for op, index in readers)
