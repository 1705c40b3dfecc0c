"""Which loops of a layer are those of an op of the module, and its tile sizes as the layer's tiling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from xdsl.ir import Operation

from simdc.frontends.schedules_file import Schedule
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.elements import NAMES
from simdc.ir.nest_merging import merged_loops
from simdc.ir.nest_text import parse_nest
from simdc.ir.ops.contraction import ContractionOp
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.max_pool import MaxPoolOp
from simdc.ir.ops.program import ProgramOp
from simdc.named import NamedTuple

from ..iteration import iteration_loops
from ..module_text import name_of
from .levels import TiledOp, sizes_from_dram

CONVOLUTION = (("n",), ("oc",), ("oh",), ("ow",), ("ic",), ("kh",), ("kw",))
DEPTHWISE = (("n",), ("oh",), ("ow",), ("g", "c"), ("kh",), ("kw",))
"""Alternatives are names of other forms of the layer."""
POOL = (("n",), ("c",), ("oh",), ("ow",), ("kh",), ("kw",))


class MadeLayer(NamedTuple):
    """A layer, and an op of the module that it was made of."""

    name: str
    op: Operation
    layer: LayerOp


class _Inexpressible(Exception):
    """Tile sizes that are no tiling of the layer; the message says why."""


def scheduled(
    tiled: TiledOp, made: Sequence[MadeLayer], layers: Mapping[str, Mapping[str, int]], level: str | None
) -> Schedule:
    """The tiling of the layer that the op became; one that cannot be says why and where. Raises SimdcError."""
    tiles = sizes_from_dram(tiled, level)
    owners: dict[str, MadeLayer] = {}
    for each in made:
        owners.setdefault(each.name, each)
    own = [each for each in owners.values() if each.op is tiled.op and each.layer.UNIT is not None]
    shared = [each.name for each in made if each.op is tiled.op]
    label = tiled.op.results[0].name_hint if tiled.op.results else None
    place = f"line {tiled.place.line}: {name_of(tiled.op)}"
    if not own:
        into = f"is part of '{shared[0]}'" if shared else "costs nothing, or became part of another layer"
        return Schedule(label or name_of(tiled.op), (), {}, f"{place} {into}: there is nothing of its own to tile")
    layer = own[-1]
    bounds = layers.get(layer.name)
    if bounds is None:
        # Whoever judges knows what became of it.
        return Schedule(layer.name, (), {})
    try:
        sizes = _sizes(tiles, layer, bounds)
    except _Inexpressible as error:
        return Schedule(layer.name, (), {}, f"{place}: {error}")
    return Schedule(layer.name, tuple(sizes), sizes)


def _sizes(tiles: Sequence[tuple[int, int]], made: MadeLayer, bounds: Mapping[str, int]) -> dict[str, int]:
    """By the layer's loop, outermost first."""
    layer = made.layer
    names = _names(made)
    beyond = [loop for loop, _ in tiles if loop >= len(names)]
    if beyond:
        raise _Inexpressible(f"has {len(names)} loops, and a tile size for loop {beyond[0]}")
    if isinstance(layer, (ContractionOp, ProgramOp)):
        return _of_merged(tiles, [each[0] for each in names], layer)
    found: dict[str, int] = {}
    for loop, size in tiles:
        own = next((name for name in names[loop] if name in bounds), None)
        if own is None:
            raise _Inexpressible(f"loop {loop} is none of the layer's, which are {', '.join(bounds)}")
        if size < bounds[own]:
            found[own] = size
    return found


def _names(made: MadeLayer) -> Sequence[tuple[str, ...]]:
    """What the layer calls each loop of the op."""
    match made.layer:
        case Conv2DOp():
            return DEPTHWISE if "depthwise" in name_of(made.op) else CONVOLUTION
        case MaxPoolOp():
            return POOL
        case ContractionOp() | ProgramOp():
            return [(name,) for name in iteration_loops(made.op)]
        case LayerOp():
            return [(name,) for name in NAMES[len(shape_of(made.layer.results[0]))]]


def _of_merged(
    tiles: Sequence[tuple[int, int]], names: Sequence[str], layer: ContractionOp | ProgramOp
) -> dict[str, int]:
    """Loops that run as one have one tile: a run of the inner ones, which the outer ones take one by one."""
    nest = parse_nest(layer.nest.data)
    own = nest.bounds
    # A loop whose tile is all of it does not step: where it stands is nothing.
    given = {names[loop]: size for loop, size in tiles if size < own.get(names[loop], 1)}
    order, found, ranks = list(given), dict[str, int](), dict[str, int]()
    for whole, parts in merged_loops(nest).items():
        inside = [part for part in parts if part in given]
        if not inside:
            continue
        # d0 of 4, d1 of 6 as one loop of 24: tiles 1 and 3 are its tiles of 3, tiles 2 and 6 those of 12.
        sizes = [given.get(part, own[part]) for part in parts]
        split = next((at for at, size in enumerate(sizes) if size > 1), len(parts) - 1)
        rest = parts[split + 1 :]
        ragged = split > 0 and prod(own[part] for part in parts[:split]) > 1 and own[parts[split]] % sizes[split]
        apart = [order.index(part) for part in inside]
        is_run = apart == list(range(apart[0], apart[0] + len(apart)))
        if any(given.get(part, own[part]) < own[part] for part in rest) or ragged or not is_run:
            raise _Inexpressible(f"loops {', '.join(parts)} run as one here, which these tiles do not cut into runs")
        found[whole] = prod((sizes[split], *(own[part] for part in rest)))
        ranks[whole] = apart[0]
    return {whole: found[whole] for whole in sorted(found, key=ranks.__getitem__)}
