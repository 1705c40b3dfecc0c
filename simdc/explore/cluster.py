"""Doing the tasks of a job on a Dask cluster, whose workers may come, go and die (`pip install 'simdc[cluster]'`)."""

from __future__ import annotations

import logging
import pickle
import sys
import time
import uuid
import warnings
from collections.abc import Generator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import lru_cache, partial
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import Any

from simdc import __version__
from simdc.errors import SimdcError

from .pricing import Priced
from .tasks import Finish, Job, Runner

# 8 threads hold 32 tasks: a worker has its next one while a result is on its way and a new one comes.
AHEAD = 4
"""Tasks that are handed out for each thread of the cluster."""
# Seconds of a clock, as these wait for other processes; nothing that is reported depends on them.
CONNECT_S = 10.0
WITHOUT_WORKERS_S = 60.0
"""How long a scheduler may take to answer, and how long it may have no worker at all."""
LOOK_S = 1.0
"""How often the cluster is looked at, since workers come and go."""


def on_dask(address: str) -> Runner:
    """The scheduler is at `address`: `tcp://host:8786`. Raises SimdcError at once when distributed is missing."""
    try:
        import_module("distributed")
    except ImportError:
        raise SimdcError("--dask needs the package distributed: pip install 'simdc[cluster]'") from None
    return partial(run_on_dask, address=address)


def run_on_dask(job: Job, numbers: Sequence[int], finish: Finish, address: str) -> None:
    """Raises SimdcError when the scheduler cannot be reached or is lost, when it has no workers, when a worker has
    other versions than this process, and when a task fails or ends one worker after the other. Whatever ends the
    run, an interrupt as well, takes the tasks that are under way off the cluster."""
    if not numbers:
        return
    # `pop` takes from the end: task 0 first, as in a run on one machine.
    left = list(reversed(numbers))
    with _connected(address) as client:
        cluster = _Cluster(client, job, address)
        while left or cluster.running:
            while left and cluster.has_room():
                cluster.submit(left.pop())
            for number, priced in cluster.finished():
                finish(number, priced)


@contextmanager
def _connected(address: str) -> Generator[Any]:
    """Closing the client makes the scheduler forget its tasks."""
    distributed: Any = import_module("distributed")
    with _silent("distributed.client", "distributed.batched"):
        try:
            # Asked beforehand because a client whose address is no address is never closed.
            import_module("distributed.comm").get_address_host(address)
            client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise SimdcError(f"no Dask scheduler answers at '{address}': {error}") from None
        try:
            yield client
        finally:
            client.close()


@contextmanager
def _silent(*names: str) -> Generator[None]:
    """What these loggers tell of a lost scheduler, with tracebacks, is told by an error."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class _Cluster:
    """The job goes to the cluster as the result of a task, not as data: what a worker takes with it when it dies can
    be made again from a task only."""

    def __init__(self, client: Any, job: Job, address: str):
        self._client, self._address = client, address
        # Two explorations on one scheduler must not take each other's tasks for their own.
        self._token = uuid.uuid4().hex
        self._ended: SimpleQueue[Any] = SimpleQueue()
        self.running: dict[Any, int] = {}
        self._threads, self._looked_s, self._seen_s = 0, 0.0, time.monotonic()
        with warnings.catch_warnings(), self._failing_clearly():
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            self._packed = client.submit(_hand_on, pickle.dumps(job), key=f"simdc-job-{self._token}")

    def has_room(self) -> bool:
        self._look()
        return len(self.running) < AHEAD * max(1, self._threads)

    def submit(self, number: int) -> None:
        with self._failing_clearly():
            key = (f"simdc-task-{self._token}", number)
            future = self._client.submit(_do, self._packed, number, _software(), key=key)
            self.running[future] = number
            # Called in a thread of the client: a queue hands it over to this one.
            future.add_done_callback(self._ended.put)

    def finished(self) -> list[tuple[int, Priced]]:
        """Waits for at least one unless the cluster has to be looked at."""
        ended: list[Any] = []
        try:
            # One with patience, then all that are there: results are fetched together, in one message.
            ended.append(self._ended.get(timeout=LOOK_S))
            while True:
                ended.append(self._ended.get_nowait())
        except Empty:
            self._look()
        with self._failing_clearly():
            # A result that has died with its worker in the meantime is computed again.
            results: list[Priced] = self._client.gather(ended)
        return [(self.running.pop(future), priced) for future, priced in zip(ended, results, strict=True)]

    def _look(self) -> None:
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_S:
            return
        with self._failing_clearly():
            # A client whose scheduler is gone waits for results that never come; its status tells.
            if self._client.status != "running":
                raise OSError
            self._threads = sum(self._client.nthreads().values())
        self._looked_s = now_s
        if self._threads:
            self._seen_s = now_s
        elif now_s - self._seen_s > WITHOUT_WORKERS_S:
            raise SimdcError(
                f"the Dask scheduler at {self._address} has had no worker for {WITHOUT_WORKERS_S:g} s; "
                f"start some with: dask worker {self._address}"
            )

    @contextmanager
    def _failing_clearly(self) -> Generator[None]:
        try:
            yield
        except Exception as error:
            for future, number in self.running.items():
                if future.status == "error":
                    raise _failure(number, future.exception()) from None
            if not isinstance(error, (OSError, CancelledError)):
                raise
            raise SimdcError(
                f"the Dask scheduler at {self._address} was lost or gave up the work; what --resume keeps is not lost"
            ) from None


def _failure(number: int, error: BaseException) -> SimdcError:
    if isinstance(error, SimdcError):
        return error
    if type(error).__name__ == "KilledWorker":
        return SimdcError(
            f"task {number} was given up: several workers died while they had it; are they short of memory? "
            "(the scheduler's setting distributed.scheduler.allowed-failures tells how many may)"
        )
    return SimdcError(f"task {number} failed on the cluster: {type(error).__name__}: {error}")


def _software() -> str:
    return f"simdc {__version__} under Python {sys.version_info.major}.{sys.version_info.minor}"


def _hand_on(packed: bytes) -> bytes:
    return packed


def _do(packed: bytes, number: int, software: str) -> Priced:
    """In a worker. The job stays packed until it is known that this worker understands it."""
    where = import_module("distributed").get_worker().address
    # Another version may count other cycles: a mixture would look like a result.
    if _software() != software:
        raise SimdcError(f"the worker at {where} has {_software()}, but {software} asks: they must have the same")
    try:
        return _unpacked(packed).do(number)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    # Not the error itself: nothing says that it, or a traceback of a thousand frames, can be sent.
    raise SimdcError(f"task {number} failed on the worker at {where}: {reason}")


# A worker does many tasks of one job: unpacked for the first of them only.
@lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> Job:
    return pickle.loads(packed)
