"""The product of two matrices that are both computed: attention, and whatever multiplies activations."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Contraction, Loop
from simdc.ir.attributes import Unit
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, operand, shape_of, tensor_type, width_bits
from simdc.ir.layers import plain_layer


@irdl_op_definition
class MatMulOp(LayerOp):
    """`result[m, n] = sum over k of lhs[m, k] * rhs[k, n]`. `rhs` stays in the array as weights do."""

    name = "simdc.matmul"
    UNIT: ClassVar = Unit.CONV
    ROLES: ClassVar = ("ifmap", "weight")

    lhs = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, lhs: SSAValue, rhs: SSAValue):
        result = make_tensor_type(tensor_type(lhs).element_type, _product(lhs, rhs))
        IRDLOperation.__init__(
            self, operands=[lhs, rhs], result_types=[result], properties={"layer": StringAttr(layer)}
        )

    def result_shape(self) -> tuple[int, ...]:
        return _product(self.lhs, self.rhs)

    def kernel(self) -> Contraction:
        """Loops are called as in a fully connected layer: m is its batch `n`, k its `ic`, n its `oc`."""
        (rows, inner), columns = shape_of(self.lhs), shape_of(self.rhs)[1]
        return Contraction(
            "matmul",
            (Loop("oc", columns), Loop("ic", inner), Loop("n", rows)),
            operand("ifmap", self.lhs, ("n", "ic")),
            operand("weight", self.rhs, ("ic", "oc")),
            operand("psum", self.result, ("n", "oc"), self.accumulator_bits),
            width_bits(self.result),
        )


def _product(lhs: SSAValue, rhs: SSAValue) -> tuple[int, int]:
    left, right = shape_of(lhs), shape_of(rhs)
    if len(left) != 2 or len(right) != 2 or left[1] != right[0]:
        raise VerifyException(f"expected matrices [m, k] and [k, n], got shapes {list(left)} and {list(right)}")
    return left[0], right[1]


plain_layer("matmul", MatMulOp, "The product of two matrices.", inputs=2)
