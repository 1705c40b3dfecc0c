"""Runs of a network that differ in the batch: the figures of each."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from xdsl.dialects.builtin import ModuleOp

from simdc.backends.report import make_report
from simdc.backends.report.figures import Figures, figures_at, figures_of
from simdc.ir.runs import CommandRun

from .between import RunsBetween
from .compiled import compiled
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

    def compile_one(batch: int) -> ModuleOp:
        module = compiled(Namespace(**{**vars(arguments), "batch": batch}), token_run(arguments))
        if batch not in line[1:-1]:
            report = make_report(module)
            runs[batch] = figures_of(report)
            stamps.extend(report.runs[-1:])
        return module

    for batch in batches:
        if batch not in line:
            compile_one(batch)
    if line:
        between = RunsBetween(compile_one, line[0], line[-1])
        for batch in line[1:-1]:
            runs[batch] = figures_at(runs[line[-1]], batch, between.at(batch), between.machine)
    return [runs[batch] for batch in batches], stamps
