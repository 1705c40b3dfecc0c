"""The fields of machine descriptions: each knows its unit, where its meaning comes from and what is allowed in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, cast

from simdc.frozen import Field, field

from .ratio import Ratio, as_number, rate_of

MAX_TEXT = 200
LARGEST = 10**20
"""Of any field: no machine comes near it, and products of fields and counts stay within what a float can hold."""


LEAST_RATE = Fraction(1, 10**6)
"""Bits per cycle of the slowest port: cycles of a layer stay within int64."""


class HardwareError(ValueError):
    """A field of a hardware description is wrong. `path` is dotted and relative to the object being built. `others`
    are faults that were found along with this one."""

    def __init__(self, path: str, message: str, others: tuple[HardwareError, ...] = ()):
        super().__init__(f"{path}: {message}")
        self.path = path
        self.message = message
        self.others = others

    @property
    def all_faults(self) -> tuple[HardwareError, ...]:
        return (self, *self.others)


def _whole(field: Field, value: object) -> None:
    # True is an int: `rows: true` in a file would be an array of one row.
    minimum = field.metadata["minimum"]
    if isinstance(value, bool) or not isinstance(value, int):
        raise HardwareError(field.name, f"must be a whole number, got {value!r:.80}")
    if value < minimum:
        raise HardwareError(field.name, f"must be {'positive' if minimum == 1 else 'zero or more'}, got {value}")
    if value > LARGEST:
        raise HardwareError(field.name, f"must be at most 10^20, got {value}")


def _rate(field: Field, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, Ratio)):
        such = "must be bits per cycle as a number or a bandwidth such as '12.8 GB/s'"
        raise HardwareError(field.name, f"{such}, got {value!r:.80}")
    if isinstance(value, int):
        _whole(field, value)
    elif value <= 0:
        raise HardwareError(field.name, f"must be positive, got {value}")
    elif value < LEAST_RATE:
        raise HardwareError(field.name, f"must be at least 10^-6, got {value!s:.80}")
    elif max(value.numerator, value.denominator) > LARGEST:
        raise HardwareError(field.name, f"must be a fraction of numbers up to 10^20, got {value!s:.80}")


def _real(field: Field, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise HardwareError(field.name, f"must be a number, got {value!r:.80}")
    # Comparisons with NaN are false, so `0 <= value < inf` refuses it, and infinity, too.
    positive = field.metadata["minimum"] == 1
    if not (0 < value < float("inf") if positive else 0 <= value < float("inf")):
        raise HardwareError(field.name, f"must be {'positive' if positive else 'zero or more'}, got {value}")
    if value > LARGEST:
        raise HardwareError(field.name, f"must be at most 10^20, got {value}")


def _of_type(kind: type, expected: str) -> Callable[[Field, object], None]:
    def check(field: Field, value: object) -> None:
        if not isinstance(value, kind):
            raise HardwareError(field.name, f"must be {expected}, got {value!r:.80}")

    return check


def _printable(field: Field, value: object) -> None:
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > MAX_TEXT:
        raise HardwareError(field.name, f"must be printable text of 1 to {MAX_TEXT} characters, got {value!r:.80}")


def number(unit: str, source: str, *, minimum: int = 1, modelled: bool = True, **options: Any) -> Any:
    metadata = {"unit": unit, "source": source, "minimum": minimum, "modelled": modelled}
    return field(check=_whole, metadata=metadata, **options)


def option(unit: str, source: str, default: int, *, minimum: int = 0) -> Any:
    """A number that most machines leave at its default: then reports, IR text and digests do not name it. A cost model
    has to say that it knows it (`CostModel.knows`)."""
    metadata = {"unit": unit, "source": source, "minimum": minimum, "option": True}
    return field(check=_whole, metadata=metadata, default=default)


def choice(source: str, *values: str) -> Any:
    """As `option`, one of some words, of which the first is the default."""
    metadata = {"unit": _either(values), "source": source, "words": values, "option": True}
    return field(check=_one_of, metadata=metadata, default=values[0])


def switch(source: str) -> Any:
    """As `option`, false by default."""
    metadata = {"unit": "true or false", "source": source, "option": True}
    return field(check=_of_type(bool, "true or false"), metadata=metadata, default=False)


def _either(values: Sequence[str]) -> str:
    # segment, joint or separate
    return " or ".join([", ".join(values[:-1]), values[-1]])


def _one_of(field: Field, value: object) -> None:
    if value not in field.metadata["words"]:
        raise HardwareError(field.name, f"must be {field.metadata['unit']}, got {value!r:.80}")


def _in_lowest_terms(value: object) -> object:
    # 102.4 + 102.4 = 204.8 is a plain fraction, 1024/10 * 5 a whole number.
    return rate_of(value) if isinstance(value, Fraction) else value


def rate(source: str, *, minimum: int = 1, **options: Any) -> Any:
    """Bits per cycle, whole or not."""
    metadata = {"unit": "bit/cycle", "source": source, "minimum": minimum, "fractions": True, "show": as_number}
    return field(check=_rate, convert=_in_lowest_terms, metadata=metadata, **options)


def price(unit: str, source: str, *, positive: bool = False, **options: Any) -> Any:
    return field(check=_real, metadata={"unit": unit, "source": source, "minimum": int(positive)}, **options)


def _is_remark(field: Field, value: object) -> None:
    if not isinstance(value, str) or not value.isprintable():
        raise HardwareError(field.name, f"must be printable text, got {value!r:.80}")


def remark() -> Any:
    """What simdc itself notes; empty where there is nothing."""
    return field(check=_is_remark, metadata={"unit": "text", "source": "simdc, from --set"}, default="")


def name_text() -> Any:
    return field(check=_printable, metadata={"unit": "text", "source": "whoever wrote the file"})


def word(cls: type, expected: str, source: str, **options: Any) -> Any:
    return field(check=_of_type(cls, expected), metadata={"unit": expected, "source": source}, **options)


def part(cls: type, **options: Any) -> Any:
    return field(check=_of_type(cls, "an object"), metadata={"part": cls}, **options)


def optional_part(cls: type, absent: object) -> Any:
    """A part that may be left out, or be null: it is `absent` then."""
    metadata = {"part": cls, "absent": absent}
    return field(check=_of_type(cls, "an object"), metadata=metadata, default=absent)


def named_parts(cls: type) -> Any:
    """A tuple of (name, part), written as an object."""
    return field(check=_some, metadata={"parts": cls, "unit": "an object"})


def words(unit: str, source: str, **options: Any) -> Any:
    """A tuple of names, written as a list."""
    metadata = {"unit": unit, "source": source, "read": read_words, "show": list}
    return field(metadata=metadata, **options)


def read_words(value: object) -> tuple[str, ...]:
    """From a list of names. Raises HardwareError."""
    given = cast("list[object] | tuple[object, ...]", value) if isinstance(value, (list, tuple)) else [value]
    found = [each for each in given if isinstance(each, str) and each.isidentifier() and len(each) <= MAX_TEXT]
    if not isinstance(value, (list, tuple)) or len(found) < len(given):
        raise HardwareError("", f"must be a list of names, got {value!r:.80}")
    return tuple(found)


def _some(field: Field, value: object) -> None:
    if not value:
        raise HardwareError(field.name, "must have at least one entry")
