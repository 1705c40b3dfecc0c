"""Workers that are killed, and workers whose master is: an error that says so, and nobody stays behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from simdc import workers
from simdc.errors import SimdcError
from simdc.explore.journal import Journal
from simdc.workers import local
from tests.explore.spaces import NET, SPACE
from tests.explore.test_resume import everything, exploration, short_tasks
from tests.waiting import wait_until

__all__ = ["short_tasks"]


def die_at_seven(number: int) -> object:
    """What a worker does in the place of `workers._do`: the task with number 7 is too much for it."""
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return workers._JOB[0].do(number)  # pyright: ignore[reportPrivateUsage]


def test_a_killed_worker_is_told_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, found = exploration(tmp_path), exploration(tmp_path)
    whole.run()
    journal = Journal(str(tmp_path / "j"), found.job)
    with monkeypatch.context() as patch:
        patch.setattr(workers, "_do", die_at_seven)
        with pytest.raises(SimdcError) as caught:
            found.run(local(2), journal)
    journal.close()
    survey = found.survey()
    done = f"{survey.admitted - survey.missing} of {survey.admitted} machines are complete"
    assert caught.value.message == (
        "a worker process was killed, or ended by itself: is there enough memory for so many --workers? "
        f"{done}; {tmp_path / 'j'} keeps them, the same command goes on from there"
    )
    again, redone = exploration(tmp_path), list[int]()
    journal = Journal(str(tmp_path / "j"), again.job)
    again.run(journal=journal, after=redone.append)
    journal.close()
    assert set(redone).isdisjoint(found.finished)
    assert everything(again) == everything(whole)


def test_without_a_journal_the_remedy_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_do", die_at_seven)
    with pytest.raises(SimdcError, match="with --resume FILE the next try would go on from there"):
        exploration(tmp_path).run(local(2))


MASTER = """
import os, sys
from simdc import workers
from simdc.cli import main
from simdc.explore import exploration

def busy(number):
    "A task without end: its worker is in the middle of it when the master dies."
    with open(os.path.join(sys.argv[1], f"{os.getpid()}.pid"), "x"):
        pass
    while True:
        pass

exploration.FEW_POINTS = 5
workers._do = busy
if __name__ == "__main__":
    sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_master(ending: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "space.json").write_text(json.dumps(SPACE))
    (tmp_path / "small.dsl").write_text(NET)
    program, pids = tmp_path / "master.py", tmp_path / "pids"
    program.write_text(MASTER)
    pids.mkdir()
    arguments = ["explore", str(tmp_path / "small.dsl"), "--space", str(tmp_path / "space.json"), "--workers", "2"]
    master = subprocess.Popen(
        [sys.executable, str(program), str(pids), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        wait_until(lambda: len(list(pids.iterdir())) == 2 or master.poll() is not None)
        working = [int(each.stem) for each in pids.iterdir()]
        assert master.poll() is None, master.communicate()
        master.send_signal(ending)
        # The pipes end when the last worker has let go of them.
        said = master.communicate(timeout=60)
        wait_until(lambda: not any(map(_is_alive, working)))
    finally:
        master.kill()
    assert master.returncode == (-9 if ending == signal.SIGKILL else 1)
    assert "Traceback" not in said[1]
    if ending == signal.SIGINT:
        assert re.search("none of [0-9,]+ machines was priced before the interruption", said[1])


def _is_alive(process: int) -> bool:
    """A zombie, which nobody has waited for, has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
