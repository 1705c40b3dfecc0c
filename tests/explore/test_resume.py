"""Interrupted, resumed, shared among workers: always the same bytes, and nothing computed is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simdc.errors import SimdcError
from simdc.explore import exploration as exploration_module
from simdc.explore import tasks
from simdc.explore.data import as_data, csv_chunks, render_json
from simdc.explore.exploration import Exploration
from simdc.explore.findings import find
from simdc.explore.journal import Journal
from simdc.explore.table import render_table
from simdc.workers import local
from tests.explore.spaces import NET, SPACE, network_of_text, space_of

TASKS = 12


@pytest.fixture(autouse=True)
def short_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploration_module, "FEW_POINTS", 5)
    monkeypatch.setattr(exploration_module, "MANY_POINTS", 5)


def exploration(folder: Path, model: str = "simdit", text: str = NET) -> Exploration:
    space = space_of(SPACE, economic=[{"least": "SRAM", "within": 0.1}], pareto=["cycles", "SRAM", "energy_pj"])
    return Exploration(space, [network_of_text(folder, text, model)], model)


def everything(found: Exploration) -> str:
    findings = find(found, found.survey())
    rows = np.arange(len(findings.survey.numbers))
    return render_table(findings) + render_json(findings) + "".join(csv_chunks(findings.survey, rows))


def stop_after(count: int) -> object:
    """What `after` may be: it interrupts when so many tasks are done."""
    done: list[int] = []

    def after(number: int) -> None:
        done.append(number)
        if len(done) == count:
            raise KeyboardInterrupt

    return after


@pytest.mark.parametrize("model", ["exact", "simdit"])
def test_resumed_gives_the_same_bytes(model: str, tmp_path: Path) -> None:
    whole = exploration(tmp_path, model)
    whole.run()
    total = len(whole.job.tasks)
    assert total >= TASKS
    for count in (1, total // 2, total - 1):
        path = str(tmp_path / f"{model}{count}.jsonl")
        first = exploration(tmp_path, model)
        journal = Journal(path, first.job)
        with pytest.raises(KeyboardInterrupt):
            first.run(journal=journal, after=stop_after(count))
        journal.close()
        assert len(first.finished) == count
        second = exploration(tmp_path, model)
        journal = Journal(path, second.job)
        redone: list[int] = []
        second.run(journal=journal, after=redone.append)
        journal.close()
        assert len(redone) == total - count
        assert not set(redone) & set(first.finished)
        assert everything(second) == everything(whole)


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    alone, together = exploration(tmp_path, "exact"), exploration(tmp_path, "exact")
    alone.run()
    together.run(local(2))
    assert everything(together) == everything(alone)


def test_the_length_of_tasks_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = exploration(tmp_path)
    short.run()
    monkeypatch.setattr(exploration_module, "MANY_POINTS", tasks.MANY_POINTS)
    long = exploration(tmp_path)
    assert len(long.job.tasks) < TASKS
    long.run()
    assert everything(short) == everything(long)


def test_what_is_done_when_interrupted_is_a_survey(tmp_path: Path) -> None:
    whole, part = exploration(tmp_path), exploration(tmp_path)
    whole.run()
    with pytest.raises(KeyboardInterrupt):
        part.run(after=stop_after(len(part.job.tasks) - 2))
    some, every = part.survey(), whole.survey()
    assert some.missing > 0
    assert len(some.numbers) + some.missing + sum(some.infeasible.values()) == every.admitted
    place = {number: row for row, number in enumerate(every.numbers.tolist())}
    rows = [place[number] for number in some.numbers.tolist()]
    assert some.values["cycles"].tolist() == every.values["cycles"][rows].tolist()
    assert f"INTERRUPTED: {some.missing:,} machines were not priced" in render_table(find(part, some))
    found = as_data(find(part, some))
    assert found["machines"]["not_priced"] == some.missing
    assert found["sensitivity"] == []


def test_nothing_done_is_said_so(tmp_path: Path) -> None:
    part = exploration(tmp_path)
    with pytest.raises(SimdcError, match=r"none of .* machines was priced before the interruption"):
        find(part, part.survey())


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_reports_what_is_done_and_ends_with_130(workers: int, tmp_path: Path) -> None:
    """The process interrupts itself once its journal has grown."""
    (tmp_path / "space.json").write_text(json.dumps(SPACE))
    (tmp_path / "small.dsl").write_text(NET)
    journal = tmp_path / "journal.jsonl"
    arguments = [str(tmp_path / "small.dsl"), "--space", str(tmp_path / "space.json"), "--resume", str(journal)]
    script = (
        "import os, signal, sys\n"
        "from simdc.explore import exploration, journal\n"
        "from simdc.cli import main\n"
        "exploration.FEW_POINTS = 5\n"
        "append, done = journal.Journal.append, []\n"
        "def counted(self, number, priced):\n"
        "    append(self, number, priced)\n"
        "    done.append(number)\n"
        "    if len(done) == int(sys.argv[1]):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "journal.Journal.append = counted\n"
        "if __name__ == '__main__':\n"
        "    sys.exit(main(sys.argv[2:]))\n"
    )
    program = tmp_path / "interrupted.py"
    program.write_text(script)
    command = ["explore", *arguments, "--workers", str(workers), "--format", "json"]

    def run(stop: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(program), stop, *command],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    stopped = run("9")
    assert (stopped.returncode, stopped.stderr) == (130, "")
    assert json.loads(stopped.stdout)["machines"]["not_priced"] > 0
    assert len(journal.read_text().splitlines()) >= 10
    finished = run("0")
    assert (finished.returncode, finished.stderr) == (0, "")
    journal.unlink()
    assert run("0").stdout == finished.stdout
    assert json.loads(finished.stdout)["machines"]["not_priced"] == 0
