"""What a nest's straight-line code costs: cycles, accesses to on-chip memories, operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from simdc.cost.fission import wait_cycles
from simdc.cost.hardware import SimdArray
from simdc.cost.kernel import CodeBlock, LoopNest


class CodeCost(NamedTuple):
    """Sums over all tiles of a nest: `cycles` of its instructions without the fill, bits read and written by memory.
    `ops` holds (opcode, elements) of every instruction."""

    cycles: int
    vmem_bits: int
    immediate_bits: int
    instruction_bits: int
    ops: list[tuple[str, int]]


def code_cost(nest: LoopNest, issues_along: Mapping[str, int], simd: SimdArray) -> CodeCost:
    """`issues_along` gives for each loop how many vector instructions all its tiles issue along it."""
    # sum = add(sum, x), sums of 32 and x of 8 bits, issued 5 times on 16 lanes: 5 * (32 + 32 + 8) * 16 = 5,760 bits of
    # vector memory. An accumulator is read and written; a temporary counts with the width of the SIMD array.
    cycles = vmem_bits = immediates = instructions = 0
    ops: list[tuple[str, int]] = []
    operands = (*nest.inputs, *nest.outputs, *nest.scratch, *nest.views)
    widths = {operand.name: operand.bits for operand in operands}
    bounds = {loop.name: loop.bound for loop in nest.loops}
    for block in nest.blocks:
        issues = elements = 1
        for loop in block.loops:
            issues *= issues_along[loop]
            elements *= bounds[loop]
        cycles += issues * sequence_cycles(block, simd)
        instructions += issues * len(block.instructions)
        for opcode, dest, sources in block.instructions:
            bits = widths.get(dest, simd.width_bits)
            for place in sources:
                if isinstance(place, str):
                    bits += widths.get(place, simd.width_bits)
                else:
                    immediates += issues
            vmem_bits += issues * bits
            ops.append((opcode, elements))
    return CodeCost(
        cycles, vmem_bits * simd.lanes, immediates * simd.width_bits, instructions * simd.instruction_bits, ops
    )


def sequence_cycles(block: CodeBlock, simd: SimdArray) -> int:
    """Cycles of one run through straight-line code: latencies, and a wait for each instruction that reads the result
    of the one before it (read after write in the pipeline), unless each has loops of its own."""
    # Batch norm, sub, mul, mul, add of a cycle each, the last three on what the one before wrote, waits of 2 cycles:
    # 1 + 3 + 3 + 3 = 10.
    cycles, written = 0, None
    for opcode, dest, sources in block.instructions:
        cycles += getattr(simd.latency_cycles, opcode)
        if written in sources:
            cycles += wait_cycles(simd)
        written = dest
    return cycles
