"""Many machines at once: a machine whose fields hold arrays, and what a cost model answers for it.

A cost model that can do so has `price_many(kernel, machines) -> BatchCost`, which tiles greedily and prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from simdc.frozen import Frozen, fields
from simdc.named import NamedTuple

from .extensions import Extensions
from .machine_fields import HardwareError
from .machines import SomeMachine
from .result import Cost
from .structure import leaf_paths, unstructure, with_extension

T = TypeVar("T", bound=Frozen)


class BatchCost(NamedTuple):
    """A `Cost` whose numbers are arrays that broadcast against the machines' fields; ports' busy cycles are left out.

    `refused` is 0 for a machine that can run the layer, else the position in `buffers` of what is too small there; the
    cost of such a machine means nothing.
    """

    cost: Cost
    refused: Any
    buffers: tuple[str, ...]


def machines_like(base: SomeMachine, columns: Mapping[str, object]) -> SomeMachine:
    """`base` with arrays in the fields at the dotted paths that `columns` names, which are not checked. Its parts are
    read like those of one machine. Integers have dtype int64. Raises HardwareError for an unknown field."""
    for path in columns:
        base = with_extension(base, path)
    known = leaf_paths(unstructure(base, every=True))
    for path in columns:
        if path not in known:
            raise HardwareError(path[:80], f"unknown field; known fields: {', '.join(known)}")
    return _with_columns(base, columns, "")


def _with_columns(instance: T, columns: Mapping[str, object], prefix: str) -> T:
    # Its class refuses what is no whole number, so the copy's fields are set behind its back.
    # {"simd.lanes": array([16, 32])} -> out.simd.lanes.
    out = copy(instance)
    for field in fields(type(instance)):
        path, value = f"{prefix}{field.name}", getattr(instance, field.name)
        if "part" in field.metadata:
            value = _with_columns(value, columns, f"{path}.")
        elif "parts" in field.metadata:
            value = tuple((name, _with_columns(each, columns, f"{path}.{name}.")) for name, each in value)
        elif field.metadata.get("show") is dict:
            value = tuple((name, columns.get(f"{path}.{name}", each)) for name, each in value)
        elif isinstance(value, Extensions):
            value = _namespace(value.as_data(), columns, f"{path}.")
        object.__setattr__(out, field.name, columns.get(path, value))
    return out


def with_numbers(machines: T, kind: type) -> T:
    """The same batch with arrays of another `kind` of numbers: float, or object for Python's integers."""
    out = copy(machines)
    for field in fields(type(machines)):
        value = getattr(machines, field.name)
        if "part" in field.metadata:
            value = with_numbers(value, kind)
        elif "parts" in field.metadata:
            value = tuple((name, with_numbers(each, kind)) for name, each in value)
        elif hasattr(value, "astype"):
            value = value.astype(kind)
        object.__setattr__(out, field.name, value)
    return out


def _namespace(data: Mapping[str, object], columns: Mapping[str, object], prefix: str) -> SimpleNamespace:
    out = SimpleNamespace()
    for key, value in data.items():
        path = prefix + key
        if isinstance(value, dict):
            setattr(out, key, _namespace(cast("dict[str, object]", value), columns, f"{path}."))
        else:
            setattr(out, key, columns.get(path, value))
    return out
