"""What a network file leaves open, as people give it: `--bind height=224`, `--weights w1,w2`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simdc.errors import SimdcError

MAX_SIZE = 2**31


def parse_bindings(texts: Sequence[str]) -> dict[str, int]:
    """Sizes and values by name, from `name=value` each. Raises SimdcError."""
    found: dict[str, int] = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not equals or not name or not value.isascii() or not value.isdecimal() or len(value) > 18:
            raise SimdcError(f"--bind takes name=value with a whole number, got '{text[:80]}'")
        if name in found and found[name] != int(value):
            raise SimdcError(f"--bind gives '{name[:80]}' twice: {found[name]} and {value}")
        found[name] = int(value)
    check_bindings(found)
    return found


def parse_weights(texts: Sequence[str] | None) -> list[str] | None:
    """Names, from lists with commas between them; None where none are given, which leaves it to the file."""
    return None if texts is None else [name for text in texts for name in text.split(",") if name]


def check_bindings(bindings: Mapping[str, int]) -> None:
    """Raise SimdcError unless every number is whole, and not negative: 0 is the value of an input, no size."""
    for name, size in bindings.items():
        if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= MAX_SIZE:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise SimdcError(f"the number bound to '{name[:80]}' must be 0 to {MAX_SIZE}, got {size}")
