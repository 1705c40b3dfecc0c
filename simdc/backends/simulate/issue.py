"""The order in which a tile's blocks issue their vectors, and where an issue waits for the one before it.

A block issues like a nest of `for` loops in the kernel's default order, but loops that do not move what its last
instruction writes stand outside those that do: a sum over pixels takes the channels in turn, pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from simdc.cost.hardware import SimdArray
from simdc.cost.kernel import CodeBlock, LoopNest, Operand
from simdc.cost.numbers import ceil_div

from .walk import Tile


def issue_order(block: CodeBlock, nest: LoopNest) -> list[str]:
    """The block's loops, outermost first."""
    written = _named(block.instructions[-1].dest, nest)
    moving = set(block.loops if written is None else written.loops)
    order = [loop.name for loop in nest.loops if loop.name in block.loops]
    return [loop for loop in order if loop not in moving] + [loop for loop in order if loop in moving]


def waits_between_issues(nest: LoopNest, running: Sequence[CodeBlock], lanes: str, tile: Tile, simd: SimdArray) -> int:
    """How often the first instruction of an issue reads the vector that the last of the issue before it wrote, within
    each of the blocks that run in a tile, and from one to the next."""
    waits = 0
    before: CodeBlock | None = None
    for block in running:
        if before is not None:
            written = _handed_on(before, block, nest)
            # The last point of the one is the first of the other where it is the only one.
            if written is not None and all(_issues(loop, lanes, tile, simd) == 1 for loop in written.loops):
                waits += 1
        written = _handed_on(block, block, nest)
        if written is not None:
            waits += _within(block, written, nest, lanes, tile, simd)
        before = block
    return waits


def issue_cycles(waits: int, loops: int, simd: SimdArray) -> int:
    """Of a tile, beside fill and instructions: one set-up and all waits, or a set-up of each loop of one instruction,
    where nothing waits."""
    if simd.issue == "fission":
        return loops * simd.tile_overhead_cycles
    return simd.tile_overhead_cycles + waits * simd.raw_wait_cycles


def set_ups(nest: LoopNest, running: Sequence[CodeBlock], lanes: str, tile: Tile, simd: SimdArray) -> int:
    """How many loops of one instruction a tile sets up: one for each instruction of the blocks that run, again in every
    step of a loop that brings several of them back to an element that one of them writes."""
    loops = 0
    for block in running:
        outside = [
            loop for loop in block.loops if any(_comes_back(loop, o, block) for o in nest.outputs + nest.scratch)
        ]
        loops += len(block.instructions) * prod(_issues(loop, lanes, tile, simd) for loop in outside)
    return loops


def _comes_back(loop: str, operand: Operand, block: CodeBlock) -> bool:
    uses = [operand.name in (each.dest, *each.sources) for each in block.instructions]
    is_written = any(each.dest == operand.name for each in block.instructions)
    return is_written and sum(uses) > 1 and not any([name for name, _ in terms] == [loop] for terms, _ in operand.index)


def _within(block: CodeBlock, written: Operand, nest: LoopNest, lanes: str, tile: Tile, simd: SimdArray) -> int:
    """One loop steps, those inside it turn back to their beginning: often as many times as the loop has further
    values, for each round of the loops outside. They wait if that leads to the vector where one was."""
    order = issue_order(block, nest)
    sizes = {loop: _issues(loop, lanes, tile, simd) for loop in order}
    waits = 0
    for level, loop in enumerate(order):
        step = {loop: 1} | {inner: 1 - sizes[inner] for inner in order[level + 1 :]}
        if not any(_moved(written, step, lanes, simd)):
            waits += (sizes[loop] - 1) * prod(sizes[outer] for outer in order[:level])
    return waits


def _moved(operand: Operand, steps: Mapping[str, int], lanes: str, simd: SimdArray) -> list[int]:
    """How far the operand's index moves along each dimension; a step along the lanes is a whole vector."""
    reach = {loop: step * (simd.lanes if loop == lanes else 1) for loop, step in steps.items()}
    return [sum(step * reach.get(loop, 0) for loop, step in terms) for terms, _ in operand.index]


def _handed_on(block: CodeBlock, following: CodeBlock, nest: LoopNest) -> Operand | None:
    """What the last instruction of one issue writes and the first of the next reads, if that outlives the issue."""
    name = block.instructions[-1].dest
    return _named(name, nest) if name in following.instructions[0].sources else None


def _named(name: str, nest: LoopNest) -> Operand | None:
    return next((operand for operand in (*nest.outputs, *nest.scratch) if operand.name == name), None)


def _issues(loop: str, lanes: str, tile: Tile, simd: SimdArray) -> int:
    return ceil_div(len(tile.values[loop]), simd.lanes) if loop == lanes else len(tile.values[loop])
