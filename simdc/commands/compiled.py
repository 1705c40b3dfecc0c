"""The drive that commands share: a network as they are told to read it, on its machine, through the passes."""

from __future__ import annotations

from argparse import Namespace

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc import __version__
from simdc.backends.output import refuse_overwriting
from simdc.choices import DEFAULT_MODEL
from simdc.cost.model_table import check_model
from simdc.errors import SimdcError
from simdc.frontends import load_network
from simdc.frontends.bindings import parse_bindings, parse_weights
from simdc.frontends.hardware_file import change_hardware, load_machine
from simdc.frontends.reads import inputs_read
from simdc.ir.context import COST_MODEL, HARDWARE, cost_model_of, machine_of, set_hardware
from simdc.ir.derived import given_form
from simdc.ir.network import network_of
from simdc.ir.provenance import add_run
from simdc.ir.runs import CommandRun, InputFile
from simdc.ir.token_run import TokenRun
from simdc.passes.pipeline import default_passes, run_pipeline, training_passes

from .inputs import input_files, warn_of_unmodelled
from .kept import KeptNetwork


def compiled(arguments: Namespace, run: TokenRun | None = None, kept: KeptNetwork | None = None) -> ModuleOp:
    """The network that the command line names, for its machine and the tokens of `run`, with tilings and costs of the
    model that it names; what was lowered on the way is kept where `kept` says. Raises SimdcError."""
    module = load_module(arguments, run=run)
    pipeline = (*training_step(arguments), *priced(arguments, arguments.model))
    run_pipeline(module, pipeline, verify=False, after=None if kept is None else kept.watch(module, pipeline))
    return module


def load_module(arguments: Namespace, *, machine_needed: bool = True, run: TokenRun | None = None) -> ModuleOp:
    """The network that the command line names, on its machine, without the tilings that it asks to forget, for the
    tokens of `run`. It says what it was made of."""
    refuse_overwriting(arguments.output, input_files(arguments))
    with inputs_read("network", arguments.network) as network_read:
        given = arguments.tiling == "given"
        module = read_network(arguments, arguments.network, arguments.batch, given_tilings=given, run=run)
    if arguments.tiling in ("default", "greedy", "search"):
        for layer in network_of(module).layers():
            layer.tiling = None
            if given_form(layer) is None:
                layer.form = layer.formed = None
    warn_of_unmodelled(arguments.set)
    hardware_read: list[InputFile] = []
    if arguments.hw is not None:
        with inputs_read("hardware", arguments.hw) as hardware_read:
            set_hardware(module, load_machine(arguments.hw, arguments.set))
    elif HARDWARE in module.attributes:
        set_hardware(module, change_hardware(machine_of(module), arguments.set))
    elif machine_needed or arguments.set:
        raise SimdcError("choose a machine with --hw: a JSON file, or a preset such as HI1, HI2, HI3")
    add_run(module, CommandRun(__version__, arguments.command, (*network_read, *hardware_read)))
    return module


def read_network(
    arguments: Namespace,
    network: str,
    batch: int | None,
    *,
    given_tilings: bool = False,
    run: TokenRun | None = None,
) -> ModuleOp:
    """A network, read as the options of `add_reading` say."""
    return load_network(
        network,
        batch,
        given_tilings=given_tilings,
        bind=parse_bindings(arguments.bind),
        weights=parse_weights(arguments.weights),
        allow_uncosted=arguments.allow_uncosted,
        input_format=arguments.input_format,
        run=run,
    )


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
    workers: int = 1 if arguments.workers is None else arguments.workers
    if workers < 1:
        raise SimdcError(f"--workers must be positive, got {workers}")
    return default_passes(
        model,
        objective,
        steps,
        rule=rule,
        fold=not arguments.no_fold,
        fuse=not arguments.no_fuse,
        forms=arguments.form or (),
        workers=workers,
    )


def chosen_model(module: ModuleOp, arguments: Namespace) -> str:
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
