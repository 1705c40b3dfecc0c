"""Layers of the systolic array as the released program sees them: one group, channels padded to the array."""

from __future__ import annotations

from collections.abc import Mapping

from simdc.named import NamedTuple

from ..hardware import SystolicArray
from ..kernel import Contraction
from ..model import Uncosted
from ..numbers import round_up
from ..tiling import TilingError
from .window import check_known, common_stride, steps

LOOPS = {
    "conv2d": frozenset(("g", "oc", "ic", "kh", "kw", "n", "oh", "ow")),
    "linear": frozenset(("oc", "ic", "n")),
}
# The release models these two loop orders, outermost first: the batch inside the weights' loops, or around them.
ORDER = ("oc", "ic", "kh", "kw", "n", "oh", "ow")
BATCH_OUTSIDE = ("oc", "n", "ic", "kh", "kw", "oh", "ow")


class SystolicDims(NamedTuple):
    """OC, IC, KH, KW, N, OH, OW and S of one group; `oc` padded to the columns and `ic` to the rows of the array."""

    oc: int
    ic: int
    kh: int
    kw: int
    n: int
    oh: int
    ow: int
    stride: int


class SystolicTile(NamedTuple):
    """Tile sizes of one group; `ih` and `iw` are the rows and columns of its ifmap tile."""

    oc: int
    ic: int
    kh: int
    kw: int
    n: int
    oh: int
    ow: int
    ih: int
    iw: int


def read_dims(kernel: Contraction, bounds: Mapping[str, int], array: SystolicArray) -> SystolicDims:
    """Raises Uncosted for a contraction that the release has no layer for."""
    known = LOOPS.get(kernel.kind)
    if known is None:
        raise Uncosted(
            f"the released SimDIT has no layer '{kernel.kind}'; on the systolic array it knows {', '.join(LOOPS)}"
        )
    check_known(kernel.kind, bounds, known)
    get = bounds.get
    return SystolicDims(
        # Padding is always stored in the release: 20 channels on 16 columns are 32.
        round_up(get("oc", 1), array.columns),
        round_up(get("ic", 1), array.rows),
        get("kh", 1),
        get("kw", 1),
        get("n", 1),
        get("oh", 1),
        get("ow", 1),
        common_stride(kernel.kind, steps(kernel.ifmap.index), bounds),
    )


def read_tile(dims: SystolicDims, bounds: Mapping[str, int], sizes: Mapping[str, int]) -> SystolicTile:
    """A tile that reaches the end of its loop is the whole dimension, padding included."""
    # Groups run one by one: docs/architecture.md, "What simdit does differently".
    if sizes.get("g", 1) != 1:
        raise TilingError(
            f"the released SimDIT runs groups one by one: tile size of loop 'g' must be 1, got {sizes['g']}"
        )
    oc, ic = _clip("oc", dims.oc, bounds, sizes), _clip("ic", dims.ic, bounds, sizes)
    kh, kw = _clip("kh", dims.kh, bounds, sizes), _clip("kw", dims.kw, bounds, sizes)
    oh, ow = _clip("oh", dims.oh, bounds, sizes), _clip("ow", dims.ow, bounds, sizes)
    n = _clip("n", dims.n, bounds, sizes)
    return SystolicTile(oc, ic, kh, kw, n, oh, ow, (oh - 1) * dims.stride + kh, (ow - 1) * dims.stride + kw)


def _clip(name: str, whole: int, bounds: Mapping[str, int], sizes: Mapping[str, int]) -> int:
    size = sizes.get(name, whole)
    return whole if size >= bounds.get(name, 1) else size


def batch_runs_outside(dims: SystolicDims, tile: SystolicTile, order: tuple[str, ...], groups: int) -> bool:
    """Whether the batch loop encloses the weights' loops, so that every batch tile loads the weights anew. Raises
    TilingError for an order that the release does not model; loops of a single tile may stand anywhere."""
    if order == ORDER:
        return False
    # An uncut loop may stand anywhere: it changes no traffic in the release's formulas either.
    tiled = {name for name in ORDER if getattr(tile, name) < getattr(dims, name)}
    significant = tuple(name for name in order if name in tiled or (name == "g" and groups > 1))
    if groups > 1 and significant[0] == "g":
        significant = significant[1:]
    for known in (ORDER, BATCH_OUTSIDE):
        if significant == tuple(name for name in known if name in tiled):
            return known is BATCH_OUTSIDE
    raise TilingError(
        f"the released SimDIT models the loop orders ({', '.join(ORDER)}) and ({', '.join(BATCH_OUTSIDE)}), "
        f"outermost first and groups before all, not ({', '.join(order)})"
    )
