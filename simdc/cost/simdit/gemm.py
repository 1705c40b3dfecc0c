"""The released program's model of a fully connected layer at batch 1, where every weight is used once."""

from __future__ import annotations

from ..hardware import SystolicArray
from ..numbers import ceil_div
from ..result import Busy, Cost, Cycles, DramBits, Number
from .arithmetic import SCALARS, Arithmetic, ratio
from .systolic import TileCounts, TileTransfers, executed_macs, sram_bits, tile_counts, tile_cycles, tile_transfers
from .systolic_dims import SystolicDims, SystolicTile


def matrix_vector_cycles(
    dims: SystolicDims, tile: SystolicTile, counts: TileCounts, ct: int, load: TileTransfers, calc: Arithmetic
) -> Cycles:
    stall = calc.choose(
        # The release has a formula of its own where one tile holds all input channels: no psum is ever resumed.
        ceil_div(dims.ic, tile.ic) == 1,
        _stall_of_one_reduction_tile(dims, tile, ct, load, calc),
        _stall(dims, tile, ct, load, calc),
    )
    return Cycles(ceil_div(ct * counts.tiles, counts.unit), stall)


def matrix_vector_dram_bits(dims: SystolicDims, tile: SystolicTile, array: SystolicArray, calc: Arithmetic) -> DramBits:
    """The ifmap counts once for every tile of output channels, even when one tile holds all of it: so does the
    release."""
    widths = array.widths
    return DramBits(
        weight=dims.ic * dims.oc * widths.weight_bits,
        # A quotient, not rounded up: 1,024 outputs in tiles of 112 read the ifmap 9.14 times.
        ifmap=calc.ratio(dims.ic * dims.oc * widths.ifmap_bits, tile.oc),
        ofmap=dims.oc * widths.psum_bits,
        bias=dims.oc * widths.bias_bits,
    )


def matrix_vector(dims: SystolicDims, tile: SystolicTile, array: SystolicArray, macs: int) -> Cost:
    """`macs` is reported as the work of the mathematics."""
    counts, load = tile_counts(dims, tile, False), tile_transfers(tile, array)
    cycles = matrix_vector_cycles(dims, tile, counts, tile_cycles(tile, array), load, SCALARS)
    return Cost(
        cycles,
        matrix_vector_dram_bits(dims, tile, array, SCALARS),
        # On-chip counts are those of a 1x1 convolution, one group.
        sram_bits(dims, tile, array, 1),
        (("mac", macs), ("mac_executed", executed_macs(dims, 1))),
        Busy(
            compute=cycles.compute,
            weight_port=ratio(load.weight * counts.weight_loads + load.bias * counts.bias_loads, counts.unit),
            ifmap_port=ratio(load.ifmap * counts.tiles, counts.unit),
            psum_port=ratio(load.psum * dims.oc, tile.oc),
        ),
    )


def _stall_of_one_reduction_tile(
    dims: SystolicDims, tile: SystolicTile, ct: int, load: TileTransfers, calc: Arithmetic
) -> Number:
    lw, lb, li, lo = load.weight, load.bias, load.ifmap, load.psum
    largest, first = calc.largest, calc.largest(li, lw + lb)
    # The release takes the first two tiles apart; with fewer than two it has the first load and the last store only.
    beyond_two = dims.oc - 2 * tile.oc
    steady = calc.ratio(beyond_two * largest(0, lw + lb - ct, lo - ct), tile.oc)
    many = steady + first + largest(0, lw + lb - ct) + largest(0, lo - ct) + lo
    return calc.choose(beyond_two < 0, first + lo, many)


def case_counts(dims: SystolicDims, tile: SystolicTile) -> tuple[int, int]:
    """Over the size of a tile of weights, the tiles that begin an output beyond the first, and the others between. The
    latter may be negative."""
    # Numerators over ic * oc of a tile: 4 x 4 channels in tiles of 2 x 2 have 4 / 4 = 1 further output tile.
    outputs = (dims.oc - tile.oc) * tile.ic
    return outputs, dims.ic * dims.oc - dims.oc * tile.ic - tile.ic * tile.oc - outputs


def _stall(dims: SystolicDims, tile: SystolicTile, ct: int, load: TileTransfers, calc: Arithmetic) -> Number:
    lw, lb, li, lo = load.weight, load.bias, load.ifmap, load.psum
    largest, first = calc.largest, calc.largest(li, lw + lb)
    unit = tile.ic * tile.oc
    outputs, between = case_counts(dims, tile)
    cases = (
        outputs * largest(0, lw + lb - ct, li - ct)
        + between * largest(0, lw - ct, li - ct)
        + outputs * largest(0, lw - ct, li - ct, lo - ct)
    )
    return calc.ratio(cases, unit) + first + largest(0, lw - ct, li - ct) + lo
