"""Gradients of a fully connected layer: matrix products."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Contraction, Loop
from simdc.ir.attributes import Unit
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, operand, shape_of, tensor_type, width_bits


@irdl_op_definition
class LinearInputGradOp(LayerOp):
    """`result[n, ic] = sum over oc of gradient[n, oc] * weight[oc, ic]`."""

    name = "simdc.linear_input_grad"
    UNIT: ClassVar = Unit.CONV
    ROLES: ClassVar = ("ifmap", "weight")

    gradient = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, gradient: SSAValue, weight: SSAValue):
        shape = (shape_of(gradient)[0], shape_of(weight)[1])
        result = make_tensor_type(tensor_type(gradient).element_type, shape)
        IRDLOperation.__init__(
            self, operands=[gradient, weight], result_types=[result], properties={"layer": StringAttr(layer)}
        )

    def result_shape(self) -> tuple[int, ...]:
        (n, out_features), (rows, in_features) = shape_of(self.gradient), shape_of(self.weight)
        if out_features != rows:
            raise VerifyException(f"the gradient has {out_features} features, the weight {rows}")
        return (n, in_features)

    def kernel(self) -> Contraction:
        """The loops `ic` and `oc` are those of the product: features of the gradient and of the result."""
        (n, out_features), in_features = shape_of(self.gradient), shape_of(self.weight)[1]
        return Contraction(
            "linear",
            (Loop("oc", in_features), Loop("ic", out_features), Loop("n", n)),
            operand("ifmap", self.gradient, ("n", "ic")),
            operand("weight", self.weight, ("ic", "oc")),
            operand("psum", self.result, ("n", "oc"), self.accumulator_bits),
            width_bits(self.result),
        )


@irdl_op_definition
class LinearWeightGradOp(LayerOp):
    """`result[oc, ic] = sum over n of gradient[n, oc] * input[n, ic]`."""

    name = "simdc.linear_weight_grad"
    UNIT: ClassVar = Unit.CONV
    ROLES: ClassVar = ("ifmap", "weight")

    input = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue, gradient: SSAValue):
        shape = (shape_of(gradient)[1], shape_of(input)[1])
        result = make_tensor_type(tensor_type(gradient).element_type, shape)
        IRDLOperation.__init__(
            self, operands=[input, gradient], result_types=[result], properties={"layer": StringAttr(layer)}
        )

    def result_shape(self) -> tuple[int, ...]:
        (n, in_features), (samples, out_features) = shape_of(self.input), shape_of(self.gradient)
        if n != samples:
            raise VerifyException(f"the input has {n} samples, the gradient {samples}")
        return (out_features, in_features)

    def kernel(self) -> Contraction:
        """The batch is summed over, so it takes the place of input channels; input features that of the batch."""
        (n, in_features), out_features = shape_of(self.input), shape_of(self.gradient)[1]
        return Contraction(
            "linear",
            (Loop("oc", out_features), Loop("ic", n), Loop("n", in_features)),
            operand("ifmap", self.input, ("ic", "n")),
            operand("weight", self.gradient, ("ic", "oc")),
            operand("psum", self.result, ("oc", "n"), self.accumulator_bits),
            width_bits(self.result),
        )
