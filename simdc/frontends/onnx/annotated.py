"""An ONNX model with notes on its nodes, where viewers show them; everything else as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simdc.errors import SimdcError

from .local_functions import inlined
from .model_file import import_onnx, load_proto

OLDEST_IR = 10
"""The version of the file format from which nodes carry metadata."""


def annotated(path: str, nodes: Mapping[int, Mapping[str, str]], model: Mapping[str, str]) -> bytes:
    """The model in the file at `path` with `nodes`, notes by the number of the node from 1 on, and those of the whole
    `model`. Functions of the model's own are inlined, as numbers count. Weights in files of their own stay there: keep
    the result beside them. Raises SimdcError as `read_model`."""
    onnx = import_onnx(path)
    proto = load_proto(onnx, path)
    if proto.functions:
        proto = inlined(proto, path)
    for number, notes in nodes.items():
        if not 0 < number <= len(proto.graph.node):
            raise SimdcError(f"has no node {number}", file=path)
        _add(proto.graph.node[number - 1].metadata_props, notes)
    _add(proto.metadata_props, model)
    proto.ir_version = max(proto.ir_version, OLDEST_IR)
    return proto.SerializeToString()


def _add(metadata: Any, notes: Mapping[str, str]) -> None:
    known = {entry.key: entry for entry in metadata}
    for key, value in notes.items():
        entry = known.get(key) or metadata.add(key=key)
        entry.value = value
