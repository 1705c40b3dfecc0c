"""The greedy rules of docs/architecture.md taken literally: every number of parts is tried, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel, Operand, VectorProgram
from simdc.cost.tiling import Tiling
from tests.oracles.residents import moves, residents, uncut

Sizes = dict[str, int]


def greedy_by_rules(kernel: Kernel, machine: Hardware) -> Tiling:
    """What `greedy_tiling` answers, by trying."""
    rules = _program if isinstance(kernel, VectorProgram) else _contraction
    sizes = rules(kernel, machine)  # pyright: ignore[reportArgumentType]
    return Tiling(tuple(sizes), tuple(sizes.values()))


def tile_bits(operand: Operand, tile: Sizes, machine: Hardware) -> int:
    """Bits of the box that a tile touches at most; unpadded, it is no larger than the tensor."""
    bits = operand.bits
    for (terms, _), extent in zip(operand.index, operand.shape, strict=True):
        positions = 1
        for loop, step in terms:
            positions += step * (tile[loop] - 1)
        bits *= positions if machine.stores_padding else min(positions, extent)
    return bits


def _even_parts(loops: Sequence[str], bounds: Sizes) -> Iterator[Sizes]:
    """The loops in one part, in two, in three...; the last part may be smaller."""
    for parts in range(1, max((bounds[loop] for loop in loops), default=1) + 1):
        yield {loop: -(-bounds[loop] // parts) for loop in loops}


def _equal_parts(loops: Sequence[str], bounds: Sizes) -> Iterator[Sizes]:
    for parts in range(1, max((bounds[loop] for loop in loops), default=1) + 1):
        if all(bounds[loop] % parts == 0 for loop in loops):
            yield {loop: bounds[loop] // parts for loop in loops}


def _first_that(tile: Sizes, candidates: Iterator[Sizes], fits: Callable[[], bool]) -> bool:
    """Take the first candidate that fits, or the last one; whether one did."""
    for candidate in candidates:
        tile.update(candidate)
        if fits():
            return True
    return False


def _contraction(kernel: Contraction, machine: Hardware) -> Sizes:
    array, buffers = machine.systolic, machine.systolic.buffers
    bounds = {loop.name: loop.bound for loop in kernel.loops}
    if machine.stores_padding:
        bounds[kernel.rows] += -bounds[kernel.rows] % array.rows
        bounds[kernel.columns] += -bounds[kernel.columns] % array.columns
    weight, ifmap, psum = moves(kernel.weight), moves(kernel.ifmap), moves(kernel.psum)
    sliding = {loop for terms, _ in kernel.ifmap.index for loop, _ in terms if len(terms) > 1}
    window = [loop for loop in bounds if loop not in psum and loop != kernel.rows]
    image = [loop for loop in bounds if loop not in weight and loop in sliding]
    batch = [loop for loop in bounds if loop not in weight and loop not in sliding]
    groups = [loop for loop in bounds if loop in weight & ifmap & psum]

    tile = dict.fromkeys(bounds, 1)
    tile[kernel.rows] = min(array.rows, bounds[kernel.rows])
    tile[kernel.columns] = min(array.columns, bounds[kernel.columns])
    inner = dict(tile)
    sizes = {
        "weight": (kernel.weight, buffers.weight_bits),
        "ifmap": (kernel.ifmap, buffers.ifmap_bits),
        "psum": (kernel.psum, buffers.psum_bits),
        "bias": (kernel.bias, buffers.bias_bits),
    }

    def fits(*names: str) -> bool:
        for name in names:
            operand, capacity = sizes[name]
            if operand is not None and 2 * tile_bits(operand, tile, machine) > capacity - capacity % 2:
                return False
        return True

    def grow(loop: str, side: int, *names: str) -> bool:
        """As many whole arrays of channels as the tile of one array fits times into its buffers; False for none."""
        times = bounds[loop]
        for name in names:
            operand, capacity = sizes[name]
            if operand is not None:
                times = min(times, capacity // 2 // tile_bits(operand, tile, machine))
        tile[loop] = min(bounds[loop], side * max(1, times))
        return times > 0

    _first_that(tile, _even_parts(window, bounds), lambda: fits("weight", "ifmap"))
    possible = grow(kernel.rows, array.rows, "weight", "ifmap")
    small = all(bounds[loop] <= 3 for loop in window)
    if not (small and _first_that(tile, _equal_parts(image, bounds), lambda: fits("psum", "ifmap"))):
        _first_that(tile, _even_parts(image, bounds), lambda: fits("psum", "ifmap"))
    for loop in batch:
        _first_that(tile, _equal_parts([loop], bounds), lambda: fits("psum", "ifmap"))
    possible = grow(kernel.columns, array.columns, "weight", "psum", "bias") and possible
    if not possible:
        return inner
    if tile[kernel.rows] == bounds[kernel.rows] and tile[kernel.columns] == bounds[kernel.columns]:
        for loop in groups:
            _first_that(tile, _even_parts([loop], bounds), lambda: fits(*sizes))
    return tile


def _program(program: VectorProgram, machine: Hardware) -> Sizes:
    simd, lanes = machine.simd, program.lanes
    bounds = {loop.name: loop.bound for phase in program.nests for loop in phase.loops}
    if machine.stores_padding and lanes in program.roles.channels:
        bounds[lanes] += -bounds[lanes] % simd.lanes
    operands = [operand for phase in program.nests for operand in (*phase.inputs, *phase.outputs)]
    windows = [dict(terms) for operand in operands for terms, _ in operand.index if len(terms) > 1]
    places = {max(steps, key=steps.__getitem__) for steps in windows}
    window = [loop for loop in bounds if any(loop in steps for steps in windows) and loop not in places]
    image = [loop for loop in bounds if loop in program.roles.image and loop != lanes]
    others = [loop for loop in bounds if loop not in (*window, *image, lanes)]
    whole = {loop for phase in program.nests for loop, _ in uncut(phase)}
    window, image, others = ([loop for loop in loops if loop not in whole] for loops in (window, image, others))
    tile = {loop: bounds[loop] if loop in whole else 1 for loop in bounds}
    tile[lanes] = min(simd.lanes, bounds[lanes])
    inner = dict(tile)
    memory = [residents(phase) for phase in program.nests]

    def fits() -> bool:
        for operands, temporaries in memory:
            need = temporaries * simd.lanes * simd.width_bits
            if need + sum(tile_bits(operand, tile, machine) for operand in operands) > simd.vmem_bits:
                return False
        return True

    def vectors() -> Iterator[Sizes]:
        for count in range(-(-bounds[lanes] // simd.lanes), 0, -1):
            yield {lanes: min(bounds[lanes], count * simd.lanes)}

    def grow_others() -> bool:
        return all(
            _first_that(tile, (_equal_parts if loop in program.roles.batch else _even_parts)([loop], bounds), fits)
            for loop in others
        )

    def grow_lanes() -> bool:
        return _first_that(tile, vectors(), fits)

    _first_that(tile, _even_parts(window, bounds), fits)
    if not _first_that(tile, _equal_parts(image, bounds), fits):
        _first_that(tile, _even_parts(image, bounds), fits)
    per_channel = any(moves(operand) == {lanes} for operand in operands)
    steps = (grow_others, grow_lanes) if per_channel else (grow_lanes, grow_others)
    return tile if all(step() for step in steps) else inner
