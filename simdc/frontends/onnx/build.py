"""What an operator's function gets: its node, the values that the node reads, and the network to add layers to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import SSAValue

from simdc.ir.base import LayerOp, shape_of
from simdc.ir.layer_table import known_layer

from .constant import Constant, Value
from .graph import Node
from .network import Kind, OnnxNetwork
from .problems import Unsupported
from .tables import Standing


class Surroundings(Protocol):
    """What stands around a node. Names are those of the graph's values."""

    @property
    def opset(self) -> int: ...

    @property
    def rebatch(self) -> tuple[int, int] | None:
        """(batch of the file, batch asked for), where they differ."""

    @property
    def network(self) -> OnnxNetwork: ...

    def value(self, name: str) -> Value | None: ...

    def element(self, name: str) -> int | None:
        """ONNX's number of the element type."""

    def stated_shape(self, name: str) -> tuple[int, ...] | None:
        """What the file says of a value, if that is a whole shape."""

    def standing(self, constant: Constant) -> Standing:
        """What a constant is in a place where no weight must stand."""
        ...

    def note(self, sentence: str) -> None:
        """Let the report say it."""

    def count_readers(self, name: str) -> int: ...

    def is_result(self, name: str) -> bool:
        """Whether a value is a result of the file's graph."""
        ...

    def only_reader(self, name: str) -> Node | None:
        """The one node that reads a value, if no more than one does and the value is no result of the network."""


