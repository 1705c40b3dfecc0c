"""The ladder of docs/architecture.md taken literally: every rung is made, and all that fit are priced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from simdc.cost import ExactModel, TilingError
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel, VectorProgram
from simdc.cost.result import Number
from simdc.cost.tiling import Tiling
from tests.oracles.greedy_rules import Sizes, tile_bits
from tests.oracles.residents import moves, residents, uncut


def rungs_by_rules(kernel: Kernel, machine: Hardware) -> list[Tiling]:
    """The whole ladder, whether its rungs fit or not."""
    return list(_program(kernel, machine) if isinstance(kernel, VectorProgram) else _contraction(kernel, machine))


def fits_by_rules(kernel: Kernel, tiling: Tiling, machine: Hardware) -> bool:
    """A box that lies inside the tensor counts, wherever the tile is."""
    sizes = tiling.as_dict()
    if isinstance(kernel, VectorProgram):
        simd = machine.simd
        for phase in kernel.nests:
            operands, temporaries = residents(phase)
            need = temporaries * simd.lanes * simd.width_bits
            if need + sum(tile_bits(operand, sizes, machine) for operand in operands) > simd.vmem_bits:
                return False
        return True
    buffers = machine.systolic.buffers
    pairs = [(kernel.weight, buffers.weight_bits), (kernel.ifmap, buffers.ifmap_bits), (kernel.psum, buffers.psum_bits)]
    if kernel.bias is not None:
        pairs.append((kernel.bias, buffers.bias_bits))
    return all(tile_bits(operand, sizes, machine) <= capacity // 2 for operand, capacity in pairs)


def least_by_rules(kernel: Kernel, machine: Hardware, rungs: Sequence[Tiling]) -> tuple[Number, Number] | None:
    """Fewest cycles of all rungs that fit and can be run, and the least DRAM bits that go with them; None if there is
    no such rung."""
    least: list[tuple[Number, Number]] = []
    for tiling in rungs:
        if fits_by_rules(kernel, tiling, machine):
            try:
                cost = ExactModel().evaluate(kernel, tiling, machine)
            except TilingError:
                continue
            least.append((cost.cycles.total, cost.dram_bits.total))
    return min(least, default=None)


def _parts(most: int) -> list[int]:
    """1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, ... and `most`."""
    small = [*range(1, 8), *(power * eighth for power in (1 << n for n in range(60)) for eighth in (8, 10, 12, 14))]
    return [*(count for count in small if count < most), most]


def _sizes(bound: int, width: int) -> list[int]:
    arrays = -(-bound // width)
    return [min(bound, -(-arrays // count) * width) for count in _parts(arrays)]


def _squares(loops: Sequence[str], bounds: Sizes) -> list[Sizes]:
    most = max((bounds[loop] for loop in loops), default=1)
    return [{loop: -(-bounds[loop] // count) for loop in loops} for count in _parts(most)]


def _contraction(kernel: Contraction, machine: Hardware) -> Iterator[Tiling]:
    array, bounds = machine.systolic, {loop.name: loop.bound for loop in kernel.loops}
    width = dict.fromkeys(bounds, 1) | {kernel.rows: array.rows, kernel.columns: array.columns}
    if machine.stores_padding:
        bounds = {loop: bound + -bound % width[loop] for loop, bound in bounds.items()}
    operands = (kernel.weight, kernel.ifmap, kernel.psum)
    by_moves: dict[object, list[str]] = {}
    for loop in bounds:
        by_moves.setdefault(tuple(loop in moves(operand) for operand in operands), []).append(loop)
    by_moves.setdefault((False, True, True), [])
    along = (kernel.rows, kernel.columns)
    shared = {loop for terms, _ in kernel.ifmap.index for loop, _ in terms if len(terms) > 1} - set(along)

    ways: list[list[Sizes]] = []
    for loops in by_moves.values():
        ordered = [*(loop for loop in loops if loop in along), *(loop for loop in loops if loop not in along)]
        found = [{loop: bounds[loop] for loop in loops}]
        for number, loop in enumerate(ordered):
            before = {other: min(width[other], bounds[other]) for other in ordered[:number]}
            after = {other: bounds[other] for other in ordered[number + 1 :]}
            found += [before | {loop: size} | after for size in _sizes(bounds[loop], width[loop])]
        square = [loop for loop in loops if loop in shared]
        if len(square) > 1:
            rest = {loop: min(width[loop], bounds[loop]) for loop in loops}
            found += [rest | sizes for sizes in _squares(square, bounds)]
        ways.append(found)
    for chosen in product(*ways):
        sizes = {loop: size for way in chosen for loop, size in way.items()}
        cut = {loop for loop in bounds if sizes[loop] < bounds[loop]}
        for loops in by_moves.values():
            if cut & set(loops) or not cut:
                order = [*(loop for loop in bounds if loop not in loops), *(loop for loop in bounds if loop in loops)]
                yield Tiling(tuple(order), tuple(sizes[loop] for loop in order))


def _program(program: VectorProgram, machine: Hardware) -> Iterator[Tiling]:
    width, lanes = machine.simd.lanes, program.lanes
    bounds = {loop.name: loop.bound for phase in program.nests for loop in phase.loops}
    if machine.stores_padding and lanes in program.roles.channels:
        bounds[lanes] += -bounds[lanes] % width
    operands = [operand for phase in program.nests for operand in (*phase.inputs, *phase.outputs)]
    windows = [dict(terms) for operand in operands for terms, _ in operand.index if len(terms) > 1]
    places = {max(steps, key=steps.__getitem__) for steps in windows}
    window = [loop for loop in bounds if any(loop in steps for steps in windows) and loop not in places]
    image = [loop for loop in bounds if loop in program.roles.image and loop != lanes]
    others = [loop for loop in bounds if loop not in (*window, *image, lanes)]
    uncut_loops = {loop for phase in program.nests for loop, _ in uncut(phase)}
    window, image, others = ([loop for loop in loops if loop not in uncut_loops] for loops in (window, image, others))
    whole = {loop: bounds[loop] for loop in (lanes, *uncut_loops)}
    for chosen in product(_squares(window, bounds), _squares(image, bounds), _squares(others, bounds)):
        for size in _sizes(bounds[lanes], width):
            sizes = whole | {loop: part for way in chosen for loop, part in way.items()} | {lanes: size}
            yield Tiling(tuple(bounds), tuple(sizes[loop] for loop in bounds))
