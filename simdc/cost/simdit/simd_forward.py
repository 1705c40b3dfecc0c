"""The released program's models of forward SIMD layers (SimDIT section V). Access counts are in bits: an instruction
reads each operand and writes its result once per element."""

from __future__ import annotations

from ..numbers import ceil_div
from ..result import Cost, Number
from .simd_work import SimdWork, simd_cost


def tiled_cycles(work: SimdWork, lane_operations: int, fills: int = 1) -> int:
    """Compute cycles of all tiles, each with `lane_operations` spread over the lanes and its pipeline fills."""
    lanes = work.array.lanes
    # In cycles of single lanes: on HI1 a fill of 5 + 15 = 20 cycles on 16 lanes counts as 320.
    per_tile = lane_operations + fills * work.fill * lanes
    return ceil_div(per_tile * work.elements, lanes * work.tile_elements)


def tiled_stall(work: SimdWork, per_tile: int) -> Number:
    return work.calc.ratio(per_tile * work.elements, work.tile_elements)


def relu(work: SimdWork) -> Cost:
    """The zero that ReLU compares with is an immediate, fetched with each instruction."""
    e, t = work.elements, work.tile_elements
    instructions = ceil_div(e, work.array.lanes)
    return simd_cost(
        work,
        compute=tiled_cycles(work, t),
        stall=tiled_stall(work, work.transfers(1, t, 1, t)),
        loads=e * work.bits,
        stores=e * work.out_bits,
        vmem=e * (work.bits + work.out_bits),
        imm=instructions * work.bits,
        instructions=instructions,
        ops=(("max", e),),
    )


def add(work: SimdWork) -> Cost:
    e, t = work.elements, work.tile_elements
    return simd_cost(
        work,
        compute=tiled_cycles(work, t),
        stall=tiled_stall(work, work.transfers(2, t, 1, t)),
        loads=2 * e * work.bits,
        stores=e * work.out_bits,
        vmem=e * (2 * work.bits + work.out_bits),
        instructions=ceil_div(e, work.array.lanes),
        ops=(("add", e),),
    )


def max_pool(work: SimdWork) -> Cost:
    steps = work.elements * work.window
    return _pool(work, work.tile_elements * work.window, vmem=0, instructions=steps, ops=(("max", steps),))


def average_pool(work: SimdWork) -> Cost:
    """The sum over the window, then one division per element that reads twice and writes once."""
    e, t, k = work.elements, work.tile_elements, work.window
    return _pool(
        work,
        t * k + t * work.latency.div,
        vmem=3 * e * work.bits,
        instructions=e * (k + 1),
        ops=(("add", e * k), ("div", e)),
    )


def _pool(
    work: SimdWork, lane_operations: int, vmem: int, instructions: int, ops: tuple[tuple[str, Number], ...]
) -> Cost:
    e, t, k = work.elements, work.tile_elements, work.window
    return simd_cost(
        work,
        compute=tiled_cycles(work, lane_operations),
        stall=tiled_stall(work, work.transfers(1, work.windowed_elements, 1, t)),
        loads=work.calc.ratio(work.windowed_elements * e * work.bits, t),
        stores=e * work.out_bits,
        # k instructions read two and write one; the last write has the result's width. 3x3: 18 + 8 accesses, and 1.
        vmem=(2 * e * k + e * (k - 1)) * work.bits + e * work.out_bits + vmem,
        instructions=ceil_div(instructions, work.array.lanes),
        ops=ops,
    )


def batch_norm_statistics(work: SimdWork) -> Cost:
    """Mean and inverse standard deviation of each channel. Per element a multiplication and two additions, the second
    of which waits for the product; per channel, once its tiles are done, two divisions, three simple operations and
    the inverse root, all but the first division dependent."""
    e, c, t, wait, latency = work.elements, work.channels, work.tile_elements, work.wait, work.latency
    lanes, tile_channels = work.array.lanes, work.tile_channels
    inner = (3 + wait) * t + work.fill * lanes
    outer = 2 * latency.div + latency.inv_sqrt + 3 + 4 * wait
    stores = 2 * work.transfer(tile_channels, work.out_bits)
    return simd_cost(
        work,
        # Tiles inside a channel tile, then channel tiles: (inner/K * T_in + outer*t_c/K) * T_c = all over K*t.
        compute=ceil_div(inner * e + outer * c * t, lanes * t),
        stall=with_vectors(work, work.transfer(t, work.bits), stores),
        loads=e * work.bits,
        stores=2 * c * work.out_bits,
        vmem=(9 * e + 16 * c) * work.bits,
        imm=2 * c * work.bits,
        instructions=work.per_lane(3 * e + 6 * c),
        ops=(("add", 2 * e + c), ("sub", c), ("mul", e + c), ("div", 2 * c), ("inv_sqrt", c)),
    )


def batch_norm(work: SimdWork) -> Cost:
    """Four operations per element, three of which wait for the one before; four vectors of one value per channel."""
    e, c, t = work.elements, work.channels, work.tile_elements
    return simd_cost(
        work,
        compute=tiled_cycles(work, (4 + 3 * work.wait) * t),
        stall=with_vectors(work, work.transfers(1, t, 1, t), 4 * work.transfer(work.tile_channels, work.bits)),
        loads=(e + 4 * c) * work.bits,
        stores=e * work.out_bits,
        vmem=11 * e * work.bits + e * work.out_bits,
        instructions=work.per_lane(4 * e),
        ops=(("add", e), ("sub", e), ("mul", 2 * e)),
    )


def with_vectors(work: SimdWork, per_tile: int, per_channel_tile: int) -> Number:
    """Stall of transfers that occur in every tile and of those that occur once per channel tile."""
    t, tile_channels = work.tile_elements, work.tile_channels
    return work.calc.ratio(
        per_tile * work.elements * tile_channels + per_channel_tile * work.channels * t, t * tile_channels
    )
