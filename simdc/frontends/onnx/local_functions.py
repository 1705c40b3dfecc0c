"""Functions that a file brings with it: each call is replaced by the body, if that stays within bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from simdc.errors import SimdcError

MAX_NODES = 200_000
DEEPEST = 100
"""Functions that call functions."""

Key = tuple[str, str, str]
"""Domain, name and overload."""


def inlined(proto: Any, path: str) -> Any:
    """The model without functions. Raises SimdcError for functions that call themselves, and for a model that would
    have more than MAX_NODES nodes: 30 functions that call the next one twice are a billion."""
    bodies = {_key(function, function.name): function.node for function in proto.functions}
    sizes: dict[Key, int] = {}
    count = _size(proto.graph.node, bodies, sizes, (), path)
    if count > MAX_NODES:
        raise SimdcError(f"has {count} nodes with its functions expanded, more than {MAX_NODES}", file=path)
    try:
        return import_module("onnx.inliner").inline_local_functions(proto)
    except Exception as error:
        # The package raises its own errors of several kinds, and those of protobuf.
        raise SimdcError(f"the functions inside the model cannot be expanded: {error}", file=path) from None


def _size(
    nodes: Iterable[Any], bodies: dict[Key, Any], sizes: dict[Key, int], calls: tuple[Key, ...], path: str
) -> int:
    """Nodes after expansion. `sizes` remembers those of functions, `calls` the functions around."""
    count = 0
    for node in _all(nodes):
        key = _key(node, node.op_type)
        if key not in bodies:
            count += 1
            continue
        if key in calls:
            raise SimdcError(
                f"function '{key[1]}' calls itself", file=path, path=f"node '{node.name}' ({node.op_type})"
            )
        if len(calls) >= DEEPEST:
            raise SimdcError(f"functions call each other more than {DEEPEST} deep, down to '{key[1]}'", file=path)
        if key not in sizes:
            sizes[key] = _size(bodies[key], bodies, sizes, (*calls, key), path)
        count += sizes[key]
    return count


def _all(nodes: Iterable[Any]) -> Iterator[Any]:
    """The nodes and those of the graphs inside them."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            yield from _all(attribute.g.node)
            for graph in attribute.graphs:
                yield from _all(graph.node)


def _key(proto: Any, name: str) -> Key:
    domain = "" if proto.domain == "ai.onnx" else proto.domain
    return domain, name, getattr(proto, "overload", "")
