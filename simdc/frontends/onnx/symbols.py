"""Sizes and numbers that a file leaves open: what `--bind` gives and what `--batch` fixes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import define

from simdc.errors import SimdcError, suggestion

from .graph import Dimension, Shaped


@define
class Symbols:
    """`sizes` are those that the batch fixes, by name or place. `rebatch` is (size in the file, size asked for) where
    the file has a batch of its own and another is asked for."""

    file: str
    batch: int | None
    bindings: Mapping[str, int]
    sizes: dict[str, int]
    used: set[str]
    rebatch: tuple[int, int] | None = None

    def size(self, dimension: Dimension, value: str, axis: int) -> int | None:
        """A size, or None if nobody says. A binding by place, `--bind 'x[2]=224'`, goes before one by name: sizes that
        share a name may differ."""
        if isinstance(dimension, int):
            rebatched = self.rebatch is not None and axis == 0 and dimension == self.rebatch[0]
            return self.rebatch[1] if self.rebatch is not None and rebatched else dimension
        for key in (place(value, axis), dimension):
            if key is not None and key in self.bindings:
                self.used.add(key)
                return self._checked(key)
            if key is not None and key in self.sizes:
                return self.sizes[key]
        return None

    def number(self, name: str) -> int | None:
        """The value that is bound to an input which is a single number."""
        if name in self.bindings:
            self.used.add(name)
        return self.bindings.get(name)

    def resolved(self, value: Shaped) -> tuple[int, ...] | None:
        """The whole shape, if all of it is known."""
        if value.shape is None:
            return None
        sizes = [self.size(dimension, value.name, axis) for axis, dimension in enumerate(value.shape)]
        return tuple(size for size in sizes if size is not None) if None not in sizes else None

    def fix_batch(self, images: Sequence[Shaped]) -> Shaped | None:
        """The batch is the first size of the first input that has more than one, or leaves its only one open. Returns
        that input; None where there is none."""
        first = next((value for value in images if _has_batch(value)), None)
        if first is None or not first.shape:
            if self.batch not in (None, 1):
                message = f"--batch {self.batch}: no input has a batch, a first dimension before others"
                raise SimdcError(message, file=self.file)
            return None
        given = first.shape[0]
        if isinstance(given, int):
            if self.batch is not None and self.batch != given:
                self.rebatch = (given, self.batch)
            return first
        own = place(first.name, 0)
        key = given if given is not None and _is_only_batch(given, images) else own
        bound = self.bindings.get(own, self.bindings.get(key))
        if bound is not None and self.batch is not None and bound != self.batch:
            raise SimdcError(f"--bind {key}={bound} contradicts --batch {self.batch}", file=self.file)
        self.sizes[key] = bound or self.batch or 1
        return first

    def refuse_open(self, images: Sequence[Shaped]) -> None:
        """Raise SimdcError naming each size that is open, and each binding that fits none."""
        wanted: dict[str, str] = {}
        for value in images:
            for axis, dimension in enumerate(value.shape or ()):
                if self.size(dimension, value.name, axis) is None:
                    key = dimension if isinstance(dimension, str) else place(value.name, axis)
                    wanted.setdefault(key, value.name)
        self._refuse_unknown(images, wanted)
        if wanted:
            words = " ".join(f"--bind {_quoted(name)}=N" for name in wanted)
            described = ", ".join(f"{name} (of input '{owner}')" for name, owner in wanted.items())
            shared = [name for name in wanted if _uses(name, images) > 1]
            hint = "" if not shared else f"; one by one by place: --bind {_quoted(_first_place(shared[0], images))}=N"
            raise SimdcError(f"the file leaves sizes open: {described}; give them: {words}{hint}", file=self.file)

    def _refuse_unknown(self, images: Sequence[Shaped], wanted: Mapping[str, str]) -> None:
        open_places = {
            place(value.name, axis)
            for value in images
            for axis, dimension in enumerate(value.shape or ())
            if not isinstance(dimension, int)
        }
        known = sorted(self.used | self.sizes.keys() | wanted.keys())
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
