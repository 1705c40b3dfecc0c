"""Quantities in the words of data sheets: sizes, clocks, bandwidths. What they mean is exact."""

from __future__ import annotations

import re
from fractions import Fraction

BINARY, DECIMAL = 1024, 1000
"""What K, M and G count by where no `i` follows them."""
POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
BITS_PER_WORD = {"bit": 1, "b": 8, "byte": 8}
NUMBER = r"([0-9]{1,18})(?:\.([0-9]{1,18}))?"
SIZE = rf"\s*{NUMBER}\s*(?:([kKMG])([iI]?))?(B|(?i:bit|byte)s?)\s*"
RATE = rf"\s*{NUMBER}\s*(?:([kKMGT])([iI]?))?(B|(?i:bit|byte)s?)\s*/\s*(s|cycle)\s*"
QUOTIENT = r"\s*([0-9]{1,20})\s*/\s*([0-9]{1,20})\s*"
CLOCK = rf"\s*{NUMBER}\s*([kMG]?Hz|[pnu]s)\s*"

UNITS = "bit, B, Kibit, KiB, Mibit, MiB, Gibit, GiB"
BINARY_UNITS = f"{UNITS} (Kbit, KB, ... mean the same)"
DECIMAL_UNITS = f"{UNITS}, and kbit, kB, Mbit, MB, Gbit, GB, which count by 1000"
RATE_UNITS = "bit or B a cycle or a second: 512 bit/cycle, 64 B/cycle, 102.4 Gbit/s, 12.8 GB/s, 12.8 GiB/s"
CLOCK_UNITS = "kHz, MHz, GHz, ps, ns, us"
HERTZ = {"Hz": 0, "kHz": 3, "MHz": 6, "GHz": 9}
SECONDS = {"ps": -3, "ns": 0, "us": 3}
"""Of a period, as powers of ten of nanoseconds."""


def counts_by_kilo(text: str) -> bool:
    """Whether this is a size with a prefix and no `i` behind it: `32 KB`."""
    match = re.fullmatch(SIZE, text, flags=re.ASCII)
    return match is not None and bool(match[3]) and not match[4]


def parse_bits(text: str, kilo: int = BINARY) -> int:
    """`"256 KiB"` to 2097152, `"0.5 MiB"` to 4194304. K, M and G without an `i` count by `kilo`. A lone `b` is refused:
    half of those who write `32 Kb` mean bits. Raises ValueError, which lists the units."""
    match = re.fullmatch(SIZE, text, flags=re.ASCII)
    units = BINARY_UNITS if kilo == BINARY else DECIMAL_UNITS
    if match is None:
        such = "must be bits as a whole number or a size such as '256 KiB'"
        raise ValueError(f"{such}, got {text[:40]!r}; units are {units}")
    bits = _decimal(match[1], match[2]) * _bits(match[3], match[4], match[5], kilo)
    if bits.denominator != 1:
        raise ValueError(f"must be a whole number of bits, got {text[:40]!r}")
    return bits.numerator


def parse_rate(text: str, period_ns: Fraction) -> Fraction:
    """Bits per cycle of `"12.8 GB/s"`, which is 102.4 at a period of 1 ns, of `"64 B/cycle"` or of `"512/5"`. Raises
    ValueError, which lists the units."""
    quotient = re.fullmatch(QUOTIENT, text, flags=re.ASCII)
    if quotient is not None and int(quotient[2]):
        return Fraction(int(quotient[1]), int(quotient[2]))
    match = re.fullmatch(RATE, text, flags=re.ASCII)
    if match is None:
        such = "must be bits per cycle as a number or a bandwidth such as '12.8 GB/s'"
        raise ValueError(f"{such}, got {text[:40]!r}; units are {RATE_UNITS}")
    # As in data sheets, which mean 10^9 by the G of GB/s.
    bits = _decimal(match[1], match[2]) * _bits(match[3], match[4], match[5], DECIMAL)
    return bits * period_ns / 10**9 if match[6] == "s" else bits


def parse_period(text: str) -> Fraction:
    """Nanoseconds of a clock cycle: `"800 MHz"` to 5/4. Raises ValueError, which lists the units."""
    match = re.fullmatch(CLOCK, text, flags=re.ASCII)
    number = _decimal(match[1], match[2]) if match is not None else Fraction()
    if match is None or not number:
        such = "must be nanoseconds as a number or a clock such as '800 MHz' or '1.25 ns'"
        raise ValueError(f"{such}, got {text[:40]!r}; units are {CLOCK_UNITS}")
    unit = match[3]
    return Fraction(10) ** (9 - HERTZ[unit]) / number if unit in HERTZ else number * Fraction(10) ** SECONDS[unit]


def exact(number: float) -> Fraction:
    """As it is written: 0.97 is 97/100."""
    return Fraction(repr(number))


def _decimal(whole: str, part: str | None) -> Fraction:
    return Fraction(f"{whole}.{part or 0}")


def _bits(prefix: str | None, binary: str | None, word: str, kilo: int) -> int:
    base = BINARY if binary else kilo
    return base ** POWERS[(prefix or "").upper()] * BITS_PER_WORD[word.lower().removesuffix("s")]
