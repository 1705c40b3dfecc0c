"""A run as a page shows it: its report, layers that are alike, and what would help the costliest of them."""

from __future__ import annotations

from collections.abc import Mapping

from simdc.backends.report import LayerReport, Report
from simdc.backends.report.explained import explanation_of
from simdc.diagnosis import Explanation
from simdc.errors import SimdcError
from simdc.named import NamedTuple

EXPLAINED = 4
"""Kinds of layers for which changes are tried, the costliest, where nobody asks for more."""
SEARCH_STEPS = 2_000
"""Of a search among what is tried: some milliseconds, so that a page takes hardly longer than its report."""
MOST_PLAYED = 1_000
"""Tiles of a layer for which changes are tried that have to be played tile by tile."""


class ShownRun(NamedTuple):
    """`kinds` has the numbers of layers that are alike, each in one kind; `explained` is by the number of the kind."""

    report: Report
    kinds: tuple[tuple[int, ...], ...]
    explained: Mapping[int, Explanation]

    def one_of(self, kind: int) -> LayerReport:
        """The first layer of a kind."""
        return self.report.layers[self.kinds[kind][0]]

    @property
    def of_layer(self) -> dict[int, int]:
        """The number of each layer's kind."""
        return {number: kind for kind, numbers in enumerate(self.kinds) for number in numbers}


def shown_run(report: Report, explained: int = EXPLAINED) -> ShownRun:
    """What would help is tried for so many kinds of layers. Raises nothing: where the model cannot say what would help,
    nothing is explained."""
    found: dict[object, list[int]] = {}
    for number, layer in enumerate(report.layers):
        key = (layer.operator, layer.unit, layer.step, layer.form, layer.kernel.kind, layer.tiling, layer.cost)
        found.setdefault(key, []).append(number)
    kinds = tuple(map(tuple, found.values()))
    cycles = [sum(report.layers[number].cost.cycles.total for number in numbers) for numbers in kinds]
    costliest = sorted(range(len(kinds)), key=lambda kind: -cycles[kind])[:explained]
    # The page begins with the layer that takes longest: one of a kind, where many short ones together take longer.
    longest = max(range(len(kinds)), key=lambda kind: report.layers[kinds[kind][0]].cost.cycles.total, default=0)
    if costliest and longest not in costliest:
        costliest[-1] = longest
    run = ShownRun(report, kinds, {})
    try:
        return run._replace(
            explained={kind: explanation_of(run.one_of(kind), report, SEARCH_STEPS, MOST_PLAYED) for kind in costliest}
        )
    except SimdcError:
        # The model of a plug-in that is not here.
        return run
