"""Runs two fused products through the buffers of both arrays: what is between them never reaches DRAM."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
from numpy.typing import NDArray

from simdc.backends.simulate.footprint import differs
from simdc.backends.simulate.fused import nests_of, stored_tile, visible_tiles
from simdc.backends.simulate.walk import Tile, neighbours
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, FusedProducts, Operand
from simdc.cost.numbers import ceil_div
from simdc.cost.result import DramBits
from simdc.cost.rule import MachineRule
from simdc.cost.tiling import Tiling

from .arrays import Array
from .buffers import ScheduleError, TileAddress, TileBuffer, Traffic
from .fused import FusedMemory, multiply
from .pipeline import Pipeline
from .tiled_run import TiledRun
from .vector_memory import Temporaries


def run_tiled_fused(
    kernel: FusedProducts, tiling: Tiling, hardware: Hardware, rule: MachineRule, inputs: Mapping[str, Array]
) -> TiledRun:
    """`inputs` are DRAM arrays of queries, keys, values and masks, by their names. Raises ScheduleError."""
    run = _FusedRun(kernel, hardware, rule, inputs)
    for before, tile, after in neighbours(visible_tiles(kernel, tiling)):
        run.play(before, tile, after)
    weights = sum(run.traffic.loaded_bits[each.weight.name] for each in (kernel.first, kernel.second))
    loaded, stored = (sum(bits.values()) for bits in (run.traffic.loaded_bits, run.traffic.stored_bits))
    moved = DramBits(weight=weights, ifmap=loaded - weights, ofmap=stored)
    return TiledRun(run.results, run.writers, tuple(run.tiles), moved, run.compute_cycles)


class _FusedRun:
    def __init__(self, kernel: FusedProducts, hardware: Hardware, rule: MachineRule, inputs: Mapping[str, Array]):
        self.kernel, self.hardware, self.inputs = kernel, hardware, inputs
        self.limits = rule.usable_bits(hardware)
        self.room_bits = rule.vector_memory.usable_bits(hardware)
        self.bounds = kernel.bounds | kernel.whole
        self.memory = FusedMemory(kernel)
        self.resident: dict[str, TileBuffer] = {}
        self.pipelines = {nest: Pipeline(nest, kernel.lanes, hardware.simd) for nest in kernel.nests}
        self.array_cycles = 0
        self.traffic, self.tiles = Traffic(), list[TileAddress]()
        self.results = {operand.name: np.full(operand.shape, np.nan) for operand in kernel.finish.outputs}
        self.writers: dict[str, NDArray[np.intp]] = {
            operand.name: np.full(prod(operand.shape), -1) for operand in kernel.finish.outputs
        }

    @property
    def compute_cycles(self) -> int:
        return self.array_cycles + sum(pipeline.cycles for pipeline in self.pipelines.values())

    def play(self, before: Tile | None, tile: Tile, after: Tile | None) -> None:
        kernel, memory, values = self.kernel, self.memory, tile.values
        self.tiles.append(TileAddress(len(self.tiles), 0, tile.index))
        begins, ends = (
            any(differs(operand, tile, other) for operand in kernel.finish.outputs) for other in (before, after)
        )
        for operand in (kernel.first.ifmap, kernel.first.weight, kernel.second.weight, *kernel.row.inputs):
            if differs(operand, tile, before):
                self._buffer(operand, tile).load(self.inputs[operand.name])
                self.traffic.load(operand.name, self.resident[operand.name].bits)
        if begins:
            memory.begin(values)
            for operand in kernel.finish.outputs:
                self._buffer(operand, tile)
        for operand in kernel.row.inputs:
            memory.hand_over(operand, self.resident[operand.name].values)
        nests = nests_of(kernel, tile, ends=ends)
        scores = self._multiply(kernel.first, tile, self.resident[kernel.first.ifmap.name].values)
        memory.hand_over(kernel.first.psum, scores)
        memory.run(nests[0], values)
        handed = memory.arrays[kernel.second.ifmap.name]
        memory.hand_over(kernel.second.psum, self._multiply(kernel.second, tile, handed))
        for nest in nests[1:]:
            memory.run(nest, values)
        self._check_room(tile)
        for nest in nests:
            self.pipelines[nest].run(nest.blocks, tile)
        for operand in kernel.finish.outputs if ends else ():
            buffer = self.resident[operand.name]
            buffer.values[...] = memory.arrays[operand.name]
            self.writers[operand.name][buffer.store(self.results[operand.name], values)] = len(self.tiles) - 1
            self.traffic.store(operand.name, buffer.bits)

    def _buffer(self, operand: Operand, tile: Tile) -> TileBuffer:
        stored = stored_tile(self.kernel, tile, self.hardware)
        buffer = TileBuffer(operand, stored, self.bounds, stores_padding=self.hardware.stores_padding)
        self.resident[operand.name] = buffer
        return buffer

    def _multiply(self, product: Contraction, tile: Tile, ifmap: Array) -> Array:
        array = self.hardware.systolic
        sizes = {loop.name: len(tile.values[loop.name]) for loop in product.loops}
        points = prod(size for loop, size in sizes.items() if loop not in (product.rows, product.columns))
        passes = ceil_div(sizes[product.rows], array.rows) * ceil_div(sizes[product.columns], array.columns)
        self.array_cycles += passes * points + array.rows + array.columns - 2
        return multiply(product, sizes, ifmap, self.resident[product.weight.name].values)

    def _check_room(self, tile: Tile) -> None:
        """Raise ScheduleError unless all that is on chip in this tile fits there."""
        kernel, simd, arrays = self.kernel, self.hardware.simd, self.memory.arrays
        first, second = kernel.first, kernel.second

        def bits(operand: Operand) -> int:
            if operand.name in self.resident:
                return self.resident[operand.name].bits
            return arrays[operand.name].size * operand.bits

        self._check("weight", self.limits["weight"], bits(first.weight) + bits(second.weight))
        self._check("ifmap", self.limits["ifmap"], bits(first.ifmap) + bits(second.ifmap))
        self._check("psum", self.limits["psum"], max(bits(first.psum), bits(second.psum)))
        there = {o.name: o for nest in kernel.nests for o in (*nest.inputs, *nest.outputs, *nest.scratch)}
        rooms = {name: bits(operand) for name, operand in there.items()}
        for one, other in kernel.in_place:
            rooms[other] = max(rooms[other], rooms.pop(one))
        need_bits = sum(rooms.values()) + Temporaries(kernel.nests, simd).bits(tile)
        self._check(max(rooms, key=lambda name: rooms[name]), self.room_bits, need_bits)

    def _check(self, what: str, limit_bits: int, need_bits: int) -> None:
        if need_bits > limit_bits:
            raise ScheduleError(
                "buffer",
                self.tiles[-1],
                what,
                f"at most {limit_bits:,} bits of its memory at a time",
                f"tiles of {need_bits:,} bits",
            )
