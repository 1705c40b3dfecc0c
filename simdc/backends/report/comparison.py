"""Runs beside each other: networks on machines, each with ratios to the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simdc.cost.result import Number
from simdc.named import NamedTuple

from .columns import columns, html
from .figures import Figures

RATIOS = ("runtime_s", "energy_j", "dram_bytes")
"""Fields of `Figures` of which less is better."""
TEXTS = 2
"""Columns of text, network and machine, at the left."""


class Comparison(NamedTuple):
    """Runs. The ratios of one are to the run of the same network on the first machine; where there is but one machine,
    to the first network."""

    runs: tuple[Figures, ...]

    def reference(self, run: Figures) -> Figures:
        """What its ratios are to."""
        if len({each.machine for each in self.runs}) == 1:
            return self.runs[0]
        return next(each for each in self.runs if (each.network, each.batch) == (run.network, run.batch))

    @property
    def varies_batch(self) -> bool:
        return len({run.batch for run in self.runs}) > 1

    def ratio(self, run: Figures, field: str) -> float | None:
        """Of one of `RATIOS`; None where there is nothing to compare."""
        own, first = getattr(run, field), getattr(self.reference(run), field)
        return own / first if own is not None and first else None

    def to_rows(self) -> list[dict[str, Any]]:
        """A flat dictionary for each run, for tables of any library."""
        return [
            {**run._asdict(), **{f"{field}_ratio": self.ratio(run, field) for field in RATIOS}} for run in self.runs
        ]

    def __repr__(self) -> str:
        networks, machines = ({getattr(run, name) for run in self.runs} for name in ("network", "machine"))
        return f"<{len(networks)} network(s) on {len(machines)} machine(s); print it, or take to_rows()>"

    def __str__(self) -> str:
        return columns(*cells_of(self), left=TEXTS)

    def _repr_html_(self) -> str:
        return html(*cells_of(self), left=TEXTS)


def compared(runs: Sequence[Figures]) -> Comparison:
    """Network by network, each in the order of its machines."""
    networks = list(dict.fromkeys(run.network for run in runs))
    return Comparison(tuple(sorted(runs, key=lambda run: networks.index(run.network))))


def cells_of(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Heads with units and rows for people; columns that say nothing are left out."""
    runs = comparison.runs
    priced = any(run.energy_j is not None for run in runs)
    speaks = all(run.tokens_per_s is not None for run in runs)
    heads = ["network", "machine", "runtime [ms]", "ratio", "tokens/s" if speaks else "inputs/s"]
    heads += ["energy [mJ]", "ratio", "power [W]"] if priced else []
    heads += ["DRAM [MiB]", "ratio", "TOPS", "of peak [%]"]
    rows: list[list[str]] = []
    for run in runs:
        batch = f", batch {run.batch}" if run.batch != 1 or comparison.varies_batch else ""
        phase = ", training" if run.phase == "training" else ""
        each = run.tokens_per_s if speaks else run.inputs_per_s
        row = [f"{run.network}{batch}{phase}", run.machine, _number(run.runtime_s * 1e3)]
        row += [_ratio(comparison, run, "runtime_s"), _number(each)]
        if priced:
            energy = None if run.energy_j is None else run.energy_j * 1e3
            row += [_number(energy), _ratio(comparison, run, "energy_j"), _number(run.power_w)]
        row += [_number(run.dram_bytes / 2**20), _ratio(comparison, run, "dram_bytes")]
        row += [_number(run.operations_per_s / 1e12), f"{100 * run.of_peak:.1f}"]
        rows.append(row)
    return heads, rows


def _ratio(comparison: Comparison, run: Figures, field: str) -> str:
    ratio = comparison.ratio(run, field)
    return "-" if ratio is None else f"{ratio:.3f}"


def _number(value: Number | None) -> str:
    """Four digits, without an exponent: 0.01234, 12.34, 12,340."""
    if value is None:
        return "-"
    if not value:
        return "0"
    digits = 0
    scaled = abs(value)
    while scaled < 1000 and digits < 12:
        scaled, digits = scaled * 10, digits + 1
    return f"{value:,.{digits}f}"
