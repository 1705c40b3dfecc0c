"""`simdc grow`: a machine of units, made larger step by step where it binds a network."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from .arguments import add_format, add_network, add_output
from .parser import CommandParser

if TYPE_CHECKING:
    from simdc.cost.machine import Machine
    from simdc.cost.workload import Workload

SUMMARY = "a machine of units made larger, step by step, where that saves a network most"
HELP = (
    "Starts at a machine of units and doubles, again and again, what saves the network most cycles if there is twice "
    "as much of it: MACs, results that leave an array, bandwidth, buffers. Each step tells what binds the layers."
)
EPILOG = """examples:
  simdc grow resnet18 --hw nv_small --model nvdla
  simdc grow alexnet --hw nv_small --model nvdla --steps 6 --plot growth.svg
"""
FORMATS = ["table", "json"]
MOST_STEPS = 64


def add_arguments(parser: CommandParser) -> None:
    add_network(parser)
    parser.add_argument("--model", required=True, metavar="NAME", help="the cost model that prices")
    parser.add_argument("--steps", type=int, default=4, metavar="N", help="how often to double (default 4)")
    add_format(parser, "table or json", FORMATS)
    add_output(parser)
    parser.add_argument("--plot", metavar="FILE", help="draw to a .png, .svg or .pdf file as well; needs matplotlib")
    parser.set_defaults(tiling=None, form=None)


def run(arguments: Namespace) -> int:
    """Raises SimdcError."""
    from simdc.api import Network
    from simdc.backends.output import check_files, choose_format, open_whole, write_text
    from simdc.cost.machine import Machine
    from simdc.cost.tiling import TilingError
    from simdc.errors import SimdcError, UsageError
    from simdc.explore.along import along_binding
    from simdc.ir.context import machine_of
    from simdc.ir.network import network_of
    from simdc.ir.provenance import runs_of
    from simdc.passes.distinct import model_of
    from simdc.pictures import check_picture

    from .compiled import load_module
    from .growth import draw, render_json, render_table
    from .inputs import check_chosen, input_files

    if not 1 <= arguments.steps <= MOST_STEPS:
        raise UsageError(f"--steps must be from 1 to {MOST_STEPS}, got {arguments.steps}", program="simdc grow")
    check_chosen(arguments.model)
    name = choose_format(arguments.format, arguments.output, FORMATS)
    if arguments.plot is not None:
        check_picture(arguments.plot)
        check_files([arguments.output, arguments.plot], input_files(arguments))
    module = load_module(arguments)
    machine = machine_of(module)
    if not isinstance(machine, Machine):
        raise SimdcError(f"{machine.name} has arrays; simdc explore varies them, this is for machines of units")
    model_of(module, arguments.model)
    network, fuse = Network(module), not arguments.no_fuse

    def workload(grown: Machine) -> Workload:
        return network.workload(grown, arguments.model, fold=not arguments.no_fold, fuse=fuse)

    try:
        steps = along_binding(machine, workload, arguments.steps, arguments.model)
    except TilingError as error:
        raise SimdcError(f"layer '{error.layer}' on {machine.title}: {error}") from None
    title = f"{network_of(module).sym_name.data}, growing {machine.title} under the model {arguments.model}"
    render = render_json if name == "json" else render_table
    write_text(render(title, steps, runs_of(module)), arguments.output)
    if arguments.plot is not None:
        with open_whole(arguments.plot) as stream:
            draw(title, steps, stream, arguments.plot)
    return 0
