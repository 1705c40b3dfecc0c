"""Ops of one kind: what an op says of itself depends on what it is, not on what it is called or where it stands, so one
of them is asked for all. The training step of a chain of 10,000 convolutions has 40,011 layers of 34 kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from typing import Generic, TypeVar

from xdsl.ir import Operation
from xdsl.traits import OpTrait

Op = TypeVar("Op", bound=Operation)
Answer = TypeVar("Answer")

NAMES = frozenset(("layer", "label", "folded", "merged"))
"""Properties and attributes that name layers and tensors: of these only the class counts."""
MOST_KINDS = 4096


class LooksAround(OpTrait):
    """Of an op whose kernel, forms, result or verification follow from more than its class, types, properties and
    attributes, such as from the layer before it: each is asked itself."""


class OncePerKind(Generic[Op, Answer]):
    """A function of ops that asks one op of each kind. Two are of a kind that have the same class, block, types of
    operands and results, properties and attributes, all but `names` the same objects; those of `apart` may be anything.
    An op that `LooksAround`, or has ops inside, is always asked itself."""

    def __init__(self, ask: Callable[[Op], Answer], names: Collection[str] = NAMES, apart: Collection[str] = ()):
        self._ask = ask
        self._names, self._apart = names, apart
        # Equality of attributes takes 1 us and more each, identity next to nothing: types and small attributes are
        # shared (`fields.py`). What stands in a key by its identity is held beside the answer, so that nothing else
        # can come to have that identity.
        self._known: dict[tuple[object, ...], tuple[list[object], Answer]] = {}

    def __call__(self, op: Op) -> Answer:
        """Raises what `ask` raises, for each op anew."""
        if op.regions or _looks_around(type(op)):
            return self._ask(op)
        operands, names, apart = tuple(op.operands), self._names, self._apart
        held: list[object] = [type(op), op.parent, *map(type, operands), *[value.type for value in operands]]
        held += [value.type for value in op.results]
        words: list[object] = [len(operands)]
        for given in (op.properties, op.attributes):
            if apart:
                given = {name: attribute for name, attribute in given.items() if name not in apart}
            words += given
            words.append(None)
            held += [type(attribute) if name in names else attribute for name, attribute in given.items()]
        key = (*words, *map(id, held))
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MOST_KINDS:
                self._known.clear()
            known = self._known[key] = held, self._ask(op)
        return known[1]

    def forget(self) -> None:
        self._known.clear()


@cache
def _looks_around(kind: type[Operation]) -> bool:
    return kind.has_trait(LooksAround)
