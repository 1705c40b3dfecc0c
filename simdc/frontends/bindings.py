"""Sizes that a network file leaves open, as people give them: `--bind height=224`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simdc.errors import SimdcError

MAX_SIZE = 2**31


def parse_bindings(texts: Sequence[str]) -> dict[str, int]:
    """Sizes by name, from `name=value` each. Raises SimdcError."""
    found: dict[str, int] = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not equals or not name or not value.isascii() or not value.isdecimal() or len(value) > 18:
            raise SimdcError(f"--bind takes name=value with a positive whole number, got '{text[:80]}'")
        if name in found and found[name] != int(value):
            raise SimdcError(f"--bind gives '{name[:80]}' twice: {found[name]} and {value}")
        found[name] = int(value)
    check_bindings(found)
    return found


def check_bindings(bindings: Mapping[str, int]) -> None:
    """Raise SimdcError unless every size is positive."""
    for name, size in bindings.items():
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_SIZE:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise SimdcError(f"the size bound to '{name[:80]}' must be 1 to {MAX_SIZE}, got {size}")
