"""Kernels in rows: a plan, and what it does not say (`flat/packed.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simdc.cost.exact.flat import contraction_shape
from simdc.cost.exact.flat_lanes import program_shape
from simdc.cost.exact.laws import used_dram_bits
from simdc.cost.flat import packed as at
from simdc.cost.flat import tiles
from simdc.cost.greedy.contraction import loop_groups
from simdc.cost.greedy.program import program_loops
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel, VectorProgram
from simdc.cost.ladder.lanes import LaneLadders
from simdc.cost.result import DramBits, Number
from simdc.cost.rule import GENESYS, StreamRow
from simdc.cost.spread import spread_of
from simdc.cost.tiling import TilingError
from simdc.named import NamedTuple

from .machine import ROLES, STAYS, Kind


class PackedKernel(NamedTuple):
    """`plan` has room for what a machine changes of it; `about` is never changed. `loops` are the kernel's, by number;
    `ops` the operations that a program counts, or the useful ones of a contraction. Of a program what its ladder is
    made of (`cuts`) and how many numbers that has (`ladder`)."""

    kernel: Contraction | VectorProgram
    about: list[int]
    plan: list[int]
    loops: tuple[str, ...]
    ops: tuple[tuple[str, Number], ...]
    cuts: tuple[int, ...] = (0,)
    ladder: int = 1

    @property
    def is_program(self) -> bool:
        return bool(self.about[at.IS_PROGRAM])


def packed_kernel(kernel: Kernel, hardware: Hardware, kind: Kind) -> PackedKernel | None:
    """For machines of the kind that `hardware` is of. None where `cost/flat` does not price the kernel on these."""
    if isinstance(kernel, Contraction):
        return _contraction(kernel, hardware) if kind.knows_array else None
    if isinstance(kernel, VectorProgram):
        return _program(kernel, hardware) if kind.knows_lanes else None
    return None


def _contraction(kernel: Contraction, hardware: Hardware) -> PackedKernel | None:
    shape, rule = contraction_shape(kernel), GENESYS
    try:
        spread = spread_of(kernel, hardware.systolic)
    except TilingError:
        return None
    if shape.rows is None or spread.joint or spread.stays != STAYS[hardware.systolic.dataflow]:
        return None
    streams = [row for row in rule.array_streams if row.operand in shape.operands]
    plan = shape.template(shape.rows, streams, rule).copy()
    plan[tiles.KEPT] = int(spread.stays == "psum")
    about, numbers, loops = _about(kernel, streams), shape.numbers, loop_groups(kernel)
    alone = [side[0] if len(side) == 1 else None for side in (spread.rows, spread.columns)]
    about[at.ROW_LOOP : at.ABOUT_ARRAY] = [
        *(numbers[kernel.rows], numbers[kernel.columns]),
        *(n for loop in alone for n in (-1 if loop is None else numbers[loop], int(loop in spread.padded))),
        *(_bits(each, numbers) for each in (loops.window, loops.image, loops.batch, loops.groups)),
        kernel.useful_macs,
        *(shape.operands[role].bits if role in shape.operands else 0 for role in ROLES),
    ]
    return PackedKernel(kernel, about, plan, tuple(shape.loops), (("mac", kernel.useful_macs),))


def _program(kernel: VectorProgram, hardware: Hardware) -> PackedKernel | None:
    shape, rule = program_shape(kernel), GENESYS
    rows = shape.rows(hardware.simd, rule) if shape.is_known else None
    if rows is None or len(rows.ports) != 1:
        return None
    plan, numbers, loops = rows.plan.copy(), shape.numbers, program_loops(kernel)
    for row, operand, _ in rows.overlapping:
        if kernel.padded_loop in {loop for terms, _ in operand.index if len(terms) > 1 for loop, _ in terms}:
            # Where windows meet would depend on how far the machine rounds up.
            return None
        plan[row + 6] = rows.overlap(operand, shape.loops)
    about, every = _about(kernel, rows.streams), (1 << len(kernel.nests)) - 1
    vectors = [*rows.vectors, *[0] * (at.OTHERS - at.NEST_VECTORS - len(rows.vectors))]
    about[at.ROW_LOOP :] = [
        *(numbers[kernel.lanes], int(kernel.padded_loop is not None)),
        *(_bits(each, numbers) for each in (loops.window, loops.whole, loops.image)),
        int(loops.per_channel),
        *vectors,
        len(loops.others),
    ]
    for loop, nests in loops.others:
        about += (numbers[loop], int(loop in kernel.roles.batch), sum(1 << number for number in nests) & every)
    ladders = LaneLadders(shape)
    return PackedKernel(
        kernel, about, plan, tuple(shape.loops), shape.ops, tuple(ladders.sides), ladders.length(plan, rows)
    )


def _about(kernel: Contraction | VectorProgram, streams: Iterable[StreamRow]) -> list[int]:
    """What both kinds of kernels have."""
    about = [0] * at.ABOUT_ARRAY
    about[at.IS_PROGRAM] = int(isinstance(kernel, VectorProgram))
    about[at.USED_BITS : at.TRAFFIC] = map(int, used_dram_bits(kernel))
    for number, stream in enumerate(streams):
        about[at.TRAFFIC + number] = DramBits._fields.index(stream.traffic)
    return about


def _bits(loops: Iterable[str], numbers: Mapping[str, int]) -> int:
    """Loops as bits of a number."""
    return sum(1 << numbers[loop] for loop in loops)
