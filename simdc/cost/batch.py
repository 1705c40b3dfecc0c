"""Many machines at once: a `Hardware` whose fields hold arrays, and what a cost model answers for it.

A cost model that can do so has `price_many(kernel, machines) -> BatchCost`, which tiles greedily and prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol, cast

from .hardware import Hardware
from .kernel import Kernel
from .machine_fields import HardwareError
from .result import Cost
from .structure import leaf_paths, unstructure, with_extension


class BatchCost(NamedTuple):
    """A `Cost` whose numbers are arrays that broadcast against the machines' fields; ports' busy cycles are left out.

    `refused` is 0 for a machine that can run the layer, else the position in `buffers` of what is too small there; the
    cost of such a machine means nothing.
    """

    cost: Cost
    refused: Any
    buffers: tuple[str, ...]


class BatchModel(Protocol):
    def price_many(self, kernel: Kernel, machines: Hardware) -> BatchCost:
        """The greedy tiling's cost on each machine, an array along the machines for each number. Raises Uncosted for a
        kernel that the model does not know."""
        ...


def machines_like(base: Hardware, columns: Mapping[str, object]) -> Hardware:
    """`base` with arrays in the fields at the dotted paths that `columns` names, which are not checked. Its parts are
    read like those of a `Hardware`. Integers have dtype int64. Raises HardwareError for an unknown field."""
    for path in columns:
        base = with_extension(base, path)
    data = unstructure(base)
    known = leaf_paths(data)
    for path in columns:
        if path not in known:
            raise HardwareError(path[:80], f"unknown field; known fields: {', '.join(known)}")
    return cast("Hardware", _namespace(data, columns, ""))


def _namespace(data: dict[str, object], columns: Mapping[str, object], prefix: str) -> SimpleNamespace:
    # Not a `Hardware`: that refuses what is no whole number. {"simd.lanes": array([16, 32])} -> out.simd.lanes.
    out = SimpleNamespace()
    for key, value in data.items():
        path = prefix + key
        if isinstance(value, dict):
            setattr(out, key, _namespace(cast("dict[str, object]", value), columns, f"{path}."))
        else:
            setattr(out, key, columns.get(path, value))
    return out
