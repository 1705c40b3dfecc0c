"""Runs a vector program on arrays, instruction by instruction, and counts what it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from simdc.cost.instructions import OPCODES, Values
from simdc.cost.kernel import CodeBlock, LoopNest, Operand, VectorProgram, viewed
from simdc.named import NamedTuple

from .arrays import Array


class ProgramRun(NamedTuple):
    """Every operand by name as the last nest left it, and how many elements each opcode computed."""

    arrays: dict[str, Array]
    ops: dict[str, int]


def run_program(program: VectorProgram, inputs: Mapping[str, Array]) -> ProgramRun:
    """Run the nests one after the other, untiled; `inputs` are the operands that the first nest to name them reads.

    A result or scratch operand begins at its initial value, NaN where there is none; a result without one, parts of
    which an earlier nest wrote, goes on from there. Where an operand of a block lies in the padding its instructions
    run, and count, but change nothing: padding is neutral to what a window gathers.
    """
    memory = dict(inputs)
    ops: Counter[str] = Counter()
    begun: set[str] = set()
    for nest in program.nests:
        initial = dict(nest.initial)
        for operand in (*nest.outputs, *nest.scratch):
            if operand.name in initial or operand.name not in begun:
                memory[operand.name] = np.full(operand.shape, initial.get(operand.name, np.nan))
        begun |= {operand.name for operand in nest.outputs}
        for view in nest.views:
            memory[view.name] = memory[viewed(view, nest).name]
        bounds = {loop.name: loop.bound for loop in nest.loops}
        for block in nest.blocks:
            run_block(block, nest, {loop: bounds[loop] for loop in block.loops}, memory)
            for instruction in block.instructions:
                ops[instruction.opcode] += prod(bounds[loop] for loop in block.loops)
    return ProgramRun(memory, dict(sorted(ops.items())))


def run_block(block: CodeBlock, nest: LoopNest, bounds: Mapping[str, int], memory: dict[str, Array]) -> None:
    """All points of a block, in place on the arrays of `memory`: Python steps through loops along which a result
    gathers, numpy through the rest."""
    named = {name for code in block.instructions for name in (code.dest, *code.sources)}
    known = (*nest.inputs, *nest.outputs, *nest.scratch, *nest.views)
    operands = [operand for operand in known if operand.name in named]
    written = {code.dest for code in block.instructions}
    spread = _spread_loops([operand for operand in operands if operand.name in written], bounds)
    stepped = [loop for loop in bounds if loop not in spread]
    sizes = [bounds[loop] for loop in spread]
    grid = np.indices(sizes).reshape(len(spread), prod(sizes))
    points: dict[str, NDArray[np.intp] | int] = dict(zip(spread, grid, strict=True))
    for indices in product(*(range(bounds[loop]) for loop in stepped)):
        at_point = {o.name: places(o, points | dict(zip(stepped, indices, strict=True))) for o in operands}
        inside = np.ones(grid.shape[1], dtype=bool)
        for operand in operands:
            extents = np.array(operand.shape)[:, None]
            here = at_point[operand.name]
            inside &= ((here >= 0) & (here < extents)).all(axis=0)
        at = {name: tuple(place[:, inside if place.shape[1] > 1 else inside[:1]]) for name, place in at_point.items()}
        _run_points(block, at, memory)


def _run_points(block: CodeBlock, at: Mapping[str, tuple[NDArray[np.intp], ...]], memory: dict[str, Array]) -> None:
    """The block's code at many points side by side; `at` says where each operand stands."""
    temporaries: dict[str, Array] = {}

    def value(source: str | float) -> Values:
        if not isinstance(source, str):
            return source
        return memory[source][at[source]] if source in at else temporaries[source]

    for code in block.instructions:
        result = OPCODES[code.opcode](*(value(source) for source in code.sources))
        if code.dest in at:
            memory[code.dest][at[code.dest]] = result
        else:
            temporaries[code.dest] = result


def _spread_loops(results: Sequence[Operand], bounds: Mapping[str, int]) -> list[str]:
    """Loops whose points touch different elements of every result: of those that share a dimension, the first."""
    spread = list(bounds)
    for operand in results:
        first = {expression.terms[0][0] for expression in operand.index if expression.terms}
        spread = [loop for loop in spread if loop in first]
    return spread


def places(operand: Operand, points: Mapping[str, NDArray[np.intp] | int]) -> NDArray[np.intp]:
    """Where the operand stands at each point: one row per dimension."""
    rows = [constant + sum(step * points[loop] for loop, step in terms) for terms, constant in operand.index]
    if not rows:
        return np.empty((0, 1), dtype=np.intp)
    return np.array(np.broadcast_arrays(*map(np.atleast_1d, rows)), dtype=np.intp)
