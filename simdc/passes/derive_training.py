"""Reverse-mode differentiation: from the network to one whole training step of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import VerifyException

from simdc.errors import SimdcError
from simdc.ir.base import LayerOp, make_tensor_type, name_hint, shape_of, tensor_type
from simdc.ir.batch_norm_grad import BatchNormStatisticsOp
from simdc.ir.broadcast import MultiplyOp
from simdc.ir.context import layer_error
from simdc.ir.elementwise import AddOp
from simdc.ir.free import DropoutOp, FlattenOp
from simdc.ir.gradient_rules import RULES
from simdc.ir.loss import SoftmaxCrossEntropyOp
from simdc.ir.network import NetworkOp, ParameterOp, ReturnOp, network_of
from simdc.ir.norm import BatchNormOp
from simdc.ir.softmax import SoftmaxOp
from simdc.ir.update import AdamOp, MomentumOp, RunningAverageOp, SgdOp, UpdateOp

UPDATE = "update"
LARGEST = 1e100
"""Of a rate: products of rates are numbers, too."""
Optimizer = Literal["sgd", "momentum", "adam", "adamw"]
OPTIMIZERS: tuple[Optimizer, ...] = ("sgd", "momentum", "adam", "adamw")


class TrainingStep:
    """The step as it grows: forward layers are there, loss, gradients and updates are appended."""

    def __init__(self, network: NetworkOp, input_grad: bool):
        self.network = network
        self.block: Block = network.body.block
        self.gradients: dict[SSAValue, list[SSAValue]] = {}
        self.current: LayerOp | None = None
        self._wanted: set[SSAValue] = set(self.block.args) if input_grad else set()

    def find_wanted(self) -> None:
        """Mark every value that a gradient must reach: trained parameters and whatever depends on them."""
        for op in self.block.ops:
            if isinstance(op, ParameterOp):
                if op.statistic is None and op.frozen is None:
                    self._wanted.add(op.result)
            elif any(value in self._wanted for value in op.operands):
                self._wanted.update(op.results)

    def needs(self, value: SSAValue) -> bool:
        return value in self._wanted

    def upstream(self, result: SSAValue) -> SSAValue:
        return self.gradients[result][0]

    def emit(self, op: LayerOp, step: str) -> LayerOp:
        """Append an op; it stands where its forward layer was written."""
        op.phase = StringAttr(step)
        if self.current is not None:
            op.location = self.current.location
        self.append(op, op.layer.data)
        return op

    def append(self, op: Operation, name: str) -> None:
        self.block.add_op(op)
        for number, result in enumerate(op.results):
            result.name_hint = name_hint(name if number == 0 else f"{name}.{number}")

    def give(self, value: SSAValue, gradient: SSAValue) -> None:
        self.gradients.setdefault(value, []).append(gradient)

    def join(self, value: SSAValue, name: str) -> None:
        """Add up the gradients of a value that several layers read."""
        parts = self.gradients.get(value, [])
        total = parts[0] if parts else None
        for number, part in enumerate(parts[1:], 1):
            assert total is not None
            suffix = "grad_sum" if number == 1 else f"grad_sum{number}"
            total = self.emit(AddOp(f"{name}.{suffix}", total, part), "input_gradient").results[0]
        if total is not None:
            self.gradients[value] = [total]

    def differentiate(self, layers: list[LayerOp]) -> None:
        """Walk the forward layers backwards and apply their rules."""
        for op in reversed(layers):
            self.current = op
            if isinstance(op, SoftmaxCrossEntropyOp):
                if self.needs(op.logits):
                    RULES[type(op)](op, self)
                continue
            for result in op.results:
                self.join(result, op.layer.data)
            reached = [result for result in op.results if result in self.gradients]
            if not reached or not any(self.needs(value) for value in op.operands):
                continue
            if type(op) not in RULES:
                known = ", ".join(sorted(cls.name.removeprefix("simdc.") for cls in RULES))
                raise layer_error(op, f"has no gradient rule, so it cannot be trained; these have one: {known}")
            RULES[type(op)](op, self)
        self.current = None


def use_batch_statistics(step: TrainingStep) -> list[tuple[BatchNormOp, list[SSAValue]]]:
    """Let batch norms use the batch's own statistics; returns them with their stored (mean, inv_std)."""
    found: list[tuple[BatchNormOp, list[SSAValue]]] = []
    for op in list(step.network.layers()):
        if isinstance(op, BatchNormOp):
            statistics = BatchNormStatisticsOp(f"{op.layer.data}.statistics", op.input)
            statistics.location = op.location
            step.block.insert_op_before(statistics, op)
            found.append((op, [op.mean, op.inv_std]))
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
            masked.attributes["rate"] = op.rate
            masked.location = mask.location = op.location
            mask.result.name_hint, masked.result.name_hint = name_hint(f"{op.layer.data}.mask"), op.result.name_hint
            step.block.insert_ops_before([mask, masked], op)
            op.result.replace_all_uses_with(masked.result)
            step.block.erase_op(op)


