"""Ops are made of operands and named fields; results follow from the shapes that they say themselves."""

from __future__ import annotations

from typing import ClassVar

import pytest
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, StringAttr, TensorType, UnitAttr, f32, f64, i8, i64
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    opt_result_def,
    prop_def,
    result_def,
)
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.test_value import create_ssa_value

from simdc.ir.base import TENSOR, GradientOp, LayerOp, shape_of
from simdc.ir.dialect import Simdc, ops_of
from simdc.ir.gradient import RULES, rule_for, rule_of
from simdc.ir.ops import op_modules
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.linear import LinearOp
from simdc.ir.ops.max_pool import MaxPoolOp
from simdc.ir.ops.relu import ReluOp


class Scaled(LayerOp):
    """What a toy op and its gradient share."""

    factor = prop_def(FloatAttr.constr(f64))
    count = prop_def(IntegerAttr.constr(i64), default_value=IntegerAttr(7, i64))
    mode = opt_prop_def(StringAttr)
    flag = opt_prop_def(UnitAttr)

    def kernel(self) -> None:
        return None


@irdl_op_definition
class ToyGradOp(Scaled, GradientOp):
    name = "test.toy_grad"

    gradient = operand_def(TENSOR)
    output = operand_def(TENSOR)
    input = operand_def(TENSOR)
    extra = prop_def(StringAttr)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return shape_of(self.input)


@irdl_op_definition
class ToyOp(Scaled):
    """The first dimension of the input, at the element type of `other` for the second result."""

    name = "test.toy"
    GRADIENT: ClassVar = ToyGradOp

    input = operand_def(TENSOR)
    other = opt_operand_def(TENSOR)
    result = result_def(TENSOR)
    copied = opt_result_def(TENSOR)

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        if len(shape_of(self.input)) < 2:
            raise VerifyException("too flat")
        return (shape_of(self.input)[:1],) * len(self.results)


IMAGE = create_ssa_value(TensorType(f32, (3, 4)))
NARROW = create_ssa_value(TensorType(i8, (3, 4)))


def test_results_have_the_shapes_that_the_op_says_and_the_first_operand_s_element_type() -> None:
    op = ToyOp("t", NARROW, factor=1.0)
    assert [result.type for result in op.results] == [TensorType(i8, (3,))]
    assert op.other is None
    op.verify()


def test_a_type_that_is_given_stays_and_makes_an_optional_result_present() -> None:
    op = ToyOp("t", IMAGE, NARROW, factor=1.0, copied=TensorType(i8, (3,)))
    assert [result.type for result in op.results] == [TensorType(f32, (3,)), TensorType(i8, (3,))]
    assert op.other is NARROW


def test_plain_values_become_the_attributes_that_are_declared() -> None:
    op = ToyOp("t", IMAGE, factor=2, count=3, mode="fast", flag=True)
    assert (op.factor, op.count) == (FloatAttr(2.0, f64), IntegerAttr(3, i64))
    assert (op.mode, op.flag) == (StringAttr("fast"), UnitAttr())
    without = ToyOp("t", IMAGE, factor=FloatAttr(2.5, f64), flag=False, mode=None)
    assert (without.factor, without.count) == (FloatAttr(2.5, f64), IntegerAttr(7, i64))
    assert (without.mode, without.flag) == (None, None)


def test_a_field_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(TypeError, match=r"test\.toy has no 'facto'; it has factor, count, mode, flag"):
        ToyOp("t", IMAGE, facto=1.0)
    with pytest.raises(TypeError, match=r"test\.toy needs 'factor'"):
        ToyOp("t", IMAGE, count=1)


def test_an_op_that_cannot_be_made_reads_nothing() -> None:
    value = create_ssa_value(TensorType(f32, (3,)))
    with pytest.raises(VerifyException, match="too flat"):
        ToyOp("t", value, factor=1.0)
    assert not list(value.uses)


def test_a_gradient_takes_operands_properties_and_type_from_its_op() -> None:
    op = ToyOp("t", NARROW, factor=1.5, count=2, flag=True)
    upstream = create_ssa_value(TensorType(f32, (3,)))
    made = ToyGradOp.of("t.grad", op, upstream, extra="more")
    assert list(made.operands) == [upstream, op.result, NARROW]
    assert (made.factor, made.count, made.flag) == (op.factor, op.count, op.flag)
    assert (made.layer.data, made.extra.data, made.mode) == ("t.grad", "more", None)
    assert made.result.type == NARROW.type


def test_a_rule_comes_before_the_gradient_of_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rule_of(ToyOp) is not None
    assert rule_of(ToyGradOp) is None
    monkeypatch.setattr(ToyOp, "GRADIENT", None)
    assert rule_of(ToyOp) is None
    rule = rule_for(ToyOp)(lambda op, back: None)
    try:
        assert rule_of(ToyOp) is rule
        with pytest.raises(ValueError, match=r"test\.toy has a gradient rule already"):
            rule_for(ToyOp)(rule)
    finally:
        del RULES[ToyOp]


def test_every_op_file_is_in_the_dialect() -> None:
    found = [op for module in op_modules() for op in ops_of(module)]
    assert len(found) == len(set(found)) > 90
    assert ReluOp in found
    assert set(found) <= set(Simdc.operations)
    names = [op.name for op in Simdc.operations if op in found]
    assert names == sorted(names)


def test_operands_of_the_wrong_rank_are_named_as_such() -> None:
    flat = create_ssa_value(TensorType(f32, (4,)))
    with pytest.raises(VerifyException, match="input and weight must have four dimensions"):
        Conv2DOp("c", flat, flat)
    with pytest.raises(VerifyException, match=r"expected two dimensions or more, got shape \[4\]"):
        LinearOp("l", flat, flat)
    with pytest.raises(VerifyException, match=r"expected an image \[n, c, h, w\], got shape \[4\]"):
        MaxPoolOp("p", flat, kernel_size=(2, 2))
    assert not list(flat.uses)
