"""The figures of a run as they are shown: a name, a number in its unit, and which of two is the better one."""

from __future__ import annotations

from simdc.backends.report import Report
from simdc.backends.report.figures import figures_of
from simdc.named import NamedTuple

from .amounts import Amount, amount

IMAGE_DIMENSIONS = 4
"""Batch, channels, height and width."""


class Card(NamedTuple):
    """`value` is in `unit`, None where nobody knows; `better` is `less`, `more` or nothing."""

    name: str
    value: float | None
    unit: str
    better: str = ""
    detail: str = ""

    @property
    def shown(self) -> Amount | None:
        return None if self.value is None else amount(self.value, self.unit)


def cards_of(report: Report) -> tuple[Card, ...]:
    """The same cards in the same order for every run; one more where a machine has two arrays."""
    figures = figures_of(report)
    rate, each = figures.tokens_per_s, "tokens/s"
    if rate is None:
        rate, each = figures.inputs_per_s, "images/s" if _reads_images(report) else "samples/s"
    cards = [
        Card("runtime", figures.runtime_s, "s", "less", f"{figures.cycles:,.0f} cycles"),
        Card("rate", rate, each, "more", report.batch_text),
        Card("energy", figures.energy_j, "J", "less", "of the run"),
        Card("power", figures.power_w, "W", "less", "on average"),
        Card("operations", figures.operations_per_s, "op/s", "more", "two a MAC"),
        Card("of the peak", figures.of_peak, "share", "more", "over the run"),
        Card("array in use", report.utilization(), "share", "more", "while computing"),
        Card("DRAM", figures.dram_bytes, "B", "less", "traffic"),
    ]
    # One array multiplies, the other does the rest.
    if len(report.by_unit) == 2 and figures.cycles:
        name, other = list(report.by_unit.items())[1]
        cards.append(Card(f"on {name}", other.cycles.total / figures.cycles, "share", "", "of the time"))
    return tuple(cards)


def _reads_images(report: Report) -> bool:
    shapes = list(report.around.input_shapes())
    return bool(shapes) and len(shapes[0]) == IMAGE_DIMENSIONS
