"""Many batches of a network, whose layers move along a line between the first and the last."""

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


def runs_on_line(arguments: Namespace, batches: Sequence[int]) -> tuple[dict[int, Figures], list[CommandRun]]:
    """The figures of each of `batches`, which rise, and what made those at the ends. Raises SimdcError."""
    first, *inner, last = batches
    runs: dict[int, Figures] = {}
    stamps: list[CommandRun] = []

    def compile_one(batch: int) -> ModuleOp:
        module = compiled(Namespace(**{**vars(arguments), "batch": batch}), token_run(arguments))
        if batch not in inner:
            report = make_report(module)
            runs[batch] = figures_of(report)
            stamps.extend(report.runs[-1:])
        return module

    between = RunsBetween(compile_one, first, last)
    for batch in inner:
        runs[batch] = figures_at(runs[last], batch, between.at(batch), between.machine)
    return runs, stamps
