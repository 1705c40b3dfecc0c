"""`simdc explain`: why a layer takes as long as it does, and what would help."""

from __future__ import annotations

from argparse import Namespace

from .arguments import HOW_TO_TRAIN, add_cache, add_model, add_network, add_output, add_tiling, add_tokens, add_training
from .parser import CommandParser

SUMMARY = "why a layer takes as long as it does, and what would help"
HELP = (
    "Takes the cycles of one layer apart, says how full array, lanes and buffers are, and tries what would help: the "
    "next size of each buffer, each port twice as wide, a larger array, other forms, a search. Each is priced."
)
EPILOG = """examples:
  simdc explain resnet50 conv1 --hw HI3
  simdc explain net.onnx --hw HI1 --set simd.lanes=64
"""


def add_arguments(parser: CommandParser) -> None:
    add_network(parser)
    add_cache(parser)
    parser.add_argument("layer", nargs="?", help="the layer's name (default: the layer that takes longest)")
    add_model(parser, "answers")
    add_tiling(parser)
    add_training(parser)
    add_tokens(parser, many=False)
    parser.needs(HOW_TO_TRAIN, "--train")
    add_output(parser)


def run(arguments: Namespace) -> int:
    """Raises SimdcError."""
    from simdc.backends.output import choose_format, width_of, write_text
    from simdc.backends.report.columns import Style
    from simdc.backends.report.explained import explanation_of, layer_named, longest
    from simdc.backends.report.explained_text import explanation_text
    from simdc.backends.report.stamp import made_by

    from .inputs import check_chosen
    from .one_report import report_of
    from .token_options import one_run

    check_chosen(arguments.model)
    chosen = choose_format(None, arguments.output, ["table", "markdown"])
    style = Style(width_of(arguments.output), chosen == "markdown")
    report = report_of(arguments, one_run(arguments))
    layer = longest(report) if arguments.layer is None else layer_named(report, arguments.layer)
    text = explanation_text(layer, explanation_of(layer, report), style)
    if arguments.layer not in (None, layer.name):
        text = f"{style.lines([f'{arguments.layer} is part of {layer.name}'])}\n\n{text}"
    write_text(f"{text}\n{made_by(report.runs, style)}\n", arguments.output)
    return 0
