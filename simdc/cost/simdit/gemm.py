"""The released program's model of a fully connected layer at batch 1, where every weight is used once."""

from __future__ import annotations

from ..hardware import SystolicArray
from ..result import Busy, Cost, Cycles, DramBits, Number
from .arithmetic import ceil_div, ratio
from .systolic import TileTransfers, executed_macs, sram_bits, tile_counts, tile_cycles, tile_transfers
from .systolic_dims import SystolicDims, SystolicTile


def matrix_vector(dims: SystolicDims, tile: SystolicTile, array: SystolicArray, macs: int) -> Cost:
    """`macs` is reported as the work of the mathematics. The ifmap counts once for every tile of output channels,
    even when one tile holds all of it: so does the release."""
    widths = array.widths
    counts, load, ct = tile_counts(dims, tile, False), tile_transfers(tile, array), tile_cycles(tile, array)
    compute = ceil_div(ct * counts.tiles, counts.unit)
    return Cost(
        Cycles(compute, _stall(dims, tile, ct, load)),
        DramBits(
            weight=dims.ic * dims.oc * widths.weight_bits,
            ifmap=ratio(dims.ic * dims.oc * widths.ifmap_bits, tile.oc),
            ofmap=dims.oc * widths.psum_bits,
            bias=dims.oc * widths.bias_bits,
        ),
        sram_bits(dims, tile, array, 1),
        (("mac", macs), ("mac_executed", executed_macs(dims, 1))),
        Busy(
            compute=compute,
            weight_port=ratio(load.weight * counts.weight_loads + load.bias * counts.bias_loads, counts.unit),
            ifmap_port=ratio(load.ifmap * counts.tiles, counts.unit),
            psum_port=ratio(load.psum * dims.oc, tile.oc),
        ),
    )


def _stall(dims: SystolicDims, tile: SystolicTile, ct: int, load: TileTransfers) -> Number:
    lw, lb, li, lo = load.weight, load.bias, load.ifmap, load.psum
    first = max(li, lw + lb)
    if ceil_div(dims.ic, tile.ic) == 1:
        beyond_two = dims.oc - 2 * tile.oc
        if beyond_two < 0:
            return first + lo
        steady = max(0, lw + lb - ct, lo - ct)
        return ratio(beyond_two * steady, tile.oc) + first + max(0, lw + lb - ct) + max(0, lo - ct) + lo
    # Counts of tiles over `unit`: those that begin an output beyond the first, and the others between.
    unit = tile.ic * tile.oc
    outputs = (dims.oc - tile.oc) * tile.ic
    between = dims.ic * dims.oc - dims.oc * tile.ic - unit - outputs
    cases = (
        outputs * max(0, lw + lb - ct, li - ct)
        + between * max(0, lw - ct, li - ct)
        + outputs * max(0, lw - ct, li - ct, lo - ct)
    )
    return ratio(cases, unit) + first + max(0, lw - ct, li - ct) + lo
