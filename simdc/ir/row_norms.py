"""Stages of programs over rows that normalize by each row's own mean and deviation."""

from __future__ import annotations

from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction

from .base import shape_of
from .movement import check_axis
from .rows import Stage, Sum
from .statistics import ADD_UP, CENTERED, moments_of


def rows_shape(axis: int, input: SSAValue, *parameters: SSAValue | None) -> tuple[int, ...]:
    """The shape of an input whose rows are its dimensions from `axis` on. Raises VerifyException for rows that the
    batch is part of, and parameters that are no row."""
    shape = shape_of(input)
    check_axis(shape, axis)
    if axis == 0:
        raise VerifyException("a row begins behind the batch, at dimension 1 or later, not at 0")
    for value in parameters:
        if value is not None and shape_of(value) != shape[axis:]:
            raise VerifyException(f"rows have shape {list(shape[axis:])}, a parameter {list(shape_of(value))}")
    return shape


def moment_stage(size: int, epsilon: float, *more: Instruction) -> Stage:
    """`mean` and `inv_std` of rows of `size` elements of `x`; `more` runs once a row behind them."""
    return Stage(ADD_UP, (Sum("sum"), Sum("squares")), (*moments_of(float(size), epsilon), *more))


def gradient_stages(
    size: int, epsilon: float, inner: str, made: tuple[Instruction, ...], dx: str, factor: str = "inv_std"
) -> tuple[Stage, ...]:
    """`dx = factor * (inner - mean of inner - normal * mean of inner * normal)` of rows of `size` elements. `inner` is
    the gradient with respect to `normal`, an operand or what the code `made` makes for each element; but for a scale of
    the row, which is in `factor` with `inv_std`."""
    # The two means are taken once a row, so an element takes four instructions at the end.
    gather = (
        *CENTERED,
        *made,
        Instruction("mul", "along", (inner, "normal")),
        Instruction("add", "weighted", ("weighted", "along")),
        Instruction("add", "total", ("total", inner)),
    )
    finish = (
        Instruction("div", "mean_inner", ("total", float(size))),
        Instruction("div", "mean_along", ("weighted", float(size))),
    )
    balance = (
        Instruction("mul", "back", ("normal", "mean_along")),
        Instruction("sub", "rest", (inner, "mean_inner")),
        Instruction("sub", "balanced", ("rest", "back")),
        Instruction("mul", dx, ("balanced", factor)),
    )
    return (
        moment_stage(size, epsilon),
        Stage(gather, (Sum("weighted"), Sum("total")), finish),
        Stage(balance),
    )
