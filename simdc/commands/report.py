"""`simdc report`: a page to show to others, of networks on machines."""

from __future__ import annotations

from argparse import Namespace
from os.path import splitext
from typing import TYPE_CHECKING

from simdc.errors import SimdcError, UsageError
from simdc.streams import say

from .arguments import (
    HOW_TO_TRAIN,
    NETWORK,
    add_cache,
    add_machines,
    add_model,
    add_reading,
    add_tiling,
    add_tokens,
    add_training,
)
from .parser import STDIN, CommandParser

if TYPE_CHECKING:
    from simdc.backends.report import Report

ENDINGS = (".html", ".htm")
SUMMARY = "one HTML page to show: pictures, findings, layers; several machines side by side"
HELP = (
    "Writes one HTML file that needs nothing else: figures, findings in words, blocks and layers by time, ports, "
    "roofline, memory, a table of layers. Several networks and machines stand side by side."
)
EPILOG = """examples:
  simdc report resnet50 --hw HI3 -o report.html
  simdc report net.onnx --hw HI1 HI2 mine.json -o report.html
  simdc report resnet50 --hw HT3 --batch 32 --train --optimizer momentum -o step.html
"""


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "networks", nargs="+", metavar="network", help=f"network: {NETWORK}; several stand side by side"
    )
    add_machines(parser)
    add_reading(parser)
    add_cache(parser)
    parser.reads("networks", "machines")
    add_model(parser, "prices")
    add_tiling(parser)
    add_training(parser)
    parser.needs(HOW_TO_TRAIN, "--train")
    add_tokens(parser, many=False)
    parser.add_argument(
        "--explain",
        type=int,
        metavar="N",
        help="for how many kinds of layers, the costliest, to try what would help (default 4); each takes some "
        "milliseconds, or a second on machines whose tiles are long to find",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="the page, a .html file; - is standard output"
    )


def run(arguments: Namespace) -> int:
    """Raises SimdcError, which says of which network on which machine."""
    from simdc.backends.output import write_text
    from simdc.report import render_page

    from .inputs import check_chosen

    check_chosen(arguments.model)
    _check_output(arguments.output)
    if arguments.explain is not None and arguments.explain < 0:
        raise UsageError(f"--explain must be 0 or more, got {arguments.explain}")
    machines = arguments.machines or [None]
    pairs = [(network, machine) for network in arguments.networks for machine in machines]
    if len(pairs) > 1 and any(source in STDIN for source in (*arguments.networks, *arguments.machines)):
        raise UsageError("standard input is read once; for several networks or machines name files")
    asked = [Namespace(**{**vars(arguments), "network": network, "hw": machine}) for network, machine in pairs]
    reports, explained = _reports(asked), arguments.explain
    write_text(render_page(reports) if explained is None else render_page(reports, explained), arguments.output)
    return 0


def _check_output(target: str) -> None:
    """Raise UsageError for a name that promises another format."""
    ending = splitext(target)[1].lower()
    if target != "-" and ending not in ENDINGS:
        raise UsageError(f"-o {target}: a page is HTML; name it .html, or - for standard output")


def _reports(asked: list[Namespace]) -> list[Report]:
    from simdc.backends.output import refuse_overwriting

    from .inputs import input_files
    from .one_report import report_of
    from .token_options import one_run

    # Before the work begins.
    for each in asked:
        refuse_overwriting(each.output, input_files(each))
    reports: list[Report] = []
    for each in asked:
        try:
            reports.append(report_of(each, one_run(each)))
        except SimdcError:
            # The error has its place in the network's file, which is the same for every machine.
            if len(asked) > 1:
                say(f"simdc: no page, for {each.network} on {each.hw or 'its machine'} ends in an error:")
            raise
    return reports
