"""How gradients follow from those of results, for each kind of layer.

Where one op made of the layer is the gradient with respect to its first operand, the layer names it as its `GRADIENT`.
Everything else is a rule, a function of the layer and a `Backward`, which stands in the layer's file: it asks which
operands need a gradient, emits the ops that compute them and hands each one over. A package outside simdc does the
same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from xdsl.ir import SSAValue

from .base import LayerOp
from .network import ParameterOp

T = TypeVar("T", bound=LayerOp)
INPUT, WEIGHT = "input_gradient", "weight_gradient"
"""Steps of a training iteration that a backward op may belong to."""


class Backward(Protocol):
    """What a rule may do."""

    def upstream(self, result: SSAValue) -> SSAValue:
        """The gradient of the loss with respect to a result of the layer."""
        ...

    def reaches(self, result: SSAValue) -> bool:
        """Whether the loss depends on a result of the layer, which may have several: `upstream` is there for those."""
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


def rule_for(*kinds: type[T]) -> Callable[[Rule[T]], Rule[T]]:
    """Enter a function as the gradient rule of these ops. Raises ValueError if one has a rule."""

    def enter(rule: Rule[T]) -> Rule[T]:
        for kind in kinds:
            if kind in RULES:
                raise ValueError(f"{kind.name} has a gradient rule already")
            RULES[kind] = rule
        return rule

    return enter


def rule_of(kind: type[LayerOp]) -> Callable[..., None] | None:
    """The gradient rule of an op, None if it has none."""
    return RULES.get(kind) or (None if kind.GRADIENT is None else _emit_gradient)


def _emit_gradient(op: LayerOp, back: Backward) -> None:
    assert op.GRADIENT is not None
    gradient = op.GRADIENT.of(f"{op.layer.data}.grad_input", op, back.upstream(op.results[0]))
    give_input(back, op.operands[0], gradient)


def give_input(back: Backward, value: SSAValue, op: LayerOp) -> None:
    """Emit `op` and hand over its only result as the gradient with respect to `value`."""
    back.give(value, back.emit(op, INPUT).results[0])


def give_weight(back: Backward, value: SSAValue, op: LayerOp) -> None:
    """The same for a parameter of the layer, as a step of its own."""
    back.give(value, back.emit(op, WEIGHT).results[0])


def give_operand(back: Backward, value: SSAValue, op: LayerOp) -> None:
    """The same for a value that may be a parameter or not."""
    step = WEIGHT if isinstance(value.owner, ParameterOp) else INPUT
    back.give(value, back.emit(op, step).results[0])


def give_each(back: Backward, values: Sequence[SSAValue], op: LayerOp) -> None:
    """Emit `op`, whose results are the gradients with respect to `values`, and hand over those that are asked for."""
    for value, gradient in zip(values, back.emit(op, INPUT).results, strict=True):
        if back.needs(value):
            back.give(value, gradient)
