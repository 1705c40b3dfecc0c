"""`simdc explore`: what networks cost on every machine of a space, and which machines are worth building."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simdc import __version__
from simdc.choices import SPACE_OBJECTIVES, TILINGS

from .arguments import HOW_TO_TRAIN, NETWORK, add_format, add_lengths, add_model, add_output, add_reading, add_training
from .parser import CommandParser

if TYPE_CHECKING:
    from simdc.cost.machines import AnyMachine
    from simdc.explore.exploration import Exploration
    from simdc.explore.findings import Findings
    from simdc.explore.space_file import NetworkEntry, SpaceFile
    from simdc.explore.tasks import Runner
    from simdc.ir.runs import CommandRun, InputFile

SUMMARY = "networks on every machine of a space: the best, the cheap that are almost best, what each choice changes"
HELP = (
    "Prices networks on every machine of a space: fields of the hardware with the values they may take, and budgets on "
    "their sums. Tells the best and the worst machine, the Pareto front, cheap machines that are almost best, and what "
    "each choice alone changes."
)
EPILOG = """examples:
  simdc explore resnet50 --space space.json --model simdit
  simdc explore resnet50 resnet18 --space space.json --hw HI3 --objective edp --workers 2 --resume journal.jsonl
  simdc explore resnet50 --space space.json --batch 1,8,32
  simdc explore llama_8b --space space.json --decode --context 128,2048,8192
  simdc explore resnet50 --space space.json --tiling search --dask tcp://node1:8786 --resume journal.jsonl
  simdc explore --space space.json --format csv -o machines.csv --plot landscape.png
"""
INTERRUPTED = 130
FORMATS = ["table", "json", "csv", "parquet"]


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "network",
        nargs="*",
        help=f"networks, each {NETWORK}; several count with equal weight (default: those that the space names)",
    )
    parser.add_argument("--space", required=True, metavar="FILE", help="the space: a JSON file, see docs/explore.md")
    parser.add_argument("--hw", metavar="MACHINE", help="the machine to vary, instead of the space's `base`")
    add_reading(parser, "count as so many networks")
    add_lengths(parser)
    add_model(parser, "prices")
    parser.add_argument(
        "--tiling",
        default="default",
        choices=[each for each in TILINGS if each != "given"],
        help="tile as the model does by default, or greedily (faster, but more memory can cost cycles), or search the "
        "best schedule of each layer on each machine",
    )
    parser.add_argument(
        "--objective",
        choices=[*SPACE_OBJECTIVES],
        help="what the best machine has the least of (default: the space's, or cycles)",
    )
    add_training(parser)
    parser.add_argument("--top", type=int, default=10, metavar="N", help="machines in the ranking (default 10)")
    add_format(parser, "table and json tell what was found, csv and parquet list every machine", FORMATS)
    add_output(parser)
    parser.add_argument("--plot", metavar="FILE", help="draw to a .png, .svg or .pdf file as well; needs matplotlib")
    parser.add_argument(
        "--plot-kind",
        default="landscape",
        choices=["landscape", "sensitivity", "pareto", "map"],
        help="what to draw: all machines, best first (default); one choice at a time; the front; two choices",
    )
    parser.add_argument("--map", nargs=2, metavar=("DOWN", "ACROSS"), help="the two choices of --plot-kind map")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--workers", type=int, default=1, metavar="N", help="processes that work (default 1)")
    where.add_argument("--dask", metavar="ADDRESS", help="a Dask scheduler whose workers do the work: tcp://host:8786")
    parser.add_argument(
        "--resume", metavar="FILE", help="keep what is finished in this file, and continue from what it holds"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    parser.reads("network", "space", "hw")
    parser.needs(["--plot-kind"], "--plot")
    parser.needs(["--map"], "--plot-kind map")


def run(arguments: Namespace) -> int:
    """Raises SimdcError. Interrupted, it reports what is done and returns 130."""
    from simdc.backends.output import choose_format, open_whole
    from simdc.errors import SimdcError, UsageError
    from simdc.explore.cluster import on_dask
    from simdc.explore.exploration import Exploration
    from simdc.explore.findings import find
    from simdc.explore.plots import draw
    from simdc.explore.space_file import NetworkEntry
    from simdc.frontends.presets import find_file
    from simdc.ir.runs import CommandRun
    from simdc.passes.search_tiling import check_search
    from simdc.pictures import check_picture
    from simdc.workers import local

    from .explored import explored
    from .inputs import check_chosen

    if arguments.workers < 1:
        raise UsageError(f"--workers must be at least 1, got {arguments.workers}", program="simdc explore")
    name = choose_format(arguments.format, arguments.output, FORMATS)
    check_chosen(arguments.model)
    if arguments.tiling == "search":
        try:
            check_search(arguments.model)
        except ValueError as error:
            raise SimdcError(f"--tiling search: {error}") from None
    if name == "parquet" and arguments.output in (None, "-"):
        raise UsageError("--format parquet writes a file: name it with -o", program="simdc explore")
    if arguments.plot is not None:
        check_picture(arguments.plot)
    runner = local(arguments.workers) if arguments.dask is None else on_dask(arguments.dask)
    inputs: list[InputFile] = []
    given = _space(arguments, inputs)
    entries = [NetworkEntry(each) for each in arguments.network] or list(given.networks)
    _refuse_what_has_no_effect(arguments, entries, name)
    _refuse_overwriting(arguments, [find_file(entry.network, "networks") for entry in entries])
    networks = [each for entry in entries for each in explored(entry, arguments, inputs)]
    exploration = Exploration(given.space, networks, arguments.model, arguments.tiling)
    complete = _work(exploration, runner, arguments)
    findings = find(exploration, exploration.survey(), arguments.top, runner)
    _write(findings, CommandRun(__version__, arguments.command, tuple(inputs)), name, arguments.output)
    if arguments.plot is not None:
        axes = None if arguments.map is None else tuple(arguments.map)
        with open_whole(arguments.plot) as stream:
            draw(findings, arguments.plot_kind, stream, arguments.plot, axes)
    return 0 if complete else INTERRUPTED


def _space(arguments: Namespace, inputs: list[InputFile]) -> SpaceFile:
    """The space; what it was read from is appended to `inputs`, as by `_network`."""
    from pathlib import Path

    from simdc.errors import SimdcError
    from simdc.explore.space_file import read_space
    from simdc.frontends.hardware_file import MAX_BYTES, load_machine
    from simdc.frontends.json_text import name_of, parse_object, read_text
    from simdc.frontends.presets import find_file
    from simdc.frontends.reads import inputs_read

    from .inputs import warn_of_unmodelled

    def load_base(named: str | None) -> AnyMachine:
        source = arguments.hw or named
        if source is None:
            raise SimdcError("names no 'base' machine; name one there or with --hw", file=arguments.space)
        beside = Path(arguments.space).parent / source
        path = str(beside) if arguments.hw is None and beside.is_file() else find_file(source, "hardware")
        _refuse_overwriting(arguments, [arguments.space, path])
        warn_of_unmodelled(arguments.set)
        with inputs_read("hardware", source) as found:
            base = load_machine(path, arguments.set)
        inputs.extend(found)
        return base

    file = name_of(arguments.space)
    with inputs_read("space", arguments.space) as found:
        text = read_text(arguments.space, MAX_BYTES)
    inputs.extend(found)
    return read_space(parse_object(text, file), file, load_base, arguments.objective)


def _refuse_what_has_no_effect(arguments: Namespace, entries: Sequence[NetworkEntry], name: str) -> None:
    """Options that do something or nothing, depending on what the space says. `name` is the format's."""
    from simdc.errors import SimdcError, UsageError

    if not entries:
        raise SimdcError("name a network, or several in the space's 'networks'", file=arguments.space)
    idle: str | None = None
    if not arguments.train and not any(entry.train for entry in entries):
        idle = next((f"{each} goes with --train" for each in HOW_TO_TRAIN if each in arguments.given), None)
    if arguments.batch is not None:
        own = next((entry for entry in entries if entry.batch is not None), None)
        idle = idle if own is None else f"--batch: the space gives '{own.network}' a batch of its own, {own.batch}"
    if "--top" in arguments.given and name not in ("table", "json"):
        idle = f"--top goes with --format table or json; {name} has every machine"
    if idle is not None:
        raise UsageError(idle, program="simdc explore")


