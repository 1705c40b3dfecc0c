"""From the arguments of the command line to its output: front end, passes, backend."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from io import StringIO

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.printer import Printer

from simdc.backends.output import write_text
from simdc.backends.report import PLUGIN_REPORTS, REPORTS, Report, load_report, make_report
from simdc.commands.training import chosen_training
from simdc.cost.model import MODELS, PLUGIN_MODELS, check_model
from simdc.errors import SimdcError, suggestion
from simdc.frontends import load_network
from simdc.frontends.bindings import parse_bindings, parse_weights
from simdc.ir.context import COST_MODEL, HARDWARE, cost_model_of, hardware_of, set_hardware
from simdc.ir.network import network_of
from simdc.passes.pipeline import default_passes, parse_pipeline, run_pipeline

LAYERS_SHOWN = 3
"""In a warning; --format json names all."""


def run(arguments: Namespace) -> int:
    """Do what the command line asks for. Raises SimdcError."""
    chosen = None if arguments.passes is None else parse_pipeline(arguments.passes)
    _check_arguments(arguments)
    render = _renderer(arguments)
    module = load_network(
        arguments.network,
        arguments.batch,
        given_tilings=arguments.tiling == "given",
        bind=parse_bindings(arguments.bind),
        weights=parse_weights(arguments.weights),
        allow_uncosted=arguments.allow_uncosted,
    )
    if arguments.tiling in ("greedy", "search"):
        for layer in network_of(module).layers():
            layer.tiling = None
    _choose_machine(module, arguments, needed=chosen is None or not arguments.emit_ir)

    objective = arguments.objective or "cycles" if arguments.tiling == "search" else None
    pipeline = (
        default_passes(_model(module, arguments), objective, fold=not arguments.no_fold) if chosen is None else chosen
    )
    if arguments.train:
        pipeline = (*chosen_training(arguments), *pipeline)
    wanted = _names_to_print(arguments.print_ir_after, pipeline)

    def show(done: ModulePass) -> None:
        if done.name in wanted:
            print(f"// IR after {done}\n" + str(module), file=sys.stderr)

    run_pipeline(module, pipeline, verify=chosen is not None or bool(wanted), after=show)
    if arguments.emit_ir:
        write_text(_ir_text(module, arguments), arguments.output)
        return 0
    report = make_report(module)
    write_text(render(report), arguments.output)
    for message, layers in report.warnings().items():
        print(f"simdc: warning: {_warning(report.model, message, layers)}", file=sys.stderr)
    return 0


def _warning(model: str, message: str, layers: list[str]) -> str:
    """One line, however many layers there are."""
    shown = ", ".join(layers[:LAYERS_SHOWN]) + (", ..." if len(layers) > LAYERS_SHOWN else "")
    return f"model {model}, {len(layers)} layer{'' if len(layers) == 1 else 's'} ({shown}): {message}"


def _check_arguments(arguments: Namespace) -> None:
    if arguments.emit_cost and arguments.emit_ir:
        raise SimdcError("--emit-cost and --emit-ir exclude each other")
    if (arguments.generic or arguments.locations) and not arguments.emit_ir:
        raise SimdcError("--generic and --locations go with --emit-ir")
    if arguments.objective is not None and arguments.tiling != "search":
        raise SimdcError("--objective goes with --tiling search")
    if arguments.no_fold and arguments.passes is not None:
        raise SimdcError("--no-fold chooses the pipeline; with -p, leave simdc-tidy out of it")
    if arguments.tiling == "search" and arguments.passes is not None:
        raise SimdcError("--tiling search chooses the pipeline; with -p, name simdc-search-tiling in it")
    if arguments.model is not None:
        if arguments.passes is not None:
            raise SimdcError("--model chooses the pipeline; with -p, name it there: simdc-annotate-cost{model=...}")
        try:
            check_model(arguments.model)
        except ValueError as error:
            hint = suggestion(arguments.model, [*MODELS, *PLUGIN_MODELS.names()])
            raise SimdcError(f"--model: {error}{hint}") from None


def _renderer(arguments: Namespace) -> Callable[[Report], str]:
    try:
        render = load_report(arguments.format)
    except KeyError:
        known = [*REPORTS, *PLUGIN_REPORTS.names()]
        hint = suggestion(arguments.format, known)
        message = f"--format: there is no format '{arguments.format}'; known formats: {', '.join(known)}{hint}"
        raise SimdcError(message) from None
    return partial(render, every_layer=arguments.layers) if arguments.format == "table" else render


def _choose_machine(module: ModuleOp, arguments: Namespace, *, needed: bool) -> None:
    """Write the machine that --hw names onto the module, or change the one that came with it."""
    from simdc.frontends.hardware_file import change_hardware, load_hardware

    if arguments.hw is not None:
        set_hardware(module, load_hardware(arguments.hw, arguments.set))
    elif HARDWARE in module.attributes:
        set_hardware(module, change_hardware(hardware_of(module), arguments.set))
    elif needed:
        raise SimdcError("choose a machine with --hw: a JSON file, or a preset such as HI1, HI2, HI3")


def _model(module: ModuleOp, arguments: Namespace) -> str:
    """The cost model that was asked for, else the one that priced the module before."""
    if arguments.model is not None:
        return arguments.model
    return cost_model_of(module) if COST_MODEL in module.attributes else "exact"


def _names_to_print(name: str | None, pipeline: tuple[ModulePass, ...]) -> set[str]:
    names = {step.name for step in pipeline}
    if name is None:
        return set()
    if name != "all" and name not in names:
        raise SimdcError(f"--print-ir-after: '{name}' is not in the pipeline: {', '.join(sorted(names))}, or all")
    return names if name == "all" else {name}


def _ir_text(module: ModuleOp, arguments: Namespace) -> str:
    stream = StringIO()
    Printer(stream, print_generic_format=arguments.generic, print_debuginfo=arguments.locations).print_op(module)
    return stream.getvalue() + "\n"
