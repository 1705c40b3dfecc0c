"""`simdc cost`, or `simdc` alone: what a network costs on a machine."""

from __future__ import annotations

from argparse import Namespace

from .arguments import (
    HOW_TO_TRAIN,
    add_cache,
    add_format,
    add_networks,
    add_output,
    add_tiling,
    add_tokens,
    add_training,
)
from .parser import CommandParser

SUMMARY = "what a network costs on a machine, or several on several; needs not be named: simdc net.dsl --hw HI3"
HELP = "Tells what a neural network costs on a systolic + SIMD accelerator: accesses, cycles and energy."
EPILOG = """examples:
  simdc resnet50 --hw HI3
  simdc net.dsl --hw hw.json --set simd.lanes=128 --batch 8 --layers
  simdc net.json --hw HI1 -o cost.json
  simdc resnet50 mobilenet_v2 --hw HI1 HI3 edge.json
  simdc resnet50 --hw HI3 --batch 1,8,32
  simdc lenet5 --hw nv_small --model nvdla --levels --plot roof.svg
  simdc resnet50 --hw HT3 --batch 32 --train --optimizer momentum
  simdc net.dsl --hw HI3 -p simdc-fold-batch-norm,simdc-assign-widths --emit-ir | simdc-opt -
"""


def add_arguments(parser: CommandParser) -> None:
    add_networks(parser)
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="cost model: exact (default), simdit, the released SimDIT to the last digit, or a plug-in's; "
        "IR that was priced keeps its model",
    )
    add_tiling(parser)
    add_training(parser)
    add_tokens(parser)
    _add_lowering(parser)
    parser.add_argument("--emit-cost", action="store_true", help="print the cost report (the default)")
    parser.add_argument("--emit-ir", action="store_true", help="print the annotated IR instead")
    parser.add_argument("--generic", action="store_true", help="print the IR in MLIR's generic form")
    parser.add_argument("--locations", action="store_true", help="print the IR with the place of each op in its source")
    parser.add_argument("--layers", action="store_true", help="list every layer in the table, not only the costliest")
    parser.add_argument(
        "--levels", action="store_true", help="add to the table all levels of a model that has some, such as nvdla"
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="name all nodes that were folded, merged or cost nothing"
    )
    add_format(parser, "table, markdown, json, csv, parquet or a plug-in's")
    add_output(parser)
    parser.add_argument("--plot", metavar="FILE", help="draw to a .png, .svg or .pdf file as well; needs matplotlib")
    parser.add_argument(
        "--plot-kind",
        choices=["run", "layers", "energy", "memory", "roofline", "levels"],
        help="the next four on one page (default); what layers take; where energy goes; what DRAM holds over time; "
        "layers under the roofs of their units and memory (default of models that analyse them); or what each level of "
        "such a model adds",
    )
    parser.add_argument(
        "--trace", metavar="FILE", help="write the run as a trace for Perfetto or chrome://tracing as well, a JSON file"
    )
    parser.add_argument(
        "--annotate",
        metavar="FILE",
        help="write the ONNX model again, with the costs in the metadata of its nodes, where viewers show them; or the "
        "module of another compiler (.mlir), with the costs as attributes of its own ops",
    )
    parser.needs(HOW_TO_TRAIN, "--train")
    parser.apart("--emit-cost", "--emit-ir")
    parser.apart("--format", "--emit-ir")
    parser.apart("--layers", "--emit-ir")
    parser.apart("--levels", "--emit-ir")
    parser.apart("--verbose", "--emit-ir")
    for option in ("--plot", "--trace", "--annotate"):
        parser.apart(option, "--emit-ir")
    parser.needs(["--plot-kind"], "--plot")
    parser.needs(["--generic", "--locations"], "--emit-ir")


def _add_lowering(parser: CommandParser) -> None:
    """How the network gets its kernels."""
    parser.add_argument(
        "-p",
        "--passes",
        metavar="PIPELINE",
        help="run these passes instead of the default pipeline; file.py:Pass is one of a file",
    )
    parser.add_argument("--print-ir-after", metavar="PASS", help="show the IR after a pass, or after 'all', on stderr")
    add_cache(parser)


def _batches(arguments: Namespace) -> tuple[int, ...]:
    from .batch_option import batches_of

    return batches_of(arguments)


def run(arguments: Namespace) -> int:
    """Raises SimdcError."""
    batches = () if arguments.batch is None else _batches(arguments)
    if len(arguments.networks) > 1 or len(arguments.machines) > 1 or len(batches) > 1:
        from . import comparison

        return comparison.run(arguments, batches)
    arguments.batch = batches[0] if batches else None
    from . import cost_report

    (arguments.network,) = arguments.networks
    arguments.hw = arguments.machines[0] if arguments.machines else None
    return cost_report.run(arguments)
