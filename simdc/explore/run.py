"""Doing the tasks of a job: in this process or in several, with what is finished kept whatever happens."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import partial
from multiprocessing import get_context

from .pricing import Priced
from .tasks import Job

Finish = Callable[[int, Priced], None]
"""Told the number and the result of each finished task, in the process that asked for it."""
Runner = Callable[[Job, Sequence[int], Finish], None]
"""Does the tasks with these numbers, in any order."""


def local(workers: int) -> Runner:
    return run_here if workers == 1 else partial(run_in_processes, workers=workers)


def run_here(job: Job, numbers: Sequence[int], finish: Finish) -> None:
    for number in numbers:
        finish(number, job.do(number))


def run_in_processes(job: Job, numbers: Sequence[int], finish: Finish, workers: int) -> None:
    """Raises KeyboardInterrupt as soon as it comes; tasks that are under way are given up, finished ones are kept."""
    ahead = 2 * workers
    left = list(reversed(numbers))
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (job,)) as pool:
        running: dict[Future[Priced], int] = {}
        try:
            while left or running:
                while left and len(running) < ahead:
                    number = left.pop()
                    running[pool.submit(_do, number)] = number
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    finish(running.pop(future), future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_JOB: list[Job] = []
"""In a worker: the job that its tasks belong to, sent once."""


def _begin(job: Job) -> None:
    # The terminal sends an interrupt to the workers, too. Only their master acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _JOB[:] = [job]


def _do(number: int) -> Priced:
    return _JOB[0].do(number)
