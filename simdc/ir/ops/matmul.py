"""The product of two matrices that are both computed: attention, and whatever multiplies activations."""

from __future__ import annotations

from xdsl.irdl import irdl_op_definition, operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Contraction
from simdc.ir.base import TENSOR, shape_of
from simdc.ir.gradient import Backward, give_input, rule_for
from simdc.ir.layers import plain_layer

from .linear import LinearOp, LinearWeightGradOp, ProductOp


@irdl_op_definition
class MatMulOp(ProductOp):
    """`result[m, n] = sum over k of lhs[m, k] * rhs[k, n]`. `rhs` stays in the array as weights do."""

    name = "simdc.matmul"

    lhs = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        left, right = shape_of(self.lhs), shape_of(self.rhs)
        if len(left) != 2 or len(right) != 2 or left[1] != right[0]:
            raise VerifyException(f"expected matrices [m, k] and [k, n], got shapes {list(left)} and {list(right)}")
        return left[0], right[1]

    def kernel(self) -> Contraction:
        """Loops are called as in a fully connected layer: m is its batch `n`, k its `ic`, n its `oc`."""
        return self.product("matmul", (self.lhs, ("n", "ic")), (self.rhs, ("ic", "oc")), ("n", "oc"))


@rule_for(MatMulOp)
def matmul_gradient(op: MatMulOp, back: Backward) -> None:
    """`gradient @ rhs.T` is what a fully connected layer computes, `lhs.T @ gradient` what its weight gradient does."""
    name, upstream = op.layer.data, back.upstream(op.result)
    if back.needs(op.lhs):
        give_input(back, op.lhs, LinearOp(f"{name}.grad_lhs", upstream, op.rhs))
    if back.needs(op.rhs):
        give_input(back, op.rhs, LinearWeightGradOp(f"{name}.grad_rhs", upstream, op.lhs))


plain_layer("matmul", MatMulOp, "The product of two matrices.", inputs=2)
