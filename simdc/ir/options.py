"""Types of the options of layers.

A layer's signature, `def conv(..., *, kernel: Pair, stride: Pair = (1, 1))`, is all that there is to say of its
options. To the function and the type checker a `Pair` is a tuple[int, int]. The `Option` behind it tells the front ends
how to check what people write, `3` or `[3, 5]`, and the pages, the JSON schema and the Python interface what that is.
A text behind a type, `Annotated[Real, "at least 0, below 1"]`, is a note for readers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, cast

from xdsl.ir import SSAValue

from simdc.frozen import Frozen

from .base import shape_of
from .layer_error import MAX_SIZE, LayerError
from .movement import MAX_RANK

SEVERAL = "int | Sequence[int]"


class Option(Frozen, eq=False):
    """A kind of value. `check` gets the option's name, a value as it was written, and the layer's first input; it gives
    what the layer function takes, or raises LayerError. `python` is the type as programs write it."""

    kind: str
    meaning: str
    python: str
    schema: Mapping[str, object]
    check: Callable[[str, object, SSAValue], object]


def shown(value: object) -> str:
    """A value as its writer wrote it, cut short."""
    text = {True: "true", False: "false", None: "null"}.get(value) if isinstance(value, bool | None) else repr(value)
    return str(text)[:60]


def simplest(value: object) -> object:
    """The shortest way to write what `check` gives: `1` for (1, 1)."""
    if not isinstance(value, tuple):
        return value
    entries = cast("tuple[object, ...]", value)
    return entries[0] if len(set(entries)) == 1 else list(entries)


def _is_int(value: object, minimum: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= MAX_SIZE


def _entries(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, (list, tuple)) else (value,)


def _whole(minimum: int) -> Callable[[str, object, SSAValue], int]:
    expected = "a positive whole number" if minimum else "a whole number, not negative"

    def check(option: str, value: object, x: SSAValue) -> int:
        if not (isinstance(value, int) and _is_int(value, minimum)):
            raise LayerError(f"{option} must be {expected}, got {shown(value)}", option)
        return value

    return check


def _sizes(counts: Collection[int], minimum: int, expected: str) -> Callable[[str, object], tuple[int, ...]]:
    def check(option: str, value: object) -> tuple[int, ...]:
        given = _entries(value)
        found = [entry for entry in given if isinstance(entry, int) and _is_int(entry, minimum)]
        if len(given) not in counts or len(found) != len(given):
            raise LayerError(f"{option} must be {expected}, got {shown(value)}", option)
        return tuple(found)

    return check


def _pair(minimum: int) -> Callable[[str, object, SSAValue], tuple[int, int]]:
    expected = "a positive whole number" if minimum else "a whole number, not negative,"
    sizes = _sizes((1, 2), minimum, f"{expected} or [height, width]")

    def check(option: str, value: object, x: SSAValue) -> tuple[int, int]:
        found = sizes(option, value)
        return found[0], found[-1]

    return check


def _triple(minimum: int) -> Callable[[str, object, SSAValue], tuple[int, int, int]]:
    expected = "a positive whole number" if minimum else "a whole number, not negative,"
    sizes = _sizes((1, 3), minimum, f"{expected} or [depth, height, width]")

    def check(option: str, value: object, x: SSAValue) -> tuple[int, int, int]:
        found = sizes(option, value)
        return found[0], found[len(found) // 2], found[-1]

    return check


def _border3(option: str, value: object, x: SSAValue) -> tuple[int, ...]:
    expected = "a whole number, [depth, height, width] or [front, top, left, back, bottom, right], none negative"
    sizes = _sizes((1, 3, 6), 0, expected)(option, value)
    # One margin is that of all six sides, three are those of opposite sides.
    return sizes * (6 // len(sizes))


def _border(option: str, value: object, x: SSAValue) -> tuple[int, int, int, int]:
    expected = "a whole number, [height, width] or [top, left, bottom, right], none negative"
    sizes = _sizes((1, 2, 4), 0, expected)(option, value)
    if len(sizes) == 4:
        return sizes[0], sizes[1], sizes[2], sizes[3]
    return sizes[0], sizes[-1], sizes[0], sizes[-1]


def _shape(option: str, value: object, x: SSAValue) -> tuple[int, ...]:
    return _sizes(range(1, MAX_RANK), 1, "a list of positive whole numbers, five at most")(option, value)


def _counts(option: str, value: object, x: SSAValue) -> tuple[int, ...]:
    return _sizes(range(1, MAX_SIZE), 0, "a list of whole numbers, none negative")(option, value)


def _real(option: str, value: object, x: SSAValue) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e300:
        raise LayerError(f"{option} must be a number, got {shown(value)}", option)
    return float(value)


def _amount(option: str, value: object, x: SSAValue) -> float:
    found = _real(option, value, x)
    if found < 0:
        raise LayerError(f"{option} must not be negative, got {shown(value)}", option)
    return found


def _above_zero(option: str, value: object, x: SSAValue) -> float:
    found = _real(option, value, x)
    if found <= 0:
        raise LayerError(f"{option} must be a number above 0, got {shown(value)}", option)
    return found


def _flag(option: str, value: object, x: SSAValue) -> bool:
    if not isinstance(value, bool):
        raise LayerError(f"{option} must be true or false, got {shown(value)}", option)
    return value


def _text(option: str, value: object, x: SSAValue) -> str:
    if not isinstance(value, str) or not value:
        raise LayerError(f"{option} must be the name of a layer, got {shown(value)}", option)
    return value


def _axis(option: str, value: object, x: SSAValue) -> int:
    rank = len(shape_of(x))
    if isinstance(value, bool) or not isinstance(value, int) or not -rank <= value < rank:
        raise LayerError(f"{option} must be a dimension from {-rank} to {rank - 1}, got {shown(value)}", option)
    return value % rank


def _axes(option: str, value: object, x: SSAValue) -> tuple[int, ...]:
    return tuple(_axis(option, each, x) for each in _entries(value))


def _one_or(item: Mapping[str, object], *lengths: tuple[int, int]) -> dict[str, object]:
    """The schema of one `item` or a list of so many of them."""
    lists = [{"type": "array", "minItems": least, "maxItems": most, "items": item} for least, most in lengths]
    return {"oneOf": [item, *lists]}


SIZE = {"type": "integer", "minimum": 1}
MARGIN = {"type": "integer", "minimum": 0}
AXIS = {"type": "integer", "minimum": -MAX_RANK, "maximum": MAX_RANK - 1}
Positive = Annotated[int, Option("size", "a positive whole number", "int", SIZE, _whole(1))]
Natural = Annotated[int, Option("margin", "0, 1, 2, ...", "int", MARGIN, _whole(0))]
Real = Annotated[float, Option("number", "any number", "float", {"type": "number"}, _real)]
Amount = Annotated[
    float, Option("amount", "a number, not negative", "float", {"type": "number", "minimum": 0}, _amount)
]
AboveZero = Annotated[
    float, Option("above_zero", "a number above 0", "float", {"type": "number", "exclusiveMinimum": 0}, _above_zero)
]
Flag = Annotated[bool, Option("flag", "true or false", "bool", {"type": "boolean"}, _flag)]
Named = Annotated[
    str, Option("layer", "the name of a layer before this one", "str", {"type": "string", "minLength": 1}, _text)
]
Freeze = Annotated[Flag, "keep its parameters from training"]
Pair = Annotated[
    tuple[int, int], Option("pair", "one size, or [height, width]", SEVERAL, _one_or(SIZE, (1, 2)), _pair(1))
]
Margins = Annotated[
    tuple[int, int], Option("margins", "one margin, or [height, width]", SEVERAL, _one_or(MARGIN, (1, 2)), _pair(0))
]
BORDER = "one margin, [height, width] or [top, left, bottom, right]"
Border = Annotated[
    tuple[int, int, int, int], Option("border", BORDER, SEVERAL, _one_or(MARGIN, (1, 2), (4, 4)), _border)
]
DEEP = "[depth, height, width]"
Triple = Annotated[
    tuple[int, int, int], Option("triple", f"one size, or {DEEP}", SEVERAL, _one_or(SIZE, (1, 1), (3, 3)), _triple(1))
]
Margins3 = Annotated[
    tuple[int, int, int],
    Option("margins3", f"one margin, or {DEEP}", SEVERAL, _one_or(MARGIN, (1, 1), (3, 3)), _triple(0)),
]
BORDER3 = f"one margin, {DEEP} or [front, top, left, back, bottom, right]"
Border3 = Annotated[
    tuple[int, ...], Option("border3", BORDER3, SEVERAL, _one_or(MARGIN, (1, 1), (3, 3), (6, 6)), _border3)
]
SIZES = "sizes of all dimensions but the batch"
Sizes = Annotated[tuple[int, ...], Option("sizes", SIZES, SEVERAL, _one_or(SIZE, (1, MAX_RANK - 1)), _shape)]
COUNTS = {"type": "array", "minItems": 1, "items": MARGIN}
Counts = Annotated[
    tuple[int, ...], Option("counts", "a list of whole numbers, none negative", "Sequence[int]", COUNTS, _counts)
]
Axis = Annotated[int, Option("axis", "a dimension: 0 is the batch, 1 the channels, -1 the last", "int", AXIS, _axis)]
Axes = Annotated[
    tuple[int, ...], Option("axes", "one dimension or a list of some", SEVERAL, _one_or(AXIS, (1, MAX_RANK)), _axes)
]


def one_of(*known: str) -> Option:
    """One of some words: `Annotated[str, one_of("none", "tanh")]`."""

    def check(option: str, value: object, x: SSAValue) -> str:
        if not isinstance(value, str) or value not in known:
            raise LayerError(f"{option} must be one of {', '.join(known)}, got {shown(value)}", option)
        return value

    listed = ", ".join(f'"{each}"' for each in known)
    return Option("word", f"one of {listed}", f"Literal[{listed}]", {"enum": list(known)}, check)
