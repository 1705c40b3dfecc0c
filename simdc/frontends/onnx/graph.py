"""An ONNX graph as plain values, its nodes in an order in which each comes after what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, TypeVar, cast

from simdc.errors import SimdcError
from simdc.frozen import Frozen
from simdc.named import NamedTuple

from .constant import Constant
from .problems import Unsupported

if TYPE_CHECKING:
    from .messages import NodeMessage

T = TypeVar("T")
Dimension = int | str | None
"""A size, the name of one, or nothing known."""


class Shaped(NamedTuple):
    """What a file says of a tensor; `shape` is None where it does not say."""

    name: str
    shape: tuple[Dimension, ...] | None
    element: int


def operator_key(name: str, domain: str) -> str:
    """`Conv`, or `com.example::Conv` for a domain that is not ONNX's own."""
    return name if domain in ("", "ai.onnx") else f"{domain}::{name}"


class Node(Frozen, eq=False):
    """One node. `number` counts from 1 in file order; `captured` are names that its subgraphs read from outside;
    `module` is the path of what the exporter made it from, empty where nobody says."""

    number: int
    name: str
    op_type: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, object]
    captured: frozenset[str]
    proto: NodeMessage
    module: str = ""

    def __repr__(self) -> str:
        return f"Node({self.place})"

    @property
    def operator(self) -> str:
        return operator_key(self.op_type, self.domain)

    @property
    def place(self) -> str:
        return f"node {self.number} '{self.name}' ({self.operator})"

    def reads(self) -> Iterable[str]:
        """Names of all values that the node needs."""
        yield from (name for name in self.inputs if name)
        yield from self.captured

    def integer(self, name: str, default: int) -> int:
        found = self._attribute(name, int)
        return default if found is None else found

    def real(self, name: str, default: float) -> float:
        found = self._attribute(name, float)
        return default if found is None else found

    def amount(self, name: str, default: float) -> float:
        """A number that is not negative."""
        found = self.real(name, default)
        if not found >= 0:
            raise Unsupported(f"its attribute {name} must not be negative, got {found:g}")
        return found

    def text(self, name: str, default: str) -> str:
        found = self._attribute(name, str)
        return default if found is None else found

    def integers(self, name: str) -> tuple[int, ...] | None:
        return self._list(name, int)

    def reals(self, name: str) -> tuple[float, ...] | None:
        return self._list(name, float)

    def texts(self, name: str) -> tuple[str, ...] | None:
        return self._list(name, str)

    def _attribute(self, name: str, kind: type[T]) -> T | None:
        found = self.attributes.get(name)
        if found is not None and not isinstance(found, kind):
            raise Unsupported(f"its attribute {name} is of another type than {kind.__name__}")
        return found

    def _list(self, name: str, kind: type[T]) -> tuple[T, ...] | None:
        found = self.attributes.get(name)
        if found is None:
            return None
        entries = cast("tuple[object, ...]", found) if isinstance(found, tuple) else (found,)
        if not isinstance(found, tuple) or not all(isinstance(entry, kind) for entry in entries):
            raise Unsupported(f"its attribute {name} is no list of {kind.__name__}")
        return cast("tuple[T, ...]", entries)


class Graph(NamedTuple):
    """`described` holds what the file says of any value, by name."""

    name: str
    nodes: tuple[Node, ...]
    inputs: tuple[Shaped, ...]
    outputs: tuple[str, ...]
    initializers: dict[str, Constant]
    described: dict[str, Shaped]


def in_order(nodes: Sequence[Node], outputs: Sequence[str], file: str) -> list[Node]:
    """The nodes that the outputs depend on, each after those that it reads from, otherwise in file order.

    Raises SimdcError for a value that two nodes make and for a cycle.
    """
    makers: dict[str, Node] = {}
    for node in nodes:
        for name in filter(None, node.outputs):
            if name in makers:
                raise SimdcError(
                    f"makes '{name}', which node {makers[name].number} makes already", file=file, path=node.place
                )
            makers[name] = node
    needed: dict[int, Node] = {}
    waiting = [makers[name] for name in outputs if name in makers]
    while waiting:
        node = waiting.pop()
        if node.number not in needed:
            needed[node.number] = node
            waiting.extend(makers[name] for name in node.reads() if name in makers)
    return _sorted(needed, makers, file)


def _sorted(needed: dict[int, Node], makers: Mapping[str, Node], file: str) -> list[Node]:
    readers: dict[int, list[int]] = {}
    missing: dict[int, int] = {}
    for node in needed.values():
        before = {makers[name].number for name in node.reads() if name in makers}
        missing[node.number] = len(before)
        for number in before:
            readers.setdefault(number, []).append(node.number)
    ready = [number for number, count in missing.items() if not count]
    heapify(ready)
    done: list[Node] = []
    while ready:
        number = heappop(ready)
        done.append(needed[number])
        for reader in readers.get(number, ()):
            missing[reader] -= 1
            if not missing[reader]:
                heappush(ready, reader)
    if len(done) < len(needed):
        stuck = [needed[number] for number in sorted(missing) if missing[number]]
        names = ", ".join(f"'{node.name}'" for node in stuck[:8]) + (", ..." if len(stuck) > 8 else "")
        raise SimdcError(f"the graph has a cycle: these nodes wait for each other: {names}", file=file)
    return done
