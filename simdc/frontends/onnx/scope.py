"""A graph while layers are made of its nodes: what its names stand for so far, and who reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from xdsl.ir import SSAValue

from simdc.ir.base import shape_of
from simdc.ir.unmodelled import UnmodelledOp
from simdc.named import NamedTuple

from .constant import Constant, Value
from .constant_nodes import FLOAT
from .graph import Node, Shaped
from .network import OnnxNetwork
from .plan import Plan
from .problems import Problem
from .tables import Standing, standing_of

Readers = Mapping[str, Sequence[Node]]
"""By name of a value, the nodes that read it."""


class Draft(NamedTuple):
    """What has been made of a file so far. `values` and `elements`, ONNX's numbers of element types, are by name,
    `inlined` the nodes that their body in the standard stands for, by operator."""

    network: OnnxNetwork
    values: dict[str, Value]
    elements: dict[str, int]
    notes: list[str]
    inlined: dict[str, list[str]]


class Gaps(NamedTuple):
    """What has no price: nodes with the reason, nodes `unseen` behind a value of unknown shape, and ops without a
    result that stand for a node (`lost`)."""

    problems: list[Problem]
    unseen: list[Node]
    lost: list[UnmodelledOp]


class GraphScope(NamedTuple):
    """One graph: the file's own, the branch of an If, or the body of an operator.

    `done` are numbers of nodes that were looked at, `around` the nodes in whose place the graph stands, outermost
    first. All scopes of a file share one draft; a graph that may be taken back as a whole has gaps of its own.
    """

    plan: Plan
    draft: Draft
    gaps: Gaps
    readers: Readers
    done: set[int]
    around: tuple[Node, ...]

    def within(self, nodes: Sequence[Node], outputs: Iterable[str]) -> GraphScope:
        """The scope of a graph within this one."""
        found: dict[str, list[Node]] = {}
        for node in nodes:
            for name in node.reads():
                found.setdefault(name, [*self.readers.get(name, ())]).append(node)
        for name in outputs:
            # Twice: who makes a result of the graph is not the only one to see it, whoever else reads it.
            found.setdefault(name, [*self.readers.get(name, ())]).extend([*nodes[-1:], *nodes[-1:]])
        return self._replace(readers={**self.readers, **found}, done=set())

    @property
    def network(self) -> OnnxNetwork:
        return self.draft.network

    @property
    def opset(self) -> int:
        return self.plan.model.opset

    @property
    def rebatch(self) -> tuple[int, int] | None:
        return self.plan.inputs.symbols.rebatch

    def value(self, name: str) -> Value | None:
        return self.draft.values.get(name) if name else None

    def described(self, name: str) -> Constant | Shaped | None:
        """What shape inference is told of a value."""
        found = self.value(name)
        if isinstance(found, SSAValue):
            return Shaped(name, shape_of(found), self.draft.elements.get(name, FLOAT))
        return found

    def element(self, name: str) -> int | None:
        found = self.described(name)
        return None if found is None else found.element

    def stated_shape(self, name: str) -> tuple[int, ...] | None:
        """What the file says of a value, if that is a whole shape."""
        stated = self.plan.model.graph.described.get(name)
        return None if stated is None else self.plan.inputs.symbols.resolved(stated)

    def standing(self, constant: Constant) -> Standing:
        return standing_of(constant, self.readers, stores_weights=self.plan.stores_weights)

    def is_trained(self, constant: Constant) -> bool:
        return constant.elements > 1 and self.standing(constant) is Standing.TRAINED

    def note(self, sentence: str) -> None:
        self.draft.notes.append(sentence)

    def count_readers(self, name: str) -> int:
        return len(self.readers.get(name, ()))

    def is_result(self, name: str) -> bool:
        return name in self.plan.model.graph.outputs

    def only_reader(self, name: str) -> Node | None:
        """The one node that reads a value, if no more than one does and the value is no result of the network."""
        found = self.readers.get(name, ())
        return found[0] if len(found) == 1 and found[0].number not in self.done else None
