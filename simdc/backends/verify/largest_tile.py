"""Bits of the largest tile of each operand, found by looking at the tiles along each dimension."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from simdc.backends.simulate.contraction import rounded_bounds
from simdc.backends.simulate.vector import rounded_bounds as rounded_program_bounds
from simdc.backends.simulate.walk import whole_loops
from simdc.cost.capacity import in_memory
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Affine, Contraction, Operand, VectorProgram
from simdc.cost.tiling import Tiling


def contraction_needs_bits(kernel: Contraction, tiling: Tiling, hardware: Hardware) -> dict[str, int]:
    """By role in the contraction, psums at psum width."""
    bounds, tiles = rounded_bounds(kernel, hardware), whole_loops(kernel, tiling).as_dict()
    return {
        role: _bits(operand, bounds, tiles, stores_padding=hardware.stores_padding)
        for role, operand in kernel.by_role.items()
    }


def program_need_bits(program: VectorProgram, tiling: Tiling, hardware: Hardware) -> int:
    """Of the nest that needs most vector memory."""
    tiles, needs = whole_loops(program, tiling).as_dict(), list[int]()
    for nest in program.nests:
        bounds = rounded_program_bounds(nest, program, hardware)
        operands, vectors = in_memory(nest, hardware.simd)
        need_bits = vectors * hardware.simd.lanes * hardware.simd.width_bits
        needs.append(need_bits + sum(_bits(o, bounds, tiles, stores_padding=hardware.stores_padding) for o in operands))
    return max(needs)


def _bits(operand: Operand, bounds: Mapping[str, int], tiles: Mapping[str, int], *, stores_padding: bool) -> int:
    bits = operand.bits
    for expression, extent in zip(operand.index, operand.shape, strict=True):
        bits *= _longest(expression, extent, bounds, tiles, stores_padding=stores_padding)
    return bits


def _longest(
    expression: Affine, extent: int, bounds: Mapping[str, int], tiles: Mapping[str, int], *, stores_padding: bool
) -> int:
    if stores_padding:
        return expression.span({loop: min(tiles[loop], bounds[loop]) for loop, _ in expression.terms})
    longest = 0
    starts = [range(0, bounds[loop], min(tiles[loop], bounds[loop])) for loop, _ in expression.terms]
    for first in product(*starts):
        low = high = expression.constant
        for (loop, step), start in zip(expression.terms, first, strict=True):
            low += step * start
            high += step * (min(start + tiles[loop], bounds[loop]) - 1)
        longest = max(longest, min(high, extent - 1) - max(low, 0) + 1)
    return longest
