"""Runs of a network that differ in the batch: the figures of each."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from simdc.backends.report.figures import Figures, figures_of
from simdc.ir.runs import CommandRun

from .one_report import report_of
from .token_options import token_run

FEW = 3
"""So many runs are compiled whole: the two ends are compiled in any case."""


def runs_of_batches(arguments: Namespace, batches: Sequence[int]) -> tuple[list[Figures], list[CommandRun]]:
    """The figures of one network on one machine with each of `batches`, and what made them. Raises SimdcError."""
    # A loop that runs once is none, and layers may be others: batch 1 is compiled by itself, 2 and the last are ends.
    line = [batch for batch in batches if batch > 1]
    if len(line) <= FEW or arguments.tiling not in (None, "default"):
        line = []
    runs: dict[int, Figures] = {}
    stamps: list[CommandRun] = []
    for batch in batches:
        if batch not in line:
            report = report_of(Namespace(**{**vars(arguments), "batch": batch}), token_run(arguments))
            runs[batch] = figures_of(report)
            stamps += report.runs[-1:]
    if line:
        # Not at start-up: few batches that were lowered before need no IR.
        from .batch_line import runs_on_line

        found, made = runs_on_line(arguments, line)
        runs |= found
        stamps += made
    return [runs[batch] for batch in batches], stamps
