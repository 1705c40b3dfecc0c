"""Runs a tiled contraction through buffers: load, accumulate, store, tile by tile."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simdc.backends.simulate.contraction import rounded_bounds
from simdc.backends.simulate.footprint import differs
from simdc.backends.simulate.walk import Tile, neighbours, walk
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Loop, Operand
from simdc.cost.result import DramBits
from simdc.cost.rule import MachineRule
from simdc.cost.tiling import Tiling, loop_bounds

from .arrays import Array
from .buffers import ScheduleError, TileAddress, TileBuffer, Traffic, real_values
from .contraction import run_contraction
from .tiled_run import TiledRun


def run_tiled_contraction(
    kernel: Contraction, tiling: Tiling, hardware: Hardware, rule: MachineRule, inputs: Mapping[str, Array]
) -> TiledRun:
    """`inputs` are DRAM arrays in the shapes of ifmap, weight and bias. Sums that are complete are written to `ofmap`,
    others to `psum`, which is where a tile finds them that goes on with them. Raises ScheduleError."""
    bounds = loop_bounds(kernel)
    sources = kernel.by_role
    del sources["psum"]
    limits = rule.usable_bits(hardware)
    psum, ofmap = np.full(kernel.psum.shape, np.nan), np.full(kernel.psum.shape, np.nan)
    writers: NDArray[np.intp] = np.full(psum.size, -1)
    reductions = [loop for loop in bounds if loop not in kernel.psum.loops]
    resident: dict[str, TileBuffer] = {}
    begun: set[tuple[int, ...]] = set()
    traffic, tiles = Traffic(), list[TileAddress]()

    def fill(role: str, operand: Operand, tile: Tile) -> TileBuffer:
        buffer = TileBuffer(operand, tile, bounds, stores_padding=hardware.stores_padding)
        if buffer.bits > limits[role]:
            raise ScheduleError(
                "buffer",
                tiles[-1],
                role,
                f"at most {limits[role]:,} bits of its buffer at a time",
                f"a tile of {buffer.bits:,} bits",
            )
        resident[role] = buffer
        return buffer

    for before, tile, after in neighbours(walk(rounded_bounds(kernel, hardware), tiling)):
        tiles.append(TileAddress(len(tiles), 0, tile.index))
        for name, operand in sources.items():
            if differs(operand, tile, before):
                fill(name, operand, tile).load(inputs[name])
                traffic.load(name, resident[name].bits)
        sums, begins = resident.get("psum"), False
        if sums is None or differs(kernel.psum, tile, before):
            sums, place = fill("psum", kernel.psum, tile), tile.place(kernel.psum.loops)
            begins = place not in begun
            begun.add(place)
            if begins:
                sums.values[...] = 0.0
            else:
                sums.load(psum)
                traffic.load("psum", sums.bits)
        values = real_values(tile, bounds)
        _accumulate(kernel, values, resident, tiles[-1], with_bias=begins)
        if differs(kernel.psum, tile, after):
            complete = tile.finishes(reductions)
            written = sums.store(ofmap if complete else psum, values)
            writers[written] = len(tiles) - 1
            traffic.store(
                "ofmap" if complete else "psum", sums.elements * (kernel.ofmap_bits if complete else kernel.psum.bits)
            )
    return TiledRun({"ofmap": ofmap}, {"ofmap": writers}, tuple(tiles), _moved(traffic))


def _moved(traffic: Traffic) -> DramBits:
    loads, stores = traffic.loaded_bits, traffic.stored_bits
    return DramBits(
        weight=loads["weight"],
        ifmap=loads["ifmap"],
        psum=loads.get("psum", 0) + stores.get("psum", 0),
        ofmap=stores.get("ofmap", 0),
        bias=loads.get("bias", 0),
    )


def _accumulate(
    kernel: Contraction,
    values: Mapping[str, range],
    resident: Mapping[str, TileBuffer],
    tile: TileAddress,
    *,
    with_bias: bool,
) -> None:
    """The contraction's loops over one tile, on the buffers alone."""
    if not all(values.values()):
        return
    here = kernel._replace(
        loops=tuple(Loop(loop.name, len(values[loop.name])) for loop in kernel.loops),
        ifmap=resident["ifmap"].view(kernel.ifmap, values, tile),
        weight=resident["weight"].view(kernel.weight, values, tile),
        psum=resident["psum"].view(kernel.psum, values, tile),
        bias=None if kernel.bias is None else resident["bias"].view(kernel.bias, values, tile),
    )
    bias = resident["bias"].values if with_bias and kernel.bias is not None else None
    run = run_contraction(here, resident["ifmap"].values, resident["weight"].values, bias)
    resident["psum"].values += run.psum
