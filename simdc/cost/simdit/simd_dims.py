"""Layers of the SIMD array as the released program sees them: four dimensions, channels padded to the lanes."""

from __future__ import annotations

from collections.abc import Mapping

from simdc.named import NamedTuple

from ..kernel import VectorProgram
from ..numbers import round_up
from ..tiling import TilingError
from .window import check_known, common_stride, steps

TENSOR_LOOPS = frozenset(("n", "c", "h", "w"))
WINDOW_LOOPS = frozenset(("n", "c", "oh", "ow", "kh", "kw"))


class SimdDims(NamedTuple):
    """N, C, H, W with `c` padded to the lanes. Where a window slides, `h` and `w` are its positions OH and OW."""

    n: int
    c: int
    h: int
    w: int
    kh: int = 1
    kw: int = 1
    stride: int = 1


class SimdTile(NamedTuple):
    """Tile sizes; `ih` and `iw` are the rows and columns that the windows of the tile cover."""

    n: int
    c: int
    h: int
    w: int
    ih: int
    iw: int


def read_dims(program: VectorProgram, bounds: Mapping[str, int], windowed: bool, lanes: int) -> SimdDims:
    """Raises Uncosted for loops that the release's layer of this kind does not have."""
    get = bounds.get
    # Channels are padded to whole vectors: 20 on 16 lanes are 32, as in the release; it always stores padding.
    n, channels = get("n", 1), round_up(get("c", 1), lanes)
    if not windowed:
        check_known(program.kind, bounds, TENSOR_LOOPS)
        return SimdDims(n, channels, get("h", 1), get("w", 1))
    check_known(program.kind, bounds, WINDOW_LOOPS)
    stride = common_stride(program.kind, _window_steps(program), bounds)
    return SimdDims(n, channels, get("oh", 1), get("ow", 1), get("kh", 1), get("kw", 1), stride)


def _window_steps(program: VectorProgram) -> dict[str, int]:
    """Coefficients of the tensor under the window: the pooled input or, backward, its gradient."""
    for nest in program.nests:
        for operand in (*nest.inputs, *nest.outputs):
            found = steps(operand.index)
            if "kh" in found or "kw" in found:
                return found
    return {}


def make_tile(dims: SimdDims, n: int, c: int, h: int, w: int) -> SimdTile:
    # 4 positions at stride 2 under a window of 3: (4 - 1) * 2 + 3 = 9 rows.
    return SimdTile(n, c, h, w, (h - 1) * dims.stride + dims.kh, (w - 1) * dims.stride + dims.kw)


def read_tile(dims: SimdDims, bounds: Mapping[str, int], sizes: Mapping[str, int], windowed: bool) -> SimdTile:
    """A tile that reaches the end of its loop is the whole dimension, padding included."""
    for name in ("kh", "kw"):
        # The release splits a pool's image and never its window.
        if name in bounds and sizes[name] < bounds[name]:
            raise TilingError(
                f"the released SimDIT never tiles a pooling window: tile size of loop '{name}' must be {bounds[name]}"
            )
    height, width = ("oh", "ow") if windowed else ("h", "w")
    channels = sizes.get("c", 1)
    return make_tile(
        dims,
        min(sizes.get("n", 1), dims.n),
        dims.c if channels >= bounds.get("c", 1) else channels,
        min(sizes.get(height, 1), dims.h),
        min(sizes.get(width, 1), dims.w),
    )
