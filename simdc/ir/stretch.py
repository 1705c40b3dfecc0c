"""An op at a length between two at which it is known: every size, number and index moves along a line."""

from __future__ import annotations

import re

from xdsl.dialects.builtin import ArrayAttr, FloatAttr, IntegerAttr, StringAttr, TensorType
from xdsl.ir import Attribute, Block

from simdc.named import NamedTuple

from .base import OF_PRICES, LayerOp, make_tensor_type

NUMBER = re.compile(r"(\d+)")
DERIVED = (*OF_PRICES, "form", "formed")
"""What passes wrote for one length; it does not hold for another."""


class NotLinear(Exception):
    """The two ops differ in something that is no number, or the length falls between numbers."""


class Line(NamedTuple):
    """`part` of `whole` steps on the way from one length to the other."""

    part: int
    whole: int

    def number(self, first: int, last: int) -> int:
        # From 127 to 2,047, 3 of 10 steps: 127 + 1,920 * 3 / 10 = 703.
        step, rest = divmod((last - first) * self.part, self.whole)
        if rest:
            raise NotLinear
        return first + step

    def share(self, first: float, last: float) -> float:
        """One part of so many as a number on the line."""
        # The mean over a batch of 2 to 10 is a sum times 1/2 to 1/10; half way it is 1/6.
        counts = [round(1 / share) if 0 < share <= 1 else 0 for share in (first, last)]
        if any(count < 1 or 1 / count != share for count, share in zip(counts, (first, last), strict=True)):
            raise NotLinear
        return 1 / self.number(*counts)


class LayersBetween:
    """The ops between `first` and `last`, whose modules it does not hold. Raises NotLinear where there are none."""

    def __init__(self, first: LayerOp, last: LayerOp):
        if type(first) is not type(last) or len(first.operands) != len(last.operands):
            raise NotLinear
        # Layers that run as one read values around them, and are no operands.
        if first.regions:
            raise NotLinear
        self._kind = type(first)
        self._operands = [_pair(*each) for each in zip(first.operand_types, last.operand_types, strict=True)]
        self._results = [_pair(*each) for each in zip(first.result_types, last.result_types, strict=True)]
        self._properties = _pairs(first.properties, last.properties)
        self._attributes = _pairs(first.attributes, last.attributes)

    def at(self, line: Line) -> LayerOp:
        """One of them, reading inputs of its own. Raises NotLinear."""
        block = Block(arg_types=[_between(*pair, line) for pair in self._operands])
        return self._kind.create(
            operands=block.args,
            result_types=[_between(*pair, line) for pair in self._results],
            properties={name: _between(*pair, line) for name, pair in self._properties.items()},
            attributes={name: _between(*pair, line) for name, pair in self._attributes.items()},
        )


def _pair(first: Attribute, last: Attribute) -> tuple[Attribute, Attribute]:
    """The same one twice where they are equal, which is seen at a glance."""
    return (first, first) if first == last else (first, last)


def _pairs(first: dict[str, Attribute], last: dict[str, Attribute]) -> dict[str, tuple[Attribute, Attribute]]:
    one = {name: value for name, value in first.items() if name not in DERIVED}
    other = {name: value for name, value in last.items() if name not in DERIVED}
    if one.keys() != other.keys():
        raise NotLinear
    return {name: _pair(value, other[name]) for name, value in one.items()}


def _between(first: Attribute, last: Attribute, line: Line) -> Attribute:
    if first is last or first == last:
        return first
    match first, last:
        case TensorType(), TensorType() if first.element_type == last.element_type:
            sizes = zip(first.get_shape(), last.get_shape(), strict=True)
            return make_tensor_type(first.element_type, tuple(line.number(*each) for each in sizes))
        case IntegerAttr(), IntegerAttr() if first.type == last.type:
            return IntegerAttr(line.number(first.value.data, last.value.data), first.type)
        case FloatAttr(), FloatAttr() if first.type == last.type:
            return FloatAttr(line.share(first.value.data, last.value.data), first.type)
        case StringAttr(), StringAttr():
            return StringAttr(_text(first.data, last.data, line))
        case ArrayAttr(), ArrayAttr() if len(first) == len(last):
            return ArrayAttr([_between(*each, line) for each in zip(first, last, strict=True)])
        case _:
            raise NotLinear


def _text(first: str, last: str, line: Line) -> str:
    """Of an index, `1:0 12:a 128:b`, the numbers."""
    one, other = NUMBER.split(first), NUMBER.split(last)
    if one[::2] != other[::2]:
        raise NotLinear
    numbers = [str(line.number(int(a), int(b))) for a, b in zip(one[1::2], other[1::2], strict=True)]
    return "".join(text + number for text, number in zip(one[::2], [*numbers, ""], strict=True))
