"""Element types of a node's results, by what ONNX's own table of operators says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from simdc.errors import SimdcError
from simdc.named import NamedTuple

from .constant_nodes import FLOAT
from .graph import Node


class _Letters(NamedTuple):
    """How the table names the types of inputs and results: each either a type or a letter, and the only type that a
    letter stands for, if it is one. `least` are how many inputs and results a node has at least."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    only: Mapping[str, int] = {}
    least: tuple[int, int] = (0, 0)
    attributes: frozenset[str] | None = None


class ElementTypes:
    """Looks each operator up once."""

    def __init__(self, onnx: Any, opsets: Mapping[str, int]):
        self.onnx = onnx
        self.opsets = opsets
        self.numbers: dict[str, int] = dict(onnx.TensorProto.DataType.items())
        self.known: dict[tuple[str, str], _Letters] = {}

    def results(self, node: Node, inputs: Sequence[int | None]) -> list[int]:
        """For each result ONNX's number of its element type: that of an input with the same letter, the only one that
        the table allows, or what a Cast names. Where the table says nothing, that of the first input."""
        first = next((element for element in inputs if element is not None), FLOAT)
        cast = node.attributes.get("to", node.attributes.get("dtype"))
        letters = self.letters(node)
        if isinstance(cast, int) or not letters.outputs:
            return [cast if isinstance(cast, int) else first] * len(node.outputs)
        read = {letter: element for letter, element in zip(letters.inputs, inputs, strict=False) if element is not None}
        outputs = (letters.outputs[min(place, len(letters.outputs) - 1)] for place in range(len(node.outputs)))
        return [read.get(letter, letters.only.get(letter, first)) for letter in outputs]

    def check(self, nodes: Iterable[Node], file: str) -> None:
        """Raise SimdcError for a node that has fewer inputs or results than its operator."""
        for node in nodes:
            inputs, outputs = self.letters(node).least
            for what, names, least in (("inputs", node.inputs, inputs), ("results", node.outputs, outputs)):
                if len(names) < least:
                    message = f"has {len(names)} {what}, and {node.op_type} {least} at least"
                    raise SimdcError(message, file=file, path=node.place)

    def unknown_attributes(self, nodes: Iterable[Node]) -> list[str]:
        """A sentence for each operator with attributes that the standard has not, which nothing here reads."""
        found: dict[tuple[str, str], int] = {}
        for node in nodes:
            known = self.letters(node).attributes
            for name in () if known is None else node.attributes.keys() - known:
                found[node.operator, name] = found.get((node.operator, name), 0) + 1
        return [
            f"the standard knows no attribute '{name}' of {operator}: it is not looked at, in {count} node"
            + "s" * (count > 1)
            for (operator, name), count in sorted(found.items())
        ]

    def letters(self, node: Node) -> _Letters:
        key = (node.op_type, node.domain)
        if key not in self.known:
            self.known[key] = self._looked_up(node)
        return self.known[key]

    def _looked_up(self, node: Node) -> _Letters:
        try:
            schema = self.onnx.defs.get_schema(node.op_type, self.opsets.get(node.domain, 1), node.domain)
        except (self.onnx.defs.SchemaError, TypeError):
            # TypeError: a version beyond 32 bits.
            return _Letters()
        inputs, outputs = ([formal.type_str for formal in formals] for formals in (schema.inputs, schema.outputs))
        allowed: dict[str, list[str]] = {letter: [letter] for letter in outputs}
        allowed |= {entry.type_param_str: list(entry.allowed_type_strs) for entry in schema.type_constraints}
        names = {
            letter: kinds[0].removeprefix("tensor(").removesuffix(")")
            for letter, kinds in allowed.items()
            if len(kinds) == 1
        }
        only = {letter: self.numbers[name.upper()] for letter, name in names.items() if name.upper() in self.numbers}
        least = schema.min_input, schema.min_output
        return _Letters(tuple(inputs), tuple(outputs), only, least, frozenset(schema.attributes))
