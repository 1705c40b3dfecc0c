"""`simdc judge`: what the schedules of another compiler or tuner cost, thousands at once."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from .arguments import (
    HOW_TO_TRAIN,
    add_cache,
    add_format,
    add_network,
    add_output,
    add_tiling,
    add_tokens,
    add_training,
)
from .parser import CommandParser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simdc.backends.report import Report
    from simdc.backends.report.judged import JudgedSchedule
    from simdc.frontends.schedules_file import Schedule

SUMMARY = "schedules from elsewhere, thousands at once: what each costs, or why it cannot run"
HELP = (
    "Prices a file of tilings, or those that a module or a transform script says, with the model exact: the best of "
    "each layer beside simdc's own, and all of them as JSON. One that cannot run says why; none is left out."
)
EPILOG = """examples:
  simdc judge module.mlir --hw HI3 --schedules many.json
  simdc judge module.mlir --hw HI3 --schedules tiling.mlir --level 0
  simdc judge lenet5 --hw HI1 --schedules many.json --tiling search -o judged.json
"""
FORMATS = ["table", "markdown", "json"]


def add_arguments(parser: CommandParser) -> None:
    add_network(parser)
    add_cache(parser)
    parser.add_argument(
        "--schedules",
        metavar="FILE",
        required=True,
        help='JSON: a list of {"layer": NAME, "order": [LOOP, ...], "sizes": {LOOP: SIZE, ...}}, or one such tiling by '
        "layer; loops that are left out stay whole, inside of the others. MLIR: a transform script for the module, or "
        "the module itself, whose ops have lowering_config",
    )
    parser.add_argument(
        "--level",
        metavar="LEVEL",
        help="of several levels of tile sizes in MLIR the innermost whose tiles come from DRAM: 0, 1, or its name",
    )
    parser.reads("schedules")
    add_tiling(parser)
    add_training(parser)
    add_tokens(parser, many=False)
    parser.needs(HOW_TO_TRAIN, "--train")
    add_format(parser, "table, markdown or json", FORMATS)
    add_output(parser)


def run(arguments: Namespace) -> int:
    """Raises SimdcError for wrong input. Schedules that cannot run are no error."""
    from simdc.backends.output import choose_format, refuse_overwriting, width_of, write_text
    from simdc.backends.report.columns import Style
    from simdc.backends.report.judged import judged_json, judged_text
    from simdc.backends.report.stamp import made_by
    from simdc.choices import DEFAULT_MODEL
    from simdc.errors import SimdcError
    from simdc.frontends.module_schedules import read_script
    from simdc.frontends.reads import inputs_read
    from simdc.frontends.schedules_file import read_schedules

    from .one_report import report_of
    from .token_options import one_run

    name = choose_format(arguments.format, arguments.output, FORMATS)
    refuse_overwriting(arguments.output, [arguments.schedules])
    in_module = arguments.schedules.endswith(".mlir")
    if arguments.level is not None and not in_module:
        raise SimdcError("--level is for schedules in an .mlir file: those of a JSON have one level")
    with inputs_read("schedules", arguments.schedules) as schedules_read:
        script = read_script(arguments.schedules) if in_module else None
        given = [] if in_module else read_schedules(arguments.schedules)
    arguments.model = DEFAULT_MODEL
    report = report_of(arguments, one_run(arguments))
    if script is not None:
        given = _of_module(report, script, arguments)
    *earlier, last = report.runs
    report = report._replace(runs=(*earlier, last._replace(inputs=(*last.inputs, *schedules_read))))
    judged = list(_judged(report, given))
    if name == "json":
        write_text(judged_json(report, judged), arguments.output)
        return 0
    style = Style(width_of(arguments.output), name == "markdown")
    write_text(f"{judged_text(report, judged, style)}\n{made_by(report.runs, style)}\n", arguments.output)
    return 0


def _of_module(report: Report, script: tuple[str, str], arguments: Namespace) -> list[Schedule]:
    """Of the ops of the module that the network is."""
    from simdc.frontends.bindings import parse_bindings, parse_weights
    from simdc.frontends.module_schedules import schedules_of_module

    return schedules_of_module(
        arguments.network,
        script,
        {layer.name: layer.kernel.bounds for layer in report.layers},
        level=arguments.level,
        weights=parse_weights(arguments.weights),
        bind=parse_bindings(arguments.bind),
    )


def _judged(report: Report, given: Sequence[Schedule]) -> Iterator[JudgedSchedule]:
    """In the order of the file."""
    from simdc.backends.report.judged import JudgedSchedule
    from simdc.cost.hardware import Hardware
    from simdc.cost.schedules.judge import Judged, judge
    from simdc.cost.tiling import Tiling
    from simdc.errors import SimdcError

    hardware = report.hardware
    if not isinstance(hardware, Hardware):
        raise SimdcError(f"schedules are judged on machines of a systolic and a SIMD array; {hardware.title} is none")
    places: dict[str, list[int]] = {}
    found: dict[int, tuple[Tiling, Judged]] = {}
    for place, schedule in enumerate(given):
        if schedule.why:
            found[place] = schedule.tiling({}), Judged(why=schedule.why)
            continue
        places.setdefault(schedule.layer, []).append(place)
    for layer in report.layers:
        here = places.pop(layer.name, [])
        tilings = [given[place].tiling(layer.kernel.bounds) for place in here]
        verdicts = judge(layer.kernel, tilings, hardware, on_systolic=layer.multiplies)
        found.update(zip(here, zip(tilings, verdicts, strict=True), strict=True))
    for name, here in places.items():
        why = _no_such_layer(name, report)
        found.update({place: (given[place].tiling({}), Judged(why=why)) for place in here})
    return (JudgedSchedule(schedule.layer, *found[place]) for place, schedule in enumerate(given))


def _no_such_layer(name: str, report: Report) -> str:
    from simdc.backends.report.module_notes import parts_of_layers
    from simdc.errors import suggestion

    whole = parts_of_layers(report).get(name)
    if whole is not None:
        return f"it became part of '{whole}'"
    if name in [free for free, _ in report.free]:
        return "it costs nothing: there is nothing to tile"
    return f"there is no layer of this name{suggestion(name, [layer.name for layer in report.layers])}"
