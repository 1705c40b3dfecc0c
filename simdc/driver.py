"""From the arguments of the command line to its output: front end, passes, backend."""

from __future__ import annotations

import sys
from argparse import Namespace

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.backends.output import write_text
from simdc.errors import SimdcError
from simdc.frontends import load_network
from simdc.ir.context import set_hardware
from simdc.passes.pipeline import default_passes, parse_pipeline, run_pipeline, training_passes


def run(arguments: Namespace) -> int:
    """Do what the command line asks for. Raises SimdcError."""
    chosen = None if arguments.passes is None else parse_pipeline(arguments.passes)
    pipeline = default_passes(arguments.model) if chosen is None else chosen
    if arguments.train:
        training = training_passes(
            arguments.optimizer,
            arguments.weight_decay,
            master_weights=arguments.master_weights,
            input_grad=arguments.input_grad,
        )
        pipeline = (*training, *pipeline)
    wanted = _names_to_print(arguments.print_ir_after, pipeline)
    if arguments.emit_cost and arguments.emit_ir:
        raise SimdcError("--emit-cost and --emit-ir exclude each other")
    if arguments.hw is None and (chosen is None or not arguments.emit_ir):
        raise SimdcError("choose a machine with --hw: a JSON file, or a preset such as HI1, HI2, HI3")

    module = load_network(arguments.network, arguments.batch, given_tilings=arguments.tiling == "given")
    if arguments.hw is not None:
        from simdc.frontends.hardware_file import load_hardware

        set_hardware(module, load_hardware(arguments.hw, arguments.set))

    def show(done: ModulePass) -> None:
        if done.name in wanted:
            print(f"// IR after {done}\n" + str(module), file=sys.stderr)

    run_pipeline(module, pipeline, verify=chosen is not None or bool(wanted), after=show)
    write_text(str(module) + "\n" if arguments.emit_ir else _report_text(module, arguments), arguments.output)
    return 0


def _names_to_print(name: str | None, pipeline: tuple[ModulePass, ...]) -> set[str]:
    names = {step.name for step in pipeline}
    if name is None:
        return set()
    if name != "all" and name not in names:
        raise SimdcError(f"--print-ir-after: '{name}' is not in the pipeline: {', '.join(sorted(names))}, or all")
    return names if name == "all" else {name}


def _report_text(module: ModuleOp, arguments: Namespace) -> str:
    from simdc.backends.report import make_report

    report = make_report(module)
    if arguments.format == "table":
        from simdc.backends.report.table import render_table

        return render_table(report, every_layer=arguments.layers)
    from simdc.backends.report.machine_text import render_csv, render_json

    return render_json(report) if arguments.format == "json" else render_csv(report)
