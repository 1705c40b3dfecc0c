"""What an operator's function gets: its node, the values that the node reads, and the network to add layers to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import SSAValue

from simdc.ir.base import LayerOp, shape_of

from .constant import Constant
from .graph import Node
from .network import Kind
from .problems import Unsupported
from .table import Value

if TYPE_CHECKING:
    from .importer import Importer


class Build:
    """Makes the layers of one node.

    `name` is for the layer that gives the node's result, `part` for others; `opset` is the version of the operators.
    Every method raises Unsupported where the node is not what is asked for.
    """

    def __init__(self, importer: Importer, node: Node):
        self._importer = importer
        self.node = node
        self.opset = importer.model.opset
        self.rebatch = importer.symbols.rebatch
        self.name = importer.network.unused(node.name)
        self.inputs: list[Value | None] = [importer.values.get(name) if name else None for name in node.inputs]
        self.outputs: tuple[str, ...] = node.outputs
        self.absorbed: list[Node] = []

    def part(self, what: str) -> str:
        """The name of another layer of this node."""
        return self._importer.network.unused(f"{self.name}.{what}")

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
        return self.parameter(found, role, kind="trained" if self._importer.is_trained(found) else "constant")

    def weight(self, place: int, role: str) -> SSAValue:
        """The value at `place`, where weights stand: a constant there is one, whatever made it."""
        found = self.value(place)
        return self.parameter(found, role) if isinstance(found, Constant) else found

    def parameter(self, constant: Constant, role: str, *, kind: Kind = "trained") -> SSAValue:
        """A constant in a place where weights stand: trained, unless `kind` says otherwise."""
        return self._importer.network.constant(f"{self.name}.{role}", constant, kind)

    def element(self, place: int) -> int | None:
        """ONNX's number of the element type at `place`, None if there is nothing."""
        return self._importer.element(self.node.inputs[place]) if self.has(place) else None

    def reads_alone(self, place: int) -> bool:
        """Whether nobody else reads the value at `place`."""
        return len(self._importer.readers.get(self.node.inputs[place], ())) == 1

    def give_width(self, value: SSAValue, bits: int) -> None:
        self._importer.network.give_width(value, bits)

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
        return self._importer.network.add_all(op, op.layer.data)[0]

    def described(self, place: int = 0) -> tuple[int, ...] | None:
        """The shape that the file states for a result."""
        value = self._importer.model.graph.described.get(self.node.outputs[place])
        return None if value is None else self._importer.symbols.resolved(value)

    def follower(self, operator: str) -> Node | None:
        """The only node that reads the result made so far, if it is an `operator`."""
        found = self._importer.only_reader(self.outputs[0])
        return found if found is not None and found.operator == operator else None

    def other_constant(self, node: Node) -> Constant | None:
        """Of a follower with two inputs, the one that is not the result made so far, if it is a constant."""
        names = [name for name in node.inputs if name != self.outputs[0]]
        found = self._importer.values.get(names[0]) if len(names) == 1 else None
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
