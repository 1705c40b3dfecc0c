"""The released program's model of a tiled convolution; a fully connected layer with a batch is a 1x1 convolution.

Tile counts are real quotients X/t_x in the release; it rounds up only some of what the paper's footnote 1 leaves open.
Here they stay numerators over one denominator, so that nothing is rounded before the end.
"""

from __future__ import annotations

from typing import cast

from simdc.named import NamedTuple

from ..hardware import SystolicArray
from ..numbers import ceil_div
from ..result import Busy, Cost, Cycles, DramBits, Number, SramBits
from .arithmetic import SCALARS, Arithmetic, ratio
from .systolic_dims import SystolicDims, SystolicTile


def weight_port(array: SystolicArray, calc: Arithmetic = SCALARS) -> int:
    """Bits per cycle: the release lets weights fill at most one row of the array in a cycle."""
    # Whole: `SimditModel` takes no fractions.
    width = cast("int", array.bandwidths.weight_bits_per_cycle)
    return calc.smallest(array.rows * array.widths.weight_bits, width)


def tile_cycles(tile: SystolicTile, array: SystolicArray) -> int:
    """Compute cycles of one tile with the fill of the array (SimDIT Eqs. 14-16)."""
    # A tile with 32 channels, 20 and their padding, takes 2 passes on 16 rows.
    passes = ceil_div(tile.ic, array.rows) * ceil_div(tile.oc, array.columns)
    return tile.oh * tile.ow * tile.n * tile.kh * tile.kw * passes + array.rows - 1 + array.columns - 1


def sram_bits(dims: SystolicDims, tile: SystolicTile, array: SystolicArray, groups: int) -> SramBits:
    """Full-width accesses of the four buffers (SimDIT Table III): every cycle reads all weights of the array, one
    vector of ifmaps, and reads and writes one vector of psums, but an output's first visit only writes."""
    widths = array.widths
    outputs = dims.oh * dims.ow * dims.oc * dims.n
    column_steps = ceil_div(dims.oc, tile.oc)
    reduction_tiles = ceil_div(dims.ic, tile.ic) * ceil_div(dims.kh, tile.kh) * ceil_div(dims.kw, tile.kw)
    row_steps = ceil_div(tile.ic, array.rows) * tile.kh * tile.kw * reduction_tiles
    pixel_steps = tile.oh * tile.ow * tile.n * ceil_div(dims.oh, tile.oh) * ceil_div(dims.ow, tile.ow)
    pixel_steps *= ceil_div(dims.n, tile.n)
    # Whole tiles here, where the release's stall and weight traffic count real quotients of tiles.
    ifmap_reads = dims.oh * dims.ow * dims.n * dims.ic * dims.kh * dims.kw * ceil_div(tile.oc, array.columns)
    return SramBits(
        wbuf=groups * dims.kh * dims.kw * dims.ic * dims.oc * pixel_steps * widths.weight_bits,
        ibuf=groups * ifmap_reads * column_steps * widths.ifmap_bits,
        obuf=groups * outputs * (2 * row_steps - 1) * widths.psum_bits,
        bbuf=groups * outputs * widths.bias_bits,
    )


def executed_macs(dims: SystolicDims, groups: int) -> int:
    """Multiplications with padded channels."""
    return groups * dims.oh * dims.ow * dims.oc * dims.n * dims.ic * dims.kh * dims.kw


class TileTransfers(NamedTuple):
    """Cycles of one tile's transfers; weights and biases share a port, `psum` is one load or one store."""

    weight: int
    bias: int
    ifmap: int
    psum: int


def tile_transfers(tile: SystolicTile, array: SystolicArray, calc: Arithmetic = SCALARS) -> TileTransfers:
    """Each operand's transfer is rounded up on its own, unlike SimDIT Eqs. 17 and 18."""
    widths, weight_bandwidth = array.widths, weight_port(array, calc)
    return TileTransfers(
        ceil_div(tile.kh * tile.kw * tile.ic * tile.oc * widths.weight_bits, weight_bandwidth),
        ceil_div(tile.oc * widths.bias_bits, weight_bandwidth),
        ceil_div(tile.ih * tile.iw * tile.ic * tile.n * widths.ifmap_bits, array.bandwidths.ifmap_bits_per_cycle),
        ceil_div(tile.oh * tile.ow * tile.oc * tile.n * widths.psum_bits, array.bandwidths.psum_bits_per_cycle),
    )


class TileCounts(NamedTuple):
    """How many tiles there are, and how many of them begin with new weights, begin with a new bias or finish an
    output; all as numerators over `unit`."""

    tiles: int
    weight_loads: int
    bias_loads: int
    finished: int
    unit: int


