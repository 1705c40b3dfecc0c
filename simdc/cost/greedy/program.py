"""Greedy tile of a vector program, in the release's order (SimDIT section V): image, channels, batch, or batch before
channels where a program has per-channel operands, which then move less often. Windows stay whole if they can."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

from simdc.cost.capacity import in_memory
from simdc.cost.grid import stored_bounds
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import VectorProgram
from simdc.cost.numbers import ceil_div
from simdc.cost.rule import MachineRule
from simdc.cost.whole import whole_loops
from simdc.named import NamedTuple

from .splitting import box, first, split_evenly, split_exactly, tile_bits


class ProgramLoops(NamedTuple):
    """The loops of a program by what they do, lanes left out, and whether some operand has one value per channel. Where
    several loops index one dimension, the one with the longest step places the window, the others run through it. Loops
    that must stay `whole` are in no other group. `others` stand with the numbers of the nests that have them: a wide
    concatenation has a nest, and a loop, for each of its inputs."""

    window: tuple[str, ...]
    whole: tuple[str, ...]
    image: tuple[str, ...]
    others: tuple[tuple[str, tuple[int, ...]], ...]
    per_channel: bool


@lru_cache(maxsize=4096)
def program_loops(program: VectorProgram) -> ProgramLoops:
    loops: dict[str, list[int]] = {}
    for number, nest in enumerate(program.nests):
        for loop in nest.loops:
            loops.setdefault(loop.name, []).append(number)
    operands = [operand for nest in program.nests for operand in (*nest.inputs, *nest.outputs)]
    # A pool's rows 2*oh + kh: oh has the longest step and places the window, kh runs through it.
    sliding = [expression.terms for operand in operands for expression in operand.index if len(expression.terms) > 1]
    # By step, not by name: in another kernel the same loops are called otherwise and cost the same.
    places = {max(terms, key=lambda term: term[1])[0] for terms in sliding}
    whole = whole_loops(program)
    window = tuple(
        loop
        for loop in loops
        if loop not in places and loop not in whole and any(loop in dict(terms) for terms in sliding)
    )
    image = tuple(loop for loop in loops if loop in program.roles.image and loop not in whole and loop != program.lanes)
    return ProgramLoops(
        window=window,
        whole=tuple(whole),
        image=image,
        others=tuple(
            (loop, tuple(numbers))
            for loop, numbers in loops.items()
            if loop not in (*window, *whole, *image, program.lanes)
        ),
        per_channel=any(operand.loops == (program.lanes,) for operand in operands),
    )


def program_tile(program: VectorProgram, hardware: Hardware, rule: MachineRule) -> dict[str, int]:
    """Tile size of each loop; the innermost tile if nothing fits."""
    simd, clip, lanes = hardware.simd, not hardware.stores_padding, program.lanes
    bounds = stored_bounds(program, hardware)
    window, whole, image, others, per_channel = program_loops(program)
    tile = dict.fromkeys(bounds, 1) | {loop: bounds[loop] for loop in whole}
    tile[lanes] = min(simd.lanes, bounds[lanes])
    innermost = dict(tile)
    limit_bits = rule.program_memory(hardware).usable_bits(hardware)
    nests = [
        ([box(operand) for operand in operands], vectors * simd.lanes * simd.width_bits)
        for operands, vectors in [in_memory(nest, simd) for nest in program.nests]
    ]

    def fits(among: Sequence[int] = range(len(nests))) -> bool:
        """Whether each nest of `among` has room for its tiles and temporaries together."""
        for number in among:
            operands, bits = nests[number]
            for operand in operands:
                bits += tile_bits(operand, tile, clip)
            if bits > limit_bits:
                return False
        return True

    def grow_lanes() -> bool:
        # 100 channels on 16 lanes are 7 vectors; 2 of them left out, a tile has 5 vectors, 80 channels.
        vectors = ceil_div(bounds[lanes], simd.lanes)

        def lanes_fit(unused: int) -> bool:
            tile[lanes] = min(bounds[lanes], (vectors - unused) * simd.lanes)
            return fits()

        return lanes_fit(0) or (vectors > 1 and lanes_fit(first(lanes_fit, 1, vectors - 1)))

    def grow_others() -> bool:
        for loop, nest_numbers in others:
            split = split_exactly if loop in program.roles.batch else split_evenly
            # Of a concatenation of 100 inputs each loop is asked of its own nest only.
            if not split((loop,), bounds, tile, partial(fits, nest_numbers)):
                return False
        return True

    split_evenly(window, bounds, tile, fits)
    if not split_exactly(image, bounds, tile, fits):
        split_evenly(image, bounds, tile, fits)
    steps = (grow_others, grow_lanes) if per_channel else (grow_lanes, grow_others)
    return tile if all(grow() for grow in steps) and fits() else innermost
