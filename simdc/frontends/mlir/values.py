"""What a value of a foreign module is while it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from xdsl.ir import SSAValue

from simdc.cost.kernel import Affine, affine
from simdc.ir import nest_text
from simdc.ir.nest_text import Access
from simdc.named import NamedTuple

from .problems import Unpriced


class ModuleConstant(NamedTuple):
    """Numbers that come with the module, or follow from such: a parameter once somebody reads them. Their values are
    not looked at. `bits` are those of an element in memory; `of` are the labels of the module's own constants that it
    was made of."""

    label: str
    shape: tuple[int, ...]
    bits: int | None = None
    of: frozenset[str] = frozenset()

    @property
    def roots(self) -> frozenset[str]:
        """The labels of the module's own constants that it comes from, its own if it is one."""
        return self.of or frozenset((self.label,))


class Filled(NamedTuple):
    """One number everywhere; None where nobody reads what is there."""

    shape: tuple[int, ...]
    number: float | None

    @property
    def is_constant(self) -> bool:
        return True

    def through(self, shape: tuple[int, ...], index: Sequence[Affine]) -> Filled:
        """As of `Seen`: wherever one looks, it is the same number."""
        return Filled(shape, self.number)


class Seen(NamedTuple):
    """A tensor as it is looked at: `index` says for each dimension of `base` where its position is found, by the
    dimensions `v0`, `v1`, ... of `shape`. So a transpose, a broadcast, a slice and a border of `padding` move nothing
    until somebody needs them as a tensor."""

    base: SSAValue | ModuleConstant
    own: tuple[int, ...]
    shape: tuple[int, ...]
    index: tuple[Affine, ...]  # pyright: ignore[reportIncompatibleMethodOverride]  # nobody searches it
    padding: float | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is its base as it lies."""
        if self.shape != self.own or self.padding is not None:
            return False
        # Of one element the position is 0, whatever says so.
        pairs = zip(self.index, names_for(len(self.shape)), self.shape, strict=True)
        return all(found == name or (size == 1 and not found.constant) for found, name, size in pairs)

    @property
    def is_constant(self) -> bool:
        return isinstance(self.base, ModuleConstant)

    def dimension_of_base(self, place: int) -> int | None:
        """The dimension of the base that `place` is, whole and alone; None where it is none."""
        name = f"v{place}"
        found = [at for at, each in enumerate(self.index) if name in dict(each.terms)]
        is_whole = len(found) == 1 and self.index[found[0]] == affine(name) and self.own[found[0]] == self.shape[place]
        return found[0] if is_whole and self.padding is None else None

    def access(self, index: Sequence[Affine]) -> Access:
        """How loops index the base where they index what is seen by `index`."""
        given = {f"v{place}": each for place, each in enumerate(index)}
        return Access(self.own, tuple(substituted(each, given) for each in self.index))

    def through(self, shape: tuple[int, ...], index: Sequence[Affine]) -> Seen:
        """Looked at once more, in `shape`, whose dimensions index these by `index`. Raises Unpriced where that has no
        place for one of them."""
        if any(int(name[1:]) >= len(index) for each in self.index for name, _ in each.terms):
            raise Unpriced(f"{list(self.shape)} is read where {len(index)} dimensions are")
        return self._replace(shape=shape, index=self.access(index).index)


Value: TypeAlias = Seen | Filled


class Read(NamedTuple):
    """A value and the index of each of its dimensions, over loops `d0`, `d1`, ..."""

    value: Value
    index: tuple[Affine, ...]  # pyright: ignore[reportIncompatibleMethodOverride]  # nobody searches it


class Made(NamedTuple):
    """A result: its shape, its index, what it holds before the first iteration, and its width in the source."""

    shape: tuple[int, ...]
    index: tuple[Affine, ...]  # pyright: ignore[reportIncompatibleMethodOverride]  # nobody searches it
    start: Value
    bits: int | None = None


def roots_of(values: Iterable[Value]) -> frozenset[str]:
    """Of all that are constants."""
    bases = (value.base for value in values if isinstance(value, Seen))
    return frozenset(label for base in bases if isinstance(base, ModuleConstant) for label in base.roots)


def names_for(rank: int) -> tuple[Affine, ...]:
    return tuple(affine(f"v{place}") for place in range(rank))


def plain(base: SSAValue | ModuleConstant, own: tuple[int, ...], shape: tuple[int, ...] | None = None) -> Seen:
    """A tensor as it lies; one number alone, which lies in one dimension of one, has the `shape` ()."""
    if shape == ():
        return Seen(base, own, (), (affine(),))
    return Seen(base, own, own, names_for(len(own)))


def substituted(expression: Affine, given: Mapping[str, Affine]) -> Affine:
    """With an expression in the place of each loop. Raises Unpriced."""
    found = nest_text.substituted(expression, given)
    if any(step < 0 for _, step in found.terms):
        raise Unpriced("an index runs backwards")
    return found
