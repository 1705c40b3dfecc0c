"""What a tiling needs on chip: each tile against its buffer, or together against the vector memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from simdc.named import NamedTuple

from .fission import kept_temporaries
from .grid import Grid
from .hardware import Hardware, SimdArray
from .hazards import LATENCY, refusal
from .kernel import Affine, Contraction, LoopNest, Operand, viewed
from .rule import Buffer, MachineRule
from .tiling import Need, Tiling, TilingError


def check(needs: Iterable[Need], tiling: Tiling) -> None:
    """Raise TilingError for a buffer that is too small, or for a tile that the array refuses."""
    for need in needs:
        if need.need_bits > need.limit_bits:
            if need.field == LATENCY:
                raise TilingError(refusal(need.need_bits), need=need)
            raise TilingError(f"{in_words(need, tiling.as_dict())}: enlarge {need.field} or tile smaller", need=need)


def in_words(need: Need, sizes: Mapping[str, int]) -> str:
    """The message about a buffer and the tile of `sizes` that it has to hold."""
    tile = ", ".join(f"{loop} = {size}" for loop, size in sizes.items())
    return (
        f"the {need.buffer} needs {need.need_bits:,} bits for a tile of {tile}; "
        f"it can hold {need.limit_bits:,} bits at a time"
    )


class Held(NamedTuple):
    """An operand whose tile must lie in the `buffer`, which holds `limit_bits` at a time."""

    buffer: Buffer
    operand: Operand
    limit_bits: int


def array_buffers(kernel: Contraction, hardware: Hardware, rule: MachineRule) -> list[Held]:
    """Which operand of a contraction lies in which buffer."""
    roles, limits = kernel.by_role, rule.usable_bits(hardware)
    return [
        Held(buffer, roles[buffer.operand], limits[buffer.operand])
        for buffer in rule.buffers
        if buffer.operand in roles
    ]


def array_needs(kernel: Contraction, grid: Grid, hardware: Hardware, rule: MachineRule) -> list[Need]:
    """The largest tile of each operand against what its buffer holds at a time."""
    return [
        Need(buffer.name, buffer.capacity, grid.footprint(operand).largest * operand.bits, limit_bits)
        for buffer, operand, limit_bits in array_buffers(kernel, hardware, rule)
    ]


def vector_need(nest: LoopNest, grid: Grid, hardware: Hardware, rule: MachineRule) -> Need:
    """What all tiles that are resident at once need of the vector memory, each operand's largest tile counted."""
    operands, vectors = in_memory(nest, hardware.simd)
    # 16 lanes of 32 bits, 2 temporaries, input and result tiles of 100 elements with 8 and 32 bits:
    # 2 * 16 * 32 + 100 * 8 + 100 * 32 = 5,024 bits.
    need_bits = vectors * hardware.simd.lanes * hardware.simd.width_bits
    for operand in operands:
        need_bits = need_bits + grid.footprint(operand).largest * operand.bits
    memory = rule.program_memory(hardware)
    return Need(memory.name, memory.capacity, need_bits, memory.usable_bits(hardware))


def incomplete_result(nest: LoopNest, grid: Grid) -> Operand | None:
    """A scratch operand that the loop order leaves before its sum is complete, None if there is none. It lives in
    vector memory only, so it could not be resumed."""
    # sum[c] over h, both cut. Order c, h: sum has slot 0, h runs through before c steps. Order h, c: sum has slot 1 and
    # lacks 0, so c steps while h has more to add.
    for operand in nest.scratch:
        slots = grid.footprint(operand).slots
        if slots and any(slot not in slots for slot in range(slots[-1])):
            return operand
    return None


def in_memory(nest: LoopNest, simd: SimdArray) -> tuple[tuple[Operand, ...], int]:
    """As `resident`, on a machine: where each instruction has loops of its own, temporaries are operands too, and there
    are no vectors beside."""
    kept, vectors = resident(nest)
    return (kept, vectors) if simd.issue == "interleaved" else (kept + kept_temporaries(nest, simd.width_bits), 0)


