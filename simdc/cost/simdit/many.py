"""One layer on many machines: the formulas of this model, with an array for each number of a machine."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from ..batch import BatchCost
from ..hardware import Hardware, SystolicArray
from ..kernel import ArrayKernel, Contraction, VectorProgram
from ..result import Busy, Cost
from ..tiling import loop_bounds
from . import gemm, simd_dims, simd_tiling, systolic, systolic_dims, systolic_tiling
from .arrays import Arrays
from .simd_dims import SimdDims, SimdTile
from .simd_layers import simd_layer
from .simd_work import PhaseLatencies, SimdWork, read_work
from .systolic_dims import SystolicDims, SystolicTile

T = TypeVar("T", SystolicDims, SystolicTile, SimdDims, SimdTile)
INT64_END = 2.0**63


def price_many(kernel: ArrayKernel, machines: Hardware, latency: PhaseLatencies) -> BatchCost:
    """Raises Uncosted for a kernel that the release has no layer for."""
    calc = Arrays()
    if isinstance(kernel, VectorProgram):
        cost = _simd_cost(kernel, machines, latency, calc)
    else:
        cost = _systolic_cost(kernel, machines.systolic, calc)
    return BatchCost(cost, calc.refused, tuple(calc.buffers))


def _systolic_cost(kernel: Contraction, array: SystolicArray, calc: Any) -> Cost:
    bounds = loop_bounds(kernel)
    dims = systolic_dims.read_dims(kernel, bounds, array)
    tile = systolic_tiling.greedy_tile(dims, array, calc)
    groups = bounds.get("g", 1)
    # One machine is priced in Python's integers, which do not overflow: arrays must give the same numbers.
    if _largest_product(dims, tile, array, groups, calc) >= INT64_END:
        dims, tile = _unbounded(dims), _unbounded(tile)
    # Greedy tilings have the default order, with the batch inside the weights' loops.
    counts, ct = systolic.tile_counts(dims, tile, False), systolic.tile_cycles(tile, array)
    load = systolic.tile_transfers(tile, array, calc)
    if kernel.kind == "linear" and dims.n == 1:
        cycles = gemm.matrix_vector_cycles(dims, tile, counts, ct, load, calc)
        dram_bits = gemm.matrix_vector_dram_bits(dims, tile, array, calc)
    else:
        cycles = systolic.convolution_cycles(counts, ct, load, groups, calc)
        dram_bits = systolic.convolution_dram_bits(dims, tile, array, counts, groups, calc)
    ops = (("mac", kernel.useful_macs), ("mac_executed", systolic.executed_macs(dims, groups)))
    return Cost(cycles, dram_bits, systolic.sram_bits(dims, tile, array, groups), ops, Busy())


def _simd_cost(program: VectorProgram, machines: Hardware, latency: PhaseLatencies, calc: Any) -> Cost:
    layer, array = simd_layer(program), machines.simd
    bits, out_bits = machines.systolic.widths.psum_bits, program.nests[-1].outputs[0].bits
    dims = simd_dims.read_dims(program, loop_bounds(program), layer.memory.windowed, array.lanes)
    tile: SimdTile = simd_tiling.greedy_tile(dims, layer.memory, array.lanes, bits, array.vmem_bits // 2, calc)
    work = read_work(dims, tile, bits, out_bits, array, latency, calc)
    if _largest_simd_product(work) >= INT64_END:
        work = read_work(_unbounded(dims), _unbounded(tile), bits, out_bits, array, latency, calc)
    return layer.cost(work)._replace(busy=Busy())


def _largest_product(dims: SystolicDims, tile: SystolicTile, array: SystolicArray, groups: int, calc: Any) -> float:
    """A bound on every intermediate result of the formulas: all multiplications times what one tile takes."""
    load = systolic.tile_transfers(tile, array, calc)
    widths = array.widths
    ifmap_bits = tile.ih * tile.iw * tile.ic * tile.n * widths.ifmap_bits
    # Rounded-up counts at most double a loop: 8 for the image and the batch, twice that for two accesses.
    per_mac = (
        2 * (load.weight + load.bias + load.ifmap + 2 * load.psum + systolic.tile_cycles(tile, array)),
        2 * ifmap_bits,
        16 * (widths.weight_bits + widths.ifmap_bits + widths.psum_bits + widths.bias_bits),
    )
    return 2.0 * groups * _top(systolic.executed_macs(dims, 1)) * max(map(_top, per_mac))


def _largest_simd_product(work: SimdWork) -> float:
    array = work.array
    elements, tile = _top(work.elements), max(_top(work.tile_elements), _top(work.windowed_elements))
    bits, lanes, window = max(_top(work.bits), work.out_bits), _top(array.lanes), work.window
    # At most 22 + 13 cycles an element, with further waits; seven transfers a tile; 33 accesses an element.
    cycles = (22 + 8 * _top(work.wait) + window) * tile * window + 2 * _top(work.fill) * lanes + 64 * tile
    moved = 8 * _top(work.tile_channels) * (tile * bits / _low(array.bandwidth_bits_per_cycle) + 1)
    return 2.0 * elements * max(cycles, moved, tile * bits, 64.0 * window * work.batch * bits)


def _top(numbers: Any) -> float:
    return float(np.max(numbers))


def _low(numbers: Any) -> float:
    return float(np.min(numbers))


def _unbounded(sizes: T) -> T:
    """The sizes as arrays of Python's integers, which have no end and take fifty times as long."""
    arrays: list[Any] = [np.asarray(size, object) if np.ndim(size) else size for size in sizes]
    return type(sizes)(*arrays)
