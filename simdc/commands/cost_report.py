"""The cost report of a network, or its annotated IR: from the arguments of the command line to what they ask for."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from functools import partial

from simdc.backends.output import STDOUT, choose_format, open_whole, width_of, write_text
from simdc.backends.report import PLUGIN_REPORTS, REPORTS, Report, load_report
from simdc.backends.report.columns import Style
from simdc.backends.report.parquet import import_parquet, write_parquet
from simdc.errors import SimdcError, UsageError, suggestion
from simdc.streams import say

from .analysed import check_analyses, check_plot, draw_plot
from .beside import check_beside, write_beside
from .inputs import check_chosen, input_files
from .kept import kept_network
from .token_options import check_tokens, many_runs, token_run

PARQUET = "parquet"
OWN_FORMATS = (None, PARQUET, *REPORTS)
"""A plug-in's may ask for the layers' ops."""
TABLES = ("table", "markdown", "mlir")
"""What options of tables go with; that IR is no table, they say themselves."""
LAYERS_SHOWN = 3
"""In a warning; --format json names all."""


def run(arguments: Namespace) -> int:
    """Do what the command line asks for. Raises SimdcError."""
    check_passes(arguments)
    _check_arguments(arguments)
    render = _renderer(arguments)
    check_plot(arguments, input_files(arguments))
    check_beside(arguments, input_files(arguments))
    kept = None if _asks_for_ir(arguments) else kept_network(arguments, token_run(arguments))
    report = None if kept is None else kept.report(arguments)
    if report is None:
        # Not at start-up: what was lowered before needs no IR.
        from .late_methods import late_methods

        with late_methods():
            from .compiled_report import compiled_report

            report = compiled_report(arguments, kept)
    if report is None:
        return 0
    if many_runs(arguments) is not None:
        # What few runs need is imported for these.
        from .tokens import with_tokens

        report = with_tokens(report, arguments)
    check_analyses(report, arguments)
    if render is None:
        with open_whole(arguments.output) as stream:
            write_parquet(report, stream)
    else:
        write_text(render(report), arguments.output)
    draw_plot(report, arguments)
    write_beside(report, arguments)
    for message, layers in report.warnings().items():
        say(f"simdc: warning: {_warning(report.model, message, layers)}")
    return 0


def _asks_for_ir(arguments: Namespace) -> bool:
    """Whether there is more to show than a report by the default passes."""
    of_ir = (arguments.passes, arguments.print_ir_after, arguments.annotate)
    return arguments.emit_ir or any(each is not None for each in of_ir) or arguments.format not in OWN_FORMATS


def check_passes(arguments: Namespace) -> None:
    """Raise SimdcError for passes that are not there, before anything else is looked at."""
    if arguments.passes is not None:
        from simdc.passes.pipeline import parse_pipeline

        parse_pipeline(arguments.passes)


def _warning(model: str, message: str, layers: list[str]) -> str:
    """One line, however many layers there are."""
    shown = ", ".join(layers[:LAYERS_SHOWN]) + (", ..." if len(layers) > LAYERS_SHOWN else "")
    return f"model {model}, {len(layers)} layer{'' if len(layers) == 1 else 's'} ({shown}): {message}"


def _check_arguments(arguments: Namespace) -> None:
    check_tokens(arguments)
    if arguments.no_fold and arguments.passes is not None:
        raise UsageError("--no-fold chooses the pipeline; with -p, leave simdc-tidy out of it")
    if arguments.no_fuse and arguments.passes is not None:
        raise UsageError("--no-fuse chooses the pipeline; with -p, leave simdc-fuse-chains and -attention out of it")
    if arguments.form and arguments.passes is not None:
        raise UsageError("--form chooses the pipeline; with -p, name it there: simdc-choose-form{forms=...}")
    if arguments.tiling == "search" and arguments.passes is not None:
        raise UsageError("--tiling search chooses the pipeline; with -p, name simdc-search-tiling in it")
    if arguments.model is not None:
        if arguments.passes is not None:
            raise UsageError("--model chooses the pipeline; with -p, name it there: simdc-annotate-cost{model=...}")
        check_chosen(arguments.model)


def _renderer(arguments: Namespace) -> Callable[[Report], str] | None:
    """The function to the text of the report; of IR where `--emit-ir` asks for that, which the suffix must not deny.
    None for Parquet, which is no text."""
    given = "mlir" if arguments.emit_ir else arguments.format
    name = choose_format(given, arguments.output, [*REPORTS, PARQUET, "mlir"], PLUGIN_REPORTS.names)
    if name == "mlir" and not arguments.emit_ir:
        raise UsageError(f"IR is printed with --emit-ir; the formats of a report are {', '.join(REPORTS)}")
    if arguments.layers and name not in TABLES:
        raise UsageError(f"--layers is for tables; {name} lists every layer")
    if arguments.verbose and name not in TABLES:
        raise UsageError(f"--verbose is for tables; {name} names every node")
    if name == "csv" and (many := many_runs(arguments)) is not None:
        raise UsageError(f"{many} is in the table and in json; csv lists the layers of one run")
    if arguments.levels and name not in TABLES:
        raise UsageError("--levels is for tables; json has them with each layer")
    if name == PARQUET:
        if arguments.output in (None, STDOUT):
            raise UsageError("--format parquet writes a file; name it with -o")
        import_parquet()
        return None
    try:
        render = load_report("table" if arguments.emit_ir else name)
    except KeyError:
        known = [*REPORTS, PARQUET, *PLUGIN_REPORTS.names()]
        hint = suggestion(name, known)
        message = f"--format: there is no format '{name[:80]}'; known formats: {', '.join(known)}{hint}"
        raise SimdcError(message) from None
    if name not in TABLES:
        return render
    shown = partial(render, every_layer=arguments.layers, levels=arguments.levels, names=arguments.verbose)
    return partial(shown, style=Style(width_of(arguments.output))) if name == "table" else shown
