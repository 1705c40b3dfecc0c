"""The product of two tensors that are both computed: attention, and whatever multiplies activations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import prod
from typing import ClassVar

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Contraction
from simdc.ir.attributes import Unit
from simdc.ir.base import TENSOR, UNKNOWN, FormedOp, shape_of, width_bits
from simdc.ir.form import Form
from simdc.ir.gradient import Backward, give_operand, rule_for
from simdc.ir.layers import plain_layer
from simdc.ir.product import Side, StackProduct, check_product, matrix_product
from simdc.ir.product_kernel import Stationary, product_kernel
from simdc.ir.product_text import parse_product, product_text

from .linear import LinearOp, LinearWeightGradOp, matrix_kernel


@irdl_op_definition
class MatMulOp(FormedOp):
    """`result[..., m, n] = sum over k of lhs[..., m, k] * rhs[..., k, n]`; stacks are broadcast as numpy does it.

    `index` says which loop runs along which dimension where it is another product (`ir/product_text.py`): transposed
    sides, parts of a tensor, keys that several heads share. A side is read, and the result written, in any shape with
    its elements in their order.

    In the form `rhs_stationary` the right side stays in the array as weights do while the left passes, in
    `lhs_stationary` the left side stays.
    """

    name = "simdc.matmul"
    UNIT: ClassVar = Unit.SYSTOLIC
    ROLES: ClassVar = ("ifmap", "weight")

    lhs = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    index = opt_prop_def(StringAttr)
    result = result_def(TENSOR)

    @property
    def product(self) -> StackProduct:
        """Raises VerifyException."""
        if self.index is None:
            return matrix_product(shape_of(self.lhs), shape_of(self.rhs))
        return parse_product(self.index.data)

    @property
    def stationary(self) -> Stationary:
        """The side that stays in the array."""
        return "lhs" if self.own_form == "lhs_stationary" else "rhs"

    def result_shape(self) -> tuple[int, ...]:
        product = self.product
        if self.index is None:
            return product.shape
        check_product(product)
        given = product.shape if self.results[0].type is UNKNOWN else shape_of(self.result)
        for name, side, shape in (
            ("lhs", product.lhs, shape_of(self.lhs)),
            ("rhs", product.rhs, shape_of(self.rhs)),
            ("result", product.result, given),
        ):
            if prod(place.size for place in side) != prod(shape):
                raise VerifyException(f"the {name} has shape {list(shape)}; 'index' reads it as {_sizes(side)}")
        return given

    def channel_axis(self, axis_of: Callable[[SSAValue], int | None]) -> int:
        return len(shape_of(self.result)) - 1

    def forms(self) -> Mapping[str, Form]:
        return {
            "rhs_stationary": Form(Unit.SYSTOLIC, partial(self._kernel, "rhs")),
            "lhs_stationary": Form(Unit.SYSTOLIC, partial(self._kernel, "lhs")),
        }

    def _kernel(self, stationary: Stationary, psum_bits: int) -> Contraction:
        bits = width_bits(self.lhs), width_bits(self.rhs), width_bits(self.result)
        if self.index is None and stationary == "rhs" and len(shape_of(self.lhs)) == len(shape_of(self.rhs)) == 2:
            return matrix_kernel(self, "matmul", (self.lhs, ("n", "ic")), (self.rhs, ("ic", "oc")), ("n", "oc"))
        return product_kernel(self.product, bits, psum_bits, stationary)


def _sizes(side: Side) -> list[int]:
    return [place.size for place in side]


@rule_for(MatMulOp)
def matmul_gradient(op: MatMulOp, back: Backward) -> None:
    """Products again: `gradient @ rhs.T`, summed over what the left side was repeated along, and `lhs.T @ gradient`.

    Of matrices the first is what a fully connected layer computes, the second what its weight gradient does.
    """
    name, upstream = op.layer.data, back.upstream(op.result)
    plain = op.index is None and len(shape_of(op.lhs)) == len(shape_of(op.rhs)) == 2
    lhs, rhs, result = op.product
    if back.needs(op.lhs):
        made = LinearOp(f"{name}.grad_lhs", upstream, op.rhs) if plain else None
        index = StackProduct(result, rhs, lhs)
        give_operand(back, op.lhs, made or _product(f"{name}.grad_lhs", upstream, op.rhs, index, op.lhs))
    if back.needs(op.rhs):
        made = LinearWeightGradOp(f"{name}.grad_rhs", upstream, op.lhs) if plain else None
        index = StackProduct(lhs, result, rhs)
        give_operand(back, op.rhs, made or _product(f"{name}.grad_rhs", op.lhs, upstream, index, op.rhs))


def _product(name: str, lhs: SSAValue, rhs: SSAValue, index: StackProduct, like: SSAValue) -> MatMulOp:
    return MatMulOp(name, lhs, rhs, index=product_text(index), result=like.type)


plain_layer("matmul", MatMulOp, "The product of matrices or stacks of them, `[..., m, k]` and `[..., k, n]`.", inputs=2)
