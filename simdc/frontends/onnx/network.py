"""The network being built: layers at the place of their node, parameters counted as the file's weights."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar, Literal

import numpy as np
from xdsl.dialects.builtin import ModuleOp, StringAttr, f32
from xdsl.ir import BlockArgument, Operation, SSAValue

from simdc.frontends.imported_network import ImportedNetwork, free_name
from simdc.ir.base import LayerOp, make_tensor_type, shape_of
from simdc.ir.layer_error import MAX_SIZE
from simdc.ir.network import CAUSAL, NetworkOp, ParameterOp
from simdc.ir.stored_width import give_width
from simdc.named import NamedTuple

from .constant import Constant, known
from .constant_nodes import FLOAT
from .graph import Node
from .problems import Unsupported
from .tables import causal_kind, same_values

Kind = Literal["trained", "statistic", "constant"]
"""What a constant is to the network: ParameterOp says it."""


class Mark(NamedTuple):
    """A state of the network to come back to: its last op and how many constants it has."""

    last: Operation | None
    constants: int


class OnnxNetwork(ImportedNetwork):
    """`constants` are the parameters' values by label."""

    source: ClassVar = "file"
    refused: ClassVar = Unsupported

    def __init__(self, name: str, batch: int, file: str):
        super().__init__(name, batch, file)
        self.constants: dict[str, Constant] = {}
        self._made: dict[str, SSAValue] = {}
        self._labels: dict[tuple[int, Kind], str] = {}
        """By constant, which `constants` keeps alive: a weight that several layers read is one parameter."""
        self._kinds: dict[str, Kind] = {}
        self._tables: set[str] = set()
        """Labels of what rows are picked from."""

    def go_to_node(self, node: Node) -> None:
        """Layers from here on come from `node`. A model has no lines: the node's number stands for one, in column 0."""
        self.go_to(node.number, 0)

    def unused(self, name: str) -> str:
        """`name`, or one like it if a layer has it already."""
        return free_name(name, self._layers)

    def table(self, label: str, value: Constant, kind: Kind) -> SSAValue:
        """As `constant`, of what rows are picked from. Another weight with the same values is the same parameter."""
        made = self.constant(label, value, kind)
        self._tables.add(self._labels[id(value), kind])
        return made

    def constant(self, label: str, value: Constant, kind: Kind) -> SSAValue:
        """A parameter with the values of a constant; the same one for the same constant and shape."""
        key = (id(value), kind)
        label_of_twin = self._labels.get(key) or self._tied(value, kind)
        if label_of_twin is not None:
            return self._made[label_of_twin]
        found = free_name(label, self.constants)
        if not value.shape or min(value.shape) < 1:
            raise Unsupported(f"a weight of shape {list(value.shape)} has no place here")
        if value.elements > MAX_SIZE:
            raise Unsupported(f"weight '{value.name}' has {value.elements} elements, more than {MAX_SIZE}")
        statistic, constant = kind == "statistic", kind == "constant"
        op = ParameterOp.make(found, make_tensor_type(f32, value.shape), statistic=statistic, constant=constant)
        self._made[found] = self.append(op, found)
        causal = causal_kind(value) if constant else None
        if causal is not None:
            op.attributes[CAUSAL] = StringAttr(causal)
        if value.bits is not None:
            give_width(op.result, value.bits)
        self.constants[found], self._labels[key] = value, found
        self._kinds[found] = kind
        return self._made[found]

    def fixed(self, layer: str, role: str, shape: Sequence[int]) -> SSAValue:
        """Numbers of keys, 0, 1, ..., which a causal softmax compares: of the values that a layer brings itself the
        only ones that no file has."""
        assert role == "key_numbers", role
        numbers = known(f"{layer}.{role}", np.arange(prod(shape), dtype=np.float32).reshape(shape), FLOAT)
        return self.constant(f"{layer}.{role}", numbers, "constant")

    def _tied(self, value: Constant, kind: Kind) -> str | None:
        """A table that exporters store again, transposed: the head of a language model is its table of words."""
        for label in self._tables & self.constants.keys():
            table = self.constants[label]
            if (table.shape, self._kinds[label]) == (value.shape, kind) and same_values(table, value):
                return label
        return None

    def give_width(self, value: SSAValue, bits: int) -> None:
        """The file stores a value in `bits` bits; what only views it has the width of what it views."""
        while isinstance(value.owner, LayerOp) and value.owner.UNIT is None and value.owner.operands:
            value = value.owner.operands[0]
        if isinstance(value, BlockArgument):
            self._input_bits[value.index] = bits
        give_width(value, bits)

    def add_all(self, op: Operation, name: str) -> tuple[SSAValue, ...]:
        """The results of an op that is put at the current place."""
        self.insert(op, name)
        return tuple(op.results)

    def mark(self) -> Mark:
        return Mark(self.last, len(self.constants))

    def return_to(self, mark: Mark) -> None:
        """Take out what was added since."""
        self.rewind(mark.last)
        # Nodes only add constants, so those that came since are the last.
        while len(self.constants) > mark.constants:
            label, value = self.constants.popitem()
            kind = self._kinds.pop(label)
            del self._made[label], self._labels[id(value), kind]

    def settle(self, network: NetworkOp) -> None:
        """Keep the values of those parameters that the network still has, in the shapes that these have got."""
        shapes = {op.label.data: shape_of(op.result) for op in network.body.block.ops if isinstance(op, ParameterOp)}
        self.constants = {label: self.constants[label].reshaped(shape) for label, shape in shapes.items()}

    def finish(self, results: Sequence[SSAValue]) -> ModuleOp:
        self._parameters = self._weights()
        return super().finish(results)

    def _weights(self) -> int:
        """Trained values. A weight of the file counts whole, whatever is cut from it and in however many forms it is
        used: of 512 positions a network may read 128. What several weights make together counts no more than these."""
        groups: dict[frozenset[str], tuple[int, int]] = {}
        for label, value in self.constants.items():
            if self._kinds[label] == "trained":
                key = frozenset(value.sources)
                used, whole = groups.get(key, (0, sum(value.sources.values())))
                groups[key] = used + value.elements, whole
        return sum(min(used, whole) if len(names) > 1 else whole or used for names, (used, whole) in groups.items())
