"""The report of one run that the command line asks for: from what was lowered before, or else through the IR."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from simdc.backends.report import Report, make_report

from .kept import kept_network

if TYPE_CHECKING:
    from simdc.ir.token_run import TokenRun


def report_of(arguments: Namespace, run: TokenRun | None = None) -> Report:
    """The network that the command line names, on its machine, for the tokens of `run`, priced under the model that it
    names. Raises SimdcError."""
    kept = kept_network(arguments, run)
    report = None if kept is None else kept.report(arguments)
    if report is not None:
        return report
    # Not at start-up: what was lowered before needs no IR.
    from .late_methods import late_methods

    with late_methods():
        from .compiled import compiled

        report = make_report(compiled(arguments, run, kept))
    if kept is not None:
        kept.write()
    return report
