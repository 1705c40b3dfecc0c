"""What a tiling needs on chip: tiles against half of each double buffer, or together against the vector memory."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from .grid import Grid
from .hardware import Hardware
from .kernel import Contraction, Operand, Phase, viewed
from .tiling import Tiling, TilingError


class Need(NamedTuple):
    """What the largest tiles need of a buffer at a time and what it can hold; `field` is the hardware field to
    enlarge."""

    buffer: str
    field: str
    need_bits: int
    limit_bits: int


def check(needs: Iterable[Need], tiling: Tiling) -> None:
    """Raise TilingError for a buffer that is too small."""
    for buffer, field, need_bits, limit_bits in needs:
        if need_bits > limit_bits:
            tile = ", ".join(f"{loop} = {size}" for loop, size in tiling.as_dict().items())
            raise TilingError(
                f"the {buffer} needs {need_bits:,} bits for a tile of {tile}; "
                f"it can hold {limit_bits:,} bits at a time: enlarge {field} or tile smaller"
            )


class Held(NamedTuple):
    """An operand whose tile must lie in the `buffer` of that name, which holds `limit_bits` at a time."""

    buffer: str
    operand: Operand
    limit_bits: int


def array_buffers(kernel: Contraction, hardware: Hardware) -> list[Held]:
    """Which operand of a contraction lies in which buffer. Buffers are double: half of one holds the tile in use."""
    buffers = hardware.systolic.buffers
    rows = [("weight", kernel.weight, buffers.weight_bits), ("ifmap", kernel.ifmap, buffers.ifmap_bits)]
    rows.append(("psum", kernel.psum, buffers.psum_bits))
    if kernel.bias is not None:
        rows.append(("bias", kernel.bias, buffers.bias_bits))
    return [Held(name, operand, capacity_bits // 2) for name, operand, capacity_bits in rows]


def array_needs(kernel: Contraction, grid: Grid, hardware: Hardware) -> list[Need]:
    """The largest tile of each operand against what its buffer holds at a time."""
    return [
        Need(
            f"{buffer} buffer",
            f"systolic.buffers.{buffer}_bits",
            grid.footprint(operand).largest * operand.bits,
            limit_bits,
        )
        for buffer, operand, limit_bits in array_buffers(kernel, hardware)
    ]


def vector_need(phase: Phase, grid: Grid, hardware: Hardware) -> Need:
    """All tiles that are resident at once fit in the vector memory."""
    operands, vectors = resident(phase)
    need_bits = vectors * hardware.simd.lanes * hardware.simd.width_bits
    for operand in operands:
        need_bits = need_bits + grid.footprint(operand).largest * operand.bits
    return Need("vector memory", "simd.vmem_bits", need_bits, hardware.simd.vmem_bits)


def unfinished(phase: Phase, grid: Grid) -> Operand | None:
    """A scratch operand that the loop order leaves half-way, which it must not: it lives in vector memory only."""
    for operand in phase.scratch:
        slots = grid.footprint(operand).slots
        if slots and any(slot not in slots for slot in range(slots[-1])):
            return operand
    return None


def torn(phase: Phase, grid: Grid) -> tuple[Operand, str] | None:
    """A view that finds only part of the window it looks into, and the loop that is cut: what moves the input but not
    its view must stay whole."""
    for view in phase.views:
        for loop in viewed(view, phase).loops:
            if loop in grid.slots and loop not in view.loops:
                return view, loop
    return None


@lru_cache(maxsize=4096)
def resident(phase: Phase) -> tuple[tuple[Operand, ...], int]:
    """The operands whose tiles are in vector memory at once, and the number of vectors for temporaries beside them.

    A result takes the place of an input if both are element-wise (every loop moves them, each in a dimension of its
    own), equally wide, indexed alike, the result does not begin at an initial value, and nothing reads the input after
    the result's first write. Windows are not element-wise: a position is read again where the next one overlaps.
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
    single = [o for o in phase.inputs if all(len(terms) == 1 for terms, _ in o.index)]
    free = [o for o in single if set(o.loops) == everywhere and o.name not in viewed]
    kept = [*phase.inputs, *phase.scratch]
    for result in phase.outputs:
        begins_alone = result.name not in dict(phase.initial)
        like = [o for o in free if begins_alone and (o.bits, o.index) == (result.bits, result.index)]
        place = next((o for o in like if reads.get(o.name, -1) <= writes[result.name]), None)
        if place is None:
            kept.append(result)
        else:
            free.remove(place)
    named = {operand.name for operand in (*phase.inputs, *phase.outputs, *phase.scratch, *phase.views)}
    return tuple(kept), len(writes.keys() - named)
