"""The command line itself: what is wrong with it is one line and exit code 2, and no option is dropped in silence."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from simdc.cli import main
from simdc.commands import COMMANDS
from simdc.commands.parser import Collect, CommandParser
from simdc.errors import suggestion
from simdc.frontends.presets import presets
from tests.ir.networks import written

DSL = "network n(x: 3x8x8) {\n  return x -> conv(4, 3) -> relu -> flatten -> fc(5)\n}\n"
SPACE = {"schema": "simdc-space/1", "base": "HI1", "fields": {"simd.lanes": [16, 32]}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    written(tmp_path, DSL)
    written(tmp_path, json.dumps(SPACE), "space.json")
    written(tmp_path, json.dumps({**SPACE, "networks": [{"network": "net.dsl", "batch": 2}]}), "batches.json")
    written(tmp_path, json.dumps({**SPACE, "networks": [{"network": "net.dsl", "train": True}]}), "trains.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The line that is said; nothing is printed or written."""
    before = {path: path.read_bytes() for path in Path.cwd().iterdir() if path.is_file()}
    assert main(words) == 2, words
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith("\n")
    assert said.err.count("\n") == 1
    assert before == {path: path.read_bytes() for path in Path.cwd().iterdir() if path.is_file()}
    return said.err.rstrip("\n")


