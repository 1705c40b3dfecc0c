"""A real Dask cluster, its scheduler and workers processes of their own: the same bytes, whoever dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from simdc.cli import main
from simdc.errors import SimdcError
from simdc.explore import cluster as cluster_module
from simdc.explore import exploration as exploration_module
from simdc.explore.cluster import on_dask, run_on_dask
from simdc.explore.exploration import Exploration
from simdc.explore.journal import Journal
from tests.explore.spaces import NET, SPACE
from tests.explore.test_resume import everything, exploration, stop_after
from tests.waiting import wait_until

SLOW = """
import time
from simdc.explore import tasks
price = getattr(tasks.price_points, "price", tasks.price_points)
def slowly(*given):
    time.sleep(0.03)
    return price(*given)
slowly.price = price
tasks.price_points = slowly
"""
"""What a worker does first, and Dask may do it twice: tasks take so long that one is under way when a worker dies."""
DEADLY = "import os\nfrom simdc.explore.tasks import Job\nJob.do = lambda self, number: os._exit(1)\n"
BOTTOMLESS = """
from simdc.explore import tasks
def deeper(*given):
    return deeper(*given)
tasks.price_points = deeper
"""
OLD_SIMDC = "import simdc\nsimdc.__version__ = '0.0.9'\n"
OLD_PYTHON = """
import sys
from collections import namedtuple
sys.version_info = namedtuple("version_info", "major minor micro releaselevel serial")(3, 9, 1, "final", 0)
"""
SETTINGS = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "3s", "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}


class LocalCluster:
    """Processes that work in `folder`; `close` kills them all."""

    def __init__(self, folder: Path):
        pytest.importorskip("distributed")
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        wait_until(lambda: self.scheduler.poll() is not None or (file.exists() and file.read_text().endswith("}")))
        assert self.scheduler.poll() is None
        self.address: str = json.loads(file.read_text())["address"]

    def worker(self, first: str = "") -> subprocess.Popen[bytes]:
        """One thread and no nanny, so that it stays dead."""
        options = ["--no-nanny", "--nthreads", "1", "--local-directory", str(self._folder), "--memory-limit", "0"]
        return self._start("worker", self.address, *options, *(["--preload", first] if first else []))

    def client(self) -> Any:
        return import_module("distributed").Client(self.address, timeout=10, set_as_default=False)

    def wait_for(self, workers: int) -> None:
        with self.client() as client:
            wait_until(lambda: len(client.nthreads()) == workers)

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def _start(self, kind: str, *options: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options, "--no-dashboard"],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **SETTINGS, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._processes.append(process)
        return process


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """For tests that leave it as it is, with two workers."""
    cluster = LocalCluster(tmp_path_factory.mktemp("shared"))
    try:
        cluster.worker(SLOW)
        cluster.worker(SLOW)
        cluster.wait_for(2)
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[LocalCluster]:
    """A scheduler without workers."""
    cluster = LocalCluster(tmp_path)
    try:
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(autouse=True)
def short_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploration_module, "FEW_POINTS", 2)
    monkeypatch.setattr(cluster_module, "LOOK_S", 0.2)


@pytest.fixture
def whole(tmp_path: Path) -> Exploration:
    """Done in this process."""
    found = exploration(tmp_path, "exact")
    found.run()
    assert len(found.job.tasks) > 30
    return found


def same(found: Exploration, whole: Exploration) -> bool:
    """To the last bit of every task, and of all that is reported."""

    def tasks(of: Exploration) -> list[Any]:
        each = [of.finished[number] for number in range(len(of.job.tasks))]
        return [(priced.values.tobytes(), priced.refused.tobytes(), priced.reasons) for priced in each]

    return tasks(found) == tasks(whole) and everything(found) == everything(whole)


def test_a_cluster_gives_the_same_bytes(shared: LocalCluster, whole: Exploration, tmp_path: Path) -> None:
    found = exploration(tmp_path, "exact")
    found.run(on_dask(shared.address))
    assert same(found, whole)


def test_a_killed_worker_changes_nothing(own: LocalCluster, whole: Exploration, tmp_path: Path) -> None:
    doomed, _ = own.worker(SLOW), own.worker(SLOW)
    own.wait_for(2)
    found, done = exploration(tmp_path, "exact"), list[int]()

    def after(number: int) -> None:
        done.append(number)
        if len(done) == 10:
            doomed.send_signal(signal.SIGKILL)

    found.run(on_dask(own.address), after=after)
    assert doomed.wait() == -signal.SIGKILL
    own.wait_for(1)
    assert sorted(done) == list(range(len(found.job.tasks)))
    assert same(found, whole)


def test_workers_that_come_later_take_part(own: LocalCluster, whole: Exploration, tmp_path: Path) -> None:
    own.worker(SLOW)
    found, done = exploration(tmp_path, "exact"), list[int]()

    def after(number: int) -> None:
        done.append(number)
        if len(done) == 3:
            own.worker(SLOW)
            own.wait_for(2)

    found.run(on_dask(own.address), after=after)
    assert same(found, whole)


def test_a_lost_scheduler_loses_nothing_that_is_done(own: LocalCluster, whole: Exploration, tmp_path: Path) -> None:
    own.worker(SLOW)
    found, done = exploration(tmp_path, "exact"), list[int]()
    path = str(tmp_path / "journal.jsonl")
    journal = Journal(path, found.job)

    def after(number: int) -> None:
        done.append(number)
        if len(done) == 10:
            own.scheduler.kill()

    with pytest.raises(SimdcError, match=f"the Dask scheduler at {own.address} was lost"):
        found.run(on_dask(own.address), journal, after)
    journal.close()
    assert 10 <= len(done) < len(found.job.tasks)
    again, redone = exploration(tmp_path, "exact"), list[int]()
    journal = Journal(path, again.job)
    again.run(journal=journal, after=redone.append)
    journal.close()
    assert sorted(done + redone) == list(range(len(again.job.tasks)))
    assert same(again, whole)


def test_an_interrupt_keeps_what_is_done_and_clears_the_cluster(shared: LocalCluster, tmp_path: Path) -> None:
    found = exploration(tmp_path, "exact")
    with pytest.raises(KeyboardInterrupt):
        found.run(on_dask(shared.address), after=stop_after(5))
    assert len(found.finished) == 5
    with shared.client() as client:
        wait_until(lambda: not client.run_on_scheduler(_known_tasks))


def _known_tasks(dask_scheduler: Any) -> int:
    return len(dask_scheduler.tasks)


def test_a_task_that_fails_is_named(shared: LocalCluster, tmp_path: Path) -> None:
    job = exploration(tmp_path, "exact").job
    job = job._replace(rules=job.rules._replace(model="unheard_of"))
    with pytest.raises(SimdcError, match=r"task \d+ failed on the worker at tcp://\S+: KeyError: 'unheard_of'"):
        run_on_dask(job, [1, 2], lambda number, priced: None, shared.address)


def test_an_error_that_cannot_be_sent_is_told(own: LocalCluster, tmp_path: Path) -> None:
    own.worker(BOTTOMLESS)
    with pytest.raises(SimdcError, match=r"failed on the worker at tcp://\S+: RecursionError: maximum"):
        exploration(tmp_path, "exact").run(on_dask(own.address))


def test_a_task_that_ends_its_workers_is_named(own: LocalCluster, tmp_path: Path) -> None:
    job = exploration(tmp_path, "exact").job
    for _ in range(2):
        own.worker(DEADLY)
    with pytest.raises(SimdcError, match="task 7 was given up: several workers died while they had it"):
        run_on_dask(job, [7], lambda number, priced: None, own.address)


@pytest.mark.filterwarnings("ignore:Mismatched versions found")
def test_workers_must_be_there_and_have_the_same_versions(
    own: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = exploration(tmp_path, "exact")
    monkeypatch.setattr(cluster_module, "WITHOUT_WORKERS_S", 0.5)
    with pytest.raises(SimdcError, match=f"has had no worker for 0.5 s; start some with: dask worker {own.address}"):
        found.run(on_dask(own.address))
    this = f"{sys.version_info.major}.{sys.version_info.minor}"
    for first, said in ((OLD_SIMDC, rf"simdc 0\.0\.9 under Python {this}"), (OLD_PYTHON, r"under Python 3\.9")):
        worker = own.worker(first)
        own.wait_for(1)
        with pytest.raises(SimdcError, match=rf"the worker at tcp://\S+ has simdc.* {said[6:]}, but simdc .* {this}"):
            found.run(on_dask(own.address))
        worker.kill()
        worker.wait()
        own.wait_for(0)
    assert found.finished == {}


def test_addresses_without_a_scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster_module, "CONNECT_S", 0.5)
    found = exploration(tmp_path)
    for address in ("tcp://127.0.0.1:1", "nowhere", "", "http://127.0.0.1:1"):
        with pytest.raises(SimdcError, match=f"no Dask scheduler answers at '{address}': "):
            found.run(on_dask(address))


def test_nothing_left_needs_no_cluster(whole: Exploration) -> None:
    pytest.importorskip("distributed")
    whole.run(on_dask("tcp://127.0.0.1:1"))


def test_the_command(shared: LocalCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "space.json").write_text(json.dumps(SPACE))
    (tmp_path / "small.dsl").write_text(NET)
    command = ["explore", str(tmp_path / "small.dsl"), "--space", str(tmp_path / "space.json"), "--format", "json"]
    assert main(command) == 0
    here = capsys.readouterr().out
    assert main([*command, "--dask", shared.address]) == 0
    assert capsys.readouterr() == (here, "")
    assert main([*command, "--dask", shared.address, "--workers", "2"]) == 2
    assert "not allowed with argument" in capsys.readouterr().err


def test_the_package_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SimdcError, match=r"needs the package distributed: pip install 'simdc\[cluster\]'"):
        on_dask("tcp://127.0.0.1:1")
