"""Losses, which compare a prediction with a target along one dimension, and their gradient, which is one op."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, f64, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, CodeBlock, Instruction, LoopNest, Operand, VectorProgram
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of
from simdc.ir.elements import decay, element_index, element_program
from simdc.ir.lines import lines_along, softmax_nests
from simdc.ir.movement import check_axis, dimension_names, lanes_loop

from .softmax import CHANNELS


def without(sizes: Sequence[int], axis: int) -> tuple[int, ...]:
    return (*sizes[:axis], *sizes[axis + 1 :])


class LossOp(LayerOp):
    """`loss` has a number for each line of `prediction` along `axis`; training makes the mean of them all small."""

    prediction = operand_def(TENSOR)
    target = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64), default_value=CHANNELS)
    loss = result_def(TENSOR)

    @property
    def class_numbers(self) -> SSAValue | None:
        """The numbers of the classes, where the target names one of them."""
        return None

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        shape, axis = shape_of(self.prediction), self.axis.value.data
        if not 2 <= len(shape) <= 4:
            raise VerifyException(f"expected two to four dimensions, got shape {list(shape)}")
        check_target(shape, axis, self.target, self.class_numbers)
        return (*[shape] * (len(self.results) - 1), without(shape, axis))

    @abstractmethod
    def gradient(self, layer: str) -> LossGradOp:
        """The gradient of the mean loss with respect to the prediction."""

    def difference(self, layer: str, prediction: SSAValue, scale: float) -> LossGradOp:
        """The gradient where it is the difference of target and `prediction`, which is what the loss made of its own
        where that is what the target is compared with."""
        return LossGradOp(layer, prediction, self.target, self.class_numbers, axis=self.axis, scale=scale)


def check_target(shape: tuple[int, ...], axis: int, target: SSAValue, classes: SSAValue | None) -> None:
    """Raise VerifyException unless the target goes with a prediction of `shape`."""
    check_axis(shape, axis)
    wanted = shape if classes is None else without(shape, axis)
    if shape_of(target) != wanted:
        raise VerifyException(f"expected a target of shape {list(wanted)}, got {list(shape_of(target))}")
    if classes is not None and shape_of(classes) != (shape[axis],):
        raise VerifyException(f"expected the numbers of {shape[axis]} classes, got shape {list(shape_of(classes))}")


def class_operands(
    target: SSAValue, classes: SSAValue, index: Sequence[str | Affine], axis: int
) -> tuple[Operand, Operand]:
    """`target`, which names classes, and `classes`, their numbers. The machine cannot look up an element by a number
    that is data: each class asks whether it is the one."""
    line = [*index[:axis], *index[axis + 1 :]]
    return operand("target", target, line), operand("classes", classes, (index[axis],))


@irdl_op_definition
class LossGradOp(LayerOp):
    """`result = (prediction - target) * scale`: the gradient of a mean loss. With `classes`, the numbers 0, 1, ...
    along `axis`, the target has lost that dimension and names the one class whose target is 1."""

    name = "simdc.loss_grad"

    prediction = operand_def(TENSOR)
    target = operand_def(TENSOR)
    classes = opt_operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64), default_value=CHANNELS)
    scale = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape = shape_of(self.prediction)
        check_target(shape, self.axis.value.data, self.target, self.classes)
        return shape

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.prediction)
        index = element_index(shape)
        p, y = operand("p", self.prediction, index), operand("y", self.result, index)
        if self.classes is None:
            inputs = (operand("target", self.target, index),)
            code = (Instruction("sub", "difference", ("p", "target")),)
        else:
            inputs = class_operands(self.target, self.classes, index, self.axis.value.data)
            code = (
                Instruction("conditional_move", "wanted", ("classes", "target", 1.0, 0.0)),
                Instruction("sub", "difference", ("p", "wanted")),
            )
        scaled = Instruction("mul", "y", ("difference", self.scale.value.data))
        return element_program("loss_grad", shape, (p, *inputs), y, (*code, scaled))


@irdl_op_definition
class SoftmaxCrossEntropyOp(LossOp):
    """`probabilities = softmax(prediction)` and `loss = -sum of target * log(probabilities)`, both along `axis`; the
    gradient needs the probabilities. With `classes` the target is the number of a class for each line, and the loss
    `-log(probability of that class)`."""

    name = "simdc.softmax_cross_entropy"

    # Again, since the operands of a class come before those of its base.
    prediction = operand_def(TENSOR)
    target = operand_def(TENSOR)
    classes = opt_operand_def(TENSOR)
    probabilities = result_def(TENSOR)

    @property
    def class_numbers(self) -> SSAValue | None:
        return self.classes

    def gradient(self, layer: str) -> LossGradOp:
        lines = prod(without(shape_of(self.prediction), self.axis.value.data))
        return self.difference(layer, self.probabilities, 1.0 / lines)

    def kernel(self) -> VectorProgram:
        axis, names = self.axis.value.data, dimension_names(shape_of(self.prediction))
        x, y = operand("x", self.prediction, names), operand("y", self.probabilities, names)
        nests = softmax_nests(x, y, self.accumulator_bits, axis)
        last = self._dense(y, axis) if self.classes is None else self._of_classes(y, self.classes, axis)
        return VectorProgram("softmax_cross_entropy", (*nests, last), lanes_loop(names, {axis}))

    def _dense(self, y: Operand, axis: int) -> LoopNest:
        names = dimension_names(y.shape)
        code = (
            Instruction("log", "log", ("y",)),
            Instruction("mul", "part", ("log", "target")),
            Instruction("sub", "loss", ("loss", "part")),
        )
        return _summed(y, (operand("target", self.target, names),), _line(self.loss, names, axis), axis, code)

    def _of_classes(self, y: Operand, classes: SSAValue, axis: int) -> LoopNest:
        """All but one of the numbers that are added up are zero; one logarithm a line is taken at the end."""
        names = dimension_names(y.shape)
        loss = _line(self.loss, names, axis)
        found = loss._replace(name="found", bits=self.accumulator_bits)
        code = (
            Instruction("conditional_move", "part", ("classes", "target", "y", 0.0)),
            Instruction("add", "found", ("found", "part")),
        )
        end = (Instruction("log", "log", ("found",)), Instruction("sub", "loss", (0.0, "log")))
        return _summed(y, class_operands(self.target, classes, names, axis), loss, axis, code, found, end)


@irdl_op_definition
class MeanSquaredErrorOp(LossOp):
    """`loss = mean of (prediction - target)^2` along `axis`."""

    name = "simdc.mean_squared_error"

    def gradient(self, layer: str) -> LossGradOp:
        return self.difference(layer, self.prediction, 2.0 / prod(shape_of(self.prediction)))

    def kernel(self) -> VectorProgram:
        code = (
            Instruction("sub", "difference", ("x", "target")),
            Instruction("mul", "square", ("difference", "difference")),
            Instruction("add", "sum", ("sum", "square")),
        )
        return _mean_program("mean_squared_error", self, (), code)


@irdl_op_definition
class BinaryCrossEntropyOp(LossOp):
    """`probabilities = sigmoid(prediction)` and `loss`, the mean along `axis` of
    `-target * log(probabilities) - (1 - target) * log(1 - probabilities)`, which is
    `log(1 + exp(-prediction)) + prediction * (1 - target)`; the gradient needs the probabilities."""

    name = "simdc.binary_cross_entropy"

    probabilities = result_def(TENSOR)

    def gradient(self, layer: str) -> LossGradOp:
        return self.difference(layer, self.probabilities, 1.0 / prod(shape_of(self.prediction)))

    def kernel(self) -> VectorProgram:
        code = (
            *decay("x"),
            Instruction("div", "y", (1.0, "whole")),
            Instruction("log", "log", ("whole",)),
            Instruction("sub", "other", (1.0, "target")),
            Instruction("mul", "missed", ("x", "other")),
            Instruction("add", "part", ("log", "missed")),
            Instruction("add", "sum", ("sum", "part")),
        )
        y = operand("y", self.probabilities, dimension_names(shape_of(self.prediction)))
        return _mean_program("binary_cross_entropy", self, (y,), code)


def _line(loss: SSAValue, names: Sequence[str], axis: int) -> Operand:
    return operand("loss", loss, [*names[:axis], *names[axis + 1 :]])


def _mean_program(kind: str, op: LossOp, results: tuple[Operand, ...], code: tuple[Instruction, ...]) -> VectorProgram:
    """`code` adds up in `sum` along the axis; what it makes beside that are `results`."""
    axis, names = op.axis.value.data, dimension_names(shape_of(op.prediction))
    x, target = operand("x", op.prediction, names), operand("target", op.target, names)
    loss = _line(op.loss, names, axis)
    total = loss._replace(name="sum", bits=op.accumulator_bits)
    end = (Instruction("mul", "loss", ("sum", 1.0 / x.shape[axis])),)
    nest = _summed(x, (target,), loss, axis, code, total, end)
    return VectorProgram(kind, (nest._replace(outputs=(*results, loss)),), lanes_loop(names, {axis}))


def _summed(
    x: Operand,
    others: tuple[Operand, ...],
    loss: Operand,
    axis: int,
    code: tuple[Instruction, ...],
    total: Operand | None = None,
    end: tuple[Instruction, ...] = (),
) -> LoopNest:
    """A pass over `x` and what it is compared with. `code` adds up in `total`, of which `end` makes the loss of a line;
    without it in the loss itself."""
    loops, _ = lines_along(x, axis, "loss", loss.bits)
    every = tuple(loop.name for loop in loops)
    gathered = loss if total is None else total
    blocks = (CodeBlock(every, code), *([CodeBlock(every[:-1], end)] if end else []))
    scratch = () if total is None else (total,)
    return LoopNest(loops, (x, *others), (loss,), blocks, scratch=scratch, initial=((gathered.name, 0.0),))
