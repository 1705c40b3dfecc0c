"""A network of the command line that was lowered before: found by what it was made of, priced without IR.

What the command line asks for beyond default or greedy tilings goes through the IR, and so does whatever cannot be
read, priced or found, so that every error is the one of that way.
"""

from __future__ import annotations

import os
from argparse import Namespace
from typing import TYPE_CHECKING

from simdc import __version__
from simdc.backends.cache_folder import cache_folder, read_cached, write_cached
from simdc.backends.lowered.data import NotKept, from_bytes, to_bytes
from simdc.backends.lowered.key import key_of
from simdc.backends.output import refuse_overwriting
from simdc.backends.report import Report
from simdc.backends.report.from_lowered import lowered_report
from simdc.choices import DEFAULT_MODEL
from simdc.cost.guards import InvariantError
from simdc.cost.machines import AnyMachine
from simdc.cost.model import check_machine
from simdc.cost.model_table import MODELS, load_model
from simdc.cost.tiling import TilingError
from simdc.digests import sha256_digits
from simdc.errors import SimdcError
from simdc.frontends import FRONT_ENDS
from simdc.frontends.hardware_file import load_machine
from simdc.frontends.presets import find_file, is_stream
from simdc.frontends.reads import inputs_read
from simdc.ir.runs import CommandRun, InputFile
from simdc.ir.token_run import TokenRun
from simdc.plugins import Group

from .inputs import input_files, warn_of_unmodelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xdsl.dialects.builtin import ModuleOp
    from xdsl.passes import ModulePass

OFF = "SIMDC_NO_CACHE"
KIND = "networks"
FORMS = "simdc-choose-form"
"""The pass that begins to price: what stands before it is kept."""
MOST_BYTES = 64 * 2**20
"""Of a network file; what is larger takes long to read and keeps few layers."""
IN_NO_NETWORK = frozenset(
    {"command", "given", "no_cache", "hw", "machines", "networks", "set", "tiling", "model"}
    | {"decode", "context", "generate", "layer", "explain", "result", "schedules", "level"}
    | {"output", "format", "layers", "levels", "verbose", "plot", "plot_kind", "trace", "emit_cost"}
)
"""Options that change nothing of what is lowered, or that the key has otherwise; every other one does, so that a new
one cannot be forgotten."""


class KeptNetwork:
    """Where a lowered network is, or goes to."""

    def __init__(self, path: str, key: str, digest: str, hardware: AnyMachine, machine_read: list[InputFile]):
        self._path, self._key, self._digest = path, key, digest
        self._hardware, self._machine_read = hardware, machine_read
        self._data: bytes | None = None

    def report(self, arguments: Namespace) -> Report | None:
        """The report of the network, None where it was not kept or has none. Raises SimdcError for an output that
        would be written over an input."""
        data = read_cached(self._path)
        if data is None:
            return None
        try:
            network = from_bytes(data, self._key)
            spec = arguments.model or DEFAULT_MODEL
            model = load_model(spec, network.phase)
            check_machine(model, self._hardware)
            run = CommandRun(__version__, arguments.command, (*network.inputs, *self._machine_read))
            rule = "greedy" if arguments.tiling == "greedy" else "default"
            report = lowered_report(network, model, spec, self._hardware, run, rule)
        except (NotKept, SimdcError, TilingError, InvariantError, ValueError, KeyError):
            return None
        refuse_overwriting(arguments.output, input_files(arguments))
        warn_of_unmodelled(arguments.set)
        return report

    def watch(self, module: ModuleOp, pipeline: Sequence[ModulePass]) -> Callable[[ModulePass], None]:
        """What to call after each pass of a pipeline that runs over a module."""
        names = [step.name for step in pipeline]
        place = names.index(FORMS) if FORMS in names else 0

        def after(done: ModulePass) -> None:
            if place and done is pipeline[place - 1]:
                self._lowered(module)

        return after

    def _lowered(self, module: ModuleOp) -> None:
        """Take down what there is to keep of a module before its forms are chosen."""
        from simdc.backends.report.lowering import lowered_network
        from simdc.ir.provenance import runs_of

        inputs = [each for each in runs_of(module)[-1].inputs if each.role == "network"]
        # Other files may have been read with it, or this one changed meanwhile; and plug-ins are code that the key does
        # not know.
        if [each.sha256 for each in inputs] != [self._digest] or any(group.was_asked for group in Group.groups):
            return
        network = lowered_network(module, inputs)
        try:
            self._data = None if network is None else to_bytes(network, self._key)
        except NotKept:
            return

    def write(self) -> None:
        """Keep what was taken down, once all of it has a price."""
        if self._data is not None:
            write_cached(self._path, self._data)


def kept_network(arguments: Namespace, run: TokenRun | None = None) -> KeptNetwork | None:
    """Where the network of the command line is kept for the tokens of `run`, None for one that is not."""
    if not _may_be_kept(arguments):
        return None
    try:
        path = find_file(arguments.network, "networks")
        if _kind(path, arguments) not in FRONT_ENDS or os.path.getsize(path) > MOST_BYTES:
            return None
        with open(path, "rb") as stream:
            data = stream.read()
        with inputs_read("hardware", arguments.hw) as machine_read:
            hardware = load_machine(arguments.hw, arguments.set)
    except (SimdcError, OSError, ValueError):
        return None
    key = key_of(data, _lowering_options(arguments, run), hardware)
    return KeptNetwork(os.path.join(cache_folder(KIND), key), key, sha256_digits(data), hardware, machine_read)


def _lowering_options(arguments: Namespace, run: TokenRun | None) -> dict[str, object]:
    """What is lowered depends on. Commands have different options: one that there is not counts as not given."""
    given = {name: value for name, value in sorted(vars(arguments).items()) if name not in IN_NO_NETWORK}
    asked = {name: value for name, value in given.items() if not (value is None or value is False or value == [])}
    return {**asked, "model": arguments.model or DEFAULT_MODEL, "run": None if run is None else tuple(run)}


def _may_be_kept(arguments: Namespace) -> bool:
    """Whether prices by the default passes are asked for, of files."""
    return (
        not (os.environ.get(OFF) or arguments.no_cache)
        and arguments.form is None
        and arguments.tiling in (None, "default", "greedy")
        and (arguments.model or DEFAULT_MODEL).partition("{")[0] in MODELS
        and arguments.hw is not None
        and not any(is_stream(each) for each in (arguments.network, arguments.hw))
    )


def _kind(path: str, arguments: Namespace) -> str:
    return arguments.input_format or os.path.splitext(path)[1].lower().removeprefix(".")
