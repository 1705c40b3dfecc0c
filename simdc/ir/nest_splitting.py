"""Loops of a nest cut in two or more, where a tensor is seen in more dimensions than the nest has for it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from simdc.cost.kernel import Affine, Loop, affine
from simdc.named import NamedTuple

from .nest_text import Access, Nest, substituted


class Alignment(NamedTuple):
    """Dimensions of two shapes, side by side, that have as many elements."""

    first: tuple[int, ...]
    second: tuple[int, ...]


def groups_of(first: Sequence[int], second: Sequence[int]) -> list[Alignment]:
    """The smallest groups of dimensions that two shapes of the same elements have in common; those of one element are
    in none."""
    # [4, 8, 8] and [1, 2, 2, 8, 8]: 4 is 2 * 2, then 8 and 8.
    mine, others = ([place for place, size in enumerate(shape) if size > 1] for shape in (first, second))
    found: list[Alignment] = []
    while mine or others:
        left, right = [mine.pop(0)], [others.pop(0)]
        while (one := prod(first[place] for place in left)) != (two := prod(second[place] for place in right)):
            if one < two:
                left.append(mine.pop(0))
            else:
                right.append(others.pop(0))
        found.append(Alignment(tuple(left), tuple(right)))
    return found


def with_loop_cut(nest: Nest, loop: str, sizes: Sequence[int]) -> tuple[Nest, tuple[str, ...]]:
    """`loop` as several, the outermost first, of these sizes, and their names."""
    taken = set(nest.bounds)
    names: list[str] = []
    for size in sizes:
        name = next(each for n in range(len(taken) + 1) if (each := f"{loop}_{n}") not in taken)
        taken.add(name)
        names.append(name)
        assert size > 1
    # 2*d0 with d0 of 12 as 3 and 4: 2 * (4*a + b).
    steps = [prod(sizes[place + 1 :]) for place in range(len(sizes))]
    whole = affine(*zip(names, steps, strict=True))
    loops = [
        each
        for old in nest.loops
        for each in ([Loop(*pair) for pair in zip(names, sizes, strict=True)] if old.name == loop else [old])
    ]

    def cut(access: Access) -> Access:
        shape: list[int] = []
        index: list[Affine] = []
        for size, each in zip(access.shape, access.index, strict=True):
            if each == affine(loop) and size == prod(sizes):
                shape += sizes
                index += map(affine, names)
                continue
            shape.append(size)
            given = {name: affine(name) for name, _ in each.terms} | {loop: whole}
            index.append(substituted(each, given))
        return Access(tuple(shape), tuple(index))

    return Nest(tuple(loops), tuple(map(cut, nest.inputs)), tuple(map(cut, nest.results))), tuple(names)