class Build:
    """Makes the layers of one node.

    `name` is for the layer that gives the node's result, `part` for others; `opset` is the version of the operators.
    Every method raises Unsupported where the node is not what is asked for.
    """

    def __init__(self, around: Surroundings, node: Node):
        self._around = around
        self._network = around.network
        self.node = node
        self.opset = around.opset
        self.rebatch = around.rebatch
        self.name = self._network.unused(node.name)
        self.inputs: list[Value | None] = list(map(around.value, node.inputs))
        self.outputs: tuple[str, ...] = node.outputs
        self.absorbed: list[Node] = []

    @property
    def network(self) -> OnnxNetwork:
        """What the layers go into, for functions that make several at once."""
        return self._network

    def note(self, sentence: str) -> None:
        """Let the report say it."""
        self._around.note(sentence)

    def part(self, what: str) -> str:
        """The name of another layer of this node."""
        return self._network.unused(f"{self.name}.{what}")

    def has(self, place: int) -> bool:
        return place < len(self.inputs) and self.inputs[place] is not None

    def value(self, place: int) -> Value:
        found = self.inputs[place] if place < len(self.inputs) else None
        if found is None:
            raise Unsupported(f"input {place} is missing")
        return found

    def constant(self, place: int) -> Constant | None:
        """The constant at `place`, None if there is none or it is no constant."""
        found = self.inputs[place] if place < len(self.inputs) else None
        return found if isinstance(found, Constant) else None

    def shape(self, place: int) -> tuple[int, ...]:
        found = self.value(place)
        return found.shape if isinstance(found, Constant) else shape_of(found)

    def tensor(self, place: int, role: str = "constant") -> SSAValue:
        """The value at `place`; a constant becomes a tensor `role` of the layer: a parameter if it is a weight of the
        file that no formula made, such as a mask or a table of positions."""
        found = self.value(place)
        if not isinstance(found, Constant):
            return found
        standing = self._around.standing(found)
        if standing is Standing.MASK:
            self._around.note(f"'{found.name}' is added to scores alike for all heads: taken for a mask, not trained")
        return self.parameter(found, role, kind="trained" if standing is Standing.TRAINED else "constant")

    def weight(self, place: int, role: str) -> SSAValue:
        """The value at `place`, where weights stand: a constant there is one, whatever made it."""
        found = self.value(place)
        return self.parameter(found, role) if isinstance(found, Constant) else found

    def parameter(self, constant: Constant, role: str, *, kind: Kind = "trained") -> SSAValue:
        """A constant in a place where weights stand: trained, unless `kind` says otherwise."""
        return self._network.constant(f"{self.name}.{role}", constant, kind)

    def table(self, place: int, role: str) -> SSAValue:
        """The value at `place`, of which rows are picked. A constant is a weight as for `tensor`."""
        found = self.value(place)
        if not isinstance(found, Constant) or self._around.standing(found) is not Standing.TRAINED:
            return self.tensor(place, role)
        return self._network.table(f"{self.name}.{role}", found, "trained")

    def element(self, place: int) -> int | None:
        """ONNX's number of the element type at `place`, None if there is nothing."""
        return self._around.element(self.node.inputs[place]) if self.has(place) else None

    def reads_alone(self, place: int) -> bool:
        """Whether nobody else reads the value at `place`."""
        return self._around.count_readers(self.node.inputs[place]) == 1

    def gives(self, place: int) -> bool:
        """Whether anybody reads the result at `place`."""
        return place < len(self.outputs) and self._around.count_readers(self.outputs[place]) > 0

    def is_result(self, place: int) -> bool:
        """Whether the network gives the result at `place`."""
        return self._around.is_result(self.outputs[place])

    def give_width(self, value: SSAValue, bits: int) -> None:
        self._network.give_width(value, bits)

    def settings(self, place: int, what: str) -> tuple[int, ...] | None:
        """Whole numbers that the node gets as an input; None if it does not."""
        if not self.has(place):
            return None
        found = self.constant(place)
        if found is None:
            raise Unsupported(f"its {what} depend on data")
        return found.ints()

    def number(self, place: int, what: str) -> float | None:
        """A number that the node gets as an input; None if it does not."""
        if not self.has(place):
            return None
        found = self.constant(place)
        if found is None or found.elements != 1:
            raise Unsupported(f"its {what} depends on data")
        return found.number()

    def axes(self, since: int, place: int = 1) -> tuple[int, ...] | None:
        """Axes, which became an input in opset `since`; None where the node names none."""
        return self.settings(place, "axes") if self.opset >= since else self.node.integers("axes")

    def add(self, op: LayerOp) -> SSAValue:
        """Add a layer with one result."""
        return self._network.add_all(op, op.layer.data)[0]

    def add_several(self, op: LayerOp) -> tuple[SSAValue, ...]:
        """Add a layer with several results."""
        return self._network.add_all(op, op.layer.data)

    def add_layer(self, kind: str, *inputs: SSAValue) -> SSAValue:
        """Add a layer without options, by the name that networks have for it."""
        layer = known_layer(kind)
        assert layer is not None, kind
        return layer.build(self._network, self.name, *inputs)

    def described(self, place: int = 0) -> tuple[int, ...] | None:
        """The shape that the file states for a result."""
        return self._around.stated_shape(self.node.outputs[place])

    def follower(self, operator: str) -> Node | None:
        """The only node that reads the result made so far, if it is an `operator`."""
        found = self._around.only_reader(self.outputs[0])
        return found if found is not None and found.operator == operator else None

    def other_constant(self, node: Node) -> Constant | None:
        """Of a follower with two inputs, the one that is not the result made so far, if it is a constant."""
        names = [name for name in node.inputs if name != self.outputs[0]]
        found = self._around.value(names[0]) if len(names) == 1 else None
        return found if isinstance(found, Constant) else None

    def absorb(self, node: Node) -> None:
        """Let this node's layer do the work of its follower, too."""
        self.absorbed.append(node)
        self.outputs = node.outputs

    def remember(self, result: Value, names: Sequence[str]) -> None:
        """Note on the layer which nodes became part of it."""
        owner = result.owner if isinstance(result, SSAValue) else None
        if names and isinstance(owner, LayerOp):
            known = () if owner.merged is None else owner.merged.data
            owner.merged = ArrayAttr([*known, *map(StringAttr, names)])
