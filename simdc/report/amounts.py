"""Numbers for people: three or four digits that count, and a unit that suits them."""

from __future__ import annotations

from simdc.named import NamedTuple

SCALES: dict[str, tuple[tuple[float, str], ...]] = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
    "J": ((1.0, "J"), (1e-3, "mJ"), (1e-6, "µJ"), (1e-9, "nJ"), (1e-12, "pJ")),
    "B": ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B")),
    "op/s": ((1e12, "TOPS"), (1e9, "GOPS"), (1e6, "MOPS")),
    "W": ((1.0, "W"), (1e-3, "mW"), (1e-6, "µW")),
}
"""By unit the larger and smaller ones, the largest first."""


class Amount(NamedTuple):
    """A number as it is shown, and its unit, which may be empty."""

    number: str
    unit: str

    def __str__(self) -> str:
        return f"{self.number} {self.unit}".rstrip()


def amount(value: float, unit: str) -> Amount:
    """`value` in `unit`, or in one of its scale in which it is one at least. A `share` is shown in percent."""
    # 0.00413 s: 4.13 ms. 197,656,576 B: 188.5 MiB.
    if unit == "share":
        return Amount(digits(100 * value), "%")
    scale = SCALES.get(unit, ((1.0, unit),))
    if not value:
        return Amount("0", unit if unit != "op/s" else "OPS")
    size, name = next((each for each in scale if abs(value) >= each[0]), scale[-1])
    return Amount(digits(value / size), name)


def digits(value: float) -> str:
    """Three digits that count at least, whole numbers whole, thousands by commas."""
    # 4.1313 is 4.13, 59.52 is 59.5, 4261917 is 4,261,917.
    if value == int(value) or abs(value) >= 999.95:
        return f"{value:,.0f}"
    places = 2 if abs(value) < 10 else 1
    return f"{value:.{places}f}" if abs(value) >= 0.01 else f"{value:.2g}"
