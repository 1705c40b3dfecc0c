"""`simdc diff`: two reports beside each other, layer by layer."""

from __future__ import annotations

from argparse import Namespace

from .arguments import add_format, add_output
from .parser import CommandParser

SUMMARY = "two reports of --format json beside each other: what changed in which layer, and by what"
HELP = (
    "Says what changed from one report to another: network, model and fields of the machine, sums, and each layer with "
    "its tiles, order and form. Layers of the same name belong together, and where names differ, as in two files "
    "of one network, layers of as many products and results in their order."
)
EPILOG = """examples:
  simdc resnet50 --hw HI1 -o before.json
  simdc resnet50 --hw HI1 --set simd.lanes=64 -o after.json
  simdc diff before.json after.json
  simdc net.onnx --hw HI3 -o onnx.json; simdc net.mlir --hw HI3 -o mlir.json; simdc diff onnx.json mlir.json
"""
FORMATS = ["table", "markdown", "json", "csv"]


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("before", help="a report, a JSON file or - for standard input")
    parser.add_argument("after", help="another")
    parser.add_argument("--layers", action="store_true", help="list every layer that changed, not only the most")
    add_format(parser, ", ".join(FORMATS), FORMATS)
    add_output(parser)
    parser.reads("before", "after")


def run(arguments: Namespace) -> int:
    """Raises SimdcError."""
    from simdc.backends.output import choose_format, refuse_overwriting, width_of, write_text
    from simdc.backends.report.changes import changes_between
    from simdc.backends.report.changes_text import as_csv, as_json, as_table
    from simdc.backends.report.columns import Style
    from simdc.errors import UsageError
    from simdc.frontends.cost_file import load_cost_file

    chosen = choose_format(arguments.format, arguments.output, FORMATS)
    if arguments.layers and chosen in ("json", "csv"):
        raise UsageError("--layers goes with --format table or markdown; json and csv have every layer")
    refuse_overwriting(arguments.output, [arguments.before, arguments.after])
    changes = changes_between(load_cost_file(arguments.before), load_cost_file(arguments.after))
    style = Style(width_of(arguments.output), chosen == "markdown")
    if chosen in ("table", "markdown"):
        text = as_table(changes, style, every=arguments.layers)
    else:
        text = as_json(changes) if chosen == "json" else as_csv(changes)
    write_text(text, arguments.output)
    return 0
