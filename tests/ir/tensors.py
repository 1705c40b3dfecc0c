"""Values and ops outside of any module, for tests of one op at a time."""

from __future__ import annotations

from typing import TypeVar

from xdsl.dialects.builtin import IntegerAttr, IntegerType, TensorType, i64
from xdsl.ir import SSAValue
from xdsl.rewriter import Rewriter
from xdsl.utils.test_value import create_ssa_value

from simdc.ir.base import LayerOp, shape_of

Op = TypeVar("Op", bound=LayerOp)


def tensor(*shape: int, bits: int = 32) -> SSAValue:
    return create_ssa_value(TensorType(IntegerType(bits), shape))


def stored_as(bits: int, op: Op, accumulator: int = 32) -> Op:
    """The op with a result of this width, and partial sums of `accumulator` bits."""
    (result,) = op.results
    Rewriter.replace_value_with_new_type(result, TensorType(IntegerType(bits), shape_of(result)))
    op.accumulator = IntegerAttr(accumulator, i64)
    return op
