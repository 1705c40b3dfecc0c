"""Instruction after instruction through the pipeline of the SIMD array: the cycles that a tile's code takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

from simdc.backends.simulate.issue import issue_order
from simdc.backends.simulate.walk import Tile
from simdc.cost.fission import inner_loops
from simdc.cost.hardware import SimdArray
from simdc.cost.kernel import CodeBlock, LoopNest, Operand


class Pipeline:
    """Remembers the vector that the last instruction wrote: where the next one reads it, it waits. `cycles` are those
    of all tiles so far."""

    def __init__(self, nest: LoopNest, lanes: str, simd: SimdArray):
        self._nest, self._lanes, self._simd = nest, lanes, simd
        self._operands = {operand.name: operand for operand in (*nest.outputs, *nest.scratch)}
        self.cycles = 0

    def run(self, blocks: Sequence[CodeBlock], tile: Tile) -> None:
        """A tile's blocks, issue by issue in the order of the rules. The pipeline fills first."""
        simd = self._simd
        self.cycles += simd.pipeline_stages - 1 + simd.lanes - 1
        if simd.issue == "fission":
            self._run_apart(blocks, tile)
            return
        self.cycles += simd.tile_overhead_cycles
        written, at = "", dict[str, int]()
        for block in blocks:
            order = issue_order(block, self._nest)
            steps = [tile.values[loop][:: simd.lanes if loop == self._lanes else 1] for loop in order]
            for values in product(*steps):
                here = dict(zip(order, values, strict=True))
                for opcode, dest, sources in block.instructions:
                    cycles: int = getattr(simd.latency_cycles, opcode)
                    self.cycles += cycles
                    if written in sources and self._same_vector(written, at, here):
                        self.cycles += simd.raw_wait_cycles
                    written, at = dest, here

    def _run_apart(self, blocks: Sequence[CodeBlock], tile: Tile) -> None:
        """Loops of one instruction each, set up one after the other: none reads what the one before it wrote so
        early."""
        simd = self._simd
        for block in blocks:
            inner = inner_loops(self._nest, block)
            steps = {loop: tile.values[loop][:: simd.lanes if loop == self._lanes else 1] for loop in block.loops}
            issues = prod([len(steps[loop]) for loop in block.loops if loop in inner])
            for _ in product(*(steps[loop] for loop in block.loops if loop not in inner)):
                for opcode, _, _ in block.instructions:
                    latency: int = getattr(simd.latency_cycles, opcode)
                    self.cycles += simd.tile_overhead_cycles + issues * latency

    def _same_vector(self, name: str, before: Mapping[str, int], now: Mapping[str, int]) -> bool:
        """A temporary is one vector, made anew by each issue that reads it."""
        operand = self._operands.get(name)
        return before is now or (operand is not None and _position(operand, before) == _position(operand, now))


def _position(operand: Operand, values: Mapping[str, int]) -> list[int]:
    return [sum(step * values[loop] for loop, step in terms) for terms, _ in operand.index]
