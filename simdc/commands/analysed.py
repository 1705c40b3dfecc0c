"""What `--levels` and `--plot` ask of the model that priced a report, and the picture."""

from __future__ import annotations

from argparse import Namespace

from simdc.backends.report import Report, has_levels
from simdc.errors import UsageError


def check_plot(arguments: Namespace, inputs: list[str]) -> None:
    """Before the work begins: raise SimdcError for a file that no picture can be drawn to, or that is read or written
    otherwise."""
    if arguments.plot is None:
        return
    from simdc.backends.output import check_files
    from simdc.pictures import check_picture

    check_picture(arguments.plot)
    check_files([arguments.output, arguments.plot], inputs)


def check_analyses(report: Report, arguments: Namespace) -> None:
    """Raise UsageError for what the model of the report has no answer to."""
    levelled = {"--levels": arguments.levels, "--plot-kind levels": arguments.plot_kind == "levels"}
    for option, is_asked in levelled.items():
        if is_asked and not has_levels(report):
            raise UsageError(f"{option} goes with a model that has levels, such as nvdla; {report.model} has none")


def usual_kind(report: Report) -> str:
    """A model that analyses layers says most by its roofline."""
    return "roofline" if any(layer.analysis is not None for layer in report.layers) else "run"


def draw_plot(report: Report, arguments: Namespace) -> None:
    """Draw the picture that is asked for, if one is. Raises SimdcError."""
    if arguments.plot is None:
        return
    from simdc.backends.output import open_whole
    from simdc.backends.report.chart_drawing import draw

    with open_whole(arguments.plot) as stream:
        draw(report, arguments.plot_kind or usual_kind(report), stream, arguments.plot)
