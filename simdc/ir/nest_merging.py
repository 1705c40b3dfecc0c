"""Neighbouring loops of a nest that every operand has one right inside the other are one loop: it says the same, and
there are fewer ways to tile it."""

from __future__ import annotations

from itertools import pairwise

from simdc.cost.kernel import Affine, Loop, affine
from simdc.named import NamedTuple

from .nest_text import Access, Nest


class _Pair(NamedTuple):
    outer: str
    inner: str


# relu over [1, 64, 56, 56]: d0 .. d3 stand side by side in both operands: one loop of 200,704. In a bias [64] that is
# added, d1 stands alone: d0, d1, and one of 56 * 56.
def merged_nest(nest: Nest) -> Nest:
    """Without loops that run once and with neighbours merged; the merged loop has the outer one's name. At least one
    loop is left."""
    nest = _without_units(nest)
    while (pair := _next_pair(nest)) is not None:
        nest = _joined(nest, pair)
    return nest


def merged_loops(nest: Nest) -> dict[str, tuple[str, ...]]:
    """The loops of `merged_nest`, each with those of `nest` that it is, outermost first."""
    nest = _without_units(nest)
    found: dict[str, tuple[str, ...]] = {loop.name: (loop.name,) for loop in nest.loops}
    while (pair := _next_pair(nest)) is not None:
        found[pair.outer] += found.pop(pair.inner)
        nest = _joined(nest, pair)
    return found


def _without_units(nest: Nest) -> Nest:
    loops = tuple(loop for loop in nest.loops if loop.bound > 1) or nest.loops[:1]
    names = {loop.name for loop in loops}

    def bare(access: Access) -> Access:
        index = [affine(*(t for t in terms if t[0] in names), constant=c) for terms, c in access.index]
        # A dimension of one element that no loop moves is none.
        kept = [(size, each) for size, each in zip(access.shape, index, strict=True) if size > 1 or each != affine()]
        kept = kept or [(access.shape[-1], index[-1])]
        return Access(tuple(size for size, _ in kept), tuple(each for _, each in kept))

    return Nest(loops, tuple(map(bare, nest.inputs)), tuple(map(bare, nest.results)))


def _next_pair(nest: Nest) -> _Pair | None:
    every = (*nest.inputs, *nest.results)
    tried = {
        _Pair(first.terms[0][0], second.terms[0][0])
        for access in every
        for first, second in pairwise(access.index)
        if _is_plain(first) and _is_plain(second) and first != second
    }
    found = [pair for pair in tried if all(_together(access, pair, nest.bounds) for access in every)]
    return min(found, default=None)


def _is_plain(expression: Affine) -> bool:
    return len(expression.terms) == 1 and expression.terms[0][1] == 1 and expression.constant == 0


def _together(access: Access, pair: _Pair, bounds: dict[str, int]) -> bool:
    """Whether the operand has both, the inner one whole and right inside the outer one, or none."""
    uses = [place for place, (terms, _) in enumerate(access.index) for loop, _ in terms if loop in pair]
    if not uses:
        return True
    if len(uses) != 2 or uses[1] != uses[0] + 1:
        return False
    outer, inner = (access.index[place] for place in uses)
    plain = outer == affine(pair.outer) and inner == affine(pair.inner)
    return plain and access.shape[uses[1]] == bounds[pair.inner]


def _joined(nest: Nest, pair: _Pair) -> Nest:
    bounds = nest.bounds
    whole = Loop(pair.outer, bounds[pair.outer] * bounds[pair.inner])
    loops = tuple(whole if loop.name == pair.outer else loop for loop in nest.loops if loop.name != pair.inner)

    def join(access: Access) -> Access:
        if pair.outer not in access.loops:
            return access
        at = access.index.index(affine(pair.outer))
        shape = (*access.shape[:at], access.shape[at] * bounds[pair.inner], *access.shape[at + 2 :])
        return Access(shape, (*access.index[: at + 1], *access.index[at + 2 :]))

    return Nest(loops, tuple(map(join, nest.inputs)), tuple(map(join, nest.results)))
