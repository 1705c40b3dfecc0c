"""Runs a tiled vector program through vector memory: load, compute, store, tile by tile and nest by nest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simdc.backends.simulate.footprint import differs
from simdc.backends.simulate.vector import rounded_bounds, runs
from simdc.backends.simulate.walk import Tile, neighbours, walk
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import CodeBlock, Loop, LoopNest, Operand, VectorProgram, shared_loops
from simdc.cost.result import DramBits
from simdc.cost.rule import MachineRule
from simdc.cost.tiling import Tiling

from .arrays import Array
from .buffers import ScheduleError, TileAddress, Traffic, real_values
from .pipeline import Pipeline
from .program import run_block
from .tiled_run import TiledRun
from .vector_memory import VectorMemory


def run_tiled_program(
    program: VectorProgram, tiling: Tiling, hardware: Hardware, rule: MachineRule, inputs: Mapping[str, Array]
) -> TiledRun:
    """`inputs` are DRAM arrays of the operands that no nest makes before they are read. Raises ScheduleError."""
    run = _Run(program, tiling, hardware, rule.program_memory(hardware).usable_bits(hardware), dict(inputs))
    for number, nest in enumerate(program.nests):
        run.play(number, nest)
    results = {operand.name: run.dram[operand.name] for nest in program.nests for operand in nest.outputs}
    loaded, stored = (sum(bits.values()) for bits in (run.traffic.loaded_bits, run.traffic.stored_bits))
    moved = DramBits(ifmap=loaded, ofmap=stored)
    return TiledRun(results, run.writers, tuple(run.tiles), moved, run.compute_cycles)


class _Run:
    def __init__(
        self,
        program: VectorProgram,
        tiling: Tiling,
        hardware: Hardware,
        room_bits: int,
        dram: dict[str, Array],
    ):
        self.room_bits = room_bits
        self.program, self.tiling, self.hardware, self.dram = program, tiling, hardware, dram
        self.tiles = list[TileAddress]()
        self.writers = dict[str, NDArray[np.intp]]()
        self.traffic = Traffic()
        self.compute_cycles = 0

    def play(self, number: int, nest: LoopNest) -> None:
        bounds = {loop.name: loop.bound for loop in nest.loops}
        memory = VectorMemory(nest, self.hardware, self.room_bits)
        pipeline = Pipeline(nest, self.program.lanes, self.hardware.simd)
        begun: set[tuple[str, tuple[int, ...]]] = set()
        for result in nest.outputs:
            # A result that an earlier nest wrote parts of goes on from there, as in the untiled run.
            if result.name not in self.writers or result.name in dict(nest.initial):
                self.dram[result.name] = np.full(result.shape, np.nan)
                self.writers[result.name] = np.full(self.dram[result.name].size, -1)
        for before, tile, after in neighbours(walk(rounded_bounds(nest, self.program, self.hardware), self.tiling)):
            place = TileAddress(len(self.tiles), number, tile.index)
            self.tiles.append(place)
            for operand in nest.inputs:
                if differs(operand, tile, before):
                    memory.make(operand, tile, bounds).load(self.dram[operand.name])
                    self.traffic.load(operand.name, memory[operand.name].bits)
            for operand in (*nest.scratch, *nest.outputs):
                if differs(operand, tile, before):
                    self._begin(operand, nest, tile, memory, bounds, begun)
            memory.check_room(place, tile)
            values = real_values(tile, bounds)
            blocks = [block for block in nest.blocks if runs(block, nest, tile)]
            for block in blocks:
                _compute(block, nest, {loop: values[loop] for loop in block.loops}, memory, place)
            pipeline.run(blocks, tile)
            for operand in nest.outputs:
                if differs(operand, tile, after):
                    written = memory[operand.name].store(self.dram[operand.name], values)
                    self.writers[operand.name][written] = place.number
                    self.traffic.store(operand.name, memory[operand.name].bits)
        self.compute_cycles += pipeline.cycles

    def _begin(
        self,
        operand: Operand,
        nest: LoopNest,
        tile: Tile,
        memory: VectorMemory,
        bounds: Mapping[str, int],
        begun: set[tuple[str, tuple[int, ...]]],
    ) -> None:
        """A result or accumulator that the tile before did not hold: at its initial value, or as it was left."""
        key = operand.name, tile.place(operand.loops)
        is_result = operand in nest.outputs
        if key in begun and not is_result:
            raise ScheduleError(
                "access",
                self.tiles[-1],
                operand.name,
                "an accumulator that stays in vector memory until it is complete",
                "a walk that left it and comes back",
            )
        buffer = memory.make(operand, tile, bounds)
        initial = dict(nest.initial).get(operand.name)
        if initial is not None:
            buffer.values[...] = initial
        if is_result and (key in begun or not tile.begins(shared_loops(operand, bounds))):
            written = self.writers[operand.name].reshape(operand.shape)[buffer.slices] >= 0
            buffer.values[written] = self.dram[operand.name][buffer.slices][written]
            self.traffic.load(operand.name, buffer.bits)
        begun.add(key)


def _compute(
    block: CodeBlock, nest: LoopNest, values: Mapping[str, range], memory: VectorMemory, tile: TileAddress
) -> None:
    """One block over one tile, on what is in vector memory alone."""
    if not all(values.values()):
        return
    named = {name for code in block.instructions for name in (code.dest, *code.sources)}

    def here(operands: tuple[Operand, ...]) -> tuple[Operand, ...]:
        return tuple(memory[o.name].view(o, values, tile) for o in operands if o.name in named)

    local = LoopNest(
        loops=tuple(Loop(loop, len(values[loop])) for loop in block.loops),
        inputs=here(nest.inputs),
        outputs=here(nest.outputs),
        blocks=(block,),
        scratch=here(nest.scratch),
        views=here(nest.views),
    )
    run_block(block, local, {loop.name: loop.bound for loop in local.loops}, memory.arrays(named))
