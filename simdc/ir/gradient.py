"""The table of gradient rules: for each kind of layer, how its gradients follow from that of its result.

A rule is a function of the layer and a `Backward`; it asks which operands need a gradient, emits the ops that compute
them and hands each one over. A package outside simdc enters its own ops with `rule_for`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from xdsl.ir import SSAValue

from .base import LayerOp

T = TypeVar("T", bound=LayerOp)
INPUT, WEIGHT = "input_gradient", "weight_gradient"
"""Steps of a training iteration that a backward op may belong to."""


class Backward(Protocol):
    """What a rule may do."""

    def upstream(self, result: SSAValue) -> SSAValue:
        """The gradient of the loss with respect to a result of the layer."""
        ...

    def needs(self, value: SSAValue) -> bool:
        """Whether anyone asks for the gradient with respect to `value`."""
        ...

    def emit(self, op: LayerOp, step: str) -> LayerOp:
        """Append a backward op; `step` is `input_gradient` or `weight_gradient`."""
        ...

    def give(self, value: SSAValue, gradient: SSAValue) -> None:
        """Hand over a gradient with respect to `value`; several for one value are added."""
        ...


Rule = Callable[[T, Backward], None]
RULES: dict[type[LayerOp], Callable[..., None]] = {}


def rule_for(cls: type[T]) -> Callable[[Rule[T]], Rule[T]]:
    """Enter a function as the gradient rule of `cls`. Raises ValueError if it has one."""

    def enter(rule: Rule[T]) -> Rule[T]:
        if cls in RULES:
            raise ValueError(f"{cls.name} has a gradient rule already")
        RULES[cls] = rule
        return rule

    return enter


def give_input(back: Backward, value: SSAValue, op: LayerOp) -> None:
    """Emit `op` and hand over its only result as the gradient with respect to `value`."""
    back.give(value, back.emit(op, INPUT).results[0])
