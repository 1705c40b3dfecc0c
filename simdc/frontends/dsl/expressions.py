"""Values of expressions. What a call does is left to the evaluator of statements."""

from __future__ import annotations

from simdc.named import NamedTuple

from .calls import Given
from .errors import DslError, Place
from .limits import MAX_DEPTH, MAX_STEPS, MAX_STRING
from .names import Scope
from .syntax import Call, Expression, Infix, Name, Number, Pipe, Prefix, Sizes, Text, Truth
from .values import Value, apply, describe, negate, number, truth


class Frame(NamedTuple):
    """The names that are visible in the network or in one call of a block."""

    variables: dict[str, Value]
    scope: Scope


class Expressions:
    """Evaluates expressions and keeps account of steps and depth."""

    def __init__(self) -> None:
        self._steps = 0
        self._depth = 0

    def call(self, call: Call, left: Given | None, frame: Frame) -> Value:
        raise NotImplementedError

    def undefined(self, name: str, frame: Frame, place: Place) -> DslError:
        raise NotImplementedError

    def spend(self, steps: int, place: Place) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise DslError(f"the network takes more than {MAX_STEPS} steps to unfold, the limit; repeat less", place)

    def enter(self, place: Place) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"blocks, braces and brackets are more than {MAX_DEPTH} deep here"
            raise DslError(f"{message}; name inner values, and let fewer blocks call each other", place)

    def leave(self) -> None:
        self._depth -= 1

    def value(self, node: Expression, frame: Frame) -> Value:
        if isinstance(node, Name):
            if node.identifier not in frame.variables:
                raise self.undefined(node.identifier, frame, node.place)
            return frame.variables[node.identifier]
        if isinstance(node, (Number, Truth)):
            return node.value
        if isinstance(node, Call):
            return self.call(node, None, frame)
        self.enter(node.place)
        value = self._compound(node, frame)
        self.leave()
        return value

    def _compound(self, node: Text | Sizes | Prefix | Infix | Pipe, frame: Frame) -> Value:
        if isinstance(node, Pipe):
            value = self.value(node.head, frame)
            for step in node.steps:
                value = self.call(step, Given(step.place, None, value), frame)
            return value
        if isinstance(node, Infix):
            return self._operation(node, frame)
        if isinstance(node, Prefix):
            self.spend(1, node.place)
            operand = self.value(node.operand, frame)
            return negate(operand, node.place) if node.operator == "-" else not truth(operand, "'not'", node.place)
        if isinstance(node, Text):
            return self._text(node, frame)
        self.spend(len(node.items), node.place)
        return tuple(number(self.value(item, frame), "a list", item.place) for item in node.items)

    def _operation(self, node: Infix, frame: Frame) -> Value:
        self.spend(len(node.operators), node.place)
        value = self.value(node.operands[0], frame)
        for (symbol, place), operand in zip(node.operators, node.operands[1:], strict=True):
            if symbol not in ("and", "or"):
                value = apply(symbol, value, self.value(operand, frame), place)
            elif truth(value, f"'{symbol}'", place) == (symbol == "and"):
                value = truth(self.value(operand, frame), f"'{symbol}'", place)
        return value

    def _text(self, node: Text, frame: Frame) -> str:
        self.spend(len(node.parts), node.place)
        pieces: list[str] = []
        for part in node.parts:
            if isinstance(part, str):
                pieces.append(part)
                continue
            value = self.value(part, frame)
            if isinstance(value, bool) or not isinstance(value, (int, str)):
                message = f"a string can hold whole numbers and strings, '{part.identifier}' is {describe(value)}"
                raise DslError(message, part.place)
            pieces.append(str(value))
        text = "".join(pieces)
        if len(text) > MAX_STRING:
            raise DslError(f"the string becomes longer than {MAX_STRING} characters; shorten it", node.place)
        return text
