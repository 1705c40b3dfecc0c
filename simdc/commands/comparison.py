"""Several networks, machines or batches: one table."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from functools import partial

from simdc.backends.output import choose_format, refuse_overwriting, width_of, write_text
from simdc.backends.report.columns import Style
from simdc.backends.report.comparison import compared
from simdc.backends.report.comparison_text import RENDERINGS, as_table
from simdc.backends.report.figures import Figures, figures_of
from simdc.backends.report.stamp import made_by
from simdc.choices import DEFAULT_MODEL
from simdc.errors import SimdcError, UsageError
from simdc.ir.runs import CommandRun

from .batches import runs_of_batches
from .inputs import check_chosen, input_files
from .one_report import report_of
from .token_options import check_tokens, many_runs, token_run

ALONE = (
    "--passes",
    "--print-ir-after",
    "--emit-cost",
    "--emit-ir",
    "--generic",
    "--locations",
    "--layers",
    "--verbose",
    "--levels",
    "--plot",
    "--plot-kind",
    "--trace",
    "--annotate",
)
"""Options that say something of one report."""


def run(arguments: Namespace, batches: Sequence[int]) -> int:
    """`batches` are none where each network has its own. Raises SimdcError, which says of which network on which
    machine."""
    for option in ALONE:
        if option in arguments.given:
            raise UsageError(f"{option} goes with one network on one machine")
    check_tokens(arguments)
    if (curve := many_runs(arguments)) is not None:
        raise UsageError(f"{curve} goes with one network on one machine")
    arguments.model = arguments.model or DEFAULT_MODEL
    check_chosen(arguments.model)
    chosen = _format(arguments)
    render, style = RENDERINGS[chosen], Style(width_of(arguments.output), chosen == "markdown")
    if chosen == "table":
        render = partial(as_table, style=style)
    asked = [(network, machine) for network in arguments.networks for machine in arguments.machines or [None]]
    _refuse_overwriting(arguments)
    runs: list[Figures] = []
    stamps: list[CommandRun] = []
    for arguments.network, arguments.hw in asked:
        try:
            found = runs_of_batches(arguments, batches) if batches else _run(arguments)
        except SimdcError as error:
            if error.file is not None:
                raise
            raise SimdcError(f"{arguments.network} on {arguments.hw}: {error}") from error
        runs += found[0]
        stamps += found[1]
    text = render(compared(runs))
    if chosen in ("table", "markdown"):
        inputs = tuple(dict.fromkeys(each for stamp in stamps for each in stamp.inputs))
        text += f"\n{made_by([stamps[-1]._replace(inputs=inputs)], style)}\n"
    write_text(text, arguments.output)
    return 0


def _run(arguments: Namespace) -> tuple[list[Figures], list[CommandRun]]:
    """With the network's own batch."""
    report = report_of(arguments, token_run(arguments))
    return [figures_of(report)], list(report.runs[-1:])


def _format(arguments: Namespace) -> str:
    chosen = choose_format(arguments.format, arguments.output, list(RENDERINGS))
    if chosen not in RENDERINGS:
        raise UsageError(f"--format {chosen[:80]} goes with one network; a comparison is {', '.join(RENDERINGS)}")
    return chosen


def _refuse_overwriting(arguments: Namespace) -> None:
    for network in arguments.networks:
        for machine in arguments.machines or [None]:
            refuse_overwriting(arguments.output, input_files(Namespace(network=network, hw=machine)))