@lru_cache(maxsize=4096)
def resident(nest: LoopNest) -> tuple[tuple[Operand, ...], int]:
    """The operands whose tiles are in vector memory at once, and the number of vectors for temporaries beside them. Of
    an input and the result in its place it is the wider one."""
    in_place = replaced(nest)
    results = {in_place[result.name]: result for result in nest.outputs if result.name in in_place}
    inputs = [max(operand, results.get(operand.name, operand), key=lambda o: o.bits) for operand in nest.inputs]
    kept = [*inputs, *nest.scratch, *(result for result in nest.outputs if result.name not in in_place)]
    named = {operand.name for operand in (*nest.inputs, *nest.outputs, *nest.scratch, *nest.views)}
    written = {instruction.dest for block in nest.blocks for instruction in block.instructions}
    return tuple(kept), len(written - named)


@lru_cache(maxsize=4096)
def replaced(nest: LoopNest) -> Mapping[str, str]:
    """The input whose place in vector memory a result takes, by the result's name.

    Their elements must correspond one to one in every tile: both are indexed alike, every loop moves them in
    a dimension of its own, and where one tensor is longer, as what a slice is cut from, the loops stay
    inside both, so that no border clips one tile and not the other. Nothing may be lost: the result begins with what is
    written to it, and nothing reads the input after that. Windows are not element-wise: a position is read again
    where the next one overlaps. Where there is a choice, the least room counts.
    """
    # t = mul(x, x), z = add(t, x), all [n, c, h, w]: the second instruction reads x for the last time and writes z, so
    # z may lie where x lay. With a third that reads x it may not.
    reads, first_reads, writes, moment = dict[str, int](), dict[str, int](), dict[str, int](), 0
    for block in nest.blocks:
        for instruction in block.instructions:
            for source in instruction.sources:
                reads[str(source)] = moment
                first_reads.setdefault(str(source), moment)
            writes.setdefault(instruction.dest, moment)
            moment += 1
    bounds = dict(nest.loops)
    looked_into = {viewed(view, nest).name for view in nest.views}
    single = [o for o in nest.inputs if all(len(terms) == 1 for terms, _ in o.index)]
    free = [o for o in single if set(o.loops) == bounds.keys() and o.name not in looked_into]
    choices: list[tuple[Operand, list[Operand]]] = []
    for result in nest.outputs:
        written = writes[result.name]
        if result.name not in dict(nest.initial) and first_reads.get(result.name, moment) > written:
            early = [place for place in free if reads.get(place.name, -1) <= written]
            choices.append((result, [place for place in early if _same_tiles(place, result, bounds)]))
    return _least_room(choices, frozenset())[1]


def _least_room(
    choices: Sequence[tuple[Operand, Sequence[Operand]]], taken: frozenset[str]
) -> tuple[int, dict[str, str]]:
    """Of all ways to give results one of their places each, the one that saves most: (bits per element, place by
    result). Of an input of 8 bits and a result of 32 in one place the wider stays, so 8 are saved."""
    if not choices:
        return 0, {}
    (result, places), *others = choices
    best = _least_room(others, taken)
    for place in places:
        if place.name not in taken:
            saved, found = _least_room(others, taken | {place.name})
            saved += min(place.bits, result.bits)
            if saved > best[0]:
                best = saved, {result.name: place.name, **found}
    return best


def _same_tiles(one: Operand, other: Operand, bounds: Mapping[str, int]) -> bool:
    """Whether every tile has the same elements of both, clipped or not."""
    # h + 2 over 10 rows, tensors of 12 and 20: 2 .. 11 lie inside both. With tensors of 11 and 20 the border clips one.
    return one.index == other.index and all(
        extent == other_extent or 0 <= low <= low + Affine(terms).span(bounds) - 1 < min(extent, other_extent)
        for (terms, low), extent, other_extent in zip(one.index, one.shape, other.shape, strict=True)
    )
