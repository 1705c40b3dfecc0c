"""Doing numbered tasks: in this process or in several, with what is finished kept whatever happens."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from threading import Thread
from typing import Any, Protocol, TypeAlias, TypeVar

from simdc.errors import SimdcError

Done = TypeVar("Done")
Result = TypeVar("Result", covariant=True)


class Tasks(Protocol[Result]):
    """Work cut into numbered tasks, which any process can do in any order; it can be pickled."""

    def do(self, number: int) -> Result: ...


Finish: TypeAlias = Callable[[int, Done], None]
"""Told the number and the result of each finished task, in the process that asked for it."""


def local(workers: int) -> Callable[[Tasks[Done], Sequence[int], Finish[Done]], None]:
    """What does the tasks with these numbers, in so many processes."""
    return run_here if workers == 1 else partial(run_in_processes, workers=workers)


def run_here(job: Tasks[Done], numbers: Sequence[int], finish: Finish[Done]) -> None:
    for number in numbers:
        finish(number, job.do(number))


class WorkerLost(SimdcError):
    """A worker process ended in the middle of its work."""


def run_in_processes(job: Tasks[Done], numbers: Sequence[int], finish: Finish[Done], workers: int) -> None:
    """Raises KeyboardInterrupt as soon as it comes, WorkerLost when a worker is killed; tasks that are under way are
    given up, finished ones are kept."""
    # One in work and one waiting for each worker; more would be lost work when interrupted.
    ahead = 2 * workers
    left = list(reversed(numbers))
    # A fork would copy locks that other threads hold, such as those of numpy.
    context = get_context("spawn")
    leash, hold = context.Pipe(duplex=False)
    with leash, hold, ProcessPoolExecutor(workers, context, _begin, (job, leash)) as pool:
        running: dict[Future[Done], int] = {}
        try:
            while left or running:
                while left and len(running) < ahead:
                    number = left.pop()
                    running[pool.submit(_do, number)] = number
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    finish(running.pop(future), future.result())
        except BaseException as error:
            hold.close()
            pool.shutdown(wait=False, cancel_futures=True)
            if isinstance(error, BrokenProcessPool):
                raise WorkerLost(
                    "a worker process was killed, or ended by itself: is there enough memory for so many --workers?"
                ) from None
            raise


_JOB: list[Tasks[Any]] = []
"""In a worker: the job that its tasks belong to, sent once."""


class Leash(Protocol):
    """The reading end of a pipe whose other end the master holds, and nobody else."""

    def recv_bytes(self) -> bytes: ...


def _begin(job: Tasks[Any], leash: Leash) -> None:
    # The terminal sends an interrupt to the workers, too. Only their master acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_follow, args=(leash,), daemon=True).start()
    _JOB[:] = [job]


def _follow(leash: Leash) -> None:
    """End this worker when its master lets go of the other end, or is killed. Nothing ever comes through."""
    with suppress(EOFError, OSError):
        leash.recv_bytes()
    os._exit(1)


def _do(number: int) -> Any:
    return _JOB[0].do(number)
