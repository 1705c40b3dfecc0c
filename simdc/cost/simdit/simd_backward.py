"""The released program's models of backward and update SIMD layers (SimDIT section V and appendix A)."""

from __future__ import annotations

from ..numbers import ceil_div
from ..result import Cost
from .simd_forward import tiled_cycles, tiled_stall, with_vectors
from .simd_work import SimdWork, simd_cost


def batch_norm_grad(work: SimdWork) -> Cost:
    """SimDIT Algorithm 1 with a wait before each dependent operation. Part 1: five operations, three of which wait.
    Part 2: five more, three of which wait; per channel a multiplication and a division that waits. The normalized
    input leaves for DRAM and comes back between the parts."""
    e, c, t, wait = work.elements, work.channels, work.tile_elements, work.wait
    lanes, tile_channels = work.array.lanes, work.tile_channels
    # Two parts of five operations, each with three waits and a fill of its own.
    inner = 2 * (5 + 3 * wait) * t + 2 * work.fill * lanes
    outer = 1 + wait + work.latency.div
    per_channel = work.transfers(3, tile_channels, 2, tile_channels)
    return simd_cost(
        work,
        compute=ceil_div(inner * e + outer * c * t, lanes * t),
        stall=with_vectors(work, work.transfers(5, t, 1, t), per_channel),
        loads=(5 * e + 3 * c) * work.bits,
        stores=(e + 2 * c) * work.out_bits,
        vmem=(15 * e + 3 * (2 * c + 4 * e) + 2 * e) * work.bits + e * work.out_bits,
        instructions=work.per_lane(10 * e + 2 * c),
        ops=(("add", 2 * e), ("sub", 3 * e), ("mul", 5 * e + c), ("div", c)),
    )


def relu_grad(work: SimdWork) -> Cost:
    return _element_wise(work, 1)


def sgd(work: SimdWork) -> Cost:
    """One multiplication and one subtraction per parameter."""
    return _element_wise(work, 2)


def _element_wise(work: SimdWork, operations: int) -> Cost:
    """The release's common model: two tensors in, one out, all but the last result kept as an intermediate."""
    e, t, lanes = work.elements, work.tile_elements, work.array.lanes
    vectors = operations * ceil_div(t, lanes)
    return simd_cost(
        work,
        compute=tiled_cycles(work, vectors * lanes),
        stall=tiled_stall(work, work.transfers(2, t, 1, t)),
        loads=2 * e * work.bits,
        stores=e * work.out_bits,
        vmem=(3 * operations - 1) * e * work.bits + e * work.out_bits,
        instructions=ceil_div(vectors * e, t),
        ops=(("common", operations * e),),
    )


def reduce_sum(work: SimdWork) -> Cost:
    """The sum over the batch: the common model with N operations on C elements. When the batch is tiled, only one of
    its tiles counts as loaded; so does the release."""
    e, t, c, tile_channels, batch = work.elements, work.tile_elements, work.channels, work.tile_channels, work.batch
    # The whole batch for each tile of channels, even if the batch is tiled.
    vectors = batch * ceil_div(tile_channels, work.array.lanes)
    return simd_cost(
        work,
        compute=ceil_div((vectors + work.fill) * c, tile_channels),
        stall=work.calc.ratio(work.transfers(1, t, 1, tile_channels) * c, tile_channels),
        loads=e * work.bits,
        stores=c * work.out_bits,
        vmem=(3 * batch - 1) * c * work.bits + c * work.out_bits,
        instructions=ceil_div(vectors * c, tile_channels),
        ops=(("common", batch * c),),
    )


def max_pool_grad(work: SimdWork) -> Cost:
    """Per point of the window a conditional move and an addition that waits for it."""
    e, t, steps = work.elements, work.tile_elements, work.elements * work.window
    windowed = work.windowed_elements
    return simd_cost(
        work,
        compute=tiled_cycles(work, (2 + work.wait) * t * work.window),
        stall=tiled_stall(work, work.transfers(2, t, 1, windowed)),
        loads=2 * e * work.bits,
        stores=work.calc.ratio(windowed * e * work.out_bits, t),
        vmem=6 * steps * work.bits,
        instructions=work.per_lane(2 * steps),
        ops=(("add", steps), ("conditional_move", steps)),
    )


def average_pool_grad(work: SimdWork) -> Cost:
    """One division per incoming gradient, then an addition per point of the window, the first of which waits."""
    e, t, k, windowed = work.elements, work.tile_elements, work.window, work.windowed_elements
    return simd_cost(
        work,
        compute=tiled_cycles(work, (work.latency.div + work.wait + k) * t),
        stall=tiled_stall(work, work.transfers(1, t, 1, windowed)),
        loads=e * work.bits,
        stores=work.calc.ratio(windowed * e * work.out_bits, t),
        vmem=3 * (e + e * k) * work.bits,
        instructions=work.per_lane(e + e * k),
        ops=(("add", e * k), ("div", e)),
    )
