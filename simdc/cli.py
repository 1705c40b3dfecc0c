"""The command line. Only argparse is imported until the arguments are valid: that keeps `--help` instant."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from simdc import __version__
from simdc.commands import COMMANDS

EPILOG = """examples:
  simdc resnet50 --hw HI3
  simdc net.dsl --hw hw.json --set simd.lanes=128 --batch 8 --emit-cost --layers
  simdc net.json --hw HI1 --emit-cost --format json -o cost.json
  simdc resnet50 --hw HT3 --batch 32 --train --optimizer momentum
  simdc net.dsl --hw HI3 -p simdc-fold-batch-norm,simdc-assign-widths --emit-ir
"""


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simdc",
        description="Tells what a neural network costs on a systolic + SIMD accelerator: accesses, cycles and energy.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", help="network: a .dsl or .json file, or the name of an example (resnet50)")
    parser.add_argument(
        "--hw", metavar="MACHINE", help="hardware: a JSON file (ours or GeneSys) or a preset (HI1 ... HT3)"
    )
    parser.add_argument(
        "--set",
        metavar="FIELD=VALUE",
        action="append",
        default=[],
        help="change a hardware field, such as simd.lanes=128 or systolic.buffers.weight_bits='256 KiB'; repeatable",
    )
    parser.add_argument("--batch", type=int, metavar="N", help="batch size (default 1)")
    parser.add_argument(
        "--model",
        default="exact",
        choices=["exact", "simdit"],
        help="cost model: exact (default), or simdit, the released SimDIT to the last digit",
    )
    parser.add_argument(
        "--tiling",
        default="greedy",
        choices=["greedy", "given"],
        help="tile greedily (default), or keep the tilings that a SimDIT specification gives",
    )
    training = parser.add_argument_group("training")
    training.add_argument("--train", action="store_true", help="cost one training iteration: forward to update")
    training.add_argument(
        "--optimizer",
        default="sgd",
        choices=["sgd", "momentum", "adam", "adamw"],
        help="update rule; its state lives in DRAM (default sgd)",
    )
    training.add_argument("--weight-decay", type=float, default=0.0, metavar="W", help="weight decay (default 0)")
    training.add_argument(
        "--master-weights", action="store_true", help="update a full-width copy of the weights, write the narrow beside"
    )
    training.add_argument("--input-grad", action="store_true", help="compute the gradient of the network's inputs, too")
    parser.add_argument("-p", "--passes", metavar="PIPELINE", help="run these passes instead of the default pipeline")
    parser.add_argument("--print-ir-after", metavar="PASS", help="show the IR after a pass, or after 'all', on stderr")
    parser.add_argument("--emit-cost", action="store_true", help="print the cost report (the default)")
    parser.add_argument("--emit-ir", action="store_true", help="print the annotated IR instead")
    parser.add_argument("--format", default="table", choices=["table", "json", "csv"], help="format of the report")
    parser.add_argument("--layers", action="store_true", help="list every layer in the table, not only the costliest")
    parser.add_argument("-o", "--output", metavar="FILE", help="write to a file, whole or not at all")
    parser.add_argument("--version", action="version", version=f"simdc {__version__}")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    given = sys.argv[1:] if argv is None else list(argv)
    if given and given[0] in COMMANDS:
        name, *given = given
        job = import_module(COMMANDS[name])
        parser = argparse.ArgumentParser(
            prog=f"simdc {name}",
            description=job.HELP,
            epilog=job.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        job.add_arguments(parser)
    else:
        parser, job = build_parser(), None
    arguments = parser.parse_args(given)

    from simdc.errors import SimdcError

    try:
        if job is None:
            job = import_module("simdc.driver")
        return job.run(arguments)
    except SimdcError as error:
        print(f"simdc: {error}" if error.file is None else error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141


def entry() -> int:
    """`main` for a process that does nothing else: one compilation makes no garbage worth looking for, neither while
    it runs nor when the interpreter ends, and looking takes a sixth of the time."""
    import gc

    gc.disable()
    code = main()
    gc.freeze()
    return code
