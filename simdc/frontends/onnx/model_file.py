"""Reads an ONNX file into plain values. The only place that looks at protobuf messages."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simdc.errors import SimdcError
from simdc.frontends.reads import readable, was_read
from simdc.named import NamedTuple
from simdc.visible import to_name

from .constant import Array, Constant
from .contradictions import by_name, check_descriptions, check_stored
from .graph import Dimension, Graph, Node, Shaped
from .local_functions import MAX_NODES, inlined
from .module_paths import NamedNode, layer_names
from .signature import NO_SIGNATURE, Signature, signature_of

if TYPE_CHECKING:
    from .messages import (
        AttributeMessage,
        DimensionMessage,
        GraphMessage,
        NodeMessage,
        SparseTensorMessage,
        TensorMessage,
        ValueMessage,
    )

MAX_BYTES = 2**31
"""Protobuf's own limit. Larger networks keep their weights in files of their own."""
OLDEST_OPSET = 7
"""Before, element-wise operators broadcast by other rules and batch normalization was another operator."""
SMALL_BITS = {21: 4, 22: 4, 23: 4, 25: 2, 26: 2}
"""Of ONNX's element types that share a byte: int4, uint4, float4, uint2, int2."""


class Model(NamedTuple):
    """`opset` is the version of ONNX's own operators, `opsets` of each domain's."""

    graph: Graph
    opset: int
    opsets: dict[str, int]


def read_model(path: str) -> Model:
    """The model in a file, weights unread. Raises SimdcError for what is not a model that can be translated."""
    onnx = import_onnx(path)
    proto = load_proto(onnx, path)
    if not proto.graph.node:
        raise SimdcError("is not an ONNX model, or an empty one: it has no nodes", file=path)
    if len(proto.graph.node) > MAX_NODES:
        raise SimdcError(f"has {len(proto.graph.node)} nodes, more than {MAX_NODES}", file=path)
    opsets = {_text(entry.domain) if entry.domain != "ai.onnx" else "": entry.version for entry in proto.opset_import}
    _check_opset(opsets.get(""), onnx.defs.onnx_opset_version(), path)
    if proto.functions:
        proto = inlined(proto, path)
    return Model(_Decoder(onnx, path).graph(proto.graph), opsets[""], opsets)


def decoded_nodes(onnx: Any, protos: Iterable[NodeMessage], path: str) -> tuple[Node, ...]:
    """Nodes that are not in the file at `path`, but belong to it."""
    return _Decoder(onnx, path).nodes(protos)


def import_onnx(path: str) -> Any:
    """The package `onnx`, which is not among those that simdc always brings."""
    try:
        return import_module("onnx")
    except ImportError:
        message = "reading .onnx files needs the package onnx: pip install 'simdc[onnx]'"
        raise SimdcError(message, file=path) from None


def load_proto(onnx: Any, path: str) -> Any:
    data = _bytes_of(path)
    was_read(data)
    try:
        return onnx.load_model_from_string(data)
    except Exception as error:
        # Of protobuf, of the checks of the package, of Python's decoder.
        raise SimdcError(f"is not an ONNX model, or is cut off or damaged: {error}", file=path) from None


def _bytes_of(path: str) -> bytes:
    with readable(path):
        size = os.path.getsize(path)
        if size < MAX_BYTES:
            return Path(path).read_bytes()
    raise SimdcError(
        f"has {size} bytes, and ONNX files end at {MAX_BYTES}: save the weights as external data", file=path
    )


def _check_opset(opset: int | None, newest: int, path: str) -> None:
    if opset is None:
        raise SimdcError("does not say which version of the ONNX operators it uses (no opset_import)", file=path)
    if opset < OLDEST_OPSET:
        raise SimdcError(
            f"uses opset {opset}; the oldest that simdc reads is {OLDEST_OPSET}. Convert it: "
            "onnx.version_converter.convert_version(onnx.load(file), 13)",
            file=path,
        )
    if opset > newest:
        remedy = "pip install --upgrade onnx"
        raise SimdcError(f"uses opset {opset}; the installed package onnx knows up to {newest}: {remedy}", file=path)


