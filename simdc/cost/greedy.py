"""Greedy tiling: fill the buffers one loop after the other, as the release does, for any layer and any machine.

The order of the loops is the release's (SimDIT section V): on the systolic array window, input channels, image,
batch, output channels; on the SIMD array image, channels, batch, or batch before channels where a program has
per-channel operands. Tiles always have whole sizes and the result is always legal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import gcd, isqrt

from .capacity import check_fits, resident, temporaries
from .grid import stored_bounds
from .hardware import Hardware
from .kernel import Contraction, Kernel, Operand, VectorProgram
from .tiling import Tiling, loop_bounds

SMALL_WINDOW = 3
IMAGE = ("h", "w", "oh", "ow")


def greedy_tiling(kernel: Kernel, hardware: Hardware) -> Tiling:
    """A legal tiling in the kernel's default loop order. Raises TilingError when one inner tile is too large."""
    if isinstance(kernel, VectorProgram):
        sizes = _program_tile(kernel, hardware)
    else:
        sizes = _contraction_tile(kernel, hardware)
    order = tuple(loop_bounds(kernel))
    tiling = Tiling(order, tuple(sizes[loop] for loop in order))
    check_fits(kernel, tiling, hardware)
    return tiling


def _contraction_tile(kernel: Contraction, hardware: Hardware) -> dict[str, int]:
    array, buffers, clip = hardware.systolic, hardware.systolic.buffers, not hardware.stores_padding
    bounds = stored_bounds(kernel, hardware)
    rows, columns = kernel.rows, kernel.columns
    tile = {loop: 1 for loop in bounds}
    tile[rows], tile[columns] = min(array.rows, bounds[rows]), min(array.columns, bounds[columns])

    def room(operand: Operand | None, capacity_bits: int) -> int:
        """How many times the operand's current tile fits into half of its buffer."""
        return bounds[rows] * bounds[columns] if operand is None else capacity_bits // 2 // _bits(operand, tile, clip)

    def inputs_fit() -> bool:
        return room(kernel.weight, buffers.weight_bits) > 0 and room(kernel.ifmap, buffers.ifmap_bits) > 0

    def image_fits() -> bool:
        return room(kernel.psum, buffers.psum_bits) > 0 and room(kernel.ifmap, buffers.ifmap_bits) > 0

    def everything_fits() -> bool:
        return inputs_fit() and image_fits() and room(kernel.bias, buffers.bias_bits) > 0

    summed = [loop for loop in bounds if loop not in kernel.psum.loops and loop != rows]
    reused = [loop for loop in bounds if loop not in kernel.weight.loops]
    shared = {loop for expression in kernel.ifmap.index if len(expression.terms) > 1 for loop, _ in expression.terms}
    image = [loop for loop in reused if loop in shared]
    batch = [loop for loop in reused if loop not in shared]
    groups = [loop for loop in bounds if all(loop in o.loops for o in (kernel.weight, kernel.ifmap, kernel.psum))]

    _split_evenly(summed, bounds, tile, inputs_fit)
    more = min(room(kernel.weight, buffers.weight_bits), room(kernel.ifmap, buffers.ifmap_bits))
    tile[rows] = min(bounds[rows], array.rows * max(1, more))
    if any(bounds[loop] > SMALL_WINDOW for loop in summed) or not _split_exactly(image, bounds, tile, image_fits):
        _split_evenly(image, bounds, tile, image_fits)
    for loop in batch:
        _split_exactly([loop], bounds, tile, image_fits)
    more = min(
        room(kernel.weight, buffers.weight_bits),
        room(kernel.psum, buffers.psum_bits),
        room(kernel.bias, buffers.bias_bits),
    )
    tile[columns] = min(bounds[columns], array.columns * max(1, more))
    if tile[rows] == bounds[rows] and tile[columns] == bounds[columns]:
        for loop in groups:
            _split_evenly([loop], bounds, tile, everything_fits)
    return tile


