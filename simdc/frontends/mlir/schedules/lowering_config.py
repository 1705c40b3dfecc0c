"""Tile sizes in an attribute of the op, as IREE writes them: `lowering_config`."""

from __future__ import annotations

import json
import re
from typing import cast

from xdsl.dialects.builtin import ModuleOp

from ..module_text import attribute
from .levels import Level, Spot, TiledOp, level_of, place_of

NAME = "lowering_config"
LISTS = re.compile(r"(\w+)\s*=\s*(\[(?:[^\[\]{}]|\[[^\[\]{}]*\])*\])")
WIDTH = re.compile(r"\s*:\s*(?:i\d+|index)")
ORDERS = ("interchange", "tile_interchange")
FORMS = "tile_sizes = [[64, 64, 0], [8, 8, 0]], tile_sizes = [64, 64, 0], or a list by level: workgroup = [64, 64, 0]"


def configured(module: ModuleOp, text: str, file: str) -> list[TiledOp]:
    """All ops that have the attribute. Raises SimdcError for one that is not understood."""
    found: list[TiledOp] = []
    for op in module.walk():
        given = attribute(op, NAME)
        if given is not None:
            place = place_of(op, text, file)
            found.append(TiledOp(op, _levels(str(given), place), place))
    return found


# #iree_codegen.lowering_config<tile_sizes = [[64, 64, 0], [8, 8, 0]]>: levels 0 and 1.
# #iree_gpu.lowering_config<{workgroup = [64, 64, 0], reduction = [0, 0, 4]}>: levels of these names.
def _levels(text: str, place: Spot) -> tuple[Level, ...]:
    lists = {name: _numbers(inner, place) for name, inner in LISTS.findall(WIDTH.sub("", text))}
    order = next((lists.pop(name) for name in ORDERS if name in lists), None)
    if order is not None and not _is_flat(order):
        order = order[0] if len(order) == 1 else None
        if order is None:
            raise place.error(f"'{NAME}' has an order of loops for each of several levels, which is not read")
    sizes = lists.pop("tile_sizes", None)
    levels: dict[str, list[object]] = dict(lists) if sizes is None else {}
    if sizes is not None:
        levels = {"0": sizes} if _is_flat(sizes) else {str(at): cast("list[object]", e) for at, e in enumerate(sizes)}
    levels = {name: inner for name, inner in levels.items() if inner}
    if not levels or not all(map(_is_flat, levels.values())):
        raise place.error(f"'{NAME}' has no tile sizes that are read: {FORMS}")
    return tuple(
        level_of(name, cast("list[int]", inner), cast("list[int] | None", order), place)
        for name, inner in levels.items()
    )


def _numbers(text: str, place: Spot) -> list[object]:
    try:
        found: object = json.loads(text)
    except ValueError:
        raise place.error(f"'{NAME}' has a list that is none of numbers, '{text[:60]}': {FORMS}") from None
    return cast("list[object]", found)


def _is_flat(values: list[object]) -> bool:
    return all(type(value) is int for value in values)
