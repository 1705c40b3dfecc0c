"""A file of schedules from outside: which loops of which layer another tool tiles, in which order, how large.

[{"layer": "conv1", "order": ["oc", "oh"], "sizes": {"oc": 64, "oh": 7}}, ...], or one by layer:
{"conv1": {"order": ["oc", "oh"], "sizes": {"oc": 64, "oh": 7}}, ...}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from simdc.cost.tiling import Tiling
from simdc.errors import SimdcError
from simdc.named import NamedTuple

from .json_text import name_of, parse_json, read_text

MAX_BYTES = 256 * 2**20
KEYS = {"layer", "order", "sizes"}


class Schedule(NamedTuple):
    """A tiling of the loops that `order` names, outermost first. Sizes that are not given are whole. `why` says why it
    is none of the layer, where that is known before it is judged."""

    layer: str
    order: tuple[str, ...]
    sizes: dict[str, int]
    why: str = ""

    def tiling(self, bounds: Mapping[str, int]) -> Tiling:
        """With the loops that it does not name inside of the others, whole. What is not a loop of the layer stays, for
        whoever judges."""
        # order (oh), bounds oc 8, oh 4, sizes oh 2: order (oh, oc), sizes (2, 8).
        order = (*self.order, *(loop for loop in bounds if loop not in self.order))
        return Tiling(order, tuple(self.sizes.get(loop, bounds.get(loop, 1)) for loop in order))


def read_schedules(path: str) -> list[Schedule]:
    """As the file has them. Raises SimdcError for what is no schedule; whether one fits its layer is not asked."""
    file = name_of(path)
    data = parse_json(read_text(path, MAX_BYTES), file)
    if isinstance(data, dict):
        by_layer = cast("dict[str, object]", data)
        entries = [(f"{layer}", _with_layer(layer, entry)) for layer, entry in by_layer.items()]
    elif isinstance(data, list):
        entries = [(f"[{place}]", entry) for place, entry in enumerate(cast("list[object]", data))]
    else:
        raise SimdcError("must hold a list of schedules, or a schedule by layer", file=file)
    if not entries:
        raise SimdcError("has no schedules", file=file)
    return [_schedule(entry, file, path) for path, entry in entries]


def _with_layer(layer: str, entry: object) -> object:
    return {"layer": layer, **cast("dict[str, object]", entry)} if isinstance(entry, dict) else entry


def _schedule(entry: object, file: str, path: str) -> Schedule:
    if not isinstance(entry, dict):
        raise SimdcError('must be a schedule: {"layer": ..., "order": [...], "sizes": {...}}', file=file, path=path)
    given = cast("dict[str, object]", entry)
    unknown = sorted(given.keys() - KEYS)
    if unknown:
        raise SimdcError(f"unknown '{unknown[0][:80]}'; a schedule has layer, order and sizes", file=file, path=path)
    layer, sizes = given.get("layer"), given.get("sizes")
    if not isinstance(layer, str):
        raise SimdcError("'layer' must be a layer's name", file=file, path=path)
    if not isinstance(sizes, dict):
        raise SimdcError("'sizes' must give tile sizes by loop", file=file, path=path)
    tiles = cast("dict[str, object]", sizes)
    order = given.get("order", list(tiles))
    if not isinstance(order, list) or not all(isinstance(loop, str) for loop in cast("list[object]", order)):
        raise SimdcError("'order' must be a list of loops, outermost first", file=file, path=path)
    loops = tuple(cast("list[str]", order))
    for loop, size in tiles.items():
        if type(size) is not int:
            raise SimdcError(f"the tile size of '{loop[:80]}' must be a whole number", file=file, path=path)
    # A size of a loop that the order leaves out is of a loop inside.
    rest = tuple(loop for loop in tiles if loop not in loops)
    return Schedule(layer, (*loops, *rest), cast("dict[str, int]", tiles))