def tile_counts(dims: SystolicDims, tile: SystolicTile, batch_outside: bool) -> TileCounts:
    image = tile.oh * tile.ow
    window = tile.ic * tile.kh * tile.kw
    weights = dims.oc * dims.ic * dims.kh * dims.kw
    return TileCounts(
        tiles=executed_macs(dims, 1),
        weight_loads=weights * image * (dims.n if batch_outside else tile.n),
        bias_loads=dims.oc * window * image * tile.n,
        finished=dims.oh * dims.ow * dims.oc * dims.n * window,
        unit=window * image * tile.oc * tile.n,
    )


def case_counts(counts: TileCounts) -> tuple[int, int, int, int]:
    """Over `unit`, the tiles of the stall's four cases, by what moves beside a tile's compute: ifmap load and psum
    store alone, with a psum load, with that and new weights, with a new bias. The first may be negative."""
    # The first tile's loads are in the terms for the ends, so it is taken off: `unit` is one tile.
    new_bias = counts.bias_loads - counts.unit
    new_weight = counts.weight_loads - counts.bias_loads
    # Two tiles are taken off for the ends. Three outputs, all with new bias: 3 - 2 - 2 = -1.
    only_store = counts.finished - 2 * counts.unit - new_bias
    return only_store, counts.tiles - counts.finished - new_weight, new_weight, new_bias


def _stall(counts: TileCounts, ct: int, load: TileTransfers, calc: Arithmetic) -> Number:
    """Sum of the release's four cases (SimDIT Eq. 18 shows the third) and of its terms for the first two and the last
    two tiles. Negative counts are used as they are."""
    lw, lb, li, lp = load.weight, load.bias, load.ifmap, load.psum
    largest = calc.largest
    only_store, psum_load, new_weight, new_bias = case_counts(counts)
    cases = (
        only_store * largest(0, li - ct, lp - ct)
        + psum_load * largest(0, li - ct, 2 * lp - ct)
        + new_weight * largest(0, li - ct, lw - ct, 2 * lp - ct)
        + new_bias * largest(0, li - ct, lp - ct, lw + lb - ct)
    )
    # First tile's loads, second's ifmap, the store beside the last tile, the last store.
    ends = largest(li, lw + lb) + largest(0, li - ct) + largest(0, lp - ct) + lp
    return calc.ratio(cases + ends * counts.unit, counts.unit)


def convolution_cycles(counts: TileCounts, ct: int, load: TileTransfers, groups: int, calc: Arithmetic) -> Cycles:
    """Of `groups` convolutions one after the other, whose tiles compute for `ct` cycles each."""
    compute = groups * ceil_div(ct * counts.tiles, counts.unit)
    return Cycles(compute, groups * _stall(counts, ct, load, calc))


def convolution_dram_bits(
    dims: SystolicDims, tile: SystolicTile, array: SystolicArray, counts: TileCounts, groups: int, calc: Arithmetic
) -> DramBits:
    widths = array.widths
    outputs = dims.oh * dims.ow * dims.oc * dims.n
    weights = calc.ratio(groups * counts.weight_loads, tile.oh * tile.ow * tile.n)
    reduction_tiles = ceil_div(dims.ic, tile.ic) * ceil_div(dims.kh, tile.kh) * ceil_div(dims.kw, tile.kw)
    # Every output-channel tile walks the whole ifmap anew. Of the tile counts only theirs is rounded up.
    ifmap_tile_bits = tile.ih * tile.iw * tile.ic * tile.n * widths.ifmap_bits
    ifmap_tiles = ceil_div(dims.oc, tile.oc) * (counts.tiles // dims.oc) * tile.oc
    return DramBits(
        weight=weights * widths.weight_bits,
        ifmap=calc.ratio(groups * ifmap_tile_bits * ifmap_tiles, counts.unit),
        # 3 tiles of input channels: two of them store a psum and two load one, 2 * 3 - 2 = 4 transfers an output.
        psum=groups * outputs * (2 * reduction_tiles - 2) * widths.psum_bits,
        ofmap=groups * outputs * widths.psum_bits,
        bias=groups * dims.oc * widths.bias_bits,
    )


def convolution(
    dims: SystolicDims, tile: SystolicTile, array: SystolicArray, macs: int, groups: int, batch_outside: bool
) -> Cost:
    """`groups` convolutions one after the other; `macs` is reported as the work of the mathematics."""
    counts, load = tile_counts(dims, tile, batch_outside), tile_transfers(tile, array)
    cycles = convolution_cycles(counts, tile_cycles(tile, array), load, groups, SCALARS)
    unit = counts.unit
    return Cost(
        cycles,
        convolution_dram_bits(dims, tile, array, counts, groups, SCALARS),
        sram_bits(dims, tile, array, groups),
        (("mac", macs), ("mac_executed", groups * counts.tiles)),
        Busy(
            compute=cycles.compute,
            weight_port=ratio(groups * (load.weight * counts.weight_loads + load.bias * counts.bias_loads), unit),
            ifmap_port=ratio(groups * load.ifmap * counts.tiles, unit),
            psum_port=ratio(groups * load.psum * (2 * counts.tiles - counts.finished), unit),
        ),
    )
