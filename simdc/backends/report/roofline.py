"""What a model knows of a layer beside its cost, as JSON and as columns of CSV."""

from __future__ import annotations

from simdc.cost.analysis import Analysis

HEADS: tuple[str, ...] = (
    "operations [operation]",
    "intensity [operation/B]",
    "ridge [operation/B]",
    "peak [operation/cycle]",
    "attainable [operation/cycle]",
    "achieved [operation/cycle]",
    "binding",
    "runner-up",
)


def roofline_data(analysis: Analysis) -> dict[str, object]:
    """For JSON, in the order of the contract."""
    return {
        "operations": analysis.operations,
        "memory_bytes": dict(analysis.memory_bytes),
        "intensity_ops_per_byte": analysis.intensity,
        "ridge_ops_per_byte": analysis.ridge,
        "peak_ops_per_cycle": analysis.peak,
        "attainable_ops_per_cycle": analysis.attainable,
        "achieved_ops_per_cycle": analysis.achieved,
        "binding": analysis.binding,
        "runner_up": analysis.runner_up,
        "term_cycles": dict(analysis.terms),
        "level_cycles": list(analysis.levels),
        "relieved_cycles": dict(analysis.relieved),
        "remarks": list(analysis.remarks),
    }


def roofline_cells(analysis: Analysis | None) -> dict[str, object]:
    """For a row of CSV; empty for a layer of which the model knows no more than the cost."""
    cells: list[object] = [None] * len(HEADS)
    if analysis is not None:
        rates = (analysis.peak, analysis.attainable, analysis.achieved)
        numbers = (analysis.operations, analysis.intensity, analysis.ridge, *rates)
        cells = [*numbers, analysis.binding, analysis.runner_up]
    return dict(zip(HEADS, cells, strict=True))
