"""Lanes whose loops hold one instruction each: what loops stand inside, how often they are set up, and how much room
the temporaries between them take (`simd.issue`, `fission`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from .hardware import SimdArray
from .kernel import CodeBlock, LoopNest, Operand, affine


@lru_cache(maxsize=4096)
def inner_loops(nest: LoopNest, block: CodeBlock) -> frozenset[str]:
    """The loops of a block that run for one instruction before the next has its turn: all, unless several instructions
    work on an element that a later point works on again. Then loops that may lead back to it stand outside."""
    # t = mul(x, x), sum = add(sum, t): all squares, then all additions. Of m = max(m, x), s = mul(s, m) over w the
    # second needs each m, and not the last: w stands outside, and m and s take turns.
    inner = set(block.loops)
    for operand in (*nest.outputs, *nest.scratch):
        touching = [code for code in block.instructions if operand.name in (code.dest, *code.sources)]
        if len(touching) > 1 and any(code.dest == operand.name for code in touching):
            inner &= _telling(operand, block)
    return frozenset(inner)


def _telling(operand: Operand, block: CodeBlock) -> set[str]:
    """Loops that have a dimension of the operand to themselves: each of their values is another element."""
    # y[c, ow + kw]: c. Place (0, 1) of ow and kw is (1, 0) again.
    alone = {terms[0][0] for terms, _ in operand.index if len(terms) == 1}
    return alone & set(block.loops)


def wait_cycles(simd: SimdArray) -> int:
    """What an instruction waits for the one before it, if it reads what that wrote."""
    # One instruction a loop: what it reads was written a loop ago.
    return simd.raw_wait_cycles if simd.issue == "interleaved" else 0


def issues_of(bounds: Mapping[str, int], lanes_loop: str, simd: SimdArray) -> dict[str, int]:
    """Vector instructions along each loop in a single tile. Cut, there are no fewer."""
    return {loop: -(-bound // (simd.lanes if loop == lanes_loop else 1)) for loop, bound in bounds.items()}


def set_up_cycles(nest: LoopNest, issues: Mapping[str, Any], tiles: Mapping[str, Any], simd: SimdArray) -> Any:
    """Cycles for which all tiles of a nest set loops up that hold one instruction, 0 where loops hold more: those are
    in the tile's fill. `issues` gives the vector instructions along each loop, all tiles together, `tiles` how many
    tiles there are along those that are cut; both numbers, or arrays [schedules]."""
    # 3 tiles, sub, mul, mul, add, 40 cycles each: 3 * 4 * 40 = 480. Interleaved it is 3 * 40.
    cycles: Any = 0
    for block in nest.blocks:
        cycles = cycles + set_up_of(block, nest, issues, tiles, simd)
    return cycles


def set_up_of(
    block: CodeBlock, nest: LoopNest, issues: Mapping[str, Any], tiles: Mapping[str, Any], simd: SimdArray
) -> Any:
    """As `set_up_cycles`, of one block of the nest."""
    if simd.issue == "interleaved":
        return 0
    loops: Any = len(block.instructions)
    inner = inner_loops(nest, block)
    for loop in block.loops:
        loops = loops * (tiles.get(loop, 1) if loop in inner else issues[loop])
    return loops * simd.tile_overhead_cycles


@lru_cache(maxsize=4096)
def kept_temporaries(nest: LoopNest, bits: int) -> tuple[Operand, ...]:
    """Temporaries of `bits` an element as operands, which have an element for each point of the loops inside: the next
    instruction takes its turn when all are made. Of blocks that use one name the larger room is enough."""
    # t = mul(x, x), sum = add(sum, t) over tiles of 16 channels and 100 positions: t has 1,600 elements, not a vector.
    named = {operand.name for operand in (*nest.inputs, *nest.outputs, *nest.scratch, *nest.views)}
    rooms: dict[str, set[frozenset[str]]] = {}
    for block in nest.blocks:
        for code in block.instructions:
            if code.dest not in named:
                rooms.setdefault(code.dest, set()).add(inner_loops(nest, block))
    bounds = {loop.name: loop.bound for loop in nest.loops}
    found: list[Operand] = []
    for name, each in rooms.items():
        for inner in each:
            if not any(inner < other for other in each):
                loops = [loop for loop in bounds if loop in inner]
                shape = tuple([bounds[loop] for loop in loops])
                found.append(Operand(name, bits, shape, tuple([affine(loop) for loop in loops])))
    return tuple(found)
