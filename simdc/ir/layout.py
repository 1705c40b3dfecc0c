"""Loops of a vector program as its tensors lie: neighbours merged, channels kept apart, lanes along what suits.

A tensor's channel axis is what an array wrote side by side: dimension 1 of an image, the last of features. It alone is
rounded up where a machine stores padding. All other dimensions are just elements: 12 heads are no 64 channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

from simdc.cost.kernel import Affine, Loop, LoopNest, LoopRoles, Operand, VectorProgram, affine

NONE = -1
"""In the place of a dimension: there is no channel axis."""
USUAL_LANES = 64
"""Lanes are put where fewest of so many stay idle. The machine's own number is not asked: a kernel is the same on every
machine."""


@lru_cache(maxsize=4096)
def laid_out(program: VectorProgram, channels: str | None) -> VectorProgram:
    """The same work with fewer loops. `channels` is the loop along the channel axis, None where there is none. Windows
    that are looked into stay as they are."""
    if any(nest.views for nest in program.nests):
        return program
    nests = _without_units(program.nests, channels, program.lanes)
    found = True
    while found:
        found = False
        for outer, inner in _neighbours(nests):
            if channels not in (outer, inner) and _may_merge(nests, outer, inner):
                nests = [_merged(nest, outer, inner) for nest in nests]
                found = True
                break
    if channels is None:
        # What was called c counts no channels.
        nests = [_renamed(nest, "c", "k") for nest in nests]
    lanes = _lanes(nests, channels)
    if lanes is None:
        return program if channels == "c" else program._replace(roles=LoopRoles(channels=(), image=()))
    roles = LoopRoles(channels=() if channels is None else (channels,), image=())
    return VectorProgram(program.kind, tuple(nests), lanes, roles)


def loop_along(program: VectorProgram, shape: Sequence[int], axis: int) -> str | None:
    """The loop that runs along a dimension of the tensors of `shape`, None where there is none."""
    for nest in program.nests:
        for operand in (*nest.outputs, *nest.inputs):
            if operand.shape == tuple(shape) and len(operand.index[axis].terms) == 1:
                return operand.index[axis].terms[0][0]
    return None


def _without_units(nests: Sequence[LoopNest], channels: str | None, lanes: str) -> list[LoopNest]:
    """Without loops that run once, which move nothing, and dimensions of one element."""
    several = {loop.name for nest in nests for loop in nest.loops if loop.bound > 1}
    kept: set[str | None] = {*several, channels} if several else {lanes}
    return [_mapped(nest, lambda operand: _bare(operand, kept), lambda names: _those(names, kept)) for nest in nests]


def _those(names: Sequence[str], kept: set[str | None]) -> tuple[str, ...]:
    return tuple(name for name in names if name in kept)


def _bare(operand: Operand, kept: set[str | None]) -> Operand:
    index = [Affine(tuple(term for term in terms if term[0] in kept), constant) for terms, constant in operand.index]
    stays = [bool(each.terms) or size > 1 for each, size in zip(index, operand.shape, strict=True)]
    return _with(operand, [(size, each) for size, each, stay in zip(operand.shape, index, stays, strict=True) if stay])


def _with(operand: Operand, dimensions: Sequence[tuple[int, Affine]]) -> Operand:
    return operand._replace(shape=tuple(size for size, _ in dimensions), index=tuple(each for _, each in dimensions))


def _mapped(
    nest: LoopNest, of: Callable[[Operand], Operand], names: Callable[[Sequence[str]], Sequence[str]]
) -> LoopNest:
    """The nest with other operands and, of its loops and those of its blocks, those that `names` leaves."""
    bounds = dict(nest.loops)
    return nest._replace(
        loops=tuple(Loop(name, bounds[name]) for name in names([loop.name for loop in nest.loops])),
        inputs=tuple(map(of, nest.inputs)),
        outputs=tuple(map(of, nest.outputs)),
        scratch=tuple(map(of, nest.scratch)),
        blocks=tuple(block._replace(loops=tuple(names(block.loops))) for block in nest.blocks),
    )


def _operands(nest: LoopNest) -> tuple[Operand, ...]:
    return (*nest.inputs, *nest.outputs, *nest.scratch)


def _neighbours(nests: Sequence[LoopNest]) -> list[tuple[str, str]]:
    """Loops along dimensions that stand next to each other, outer first."""
    found: dict[tuple[str, str], None] = {}
    for nest in nests:
        for operand in _operands(nest):
            for (one, _), (other, _) in pairwise(operand.index):
                if len(one) == len(other) == 1:
                    found[one[0][0], other[0][0]] = None
    return list(found)


def _may_merge(nests: Sequence[LoopNest], outer: str, inner: str) -> bool:
    """Whether wherever one of the loops is the other is, right inside it, and both go over all there is."""
    for nest in nests:
        bounds = dict(nest.loops)
        if (outer in bounds) != (inner in bounds):
            return False
        if any((outer in block.loops) != (inner in block.loops) for block in nest.blocks):
            return False
        if (outer in nest.whole) != (inner in nest.whole):
            return False
        for operand in _operands(nest):
            places = {term[0]: number for number, (terms, _) in enumerate(operand.index) for term in terms}
            if outer not in places and inner not in places:
                continue
            at = places.get(outer, NONE)
            if at == NONE or places.get(inner) != at + 1:
                return False
            if operand.index[at : at + 2] != (affine(outer), affine(inner)):
                return False
            if operand.shape[at + 1] != bounds[inner] or operand.shape[at] != bounds[outer]:
                return False
            if operand.is_entangled:
                return False
    return True


def _merged(nest: LoopNest, outer: str, inner: str) -> LoopNest:
    """One loop, called as the outer one, in the place of the two."""
    bounds = dict(nest.loops)
    if outer not in bounds:
        return nest

    def joined(operand: Operand) -> Operand:
        if outer not in operand.loops:
            return operand
        at = operand.index.index(affine(outer))
        dimensions = list(zip(operand.shape, operand.index, strict=True))
        dimensions[at : at + 2] = [(operand.shape[at] * operand.shape[at + 1], affine(outer))]
        return _with(operand, dimensions)

    def without(names: Sequence[str]) -> Sequence[str]:
        # Of c, n, h, w with n and h as one: it stands where the first of the two stood.
        first = next((name for name in names if name in (outer, inner)), None)
        return [outer if name == first else name for name in names if name == first or name not in (outer, inner)]

    whole = tuple(without(nest.whole))
    sized = nest._replace(loops=tuple(Loop(n, b * bounds[inner] if n == outer else b) for n, b in nest.loops))
    return _mapped(sized, joined, without)._replace(whole=whole)


def _renamed(nest: LoopNest, old: str, new: str) -> LoopNest:
    def called(name: str) -> str:
        return new if name == old else name

    def operand(each: Operand) -> Operand:
        index = [Affine(tuple((called(loop), step) for loop, step in terms), low) for terms, low in each.index]
        return each._replace(index=tuple(index))

    made = nest._replace(
        loops=tuple(Loop(called(name), bound) for name, bound in nest.loops), whole=tuple(map(called, nest.whole))
    )
    return _mapped(
        made._replace(blocks=tuple(b._replace(loops=tuple(map(called, b.loops))) for b in nest.blocks)), operand, list
    )


def _lanes(nests: Sequence[LoopNest], channels: str | None) -> str | None:
    """The loop across the lanes with the fewest issues: the channels, which are stored in whole vectors; else that
    which leaves fewest lanes idle, of equals one that moves every operand, then the longest. None where no loop may lie
    there: each is summed over, or stands at different positions in what is read and what is written."""
    # 12 heads on 64 lanes take an issue each for 12 elements; 1,536 rows 24 issues for 64 each.
    legal = [loop for loop in nests[0].loops if all(_may_lie_across(nest, loop.name) for nest in nests)]
    if any(loop.name == channels for loop in legal):
        return channels
    operands = [operand for nest in nests for operand in _operands(nest)]

    def rank(loop: Loop) -> tuple[float, int, int]:
        idle = -(-loop.bound // USUAL_LANES) * USUAL_LANES / loop.bound
        return idle, sum(loop.name not in operand.loops for operand in operands), -loop.bound

    return min(legal, key=rank).name if legal else None


def _may_lie_across(nest: LoopNest, loop: str) -> bool:
    """Whether a lane has all that it needs: it makes results of its own out of what stands at its own position."""
    if loop not in dict(nest.loops):
        return False
    for operand in (*nest.outputs, *nest.scratch):
        if loop not in operand.loops:
            return False
    found = {each for operand in _operands(nest) for each in operand.index if loop in dict(each.terms)}
    return len(found) == 1 and next(iter(found)).terms == ((loop, 1),)
