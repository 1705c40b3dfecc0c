"""What losses have in common: they compare a prediction with a target along one dimension. Their gradient is one op."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, StringAttr, f64, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, opt_operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, Instruction, Operand, VectorProgram
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, operand, shape_of, tensor_type
from simdc.ir.elements import element_index, element_program
from simdc.ir.movement import check_axis

from .softmax import CHANNELS


def without(sizes: Sequence[int], axis: int) -> tuple[int, ...]:
    return (*sizes[:axis], *sizes[axis + 1 :])


class LossOp(LayerOp):
    """`loss` has a number for each line of `prediction` along `axis`; training makes the mean of them all small."""

    prediction = operand_def(TENSOR)
    target = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64), default_value=CHANNELS)
    loss = result_def(TENSOR)

    @classmethod
    def of(cls, layer: str, axis: int, prediction: SSAValue, *others: SSAValue) -> Self:
        """The loss of a prediction; `others` are the target and what else the loss reads."""
        line = make_tensor_type(tensor_type(prediction).element_type, without(shape_of(prediction), axis))
        more = [prediction.type] * (len(cls.get_irdl_definition().results) - 1)
        return cls.create(
            operands=[prediction, *others],
            result_types=[*more, line],
            properties={"layer": StringAttr(layer), "axis": IntegerAttr(axis, i64)},
        )

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

    def __init__(self, layer: str, loss: LossOp, prediction: SSAValue, scale: float):
        """`prediction` is what the loss made of its own, where that is what the target is compared with."""
        IRDLOperation.__init__(
            self,
            operands=[prediction, loss.target, loss.class_numbers],
            result_types=[prediction.type],
            properties={"layer": StringAttr(layer), "axis": loss.axis, "scale": FloatAttr(scale, f64)},
        )

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