def flattened(step: TrainingStep, value: SSAValue) -> SSAValue:
    """[n, c, 1, 1] as [n, c]."""
    owner = value.owner
    name = f"{owner.layer.data if isinstance(owner, LayerOp) else value.name_hint or 'input'}.flatten"
    op = FlattenOp(name, value)
    if isinstance(owner, LayerOp):
        op.location = owner.location
    step.append(op, name)
    return op.result


def add_losses(step: TrainingStep, results: list[SSAValue]) -> list[SSAValue]:
    """A softmax cross entropy for each result of the network, in place of a softmax that ends it."""
    losses: list[SSAValue] = []
    for number, value in enumerate(results):
        owner = value.owner
        if isinstance(owner, SoftmaxOp) and owner.axis.value.data == 1:
            again = value in results[number + 1 :]
            value = owner.input
            if owner.result.first_use is None and not again:
                step.block.erase_op(owner)
        if shape_of(value)[2:] == (1, 1):
            # Networks that end in a convolution and a global pool.
            value = flattened(step, value)
        if len(shape_of(value)) != 2:
            message = f"the loss is taken over [n, classes], but the network returns shape {list(shape_of(value))}"
            where = value.owner
            raise layer_error(where, message) if isinstance(where, LayerOp) else SimdcError(message)
        name = "loss" if number == 0 else f"loss{number + 1}"
        kind = make_tensor_type(tensor_type(value).element_type, shape_of(value))
        target = step.block.insert_arg(kind, len(step.block.args))
        target.name_hint = "target" if number == 0 else f"target{number + 1}"
        loss = SoftmaxCrossEntropyOp(name, value, target)
        if isinstance(value.owner, LayerOp):
            loss.location = value.owner.location
        step.append(loss, name)
        losses.append(loss.loss)
    return losses


@dataclass(frozen=True)
class DeriveTrainingPass(ModulePass):
    """Appends loss, gradients and parameter updates: forward becomes one iteration of training."""

    name = "simdc-derive-training"

    optimizer: Literal["sgd", "momentum", "adam", "adamw"] = "sgd"
    """The update rule; its state lives in DRAM."""
    rate: float = 0.01
    """Learning rate."""
    momentum: float = 0.9
    """Share of the velocity that stays (momentum), and of running statistics that changes as 1 - momentum."""
    weight_decay: float = 0.0
    """Weight decay, decoupled from the gradient in adamw."""
    master_weights: bool = False
    """Whether the update works on a full-width copy of each weight and writes the narrow weight beside it."""
    input_grad: bool = False
    """Whether to compute the gradient with respect to the network's inputs, too."""

    def __post_init__(self) -> None:
        for name in ("rate", "momentum", "weight_decay"):
            if not abs(getattr(self, name)) < LARGEST:
                raise ValueError(f"{name} must be a number below {LARGEST:g}, got {getattr(self, name)}")

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
        mask_dropout(step)
        norms = use_batch_statistics(step)
        terminator = step.block.last_op
        assert isinstance(terminator, ReturnOp)
        results: list[SSAValue] = list(terminator.operands)
        step.block.erase_op(terminator)

        losses = add_losses(step, results)
        step.find_wanted()
        layers = list(network.layers())
        step.differentiate(layers)

        returned = list(losses)
        if self.input_grad:
            for argument in inputs:
                step.join(argument, argument.name_hint or "input")
                returned += step.gradients.get(argument, [])
        returned += [result for update in self._updates(step, norms) for result in update.results]
        step.block.add_op(ReturnOp(*returned))

    def _updates(self, step: TrainingStep, norms: list[tuple[BatchNormOp, list[SSAValue]]]) -> list[UpdateOp]:
        """Updates of all trained parameters, then of the running statistics."""
        updates: list[UpdateOp] = []
        for op in list(step.block.ops):
            if isinstance(op, ParameterOp) and step.needs(op.result) and op.result in step.gradients:
                step.join(op.result, op.label.data)
                update = self._update(step, op, step.upstream(op.result))
                update.location = op.location
                step.emit(update, UPDATE)
                updates.append(update)
        for norm, stored in norms:
            for value, current, name in zip(stored, (norm.mean, norm.inv_std), ("mean", "inv_std"), strict=True):
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
            name, value, gradient, *moments, rate=rate, weight_decay=decay, decoupled=decoupled, copy_of=narrow
        )


def _is_weight(parameter: SSAValue) -> bool:
    """Whether the systolic array reads the parameter as weights: it is then narrower in DRAM than the SIMD array."""
    readers = [(use.operation, use.index) for use in parameter.uses]
    return any(isinstance(op, LayerOp) and op.ROLES and op.ROLES[index] == "weight" for op, index in readers)
