"""Sizes and numbers that a file leaves open: what `--bind` gives and what `--batch` fixes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from simdc.errors import SimdcError, suggestion
from simdc.frozen import Frozen, evolve

from .graph import Dimension, Shaped


class Symbols(Frozen):
    """`sizes` are those that the batch fixes, by name or place. `rebatch` is (size in the file, size asked for) where
    the file has a batch of its own and another is asked for. Both are known once the inputs are (`with_batch`)."""

    file: str
    batch: int | None
    bindings: Mapping[str, int]
    sizes: Mapping[str, int] = MappingProxyType({})
    rebatch: tuple[int, int] | None = None

    def size(self, dimension: Dimension, value: str, axis: int) -> int | None:
        """A size, or None if nobody says. A binding by place, `--bind 'x[2]=224'`, goes before one by name: sizes that
        share a name may differ."""
        if isinstance(dimension, int):
            rebatched = self.rebatch is not None and axis == 0 and dimension == self.rebatch[0]
            return self.rebatch[1] if self.rebatch is not None and rebatched else dimension
        key = self._key(dimension, value, axis)
        if key is None:
            return None
        return self._checked(key) if key in self.bindings else self.sizes[key]

    def _key(self, dimension: str | None, value: str, axis: int) -> str | None:
        """What a size goes by: its place or its name, whichever somebody has given a size."""
        keys = (key for key in (place(value, axis), dimension) if key is not None)
        return next((key for key in keys if key in self.bindings or key in self.sizes), None)

    def resolved(self, value: Shaped) -> tuple[int, ...] | None:
        """The whole shape, if all of it is known."""
        if value.shape is None:
            return None
        sizes = [self.size(dimension, value.name, axis) for axis, dimension in enumerate(value.shape)]
        return tuple(size for size in sizes if size is not None) if None not in sizes else None

    def with_batch(self, images: Sequence[Shaped]) -> tuple[Symbols, Shaped | None]:
        """These, and what the batch says. The batch is the first size of the first input that has more than one, or
        leaves its only one open. Returns that input, too; None where there is none."""
        first = next((value for value in images if _has_batch(value)), None)
        if first is None or not first.shape:
            if self.batch not in (None, 1):
                message = f"--batch {self.batch}: no input has a batch, a first dimension before others"
                raise SimdcError(message, file=self.file)
            return self, None
        given = first.shape[0]
        if isinstance(given, int):
            same = self.batch is None or self.batch == given
            return self if same else evolve(self, rebatch=(given, self.batch)), first
        own = place(first.name, 0)
        key = given if given is not None and _is_only_batch(given, images) else own
        bound = self.bindings.get(own, self.bindings.get(key))
        if bound is not None and self.batch is not None and bound != self.batch:
            raise SimdcError(f"--bind {key}={bound} contradicts --batch {self.batch}", file=self.file)
        return evolve(self, sizes={key: bound or self.batch or 1}), first

    def refuse_open(self, images: Sequence[Shaped], others: Sequence[Shaped], numbers: Iterable[str]) -> None:
        """Raise SimdcError naming each size of `images` that is open, and each binding that fits none of these, no size
        of `others`, weights and the like, and none of the inputs that are `numbers`."""
        wanted: dict[str, str] = {}
        for value in images:
            for axis, dimension in enumerate(value.shape or ()):
                if self.size(dimension, value.name, axis) is None:
                    key = dimension if isinstance(dimension, str) else place(value.name, axis)
                    wanted.setdefault(key, value.name)
        sizes = [
            self._key(dimension, value.name, axis)
            for value in (*images, *others)
            for axis, dimension in enumerate(value.shape or ())
            if not isinstance(dimension, int)
        ]
        self._refuse_unknown(images, {*numbers, *filter(None, sizes), *self.sizes, *wanted})
        if wanted:
            options = " ".join(f"--bind {_quoted(name)}=N" for name in wanted)
            described = ", ".join(f"{name} (of input '{owner}')" for name, owner in wanted.items())
            shared = [name for name in wanted if _uses(name, images) > 1]
            hint = "" if not shared else f"; one by one by place: --bind {_quoted(_first_place(shared[0], images))}=N"
            raise SimdcError(f"the file leaves sizes open: {described}; give them: {options}{hint}", file=self.file)

    def _refuse_unknown(self, images: Sequence[Shaped], fitting: set[str]) -> None:
        open_places = {
            place(value.name, axis)
            for value in images
            for axis, dimension in enumerate(value.shape or ())
            if not isinstance(dimension, int)
        }
        known = sorted(fitting)
        for name in self.bindings:
            if name not in known and name not in open_places:
                listed = f"; open sizes are {', '.join(known)}" if known else "; all sizes of this file are fixed"
                hint = suggestion(name, [*known, *sorted(open_places)])
                raise SimdcError(f"--bind {name}: no size is called that{hint or listed}", file=self.file)

    def _checked(self, key: str) -> int:
        if self.bindings[key] < 1:
            raise SimdcError(f"the size bound to '{key}' must be 1 or more, got {self.bindings[key]}", file=self.file)
        return self.bindings[key]


def place(value: str, axis: int) -> str:
    """What `--bind` calls a dimension, whether the file has a name for it or not."""
    return f"{value}[{axis}]"


def _has_batch(value: Shaped) -> bool:
    shape = value.shape or ()
    return len(shape) > 1 or (len(shape) == 1 and not isinstance(shape[0], int))


def _is_only_batch(name: str, images: Sequence[Shaped]) -> bool:
    """Whether the name stands for first sizes only. Some exporters call every open size `?`."""
    return all(name not in (value.shape or ())[1:] for value in images)


def _uses(name: str, images: Sequence[Shaped]) -> int:
    return Counter(size for value in images for size in value.shape or ())[name]


def _first_place(name: str, images: Sequence[Shaped]) -> str:
    return next(
        place(value.name, axis)
        for value in images
        for axis, dimension in enumerate(value.shape or ())
        if dimension == name
    )


def _quoted(name: str) -> str:
    return name if name.replace("_", "").isalnum() else f"'{name}'"
