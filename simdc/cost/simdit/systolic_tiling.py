"""The released program's tiling generator for convolutions and fully connected layers: kernel window first, then
input channels, image, batch and output channels, each as large as the buffers' usable halves allow."""

from __future__ import annotations

from ..hardware import SystolicArray
from ..numbers import ceil_div, divisors
from ..tiling import Need, TilingError
from .arithmetic import SCALARS, Arithmetic, common_divisors
from .systolic_dims import SystolicDims, SystolicTile


def greedy_tile(dims: SystolicDims, array: SystolicArray, calc: Arithmetic = SCALARS) -> SystolicTile:
    """Raises TilingError when a buffer is smaller than the release demands."""
    _check_minimum(array, calc)
    widths, buffers = array.widths, array.buffers
    stride, rows, columns = dims.stride, array.rows, array.columns
    smallest, largest = calc.smallest, calc.largest
    # Usable halves in elements, and in whole vectors of the array where a tile grows by vectors.
    weights = buffers.weight_bits // 2 // widths.weight_bits
    ifmaps = buffers.ifmap_bits // 2 // widths.ifmap_bits
    psums = buffers.psum_bits // 2 // widths.psum_bits
    biases = buffers.bias_bits // 2 // widths.bias_bits

    # The release first grows the window for one array of channels: 16 x 16 weights and 16 ifmap values a point.
    points = smallest(weights // (rows * columns), ifmaps // rows)
    longer = max(dims.kh, dims.kw)
    # One q for both directions, as the release does: a window of 7x7 in parts of 4x4 for q = 2.
    q = calc.first_fit(longer, lambda q: ceil_div(dims.kh, q) * ceil_div(dims.kw, q) <= points)
    kh, kw = ceil_div(dims.kh, q), ceil_div(dims.kw, q)

    # Whole arrays of input channels; one at least, for which `_check_minimum` has made sure of room.
    ic = rows * largest(1, smallest(points // (kh * kw), dims.ic // rows))

    def fits(oh: int, ow: int, n: int) -> bool:
        psums_fit = oh * ow * n * columns <= psums
        return psums_fit & (((oh - 1) * stride + kh) * ((ow - 1) * stride + kw) * ic * n <= ifmaps)

    if dims.kh <= 3 and dims.kw <= 3:
        # The release insists on image tiles that divide the image when the window is small.
        splits = common_divisors(dims.oh, dims.ow)
        q = calc.first_of(splits, lambda q: fits(dims.oh // q, dims.ow // q, 1), 0)
        calc.refuse(
            q == 0,
            "ifmap or psum buffer",
            lambda: (
                f"the released generator splits an image of {dims.oh} x {dims.ow} by common divisors only, and even "
                f"the largest, {splits[-1]}, leaves tiles that need more than the usable half of the ifmap buffer "
                f"({buffers.ifmap_bits // 2} bits) or of the psum buffer ({buffers.psum_bits // 2} bits)"
            ),
        )
        q = largest(q, 1)
    else:
        longer = max(dims.oh, dims.ow)
        q = calc.first_fit(longer, lambda q: fits(ceil_div(dims.oh, q), ceil_div(dims.ow, q), 1))
    oh, ow = ceil_div(dims.oh, q), ceil_div(dims.ow, q)

    # The batch in parts that divide it, though the formulas would take any: batch 32 is 32, 16, 8, ...
    n = dims.n // calc.first_of(divisors(dims.n), lambda q: fits(oh, ow, dims.n // q), dims.n)

    # Output channels take what is left in three buffers, last of all loops.
    grown = smallest(weights // (kh * kw * ic * columns), psums // (oh * ow * n * columns), biases // columns)
    oc = columns * largest(1, smallest(grown, dims.oc // columns))
    return SystolicTile(oc, ic, kh, kw, n, oh, ow, (oh - 1) * stride + kh, (ow - 1) * stride + kw)


def _check_minimum(array: SystolicArray, calc: Arithmetic) -> None:
    """The release asserts room for a 3x3 window, a 15x15 ifmap tile and a 7x7 ofmap tile of one vector, twice."""
    widths, buffers = array.widths, array.buffers
    _demand("weight buffer", 2 * 9 * array.rows * array.columns * widths.weight_bits, buffers.weight_bits, calc)
    _demand("ifmap buffer", 2 * 15 * 15 * array.rows * widths.ifmap_bits, buffers.ifmap_bits, calc)
    _demand("psum buffer", 2 * 49 * array.columns * widths.psum_bits, buffers.psum_bits, calc)
    _demand("bias buffer", 2 * array.columns * widths.bias_bits, buffers.bias_bits, calc)


def _demand(buffer: str, need: int, limit: int, calc: Arithmetic) -> None:
    calc.refuse(need > limit, buffer, lambda: f"the released generator needs at least {need} bits, it has {limit}")


def check_tile(tile: SystolicTile, array: SystolicArray) -> None:
    """Raise TilingError when a tile exceeds the usable half of a buffer."""
    widths, buffers = array.widths, array.buffers
    _check("weight", tile.kh * tile.kw * tile.ic * tile.oc * widths.weight_bits, buffers.weight_bits)
    _check("ifmap", tile.ih * tile.iw * tile.ic * tile.n * widths.ifmap_bits, buffers.ifmap_bits)
    _check("psum", tile.oh * tile.ow * tile.oc * tile.n * widths.psum_bits, buffers.psum_bits)
    _check("bias", tile.oc * widths.bias_bits, buffers.bias_bits)


def _check(name: str, need: int, total: int) -> None:
    if need > total // 2:
        short = Need(f"{name} buffer", f"systolic.buffers.{name}_bits", need, total // 2)
        raise TilingError(f"{name} buffer: the tile needs {need} bits, the usable half has {total // 2}", need=short)