def _refuse_overwriting(arguments: Namespace, inputs: Sequence[str]) -> None:
    """Nothing that is written may take the place of these files, or of another that is written."""
    from simdc.backends.output import check_files

    check_files([arguments.output, arguments.plot, arguments.resume], inputs)


def _work(exploration: Exploration, runner: Runner, arguments: Namespace) -> bool:
    """Whether everything was done; False when it was interrupted."""
    from contextlib import ExitStack

    from simdc.explore.journal import Journal
    from simdc.streams import say

    from .progress import Progress

    with ExitStack() as stack:
        journal = None
        if arguments.resume is not None:
            journal = Journal(arguments.resume, exploration.job)
            stack.callback(journal.close)
            for remark in journal.remarks:
                say(f"{arguments.resume}: {remark}")
            exploration.finished |= journal.finished
        sizes = {number: task.stop - task.start for number, task in enumerate(exploration.job.tasks)}
        progress = stack.enter_context(
            Progress(sum(sizes[number] for number in exploration.left), "point", quiet=arguments.quiet)
        )
        try:
            exploration.run(runner, journal, lambda number: progress.advance(by=sizes[number]))
        except KeyboardInterrupt:
            return False
    return True


def _write(findings: Findings, run: CommandRun, name: str, output: str | None) -> None:
    """`name` is the format's; `run` is what tables and JSON say that they are of."""
    import numpy as np

    from simdc.backends.output import open_whole, write_text
    from simdc.backends.report.analysed import foundation
    from simdc.backends.report.stamp import footer, provenance
    from simdc.explore.data import csv_chunks, render_json, write_parquet
    from simdc.explore.table import render_table

    every = np.arange(len(findings.survey.numbers))
    if name == "parquet":
        with open_whole(output or "") as stream:
            write_parquet(findings.survey, every, stream)
        return
    if name == "csv":
        text = "".join(csv_chunks(findings.survey, every))
    elif name == "json":
        text = render_json(findings, provenance([run]))
    else:
        rests = [f"{each}; what the space varies is assumed" for each in foundation(findings.space.base)]
        text = "\n".join([render_table(findings), *rests, footer(findings.space.base, [run]), ""])
    write_text(text, output)
