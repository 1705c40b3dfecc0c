"""`simdc verify`: checks the numbers of the cost model by playing and executing each layer's tiled schedule."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from .arguments import (
    HOW_TO_TRAIN,
    add_format,
    add_model,
    add_network,
    add_output,
    add_tiling,
    add_tokens,
    add_training,
)
from .parser import CommandParser

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from simdc.backends.verify import LayerVerdict
    from simdc.backends.verify.report import NotChecked
    from simdc.cost.kernel import Kernel
    from simdc.cost.tiling import Tiling

SUMMARY = "whether the cost model is right: plays and executes the tiles of each layer"
HELP = (
    "Checks every number of a cost model: plays each layer's tiles one by one, compares counts and cycles, "
    "and executes the tiles on arrays that see nothing but what is on chip. Exit code 1 with the first difference."
)
EPILOG = """examples:
  simdc verify lenet5 --hw HI3
  simdc verify resnet50 --hw HT3 --batch 32 --train --optimizer momentum
  simdc verify alexnet --hw HI2 --rtl
  simdc verify gpt2 --hw HI3 --decode --context 1024
  simdc verify net.dsl --hw hw.json --layer conv1 --format json -o verdict.json
"""
FORMATS = ["table", "json"]


def add_arguments(parser: CommandParser) -> None:
    add_network(parser)
    parser.add_argument("--layer", metavar="NAME", help="check this layer only")
    add_tiling(parser)
    add_model(parser, "is checked")
    add_training(parser)
    add_tokens(parser, many=False)
    parser.needs(HOW_TO_TRAIN, "--train")
    parser.add_argument(
        "--rtl",
        action="store_true",
        help="also play each layer, made small, on the machine in SystemVerilog; needs Verilator",
    )
    add_format(parser, "table or json", FORMATS)
    add_output(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, and of the table the summary only")


def run(arguments: Namespace) -> int:
    """Raises SimdcError for wrong input. A difference is no error but a report with exit code 1."""
    from simdc.backends.output import choose_format, write_text
    from simdc.backends.verify import distinct, verify_layers
    from simdc.backends.verify.on_rtl import play_layers
    from simdc.backends.verify.report import VerifyReport, render_json, render_table
    from simdc.cost.model_table import load_model
    from simdc.ir.context import hardware_of
    from simdc.ir.network import network_of
    from simdc.ir.provenance import runs_of

    from .compiled import compiled
    from .progress import Progress
    from .token_options import one_run

    check_verifiable(arguments.model)
    name = choose_format(arguments.format, arguments.output, FORMATS)
    module = compiled(arguments, one_run(arguments))
    network, hardware = network_of(module), hardware_of(module)
    layers, free, not_checked = _layers(module, arguments.layer)
    verdicts: list[LayerVerdict] = []
    model = load_model(arguments.model, network.phase.data)
    # First of all: where a tool is missing the command ends before its long part.
    rtl = play_layers(layers, model, hardware) if arguments.rtl else ()
    with Progress(len(distinct(layers)), "layer", quiet=arguments.quiet) as progress:
        for verdict in verify_layers(layers, model, hardware):
            verdicts.append(verdict)
            progress.advance(verdict.names[0])
    report = VerifyReport(
        source=network,
        hardware=hardware,
        model=arguments.model,
        layers=tuple(verdicts),
        free=free,
        not_checked=not_checked,
        runs=runs_of(module),
        rtl=rtl,
    )
    text = render_json(report) if name == "json" else render_table(report, brief=arguments.quiet)
    write_text(text, arguments.output)
    return 0 if report.passed else 1


def check_verifiable(model: str) -> None:
    """Raise SimdcError unless an execution must give the model's numbers."""
    from simdc.cost.model_table import load_model
    from simdc.errors import SimdcError

    from .inputs import check_chosen

    check_chosen(model)
    if not load_model(model).verifiable:
        raise SimdcError(
            f"--model: the cost model '{model}' cannot be verified: it does not say that an execution of the tiles "
            "gives its numbers"
        )


def _layers(
    module: ModuleOp, wanted: str | None
) -> tuple[list[tuple[str, Kernel, Tiling]], tuple[str, ...], tuple[NotChecked, ...]]:
    """Layers to check, names of those that cost nothing, and layers that no model has a price for; `wanted` picks one
    by name. Raises SimdcError when there is none of that name."""
    from simdc.backends.verify.report import NotChecked
    from simdc.errors import SimdcError, suggestion
    from simdc.ir.context import kernel_of
    from simdc.ir.network import network_of

    checked: list[tuple[str, Kernel, Tiling]] = []
    free: list[str] = []
    unknown: list[NotChecked] = []
    folded: dict[str, str] = {}
    for op in network_of(module).layers():
        name, kernel = op.layer.data, kernel_of(op)
        for parts in (op.folded, op.merged):
            folded |= {} if parts is None else {part.data: name for part in parts}
        if op.uncosted is not None:
            unknown.append(NotChecked(name, op.name.removeprefix("simdc."), op.uncosted.data))
        elif kernel is None:
            free.append(name)
        elif op.tiling is not None:
            checked.append((name, kernel, op.tiling.data))
    if wanted is None:
        return checked, tuple(free), tuple(unknown)
    found = [layer for layer in checked if layer[0] == wanted]
    if not found:
        if wanted in folded:
            raise SimdcError(f"--layer: '{wanted}' became part of '{folded[wanted]}': check that layer")
        for layer in unknown:
            if layer.name == wanted:
                raise SimdcError(f"--layer: '{wanted}' has no price to check: {layer.reason}")
        if wanted in free:
            raise SimdcError(f"--layer: '{wanted}' costs nothing: there is nothing to check")
        names = [name for name, _, _ in checked]
        raise SimdcError(f"--layer: there is no layer '{wanted[:80]}'{suggestion(wanted, names)}")
    return found, (), ()
