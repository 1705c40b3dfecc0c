"""What a tiling needs on chip: tiles against half of each double buffer, or together against the vector memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .grid import Footprint, make_axes, stored_bounds, visits
from .hardware import Hardware
from .kernel import Contraction, Kernel, Operand, Phase, VectorProgram
from .tiling import Tiling, TilingError, check_loops


class Need(NamedTuple):
    """Bits that a tiling needs in a buffer, and the limit: what the buffer can hold at a time."""

    buffer: str
    need_bits: int
    limit_bits: int


def check_fits(kernel: Kernel, tiling: Tiling, hardware: Hardware) -> None:
    """Raise TilingError for a tiling that is not the kernel's, or that a buffer cannot hold."""
    check_loops(kernel, tiling)
    for found in needs(kernel, tiling, hardware):
        if found.need_bits > found.limit_bits:
            raise TilingError(
                f"the {found.buffer} needs {found.need_bits:,} bits for tile {tiling.as_dict()}, "
                f"it can hold {found.limit_bits:,}"
            )


def needs(kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Iterator[Need]:
    if isinstance(kernel, VectorProgram):
        yield from _program_needs(kernel, tiling, hardware)
    else:
        yield from _contraction_needs(kernel, tiling, hardware)


def _contraction_needs(kernel: Contraction, tiling: Tiling, hardware: Hardware) -> Iterator[Need]:
    buffers, clip = hardware.systolic.buffers, not hardware.stores_padding
    axes = make_axes(stored_bounds(kernel, hardware), tiling, kernel.operands, hardware)
    yield Need("weight buffer", Footprint(kernel.weight, axes, clip=clip).largest(), buffers.weight_bits // 2)
    yield Need("ifmap buffer", Footprint(kernel.ifmap, axes, clip=clip).largest(), buffers.ifmap_bits // 2)
    yield Need("psum buffer", Footprint(kernel.psum, axes, clip=clip).largest(), buffers.psum_bits // 2)
    if kernel.bias is not None:
        yield Need("bias buffer", Footprint(kernel.bias, axes, clip=clip).largest(), buffers.bias_bits // 2)


def _program_needs(program: VectorProgram, tiling: Tiling, hardware: Hardware) -> Iterator[Need]:
    bounds, clip = stored_bounds(program, hardware), not hardware.stores_padding
    for phase in program.phases:
        phase_bounds = {loop.name: bounds[loop.name] for loop in phase.loops}
        axes = make_axes(phase_bounds, tiling, (*phase.inputs, *phase.outputs), hardware)
        for operand in phase.scratch:
            if visits(Footprint(operand, axes, clip=clip), [axis for axis in axes if axis.count > 1])[0] > 1:
                raise TilingError(
                    f"loop order {list(tiling.order)} leaves '{operand.name}' before it is complete; "
                    "it lives in vector memory only: put the loops that it sums over inside the others"
                )
        tiles_bits = sum(Footprint(operand, axes, clip=clip).largest() for operand in resident(phase))
        vectors_bits = temporaries(phase) * hardware.simd.lanes * hardware.simd.width_bits
        yield Need("vector memory", tiles_bits + vectors_bits, hardware.simd.vmem_bits)


def resident(phase: Phase) -> list[Operand]:
    """The operands whose tiles are in vector memory at once.

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
    free = [operand for operand in phase.inputs if set(operand.loops) == everywhere and operand.name not in viewed]
    kept: list[Operand] = [*phase.inputs, *phase.scratch]
    for result in phase.outputs:
        place = next(
            (
                operand
                for operand in free
                if (operand.bits, operand.index) == (result.bits, result.index)
                and reads.get(operand.name, -1) <= writes[result.name]
            ),
            None,
        )
        if place is None:
            kept.append(result)
        else:
            free.remove(place)
    return kept


def temporaries(phase: Phase) -> int:
    """Number of names that straight-line code uses beside the operands: one vector each."""
    named = {operand.name for operand in (*phase.inputs, *phase.outputs, *phase.scratch, *phase.views)}
    return len({i.dest for block in phase.blocks for i in block.instructions} - named)
