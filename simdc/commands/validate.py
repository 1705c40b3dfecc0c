"""`simdc validate`: a model's numbers beside measured ones that come with simdc."""

from __future__ import annotations

from argparse import Namespace

from .arguments import add_format, add_output
from .parser import CommandParser

SUMMARY = "a model beside what was measured: the RTL of NVIDIA's nv_small, SCALE-Sim's trace"
HELP = (
    "Sets numbers of a cost model beside measured ones that come with simdc, level by level of the model: each row "
    "with its error, the mean and the worst of each kind, and sums. Without a name it lists what is measured."
)
EPILOG = """examples:
  simdc validate
  simdc validate nv_small
  simdc validate nv_small --format json -o nv_small.json
  simdc validate nv_small --model nvdla-sheet
  simdc validate nv_small --plot nv_small.svg
"""
FORMATS = ["table", "json", "csv"]


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("name", nargs="?", help="what is measured, such as nv_small (default: list the names)")
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="another model than the one that was made for it; with options, as in 'nvdla{level=3}', it has one level",
    )
    add_format(parser, "table, json or csv", FORMATS)
    add_output(parser)
    parser.add_argument("--plot", metavar="FILE", help="draw to a .png, .svg or .pdf file as well; needs matplotlib")


def run(arguments: Namespace) -> int:
    """Raises SimdcError."""
    from simdc import __version__
    from simdc.backends.output import check_files, choose_format, open_whole, write_text
    from simdc.errors import UsageError, suggestion
    from simdc.ir.runs import CommandRun
    from simdc.pictures import check_picture
    from simdc.validation import DATA_SETS, load_data_set, titles
    from simdc.validation.plot import draw
    from simdc.validation.render import RENDERERS

    from .inputs import check_chosen

    if arguments.name is None:
        for option in sorted(arguments.given):
            raise UsageError(f"{option} goes with the name of what is measured", program="simdc validate")
        width = max(map(len, DATA_SETS))
        write_text("".join(f"{name:{width}}  {title}\n" for name, title in titles().items()), None)
        return 0
    if arguments.name not in DATA_SETS:
        known = f"there are {', '.join(DATA_SETS)}{suggestion(arguments.name, list(DATA_SETS))}"
        raise UsageError(f"nothing measured is called '{arguments.name[:80]}'; {known}", program="simdc validate")
    if arguments.model is not None:
        check_chosen(arguments.model)
    format_name = choose_format(arguments.format, arguments.output, FORMATS)
    if arguments.plot is not None:
        check_picture(arguments.plot)
        check_files([arguments.output, arguments.plot])
    data = load_data_set(arguments.name, arguments.model)
    write_text(RENDERERS[format_name](data, CommandRun(__version__, arguments.command, ())), arguments.output)
    if arguments.plot is not None:
        with open_whole(arguments.plot) as stream:
            draw(data, stream, arguments.plot)
    return 0
