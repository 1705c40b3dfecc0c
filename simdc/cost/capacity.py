"""What a tiling needs on chip: tiles against half of each double buffer, or together against the vector memory."""

from __future__ import annotations

from functools import lru_cache
from typing import NoReturn

from .grid import Grid, visits
from .hardware import Hardware
from .kernel import Operand, Phase
from .tiling import Tiling, TilingError


def refuse(buffer: str, field: str, need_bits: int, limit_bits: int, tiling: Tiling) -> NoReturn:
    """Raise TilingError: `limit_bits` is what the buffer can hold at a time, `field` the hardware field to enlarge."""
    tile = ", ".join(f"{loop} = {size}" for loop, size in tiling.as_dict().items())
    raise TilingError(
        f"the {buffer} needs {need_bits:,} bits for a tile of {tile}; "
        f"it can hold {limit_bits:,} bits at a time: enlarge {field} or tile smaller"
    )


def check_vector_memory(phase: Phase, grid: Grid, tiling: Tiling, hardware: Hardware) -> None:
    """Raise TilingError unless all tiles that are resident at once fit, and no accumulator is left half-way."""
    for operand in phase.scratch:
        if visits(grid.footprint(operand), grid) > 1:
            raise TilingError(
                f"loop order {list(tiling.order)} leaves '{operand.name}' before it is complete; "
                "it lives in vector memory only: put the loops that it sums over inside the others"
            )
    operands, vectors = resident(phase)
    need_bits = vectors * hardware.simd.lanes * hardware.simd.width_bits
    for operand in operands:
        need_bits += grid.footprint(operand).largest() * operand.bits
    if need_bits > hardware.simd.vmem_bits:
        refuse("vector memory", "simd.vmem_bits", need_bits, hardware.simd.vmem_bits, tiling)


@lru_cache(maxsize=4096)
def resident(phase: Phase) -> tuple[tuple[Operand, ...], int]:
    """The operands whose tiles are in vector memory at once, and the number of vectors for temporaries beside them.

    A result takes the place of an input if both are element-wise (every loop moves them), equally wide, indexed alike,
    and nothing reads the input after the result's first write.
    """
    reads, writes, moment = dict[str, int](), dict[str, int](), 0
    for block in phase.blocks:
        for instruction in block.instructions:
            for source in instruction.sources:
                reads[str(source)] = moment
            writes.setdefault(instruction.dest, moment)
            moment += 1
    everywhere = {loop.name for loop in phase.loops}
    viewed = {view.name.partition(".")[0] for view in phase.views}
    free = [o for o in phase.inputs if set(o.loops) == everywhere and o.name not in viewed]
    kept = [*phase.inputs, *phase.scratch]
    for result in phase.outputs:
        like = [o for o in free if (o.bits, o.index) == (result.bits, result.index)]
        place = next((o for o in like if reads.get(o.name, -1) <= writes[result.name]), None)
        if place is None:
            kept.append(result)
        else:
            free.remove(place)
    named = {operand.name for operand in (*phase.inputs, *phase.outputs, *phase.scratch, *phase.views)}
    return tuple(kept), len(writes.keys() - named)