class _Decoder:
    def __init__(self, onnx: Any, path: str):
        self.path = path
        self.folder = str(Path(path).resolve().parent)
        self.to_array: Callable[[TensorMessage, str], Array] = onnx.numpy_helper.to_array
        self.external: int = onnx.TensorProto.EXTERNAL
        self.numpy_kind: Callable[[int], np.dtype[np.generic]] = onnx.helper.tensor_dtype_to_np_dtype
        kinds = onnx.AttributeProto
        self.attributes: dict[int, Callable[[AttributeMessage], object]] = {
            kinds.FLOAT: lambda entry: float(entry.f),
            kinds.INT: lambda entry: int(entry.i),
            kinds.STRING: lambda entry: entry.s.decode("utf-8", "replace"),
            kinds.TENSOR: lambda entry: self.tensor(entry.t, _text(entry.t.name)),
            kinds.GRAPH: lambda entry: self.graph(entry.g),
            kinds.FLOATS: lambda entry: tuple(map(float, entry.floats)),
            kinds.INTS: lambda entry: tuple(map(int, entry.ints)),
            kinds.STRINGS: lambda entry: tuple(text.decode("utf-8", "replace") for text in entry.strings),
        }

    def graph(self, proto: GraphMessage) -> Graph:
        inputs = by_name("input", map(self.shaped, proto.input), self.path)
        outputs = [self.shaped(entry) for entry in proto.output]
        described = [*map(self.shaped, proto.value_info), *inputs.values(), *outputs]
        check_descriptions(described, self.path)
        signature = signature_of(proto.value_info)
        stored = [self.tensor(entry, _text(entry.name), signature) for entry in proto.initializer]
        sparse = [self.sparse(entry) for entry in proto.sparse_initializer]
        graph = Graph(
            _text(proto.name),
            self.nodes(proto.node),
            tuple(inputs.values()),
            tuple(entry.name for entry in outputs),
            by_name("weight", (*stored, *sparse), self.path),
            {entry.name: entry for entry in described},
        )
        check_stored(graph, self.path)
        return graph

    def nodes(self, protos: Iterable[NodeMessage]) -> tuple[Node, ...]:
        taken: set[str] = set()
        nodes: list[Node] = []
        protos = list(protos)
        names = layer_names([_named(proto, number) for number, proto in enumerate(protos, 1)])
        for number, (proto, (name, module)) in enumerate(zip(protos, names, strict=True), 1):
            operator, domain = _text(proto.op_type), _text(proto.domain)
            inputs, outputs = tuple(map(_text, proto.input)), tuple(map(_text, proto.output))
            name = to_name(name)
            if name in taken:
                name += f".{number}"
            taken.add(name)
            attributes = {_text(entry.name): self.attribute(entry) for entry in proto.attribute}
            captured = frozenset(
                read for value in attributes.values() if isinstance(value, Graph) for read in _captured(value)
            )
            nodes.append(Node(number, name, operator, domain, inputs, outputs, attributes, captured, proto, module))
        return tuple(nodes)

    def attribute(self, proto: AttributeMessage) -> object:
        decode = self.attributes.get(proto.type)
        return proto if decode is None else decode(proto)

    def tensor(self, proto: TensorMessage, name: str, signature: Signature = NO_SIGNATURE) -> Constant:
        shape, kind = self.sizes(name, proto.dims), proto.data_type
        origin = signature.origin(name, kind)
        return Constant(name, shape, kind, {name: prod(shape)}, lambda: self.values(proto, name), origin)

    def sparse(self, proto: SparseTensorMessage) -> Constant:
        name = _text(proto.values.name)
        shape, kind = self.sizes(name, proto.dims), proto.values.data_type
        return Constant(
            name, shape, kind, {name: prod(shape)}, missing(name, self.path), NO_SIGNATURE.origin(name, kind)
        )

    def sizes(self, name: str, dims: Iterable[int]) -> tuple[int, ...]:
        sizes = tuple(map(int, dims))
        if any(size < 0 for size in sizes):
            raise SimdcError(f"weight '{to_name(name)}' has a negative size: {list(sizes)}", file=self.path)
        return sizes

    def values(self, proto: TensorMessage, name: str) -> Array:
        try:
            if proto.data_location == self.external:
                self.limit(proto, name)
            return self.to_array(proto, self.folder)
        except SimdcError:
            raise
        except Exception as error:
            where = "in the file beside the model" if proto.data_location == self.external else "in the model"
            raise SimdcError(f"the values of '{name}' are not {where}: {error}", file=self.path) from None

    def limit(self, proto: TensorMessage, name: str) -> None:
        """Let no more be read of the file beside the model than the tensor holds: without a length it is the whole."""
        size = self.byte_size(proto)
        stated = [entry for entry in proto.external_data if entry.key == "length"]
        if not stated:
            proto.external_data.add(key="length", value=str(size))
        elif stated[0].value != str(size):
            message = f"says that '{name}' takes {stated[0].value[:40]} bytes beside the model"
            raise SimdcError(f"{message}; its shape and type take {size}", file=self.path)

    def byte_size(self, proto: TensorMessage) -> int:
        kind = self.numpy_kind(proto.data_type)
        bits = SMALL_BITS.get(proto.data_type, 8 * kind.itemsize)
        return -(-prod(proto.dims) * bits // 8)

    def shaped(self, proto: ValueMessage) -> Shaped:
        kind = proto.type.tensor_type
        known = proto.type.HasField("tensor_type") and kind.HasField("shape")
        return Shaped(_text(proto.name), tuple(map(_dimension, kind.shape.dim)) if known else None, kind.elem_type)


def _named(proto: NodeMessage, number: int) -> NamedNode:
    """A node without a name is called as its first result, or else by its number."""
    operator, outputs = _text(proto.op_type), map(_text, proto.output)
    name = _text(proto.name) or next((output for output in outputs if output), f"{operator}_{number}")
    return NamedNode(name, operator, {_text(entry.key): _text(entry.value) for entry in proto.metadata_props})


def missing(name: str, path: str) -> Callable[[], Array]:
    """What reads a tensor of which the file has the shape only."""

    def fail() -> Array:
        raise SimdcError(f"the file has no values of '{name}'", file=path)

    return fail


def _text(value: str | bytes) -> str:
    """Text of a message; protobuf gives bytes where a damaged file has no UTF-8."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _dimension(proto: DimensionMessage) -> Dimension:
    if proto.HasField("dim_value") and proto.dim_value > 0:
        return int(proto.dim_value)
    return _text(proto.dim_param) or None


def _captured(graph: Graph) -> set[str]:
    """Names that a subgraph reads and does not make."""
    made = {entry.name for entry in graph.inputs} | graph.initializers.keys()
    made |= {name for node in graph.nodes for name in node.outputs}
    read = {name for node in graph.nodes for name in node.reads()}
    return (read | set(graph.outputs)) - made
