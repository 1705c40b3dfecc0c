"""From the arguments of the command line to its output: front end, passes, backend."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import partial
from io import StringIO

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.printer import Printer

from simdc import __version__
from simdc.backends.output import choose_format, refuse_overwriting, write_text
from simdc.backends.report import PLUGIN_REPORTS, REPORTS, Report, load_report, make_report
from simdc.choices import DEFAULT_MODEL
from simdc.cost.model_table import MODELS, PLUGIN_MODELS, check_model
from simdc.errors import SimdcError, UsageError, suggestion
from simdc.frontends import load_network
from simdc.frontends.bindings import parse_bindings, parse_weights
from simdc.frontends.presets import find_file, is_stream
from simdc.frontends.reads import inputs_read
from simdc.ir.context import COST_MODEL, HARDWARE, cost_model_of, hardware_of, set_hardware
from simdc.ir.derived import given_form
from simdc.ir.network import network_of
from simdc.ir.provenance import Input, Run, add_run
from simdc.passes.pipeline import default_passes, parse_pipeline, run_pipeline, training_passes
from simdc.streams import say

LAYERS_SHOWN = 3
"""In a warning; --format json names all."""


def run(arguments: Namespace) -> int:
    """Do what the command line asks for. Raises SimdcError."""
    chosen = None if arguments.passes is None else parse_pipeline(arguments.passes)
    _check_arguments(arguments)
    render = _renderer(arguments)
    module = load_module(arguments, machine_needed=chosen is None or not arguments.emit_ir)
    pipeline = priced(arguments, _model(module, arguments)) if chosen is None else chosen
    pipeline = (*training_step(arguments), *pipeline)
    wanted = _names_to_print(arguments.print_ir_after, pipeline)

    def show(done: ModulePass) -> None:
        if done.name in wanted:
            say(f"// IR after {done}\n" + str(module))

    run_pipeline(module, pipeline, verify=chosen is not None or bool(wanted), after=show)
    if arguments.emit_ir:
        write_text(_ir_text(module, arguments), arguments.output)
        return 0
    report = make_report(module)
    write_text(render(report), arguments.output)
    for message, layers in report.warnings().items():
        say(f"simdc: warning: {_warning(report.model, message, layers)}")
    return 0


def load_module(arguments: Namespace, *, machine_needed: bool = True) -> ModuleOp:
    """The network that the command line names, on its machine, without the tilings that it asks to forget. It says what
    it was made of."""
    from simdc.frontends.hardware_file import change_hardware, load_hardware

    refuse_overwriting(arguments.output, input_files(arguments))
    with inputs_read("network", arguments.network) as network_read:
        module = read_network(arguments, arguments.network, arguments.batch, given_tilings=arguments.tiling == "given")
    if arguments.tiling in ("default", "greedy", "search"):
        for layer in network_of(module).layers():
            layer.tiling = None
            if given_form(layer) is None:
                layer.form = layer.formed = None
    warn_of_unmodelled(arguments.set)
    hardware_read: list[Input] = []
    if arguments.hw is not None:
        with inputs_read("hardware", arguments.hw) as hardware_read:
            set_hardware(module, load_hardware(arguments.hw, arguments.set))
    elif HARDWARE in module.attributes:
        set_hardware(module, change_hardware(hardware_of(module), arguments.set))
    elif machine_needed or arguments.set:
        raise SimdcError("choose a machine with --hw: a JSON file, or a preset such as HI1, HI2, HI3")
    add_run(module, Run(__version__, arguments.command, (*network_read, *hardware_read)))
    return module


def warn_of_unmodelled(settings: Sequence[str]) -> None:
    """Say of each `field=value` that changes no cost that it does not."""
    from simdc.cost.structure import unmodelled_paths

    for field in {setting.partition("=")[0].strip(): None for setting in settings}:
        if field in unmodelled_paths():
            say(f"simdc: warning: --set {field}: this field is not modelled: no cost depends on it")


def read_network(arguments: Namespace, network: str, batch: int | None, *, given_tilings: bool = False) -> ModuleOp:
    """A network, read as the options of `add_reading` say."""
    return load_network(
        network,
        batch,
        given_tilings=given_tilings,
        bind=parse_bindings(arguments.bind),
        weights=parse_weights(arguments.weights),
        allow_uncosted=arguments.allow_uncosted,
        input_format=arguments.input_format,
    )


def input_files(arguments: Namespace) -> list[str]:
    """The network's file and the machine's."""
    named = [(arguments.network, "networks"), (arguments.hw, "hardware")]
    return [find_file(source, kind) for source, kind in named if source is not None and not is_stream(source)]


def training_step(arguments: Namespace) -> tuple[ModulePass, ...]:
    """The pass that `--train` asks for, if it does."""
    return chosen_training(arguments) if arguments.train else ()


def chosen_training(arguments: Namespace) -> tuple[ModulePass, ...]:
    """The passes that make the training step that the options of `add_training` describe. Raises SimdcError."""
    return training_passes(
        arguments.optimizer,
        arguments.weight_decay,
        master_weights=arguments.master_weights,
        input_grad=arguments.input_grad,
        loss=() if arguments.loss is None else arguments.loss.split(","),
        class_axis=arguments.class_axis,
        soft_targets=arguments.soft_targets,
        fold=not arguments.no_fold,
    )


def priced(arguments: Namespace, model: str) -> tuple[ModulePass, ...]:
    """The default passes with tilings and forms as the options of `add_tiling` say. Raises SimdcError."""
    objective = (arguments.objective or "cycles") if arguments.tiling == "search" else None
    rule = "greedy" if arguments.tiling == "greedy" else "default"
    steps: int | None = arguments.search_steps
    if steps is not None and steps < 1:
        raise SimdcError(f"--search-steps must be positive, got {steps}")
    fold = not arguments.no_fold
    return default_passes(model, objective, steps, rule=rule, fold=fold, forms=arguments.form or ())


def _warning(model: str, message: str, layers: list[str]) -> str:
    """One line, however many layers there are."""
    shown = ", ".join(layers[:LAYERS_SHOWN]) + (", ..." if len(layers) > LAYERS_SHOWN else "")
    return f"model {model}, {len(layers)} layer{'' if len(layers) == 1 else 's'} ({shown}): {message}"


def _check_arguments(arguments: Namespace) -> None:
    if arguments.no_fold and arguments.passes is not None:
        raise UsageError("--no-fold chooses the pipeline; with -p, leave simdc-tidy out of it")
    if arguments.form and arguments.passes is not None:
        raise UsageError("--form chooses the pipeline; with -p, name it there: simdc-choose-form{forms=...}")
    if arguments.tiling == "search" and arguments.passes is not None:
        raise UsageError("--tiling search chooses the pipeline; with -p, name simdc-search-tiling in it")
    if arguments.model is not None:
        if arguments.passes is not None:
            raise UsageError("--model chooses the pipeline; with -p, name it there: simdc-annotate-cost{model=...}")
        try:
            check_model(arguments.model)
        except ValueError as error:
            hint = suggestion(arguments.model, [*MODELS, *PLUGIN_MODELS.names()])
            raise SimdcError(f"--model: {error}{hint}") from None


def _renderer(arguments: Namespace) -> Callable[[Report], str]:
    """The function to the text of the report; of IR where `--emit-ir` asks for that, which the suffix must not deny."""
    given = "mlir" if arguments.emit_ir else arguments.format
    name = choose_format(given, arguments.output, [*REPORTS, "mlir"], PLUGIN_REPORTS.names)
    if name == "mlir" and not arguments.emit_ir:
        raise UsageError(f"IR is printed with --emit-ir; the formats of a report are {', '.join(REPORTS)}")
    if arguments.layers and name != "table":
        raise UsageError(f"--layers is for tables; {name} lists every layer")
    try:
        render = load_report("table" if arguments.emit_ir else name)
    except KeyError:
        known = [*REPORTS, *PLUGIN_REPORTS.names()]
        hint = suggestion(name, known)
        message = f"--format: there is no format '{name[:80]}'; known formats: {', '.join(known)}{hint}"
        raise SimdcError(message) from None
    return partial(render, every_layer=arguments.layers) if name == "table" else render


def _model(module: ModuleOp, arguments: Namespace) -> str:
    """The cost model that was asked for, else the one that priced the module before. Raises SimdcError."""
    if arguments.model is not None:
        return arguments.model
    if COST_MODEL not in module.attributes:
        return DEFAULT_MODEL
    name = cost_model_of(module)
    try:
        check_model(name)
    except ValueError as error:
        remedy = "choose one with --model, or show the costs as they are with -p ''"
        raise SimdcError(f"the IR was priced by a model that is not here: {error}; {remedy}") from None
    return name


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
