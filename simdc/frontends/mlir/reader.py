"""What functions for ops get: the op, its values, and what they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from xdsl.dialects.builtin import DYNAMIC_INDEX
from xdsl.ir import Block, Operation, SSAValue

from simdc.named import NamedTuple

from .asked import result
from .module_text import element_bits, name_of, shape_of_type
from .network import ForeignNetwork
from .problems import Unpriced
from .values import Filled, Seen, Value


class Reader(NamedTuple):
    """`known` has what is read before, by the values of the module. `inside` reads the ops of a region whose arguments
    have values, and gives what these ops hand on; it raises Unpriced where one of them has no price."""

    network: ForeignNetwork
    known: dict[SSAValue, Value]
    inside: Callable[[Block, Sequence[Value]], list[Value]]

    def keep(self, op: Operation) -> None:
        """What the regions of `op` take from around it is read again, each time that they run: no layer takes it
        in."""
        for inner in op.walk():
            for each in inner.operands:
                value = self.known.get(each)
                if isinstance(value, Seen) and isinstance(value.base, SSAValue):
                    self.network.reads[value.base] = self.network.reads.get(value.base, 1) + 1

    def value(self, given: SSAValue) -> Value:
        """Raises Unpriced for one that no op before has made."""
        if given not in self.known:
            raise Unpriced(f"nothing is known of what {name_of_owner(given)} makes")
        return self.known[given]

    def seen(self, given: SSAValue) -> Seen:
        """A tensor; one number everywhere becomes one."""
        value = self.value(given)
        return value if isinstance(value, Seen) else self.network.written_out(value)

    def number(self, given: SSAValue) -> float:
        """Raises Unpriced for what is no number that is known."""
        value = self.value(given)
        if not isinstance(value, Filled):
            raise Unpriced("a number depends on data")
        return value.number or 0.0


def name_of_owner(value: SSAValue) -> str:
    return name_of(value.owner) if isinstance(value.owner, Operation) else "an argument"


Function: TypeAlias = Callable[[Reader, Operation], Sequence[Value]]
"""Reads an op: what its results are. Raises Unpriced."""

FUNCTIONS: dict[str, Function] = {}
"""By the name of the op."""


def reads(*names: str) -> Callable[[Function], Function]:
    """Enter a function for ops of these names."""

    def enter(function: Function) -> Function:
        FUNCTIONS.update(dict.fromkeys(names, function))
        return function

    return enter


REASONS: dict[str, str] = {}
"""Why ops that are known have no layer, by their names."""


def refuses(reasons: Mapping[str, str]) -> None:
    """Enter ops that have no layer, with the reason."""
    REASONS.update(reasons)


def result_bits(op: Operation, place: int = 0) -> int | None:
    """Bits of an element of a result."""
    return element_bits(result(op, place).type)


def result_shape(op: Operation, place: int = 0) -> tuple[int, ...]:
    return shape_of_type(result(op, place).type)


def filled_in(reader: Reader, numbers: Sequence[int], given: Sequence[SSAValue]) -> tuple[int, ...]:
    """With the next of `given` in the place of each number that is open. Raises Unpriced if it depends on data."""
    rest = iter(given)
    return tuple(int(reader.number(next(rest))) if each == DYNAMIC_INDEX else each for each in numbers)
