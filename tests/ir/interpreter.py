"""Runs kernels on numpy arrays, tile by tile and point by point: what is counted is what is computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import product

import numpy as np
from numpy.typing import NDArray

from simdc.cost import Contraction, Instruction, Loop, LoopNest, Operand, Tiling, VectorProgram

Array = NDArray[np.float64]
Point = dict[str, int]

OPCODES: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "max": max,
    "min": min,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "inv_sqrt": lambda a: 1 / math.sqrt(a),
    "move": lambda a: a,
    "conditional_move": lambda a, b, x, y: x if a == b else y,
    "mac": lambda total, a, b: total + a * b,
}


def place(operand: Operand, point: Mapping[str, int]) -> tuple[int, ...] | None:
    """Where the operand is indexed at a point, None in its padding."""
    at = tuple(constant + sum(step * point[loop] for loop, step in terms) for terms, constant in operand.index)
    return at if all(0 <= i < extent for i, extent in zip(at, operand.shape, strict=True)) else None


def points(ranges: Mapping[str, range]) -> Iterator[Point]:
    for values in product(*ranges.values()):
        yield dict(zip(ranges, values, strict=True))


def run_contraction(kernel: Contraction, ifmap: Array, weight: Array, bias: Array | None) -> Array:
    """Multiply-accumulate over the whole nest; results start at the bias. Arrays take the operands' own shapes."""
    left, right = ifmap.reshape(kernel.ifmap.shape), weight.reshape(kernel.weight.shape)
    result = np.zeros(kernel.psum.shape)
    begun: set[tuple[int, ...]] = set()
    for point in points({loop.name: range(loop.bound) for loop in kernel.loops}):
        to = place(kernel.psum, point)
        assert to is not None
        if kernel.bias is not None and to not in begun:
            assert bias is not None
            begun.add(to)
            result[to] += bias.reshape(kernel.bias.shape)[place(kernel.bias, point)]
        source, factor = place(kernel.ifmap, point), place(kernel.weight, point)
        assert factor is not None
        if source is not None:
            result[to] += left[source] * right[factor]
    return result


def run_program(program: VectorProgram, tiling: Tiling, **arrays: Array) -> dict[str, Array]:
    """Every operand by name after all phases. Results and sums are undefined until something writes them."""
    memory = dict(arrays)
    for phase in program.nests:
        for operand in (*phase.outputs, *phase.scratch):
            memory[operand.name] = np.full(operand.shape, dict(phase.initial).get(operand.name, math.nan))
        for view in phase.views:
            memory[view.name] = memory[view.name.partition(".")[0]]
        _run_phase(phase, tiling, memory)
    return memory


def _run_phase(phase: LoopNest, tiling: Tiling, memory: dict[str, Array]) -> None:
    operands = {o.name: o for o in (*phase.inputs, *phase.outputs, *phase.scratch, *phase.views)}
    bounds = {loop.name: loop for loop in phase.loops}
    order = [loop for loop in tiling.order if loop in bounds]
    cuts = {loop: _cut(bounds[loop], tiling.as_dict()[loop]) for loop in order}
    for tiles in product(*(enumerate(cuts[loop]) for loop in order)):
        tile = dict(zip(order, tiles, strict=True))
        for block in phase.blocks:
            missing = [loop for loop in order if loop not in block.loops]
            wanted = {loop: 0 if block.at == "start" else len(cuts[loop]) - 1 for loop in missing}
            if any(tile[loop][0] != wanted[loop] for loop in missing):
                continue
            for point in points({loop: tile[loop][1] for loop in block.loops}):
                _run_code(block.instructions, operands, memory, point)


def _run_code(
    code: tuple[Instruction, ...], operands: Mapping[str, Operand], memory: Mapping[str, Array], point: Point
) -> None:
    """Straight-line code at one point; a point whose operand lies in the padding is passed over."""
    names = {name for i in code for name in (i.dest, *i.sources) if isinstance(name, str) and name in operands}
    places = {name: place(operands[name], point) for name in names}
    if None in places.values():
        return
    temporaries: dict[str, float] = {}

    def value(source: str | float) -> float:
        if not isinstance(source, str):
            return source
        return temporaries[source] if source in temporaries else float(memory[source][places[source]])

    for instruction in code:
        result = OPCODES[instruction.opcode](*(value(source) for source in instruction.sources))
        if instruction.dest in operands:
            memory[instruction.dest][places[instruction.dest]] = result
        else:
            temporaries[instruction.dest] = result


def _cut(loop: Loop, size: int) -> list[range]:
    return [range(start, min(start + size, loop.bound)) for start in range(0, loop.bound, size)]
