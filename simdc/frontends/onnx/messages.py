"""What simdc reads of the protobuf messages in an ONNX file. For the type checker: nothing imports it at run time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol


class StoredBeside(Protocol):
    key: str
    value: str


class EntryMessage(Protocol):
    key: str
    value: str | bytes


class StoredBesides(Protocol):
    def __iter__(self) -> Iterator[StoredBeside]: ...
    def add(self, *, key: str, value: str) -> object: ...


class TensorMessage(Protocol):
    name: str | bytes
    dims: Sequence[int]
    data_type: int
    data_location: int
    external_data: StoredBesides


class SparseTensorMessage(Protocol):
    values: TensorMessage
    dims: Sequence[int]


class DimensionMessage(Protocol):
    dim_value: int
    dim_param: str | bytes

    def HasField(self, name: str, /) -> bool: ...


class ShapeMessage(Protocol):
    dim: Sequence[DimensionMessage]


class TensorTypeMessage(Protocol):
    elem_type: int
    shape: ShapeMessage

    def HasField(self, name: str, /) -> bool: ...


class TypeMessage(Protocol):
    tensor_type: TensorTypeMessage

    def HasField(self, name: str, /) -> bool: ...


class ValueMessage(Protocol):
    name: str | bytes
    type: TypeMessage
    metadata_props: Sequence[EntryMessage]


class GraphMessage(Protocol):
    name: str | bytes
    node: Sequence[NodeMessage]
    input: Sequence[ValueMessage]
    output: Sequence[ValueMessage]
    value_info: Sequence[ValueMessage]
    initializer: Sequence[TensorMessage]
    sparse_initializer: Sequence[SparseTensorMessage]


class AttributeMessage(Protocol):
    name: str | bytes
    type: int
    f: float
    i: int
    s: bytes
    t: TensorMessage
    g: GraphMessage
    floats: Sequence[float]
    ints: Sequence[int]
    strings: Sequence[bytes]


class NodeMessage(Protocol):
    name: str | bytes
    op_type: str | bytes
    domain: str | bytes
    input: Sequence[str | bytes]
    output: Sequence[str | bytes]
    attribute: Sequence[AttributeMessage]
    metadata_props: Sequence[EntryMessage]

    def SerializeToString(self) -> bytes: ...
