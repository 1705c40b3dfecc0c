"""Runs the loop nest of a contraction on arrays: multiply-accumulate over its access maps, zeros in the padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

import numpy as np

from simdc.cost.kernel import Contraction, Operand
from simdc.named import NamedTuple

from .arrays import Array
from .program import places


class ContractionRun(NamedTuple):
    """The partial sums when all loops are through, and how many multiply-accumulates ran."""

    psum: Array
    macs: int


def run_contraction(kernel: Contraction, ifmap: Array, weight: Array, bias: Array | None = None) -> ContractionRun:
    """`psum += ifmap * weight` at every point of the nest; a bias is where the sums begin. Arrays may have any shape
    with the elements of their operand in order.

    Python goes through the loops that share a dimension with another one (`2*oh + kh`), but for the longest of each
    dimension; numpy goes through the rest.
    """
    bounds = {loop.name: loop.bound for loop in kernel.loops}
    factors = ((kernel.ifmap, ifmap.reshape(kernel.ifmap.shape)), (kernel.weight, weight.reshape(kernel.weight.shape)))
    stepped = _shared_loops(kernel.operands, bounds)
    letters = {loop: chr(ord("a") + number) for number, loop in enumerate(bounds)}
    psum: Array = np.zeros(kernel.psum.shape)
    if kernel.bias is not None and bias is not None:
        grid = np.indices([bounds[loop] for loop in kernel.psum.loops])
        points = dict(zip(kernel.psum.loops, grid.reshape(len(kernel.psum.loops), -1), strict=True))
        psum[tuple(places(kernel.psum, points))] = bias.reshape(kernel.bias.shape)[tuple(places(kernel.bias, points))]
    moving = {loop: letter for loop, letter in letters.items() if loop not in stepped}
    text = ",".join(_labels(operand, moving) for operand, _ in factors) + "->" + _labels(kernel.psum, moving)
    for indices in product(*(range(bounds[loop]) for loop in stepped)):
        point = dict(zip(stepped, indices, strict=True))
        parts = [_gather(operand, array, point, bounds) for operand, array in factors]
        here = np.ix_(*_positions(kernel.psum, point, bounds))
        psum[here] += np.einsum(text, *parts, optimize=True).reshape(psum[here].shape)
    return ContractionRun(psum, prod(bounds.values()))


def _shared_loops(operands: Sequence[Operand], bounds: Mapping[str, int]) -> tuple[str, ...]:
    """Loops to step through one by one, so that each dimension of each operand is left with one loop at most."""
    stepped: dict[str, None] = {}
    for operand in operands:
        for expression in operand.index:
            free = [loop for loop, _ in expression.terms if loop not in stepped]
            free.sort(key=lambda loop: bounds[loop])
            stepped |= dict.fromkeys(free[:-1])
    return tuple(stepped)


def _labels(operand: Operand, letters: Mapping[str, str]) -> str:
    """The operand's dimensions for einsum, but for those that no loop in `letters` moves."""
    return "".join(letters[loop] for expression in operand.index for loop, _ in expression.terms if loop in letters)


def _positions(operand: Operand, point: Mapping[str, int], bounds: Mapping[str, int]) -> list[np.ndarray]:
    """Per dimension the positions that the operand is indexed at, over the loop that is not in `point`."""
    found: list[np.ndarray] = []
    for terms, constant in operand.index:
        here = np.array([constant + sum(step * point[loop] for loop, step in terms if loop in point)])
        for loop, step in terms:
            if loop not in point:
                here = here + step * np.arange(bounds[loop])
        found.append(here)
    return found


def _gather(operand: Operand, array: Array, point: Mapping[str, int], bounds: Mapping[str, int]) -> Array:
    """The elements at `_positions`, zero in the padding, without the dimensions that nothing moves."""
    found = _positions(operand, point, bounds)
    inside = [(here >= 0) & (here < extent) for here, extent in zip(found, operand.shape, strict=True)]
    values: Array = np.zeros([len(here) for here in found])
    real = np.ix_(*(here[present] for here, present in zip(found, inside, strict=True)))
    values[np.ix_(*inside)] = array[real]
    moved = [any(loop not in point for loop, _ in expression.terms) for expression in operand.index]
    return values.reshape([size for size, moves in zip(values.shape, moved, strict=True) if moves])