def parser(command: str) -> CommandParser:
    job = import_module(COMMANDS[command])
    made = CommandParser(f"simdc {command}", job.HELP, job.EPILOG)
    job.add_arguments(made)
    return made


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("net.dsl --hw HI3 --btach 3", "no option '--btach'; did you mean '--batch'?"),
        ("net.dsl --hw HI3 --btach=3", "no option '--btach'; did you mean '--batch'?"),
        ("--btach 3 net.dsl --hw HI3", "no option '--btach'; did you mean '--batch'?"),
        ("net.dsl --hw HI3 --opt adam", "no option '--opt'; did you mean '--optimizer'?"),
        ("net.dsl --hw HI3 --zzz", "no option '--zzz'; simdc --help lists the options"),
        ("net.dsl --hw HI3 -x", "no option '-x'; "),
        (
            "net.dsl --hw HI3 --tiling serach --train",
            "argument --tiling: there is no 'serach'; there are default, greedy, given, ",
        ),
        ("net.dsl --hw HI3 --tiling serach", "search; did you mean 'search'?"),
        ("net.dsl --hw", "argument --hw: expected one argument"),
        ("", "the following arguments are required: network"),
        ("vefiry x", "no command or network 'vefiry'; did you mean 'verify'?"),
        ("Verify net.dsl", "no command or network 'Verify'; did you mean 'verify'?"),
        ("explroe --space space.json", "no command or network 'explroe'; did you mean 'explore'?"),
        ("explain net.dsl conv1 net.dsl", "'net.dsl' is one argument too many"),
        ("help vefiry", "no command 'vefiry'; did you mean 'verify'?"),
        (
            "help zzz",
            "no command 'zzz'; there are cost, explain, explore, grow, verify, judge, compare, diff",
        ),
        ("net.dsl --list passes", "'net.dsl' is one argument too many"),
        ("list wishes", "argument KIND: there is no 'wishes'; there are passes, models"),
    ],
)
def test_one_line_says_what_is_wrong(words: str, says: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert says in refused(capsys, *words.split())


def test_no_network_that_comes_with_simdc_is_taken_for_a_command() -> None:
    assert not [name for name in presets("networks") if suggestion(name, [*COMMANDS, "help", "version"])]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("net.dsl --hw HI1 --batch 1 --batch 2", "--batch is given 2 times; it takes one value"),
        ("net.dsl --hw HI1 --layers --format json", "--layers is for tables; json lists every layer"),
        ("net.dsl --hw HI1 --layers -o x.json", "--layers is for tables; json lists every layer"),
        ("net.dsl --hw HI1 --emit-ir --layers", "--layers and --emit-ir exclude each other"),
        ("net.dsl --hw HI1 --levels", "--levels goes with a model that has levels, such as nvdla; exact has none"),
        (
            "net.dsl --hw nv_small --model nvdla --levels -o x.csv",
            "--levels is for tables; json has them with each layer",
        ),
        ("net.dsl --hw nv_small --model nvdla --levels --emit-ir", "--levels and --emit-ir exclude each other"),
        ("net.dsl --hw HI1 --emit-ir --format table", "--format and --emit-ir exclude each other"),
        ("net.dsl --hw HI1 --emit-ir --emit-cost", "--emit-cost and --emit-ir exclude each other"),
        ("net.dsl --hw HI1 --generic", "--generic goes with --emit-ir"),
        ("net.dsl --hw HI1 --objective edp", "--objective goes with --tiling search"),
        ("net.dsl --hw HI1 --objective edp --tiling greedy", "--objective goes with --tiling search"),
        (
            "net.dsl --hw HI1 --model simdit -p simdc-split-units",
            "--model chooses the pipeline; with -p, name it there",
        ),
        ("net.dsl --hw HI1 --optimizer sgd", "--optimizer goes with --train"),
        ("net.dsl --hw HI1 --weight-decay 0", "--weight-decay goes with --train"),
        ("verify net.dsl --hw HI1 --master-weights", "--master-weights goes with --train"),
        ("compare net.dsl --hw HI1 --with x --input-grad", "--input-grad goes with --train"),
        ("verify net.dsl --hw HI1 --objective edp", "--objective goes with --tiling search"),
        ("explore net.dsl --space space.json --optimizer adam", "--optimizer goes with --train"),
        ("explore --space batches.json --batch 3", "--batch: the space gives 'net.dsl' a batch of its own, 2"),
        ("explore net.dsl --space space.json --top 3 --format csv", "--top goes with --format table or json"),
        ("explore net.dsl --space space.json --top 3 -o x.csv", "--top goes with --format table or json"),
        ("explore net.dsl --space space.json --plot-kind pareto", "--plot-kind goes with --plot"),
        ("explore net.dsl --space space.json --plot x.png --map a b", "--map goes with --plot-kind map"),
        ("explore net.dsl --space space.json --workers 2 --dask x", "not allowed with argument"),
        ("explore net.dsl --space space.json -o x.parquet --format json", "the suffix contradicts --format json"),
        ("explore net.dsl --space space.json --format parquet -o -", "--format parquet writes a file"),
        ("- --hw -", "standard input can be read only once"),
        ("/dev/stdin --hw -", "standard input can be read only once"),
        ("explore - - --space space.json", "standard input can be read only once"),
        ("explore - --space -", "standard input can be read only once"),
        ("compare - --hw HI1 --with -", "standard input can be read only once"),
    ],
)
def test_what_would_have_no_effect_is_refused(
    words: str, says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in refused(capsys, *words.split())


def test_a_setting_without_a_machine_is_not_dropped(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["net.dsl", "--set", "simd.lanes=8", "-p", "", "--emit-ir"]) == 1
    assert "choose a machine with --hw" in capsys.readouterr().err


def test_training_that_the_space_asks_for_takes_an_optimizer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    for optimizer in ("sgd", "adam"):
        assert main(["explore", "--space", "trains.json", "--optimizer", optimizer, "--format", "csv"]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] != said[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_with_one_value_is_given_once(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every option of every command that neither collects values nor takes none."""
    single = [each for each in parser(command)._actions if each.option_strings and each.nargs != 0]
    single = [each for each in single if not isinstance(each, Collect)]
    assert len(single) > 5 or command in ("validate", "list", "diff", "completion")
    for action in single:
        value = next(iter(action.choices)) if action.choices else "1"
        values = [value] * (action.nargs if isinstance(action.nargs, int) else 1)
        for name in action.option_strings:
            assert main([command, "net.dsl", *[action.option_strings[-1], *values], *[name, *values]]) == 2
            last = action.option_strings[-1]
            assert f"{last} is given 2 times; it takes one value" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "options", "start"),
    [
        ("x.json", (), "{"),
        ("x.JSON", (), "{"),
        ("x.csv", (), "name,op,"),
        ("x.txt", (), "n: inference"),
        ("x", (), "n: inference"),
        ("x.mlir", ("--emit-ir",), "builtin.module"),
        ("x.txt", ("--emit-ir",), "builtin.module"),
        ("x.json", ("--format", "json"), "{"),
        ("x.out", ("--format", "json"), "{"),
        ("x.txt", ("--format", "csv"), "name,op,"),
        ("x.v2", ("--format", "table"), "n: inference"),
    ],
)
def test_the_suffix_of_the_file_is_its_format(name: str, options: tuple[str, ...], start: str, folder: Path) -> None:
    assert main(["net.dsl", "--hw", "HI1", "-o", name, *options]) == 0
    assert (folder / name).read_text().startswith(start)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            "net.dsl --hw HI1 -o x.html",
            "there is no format 'html'; .markdown, .json, .csv, .parquet, .mlir or .txt, or choose with --format; "
            "`simdc report` writes pages",
        ),
        ("net.dsl --hw HI1 -o x.json --format csv", "-o x.json: the suffix contradicts --format csv"),
        ("net.dsl --hw HI1 -o x.json --format table", "-o x.json: the suffix contradicts --format table"),
        ("net.dsl --hw HI1 -o x.json --emit-ir", "-o x.json: the suffix contradicts"),
        ("net.dsl --hw HI1 -o x.mlir", "IR is printed with --emit-ir"),
        ("verify net.dsl --hw HI1 -o x.csv", "there is no format 'csv'; .json or .txt"),
        ("compare net.dsl --hw HI1 --with net.dsl -o x.json", "there is no format 'json': it is a table, name it .txt"),
        ("explore net.dsl --space space.json -o x.html", "there is no format 'html'; .json, .csv, .parquet or .txt"),
    ],
)
def test_a_suffix_that_says_something_else(
    words: str, says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in refused(capsys, *words.split())


@pytest.mark.parametrize(
    ("words", "over"),
    [
        ("net.dsl --hw HI1 -o net.dsl --format table", "net.dsl"),
        ("net.dsl --hw HI1 -o link --format json", "net.dsl"),
        ("net.dsl --hw hw.json -o hw.json", "hw.json"),
        ("verify net.dsl --hw hw.json -o hw.json", "hw.json"),
        ("compare net.dsl --hw HI1 --with result.txt -o result.txt", "result.txt"),
        ("explore net.dsl --space space.json -o space.json", "space.json"),
        ("explore net.dsl --space space.json --hw hw.json -o hw.json", "hw.json"),
        ("explore --space batches.json --format csv -o net.dsl", "net.dsl"),
        ("explore net.dsl --space space.json --resume net.dsl", "net.dsl"),
    ],
)
def test_no_output_takes_the_place_of_an_input(
    words: str, over: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "link").symlink_to("net.dsl")
    for name in ("hw.json", "result.txt", "j.json"):
        written(folder, "{}", name)
    said = refused(capsys, *words.split())
    assert said.endswith(f"would be written over '{over}', which is read; name another file")


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs matplotlib")
@pytest.mark.parametrize("stands", [None, "precious"])
@pytest.mark.parametrize(
    "words",
    [
        "net.dsl --hw nv_small --model nvdla --format json -o x.svg --plot x.svg",
        "net.dsl --hw nv_small --model nvdla --format json -o x.svg --plot ./x.svg",
        "grow net.dsl --hw nv_small --model nvdla --format json -o x.svg --plot x.svg",
        "validate nv_small --format json -o x.svg --plot x.svg",
        "explore net.dsl --space space.json --format json -o x.svg --plot x.svg",
        "explore net.dsl --space space.json --format json -o x.svg --resume x.svg",
        "explore net.dsl --space space.json --format json -o y.json --plot x.svg --resume x.svg",
    ],
)
def test_no_output_takes_the_place_of_another(
    words: str, stands: str | None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if stands is not None:
        written(folder, stands, "x.svg")
    said = refused(capsys, *words.split())
    assert "two results would be written to " in said
    assert said.endswith("x.svg; name another file")


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs matplotlib")
@pytest.mark.parametrize(
    "words", ["{} --hw nv_small --model nvdla --plot", "grow {} --hw nv_small --model nvdla --plot"]
)
def test_no_picture_takes_the_place_of_a_network(words: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "x.svg").write_bytes((folder / "net.dsl").read_bytes())
    said = refused(capsys, *words.format("x.svg").split(), "x.svg", "--input-format", "dsl")
    assert said.endswith("would be written over 'x.svg', which is read; name another file")


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--help"], ["-h"], ["help"]):
        assert main(words) == 0
        text = capsys.readouterr().out
        for name, place in COMMANDS.items():
            assert f"\n  {name:<8}  {import_module(place).SUMMARY}\n" in text
        assert "--tiling {default,greedy,given,search}" in text
        assert "exit codes: 0 done;" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_page_of_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["help", command], [command, "--help"], [command, "x", "-h"]):
        assert main(words) == 0
        assert capsys.readouterr().out == parser(command).format_help().rstrip("\n") + "\n\n" + EXIT_CODES


EXIT_CODES = """exit codes: 0 done; 1 what was asked for cannot be done, or `verify` found a difference;
2 the command line is wrong; 130 interrupted; 141 the reader of the output went away
"""


def test_cost_needs_not_be_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "net.dsl", "--hw", "HI1"]) == 0
    named = capsys.readouterr().out
    assert main(["net.dsl", "--hw", "HI1"]) == 0
    assert capsys.readouterr().out == named
    assert main(["--hw", "HI1", "net.dsl"]) == 0
    # In the order in which it was typed.
    assert capsys.readouterr().out == named.replace("simdc net.dsl --hw HI1", "simdc --hw HI1 net.dsl")


def test_a_name_almost_right(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("net.dls", "./net.dls", str(folder / "nte.dsl")):
        assert main([name, "--hw", "HI1"]) == 1
        assert capsys.readouterr().err == f"{name}: there is no such file; did you mean 'net.dsl'?\n"


def test_a_name_that_is_there_and_cannot_be_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "folder.dsl").mkdir()
    (folder / "loop.json").symlink_to("loop.json")
    for dots in ("", "./"):
        assert main([f"{dots}folder.dsl", "--hw", "HI1"]) == 1
        assert capsys.readouterr().err == f"{dots}folder.dsl: is a directory, expected a file\n"
        assert main(["net.dsl", "--hw", f"{dots}loop.json"]) == 1
        assert capsys.readouterr().err.startswith(f"{dots}loop.json: cannot be read: ")


def test_verify_searches_the_tilings_that_it_verifies(capsys: pytest.CaptureFixture[str]) -> None:
    """Greedy cuts fc1 of LeNet-5 into 32 tiles of 16 outputs."""
    tiles: list[str] = []
    for options in (("--tiling", "greedy"), ("--tiling", "search")):
        assert main(["verify", "lenet5", "--hw", "HI1", *options]) == 0
        rows = capsys.readouterr().out.splitlines()
        tiles.append(next(row.split()[2] for row in rows if row.startswith("fc1 ")))
    assert tiles[0] == "32"
    assert tiles[1] != "32"
