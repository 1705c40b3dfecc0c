"""The command line. Only argparse is imported until the arguments are valid: that keeps `--help` instant."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from simdc import __version__
from simdc.commands import COMMANDS
from simdc.commands.arguments import add_network, add_output, add_tiling, add_training

EPILOG = """examples:
  simdc resnet50 --hw HI3
  simdc net.dsl --hw hw.json --set simd.lanes=128 --batch 8 --emit-cost --layers
  simdc net.json --hw HI1 --emit-cost --format json -o cost.json
  simdc resnet50 --hw HT3 --batch 32 --train --optimizer momentum
  simdc net.dsl --hw HI3 -p simdc-fold-batch-norm,simdc-assign-widths --emit-ir
"""
KINDS = ["passes", "models", "ops", "hardware", "networks", "frontends", "reports"]


class _List(argparse.Action):
    """Prints what there is of a kind, and ends."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        from simdc.commands.listing import listing

        sys.stdout.write(listing(str(values)))
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simdc",
        description="Tells what a neural network costs on a systolic + SIMD accelerator: accesses, cycles and energy.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_network(parser)
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="cost model: exact (default), simdit, the released SimDIT to the last digit, or a plug-in's; "
        "IR that was priced keeps its model",
    )
    add_tiling(parser)
    add_training(parser)
    parser.add_argument("-p", "--passes", metavar="PIPELINE", help="run these passes instead of the default pipeline")
    parser.add_argument("--print-ir-after", metavar="PASS", help="show the IR after a pass, or after 'all', on stderr")
    parser.add_argument("--emit-cost", action="store_true", help="print the cost report (the default)")
    parser.add_argument("--emit-ir", action="store_true", help="print the annotated IR instead")
    parser.add_argument("--generic", action="store_true", help="print the IR in MLIR's generic form")
    parser.add_argument("--locations", action="store_true", help="print the IR with the place of each op in its source")
    parser.add_argument(
        "--format", default="table", metavar="NAME", help="format of the report: table, json, csv, or a plug-in's"
    )
    parser.add_argument("--layers", action="store_true", help="list every layer in the table, not only the costliest")
    add_output(parser)
    parser.add_argument("--list", action=_List, choices=KINDS, help="show what there is, built in and by plug-ins")
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
    # Options and networks in any order, also where a command takes any number of networks.
    arguments = parser.parse_intermixed_args(given)

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
