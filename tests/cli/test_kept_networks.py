"""The command on networks that it has lowered before: the same answers, without the IR."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simdc.backends.cache_folder import cache_folder
from simdc.cli import main
from simdc.commands import kept
from simdc.plugins import Group, rescan
from tests.ir.networks import written

ROOT = Path(__file__).resolve().parents[2]
TEXT = "network n(x: 3x8x8) {\n  return x -> conv(4, 3) -> bn -> relu -> flatten -> fc(5)\n}\n"


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv(kept.OFF)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # As in a process of its own: tests before may have looked for plug-ins.
    rescan()
    return written(tmp_path, TEXT)


def files() -> list[str]:
    folder = cache_folder(kept.KIND)
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def refuse_ir(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever goes through the IR fail from now on."""
    monkeypatch.setitem(sys.modules, "simdc.commands.compiled_report", None)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    assert main(arguments) == 0
    said = capsys.readouterr()
    return said.out, said.err


@pytest.mark.parametrize(
    "options",
    [
        ("--hw", "HI3"),
        ("--hw", "HI3", "--layers", "-v"),
        ("--hw", "HI3", "--format", "json"),
        ("--hw", "HI3", "--format", "csv", "--batch", "4"),
        ("--hw", "HT1", "--train", "--optimizer", "adam", "--format", "json"),
        ("--hw", "HI3", "--no-fold", "--no-fuse", "--tiling", "greedy"),
        ("--hw", "HI1", "--model", "simdit"),
        ("--hw", "nv_small", "--model", "nvdla{level=3}", "--levels"),
        ("--hw", "HI3", "--set", "simd.immediate_memory_bits=2048", "--set", "simd.lanes=32"),
    ],
    ids=" ".join,
)
def test_the_second_run_says_the_same_without_ir(
    net: str, options: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    without = run(capsys, net, *options, "--no-cache")
    assert files() == []
    assert run(capsys, net, *options) == without
    assert len(files()) == 1
    refuse_ir(monkeypatch)
    assert run(capsys, net, *options) == without
    assert len(files()) == 1


def test_the_second_run_imports_no_compiler(net: str) -> None:
    code = (
        "import sys; from simdc.cli import main; main(sys.argv[1:]); "
        "print([name for name in ('xdsl', 'lark', 'numpy') if name in sys.modules])"
    )
    for imported in ("['xdsl']", "[]"):
        done = subprocess.run(
            [sys.executable, "-c", code, net, "--hw", "HI3"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == imported
        assert done.stderr == ""


def test_the_second_run_compiles_no_names_in_quotes_and_knows_no_plug_ins(net: str) -> None:
    code = (
        "import sys, typing\n"
        "from simdc.cli import main\n"
        "made, make = [], typing.ForwardRef.__init__\n"
        "def counted(self, text, *more, **rest):\n"
        "    made.append(text)\n"
        "    make(self, text, *more, **rest)\n"
        "typing.ForwardRef.__init__ = counted\n"
        "main(sys.argv[1:])\n"
        "print(made, [name for name in ('copy', 'simdc.cost.plugin_model') if name in sys.modules])\n"
    )
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code, net, "--hw", "HI3"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    assert done.stdout.splitlines()[-1] == "[] []"


def test_other_machines_of_the_same_widths_take_the_same_network(
    net: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = ("--hw", "HI3", "--set", "simd.lanes=16", "--set", "systolic.rows=32")
    without = run(capsys, net, *wide, "--no-cache")
    run(capsys, net, "--hw", "HI3")
    refuse_ir(monkeypatch)
    assert run(capsys, net, *wide) == without


def test_what_changes_the_network_lowers_it_anew(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    first, _ = run(capsys, net, "--hw", "HI3")
    Path(net).write_text(TEXT.replace("conv(4", "conv(6"))
    changed, _ = run(capsys, net, "--hw", "HI3")
    assert "6" in changed
    assert changed != first
    for number, options in enumerate(
        (
            ("--batch", "2"),
            ("--train",),
            ("--no-fold",),
            ("--model", "simdit"),
            ("--set", "systolic.widths.ifmap_bits=4"),
            ("--input-format", "dsl"),
        ),
        3,
    ):
        run(capsys, net, "--hw", "HI3", *options)
        assert len(files()) == number, options


@pytest.mark.parametrize(
    "options",
    [
        ("--no-cache",),
        ("--emit-ir",),
        ("-p", "simdc-tidy,simdc-assign-widths,simdc-split-units,simdc-legalize-tiling,simdc-annotate-cost"),
        ("--print-ir-after", "simdc-tidy"),
        ("--tiling", "search"),
        ("--form", "conv1=array"),
    ],
    ids=" ".join,
)
def test_what_asks_for_more_is_not_kept(net: str, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    main((net, "--hw", "HI3", *options))
    capsys.readouterr()
    assert files() == []


def test_the_variable_turns_it_off(
    net: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(kept.OFF, "1")
    run(capsys, net, "--hw", "HI3")
    assert files() == []


@pytest.mark.parametrize("broken", ["empty", "half", "other key", "writable", "folder"])
def test_a_broken_file_is_as_good_as_none(net: str, broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = run(capsys, net, "--hw", "HI3")
    (path,) = [Path(cache_folder(kept.KIND), name) for name in files()]
    data = path.read_bytes()
    if broken == "folder":
        path.unlink()
        path.mkdir()
    elif broken == "writable":
        path.write_bytes(data.replace(b"conv1", b"conv9"))
        path.chmod(0o666)
    else:
        path.write_bytes(
            {"empty": b"", "half": data[: len(data) // 2], "other key": data.replace(b" ", b"  ", 1)}[broken]
        )
    assert run(capsys, net, "--hw", "HI3") == first
    if broken != "folder":
        assert path.read_bytes() == data


def test_a_cache_that_cannot_be_written_is_no_error(
    net: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert run(capsys, net, "--hw", "HI3") == run(capsys, net, "--hw", "HI3", "--no-cache")


def test_errors_are_those_of_the_whole_way(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, net, "--hw", "HI3")
    small = (net, "--hw", "HI3", "--set", "systolic.buffers.weight_bits=8")
    assert main((*small, "--no-cache")) == 1
    expected = capsys.readouterr().err
    assert main(small) == 1
    assert capsys.readouterr().err == expected
    assert "net.dsl:2:" in expected
    assert main((net, "--hw", "HI3", "-o", net, "--format", "json")) == 2
    assert "would be written over" in capsys.readouterr().err


def test_a_network_whose_reading_asked_for_plug_ins_is_not_kept(
    net: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Their code is none that the key knows.
    group: Group[object] = Group("simdc.nothing", (), lambda name, value: value)
    monkeypatch.setattr(Group, "groups", [group])
    group.names()
    run(capsys, net, "--hw", "HI3")
    assert files() == []
    group.forget()
    run(capsys, net, "--hw", "HI3")
    assert len(files()) == 1


def test_the_command_in_a_report_does_not_tell(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--no-cache" not in run(capsys, net, "--hw", "HI3", "--no-cache")[0]


def test_an_output_file_is_written_from_what_was_kept(
    net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report, trace = tmp_path / "cost.json", tmp_path / "trace.json"
    run(capsys, net, "--hw", "HI3", "-o", str(report), "--trace", str(trace))
    first = report.read_bytes(), trace.read_bytes()
    report.unlink()
    trace.unlink()
    refuse_ir(monkeypatch)
    run(capsys, net, "--hw", "HI3", "-o", str(report), "--trace", str(trace))
    assert (report.read_bytes(), trace.read_bytes()) == first


def test_files_of_other_kinds(net: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    graph = str(ROOT / "examples/networks/lenet5.json")
    first = run(capsys, graph, "--hw", "HI3")
    refuse_ir(monkeypatch)
    assert run(capsys, graph, "--hw", "HI3") == first
    assert net


def test_a_network_imports_no_layers_that_it_does_not_have(net: str) -> None:
    code = (
        "import sys; from simdc.cli import main; main(sys.argv[1:]); "
        "print([name for name in ('moe', 'gated', 'top_k', 'rope') if f'simdc.ir.ops.{name}' in sys.modules], "
        "'simdc.commands.lengths' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, net, "--hw", "HI3", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[] False"
