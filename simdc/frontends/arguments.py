"""Checks of layer arguments as people write them. Each raises LayerError naming the option and what it takes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import cast

from xdsl.ir import SSAValue

from simdc.ir.base import shape_of
from simdc.ir.movement import MAX_RANK

from .builder import MAX_SIZE, LayerError


def _is_int(value: object, minimum: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= MAX_SIZE


def shown(value: object) -> str:
    """A value as its writer wrote it, cut short."""
    text = {True: "true", False: "false", None: "null"}.get(value) if isinstance(value, bool | None) else repr(value)
    return str(text)[:60]


def positive(option: str, value: object) -> int:
    if not (isinstance(value, int) and _is_int(value, 1)):
        raise LayerError(f"{option} must be a positive whole number, got {shown(value)}", option)
    return value


def natural(option: str, value: object) -> int:
    if not (isinstance(value, int) and _is_int(value, 0)):
        raise LayerError(f"{option} must be a whole number, not negative, got {shown(value)}", option)
    return value


def real(option: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e300:
        raise LayerError(f"{option} must be a number, got {shown(value)}", option)
    return float(value)


def boolean(option: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise LayerError(f"{option} must be true or false, got {shown(value)}", option)
    return value


def _sizes(option: str, value: object, counts: tuple[int, ...], minimum: int, words: str) -> tuple[int, ...]:
    given = cast("Sequence[object]", value) if isinstance(value, (list, tuple)) else (value,)
    entries = [entry for entry in given if isinstance(entry, int) and _is_int(entry, minimum)]
    if len(given) not in counts or len(entries) != len(given):
        raise LayerError(f"{option} must be {words}, got {shown(cast(object, value))}", option)
    return tuple(entries)


def sizes(option: str, value: object) -> tuple[int, ...]:
    """3 or [3, 5, 7]: sizes of as many dimensions."""
    return _sizes(option, value, tuple(range(1, MAX_RANK)), 1, "a list of positive whole numbers, five at most")


def dimension(option: str, value: object, x: SSAValue) -> int:
    """The number of a dimension of `x`, from 0; -1 is the last."""
    rank = len(shape_of(x))
    if isinstance(value, bool) or not isinstance(value, int) or not -rank <= value < rank:
        raise LayerError(f"{option} must be a dimension from {-rank} to {rank - 1}, got {shown(value)}", option)
    return value % rank


def dimensions(option: str, value: object, x: SSAValue) -> tuple[int, ...]:
    """One dimension of `x` or a list of some."""
    given = cast("Sequence[object]", value) if isinstance(value, (list, tuple)) else (value,)
    return tuple(dimension(option, each, x) for each in given)


def word(option: str, value: object, known: Collection[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise LayerError(f"{option} must be one of {', '.join(known)}, got {shown(value)}", option)
    return value


def pair(option: str, value: object, minimum: int = 1) -> tuple[int, int]:
    """3 or [3, 5] (height, width)."""
    what = "a positive whole number" if minimum == 1 else "a whole number, not negative,"
    found = _sizes(option, value, (1, 2), minimum, f"{what} or [height, width]")
    return found[0], found[-1]


def four(option: str, value: object) -> tuple[int, int, int, int]:
    """1, [1, 2] (height, width) or [top, left, bottom, right]."""
    words = "a whole number, [height, width] or [top, left, bottom, right], none negative"
    sizes = _sizes(option, value, (1, 2, 4), 0, words)
    if len(sizes) == 4:
        return sizes[0], sizes[1], sizes[2], sizes[3]
    return sizes[0], sizes[-1], sizes[0], sizes[-1]


def image(value: SSAValue) -> tuple[int, int, int, int]:
    """The shape of an input that must be [n, c, h, w]."""
    shape = shape_of(value)
    if len(shape) != 4:
        raise LayerError(f"needs an image [n, c, h, w], its input has shape {list(shape)}")
    return shape[0], shape[1], shape[2], shape[3]
