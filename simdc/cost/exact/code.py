"""What a nest's straight-line code costs: cycles, accesses to on-chip memories, operations."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from simdc.cost.fission import wait_cycles
from simdc.cost.hardware import SimdArray
from simdc.cost.kernel import CodeBlock, LoopNest
from simdc.named import NamedTuple


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
    # vector memory. An accumulator is read and written.
    cycles = vmem_bits = immediates = instructions = 0
    for block, (own, bits, numbers) in zip(nest.blocks, issue_counts(nest, simd.width_bits), strict=True):
        issues = 1
        for loop in block.loops:
            issues *= issues_along[loop]
        cycles += issues * sequence_cycles(block, simd)
        instructions += issues * own
        vmem_bits += issues * bits
        immediates += issues * numbers
    return CodeCost(
        cycles,
        vmem_bits * simd.lanes,
        immediates * simd.width_bits,
        instructions * simd.instruction_bits,
        operations(nest),
    )


def issue_counts(nest: LoopNest, width_bits: int) -> list[tuple[int, int, int]]:
    """Of each block what one issue of it takes: instructions, bits that a lane reads and writes in vector memory,
    immediates."""
    # sum = add(sum, x), sums of 32 and x of 8 bits: (1, 32 + 32 + 8, 0). A temporary has the lanes' width.
    operands = (*nest.inputs, *nest.outputs, *nest.scratch, *nest.views)
    widths = {operand.name: operand.bits for operand in operands}
    found: list[tuple[int, int, int]] = []
    for block in nest.blocks:
        bits = immediates = 0
        for _, dest, sources in block.instructions:
            bits += widths.get(dest, width_bits)
            for place in sources:
                if isinstance(place, str):
                    bits += widths.get(place, width_bits)
                else:
                    immediates += 1
        found.append((len(block.instructions), bits, immediates))
    return found


def operations(nest: LoopNest) -> list[tuple[str, int]]:
    """(opcode, elements) of every instruction, however loops are cut."""
    bounds, found = {loop.name: loop.bound for loop in nest.loops}, list[tuple[str, int]]()
    for block in nest.blocks:
        elements = prod([bounds[loop] for loop in block.loops])
        found += ((code.opcode, elements) for code in block.instructions)
    return found


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
