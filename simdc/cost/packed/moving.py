"""A packed kernel whose numbers move along a line, a step for each length or batch."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from simdc.cost.along import checked_steps
from simdc.cost.exact.laws import moved_operands, used_along
from simdc.cost.flat import moving
from simdc.cost.flat import packed as at
from simdc.cost.kernel import ArrayKernel, Contraction, Kernel
from simdc.cost.result import DramBits
from simdc.named import NamedTuple

from .kernels import PackedKernel

Factors = list[tuple[int, list[int]]]
"""Products that are added up, each by its place in what a plan does not say, or MACS."""


class MovingKernel(NamedTuple):
    """A kernel as it is at the first step, with room for all others; what `moves` (`flat/moving.py`); its plan with
    loops as long as they get."""

    first: PackedKernel
    moves: list[int]
    largest: list[int]


def moving_kernel(
    kernel: Callable[[int], Kernel], steps: int, pack: Callable[[Kernel], PackedKernel | None]
) -> MovingKernel | None:
    """Of the kernel at each step. None where it cannot be packed, or is not on a line."""
    first, last = pack(kernel(0)), pack(kernel(steps))
    if first is None or last is None or not _are_alike(first, last):
        return None
    own = _moves(first, last, steps)
    if own is None:
        return None
    for step in checked_steps(steps):
        if not _is_at(first, own, pack(kernel(step)), step):
            return None
    largest = [max(pair) for pair in zip(first.plan, last.plan, strict=True)]
    return MovingKernel(first._replace(ladder=max(first.ladder, last.ladder)), own, largest)


def multiplications(kernel: PackedKernel) -> int:
    """Multiply-accumulates that count for a layer."""
    return int(dict(kernel.ops).get("mac", 0))


def _are_alike(one: PackedKernel, other: PackedKernel) -> bool:
    """Whether rows say the same at the same places."""
    same = one.is_program == other.is_program and (one.loops, one.cuts) == (other.loops, other.cuts)
    return same and len(one.plan) == len(other.plan) and len(one.about) == len(other.about)


def _moves(first: PackedKernel, last: PackedKernel, steps: int) -> list[int] | None:
    one, other = _factors(first.kernel), _factors(last.kernel)
    if [(place, len(of)) for place, of in one] != [(place, len(of)) for place, of in other]:
        return None
    summed = sorted({place for place, _ in one if place != moving.MACS})
    plan = _numbers(first.plan, last.plan, steps, ())
    about = _numbers(first.about, last.about, steps, summed)
    products = [_product(place, begun, ended, steps) for (place, begun), (_, ended) in zip(one, other, strict=True)]
    if plan is None or about is None or None in products:
        return None
    # Sums begin anew at each step.
    about += [(place, 0, 0) for place in summed]
    row = [len(plan), len(about), len(products)]
    for numbers in (*plan, *about, *products):
        row += numbers or ()
    return row


def _numbers(
    first: list[int], last: list[int], steps: int, apart: list[int] | tuple[int, ...]
) -> list[tuple[int, int, int]] | None:
    """Place, first number and what each step adds, of all that move and do not stand `apart`; None where something
    would be no whole number."""
    found = [
        (place, one, other - one)
        for place, (one, other) in enumerate(zip(first, last, strict=True))
        if one != other and place not in apart
    ]
    if any(way % steps for _, _, way in found):
        return None
    return [(place, one, way // steps) for place, one, way in found]


def _product(place: int, first: list[int], last: list[int], steps: int) -> tuple[int, ...] | None:
    """As `flat/moving.py` has it; factors that stay are one."""
    pairs = list(zip(first, last, strict=True))
    if any((other - one) % steps for one, other in pairs):
        return None
    still = prod(one for one, other in pairs if one == other)
    moved = [number for one, other in pairs if one != other for number in (one, (other - one) // steps)]
    return place, 1 + len(moved) // 2, still, 0, *moved


def _factors(kernel: ArrayKernel) -> Factors:
    bounds = kernel.bounds
    found: Factors = [
        (at.USED_BITS + DramBits._fields.index(traffic), [bits, *used_along(operand, bounds)])
        for traffic, operand, bits in moved_operands(kernel)
    ]
    if isinstance(kernel, Contraction):
        useful = list(bounds.values()) if kernel.macs is None else [kernel.macs]
        return [*found, (at.USEFUL_MACS, useful), (moving.MACS, useful)]
    for nest in kernel.nests:
        for block in nest.blocks:
            many = sum(instruction.opcode == "mac" for instruction in block.instructions)
            found.append((moving.MACS, [many, *(bounds[loop] for loop in block.loops)]))
    return found


def _is_at(first: PackedKernel, moves: list[int], expected: PackedKernel | None, step: int) -> bool:
    """Whether a kernel moves to what is `expected` at a step."""
    if expected is None or not _are_alike(first, expected):
        return False
    about, plan, macs = first.about.copy(), first.plan.copy(), [0]
    moving.move_kernels([about, plan, moves, [0], macs], 1, step)
    return (about, plan, macs[0]) == (expected.about, expected.plan, multiplications(expected))