def _program_tile(program: VectorProgram, hardware: Hardware) -> dict[str, int]:
    bounds, clip, lanes = stored_bounds(program, hardware), not hardware.stores_padding, program.lanes
    phases = [
        (resident(phase), temporaries(phase) * hardware.simd.lanes * hardware.simd.width_bits)
        for phase in program.phases
    ]
    operands = [operand for phase in program.phases for operand in (*phase.inputs, *phase.outputs)]

    def fits() -> bool:
        return all(
            sum(_bits(operand, tile, clip) for operand in kept) + vectors <= hardware.simd.vmem_bits
            for kept, vectors in phases
        )

    results = {loop for phase in program.phases for operand in phase.outputs for loop in operand.loops}
    shared = {loop for o in operands for e in o.index if len(e.terms) > 1 for loop, _ in e.terms}
    window = [loop for loop in bounds if loop in shared and loop not in results]
    image = [loop for loop in bounds if loop in IMAGE and loop != lanes]
    others = [loop for loop in bounds if loop not in (*window, *image, lanes)]
    tile = {loop: 1 for loop in bounds}
    tile[lanes] = min(hardware.simd.lanes, bounds[lanes])

    def grow_lanes() -> None:
        vectors = -(-bounds[lanes] // hardware.simd.lanes)

        def lanes_fit(unused: int) -> bool:
            tile[lanes] = min(bounds[lanes], (vectors - unused) * hardware.simd.lanes)
            return fits()

        lanes_fit(_first(lanes_fit, 0, vectors - 1))

    def grow_others() -> None:
        for loop in others:
            if loop == "n":
                _split_exactly([loop], bounds, tile, fits)
            else:
                _split_evenly([loop], bounds, tile, fits)

    _split_evenly(window, bounds, tile, fits)
    if not _split_exactly(image, bounds, tile, fits):
        _split_evenly(image, bounds, tile, fits)
    per_channel = any(operand.loops == (lanes,) for operand in operands)
    for grow in (grow_others, grow_lanes) if per_channel else (grow_lanes, grow_others):
        grow()
    return tile


def _bits(operand: Operand, tile: Mapping[str, int], clip: bool) -> int:
    """Bits of the operand's tile; a clipped one is never larger than the tensor."""
    bits = operand.bits
    for expression, extent in zip(operand.index, operand.shape, strict=True):
        span = expression.span(tile)
        bits *= min(span, extent) if clip else span
    return bits


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The smallest n in [low, high] for which `holds`, or `high`; once it holds it must hold for all larger n."""
    step = 1
    while low < high and not holds(low):
        low, step = min(low + step, high), step * 2
    step //= 2
    failed = low - step
    while step > 1 and low - failed > 1:
        middle = (low + failed) // 2
        low, failed = (middle, failed) if holds(middle) else (low, middle)
    return low


def _split_evenly(
    loops: Sequence[str], bounds: Mapping[str, int], tile: dict[str, int], fits: Callable[[], bool]
) -> None:
    """Cut the loops into the fewest parts that fit, the same number for each; the last part may be smaller."""

    def parts_fit(parts: int) -> bool:
        for loop in loops:
            tile[loop] = -(-bounds[loop] // parts)
        return fits()

    if loops:
        parts_fit(_first(parts_fit, 1, max(bounds[loop] for loop in loops)))


def _split_exactly(
    loops: Sequence[str], bounds: Mapping[str, int], tile: dict[str, int], fits: Callable[[], bool]
) -> bool:
    """Cut the loops into the fewest equal parts that fit, the same number for each; False when no number does."""
    for parts in _divisors(gcd(*(bounds[loop] for loop in loops))):
        for loop in loops:
            tile[loop] = bounds[loop] // parts
        if fits():
            return True
    return False


def _divisors(number: int) -> list[int]:
    """Every divisor, smallest first. Of zero, the greatest common divisor of nothing: one."""
    small = [d for d in range(1, isqrt(number) + 1) if number % d == 0]
    return [*small, *(number // d for d in reversed(small) if d * d != number)] or [1]
