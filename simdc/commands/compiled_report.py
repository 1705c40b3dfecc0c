"""The report of a network that goes the whole way through the IR; or the IR itself, printed."""

from __future__ import annotations

from argparse import Namespace
from io import StringIO

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.backends.output import write_text
from simdc.backends.report import Report, make_report
from simdc.errors import SimdcError
from simdc.ir.network import network_of
from simdc.passes.pipeline import parse_pipeline, run_pipeline
from simdc.streams import say

from .compiled import chosen_model, load_module, priced, training_step
from .kept import KeptNetwork
from .token_options import token_run


def compiled_report(arguments: Namespace, kept: KeptNetwork | None) -> Report | None:
    """The report that is asked for, or None where the IR was asked for, which is printed. What was lowered on the way
    goes to where `kept` says. Raises SimdcError."""
    chosen = None if arguments.passes is None else parse_pipeline(arguments.passes)
    needed = chosen is None or not arguments.emit_ir
    module = load_module(arguments, machine_needed=needed, run=token_run(arguments))
    pipeline = priced(arguments, chosen_model(module, arguments)) if chosen is None else chosen
    pipeline = (*training_step(arguments), *pipeline)
    wanted = _names_to_print(arguments.print_ir_after, pipeline)
    keep = None if kept is None else kept.watch(module, pipeline)

    def show(done: ModulePass) -> None:
        if done.name in wanted:
            say(f"// IR after {done}\n" + str(module))
        if keep is not None:
            keep(done)

    run_pipeline(module, pipeline, verify=chosen is not None or bool(wanted), after=show)
    if arguments.emit_ir:
        write_text(_ir_text(module, arguments), arguments.output)
        return None
    report = make_report(module)
    if kept is not None:
        kept.write()
    # Passes of one's own may do anything: who knows what they made of experts.
    if chosen is None and network_of(module).is_routed:
        from .routing import with_routing

        report = with_routing(report, module, arguments)
    return report


def _names_to_print(name: str | None, pipeline: tuple[ModulePass, ...]) -> set[str]:
    names = {step.name for step in pipeline}
    if name is None:
        return set()
    if name != "all" and name not in names:
        raise SimdcError(f"--print-ir-after: '{name}' is not in the pipeline: {', '.join(sorted(names))}, or all")
    return names if name == "all" else {name}


def _ir_text(module: ModuleOp, arguments: Namespace) -> str:
    from xdsl.printer import Printer

    stream = StringIO()
    Printer(stream, print_generic_format=arguments.generic, print_debuginfo=arguments.locations).print_op(module)
    return stream.getvalue() + "\n"
