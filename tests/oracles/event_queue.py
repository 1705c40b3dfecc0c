"""Jobs that wait for each other and then queue for a resource; time passes from event to event."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from heapq import heappop, heappush


class EventQueue:
    """Each resource serves one job at a time, in the order in which jobs were submitted. A job without a resource takes
    no time: it is a barrier."""

    def __init__(self) -> None:
        self._jobs: list[tuple[str | None, int]] = []
        self._waits_for: list[int] = []
        self._followers: defaultdict[int, list[int]] = defaultdict(list)

    def submit(self, resource: str | None, cycles: int, after: Iterable[int] = ()) -> int:
        """The new job's number. `after` are the jobs that it waits for."""
        job = len(self._jobs)
        earlier = set(after)
        self._jobs.append((resource, cycles))
        self._waits_for.append(len(earlier))
        for other in earlier:
            self._followers[other].append(job)
        return job

    def run(self) -> tuple[int, Counter[str]]:
        """When the last job ends, and for how long each resource was busy."""
        now = 0
        busy: Counter[str] = Counter()
        serving: dict[str, int] = {}
        queues: defaultdict[str, list[int]] = defaultdict(list)
        events: list[tuple[int, int]] = []

        def ready(job: int) -> None:
            resource, _ = self._jobs[job]
            if resource is None:
                heappush(events, (now, job))
            else:
                heappush(queues[resource], job)
                serve(resource)

        def serve(resource: str) -> None:
            if resource not in serving and queues[resource]:
                job = serving[resource] = heappop(queues[resource])
                cycles = self._jobs[job][1]
                busy[resource] += cycles
                heappush(events, (now + cycles, job))

        waits_for = list(self._waits_for)
        done = 0
        for job in [job for job, count in enumerate(waits_for) if count == 0]:
            ready(job)
        while events:
            now, job = heappop(events)
            done += 1
            for follower in self._followers[job]:
                waits_for[follower] -= 1
                if waits_for[follower] == 0:
                    ready(follower)
            resource = self._jobs[job][0]
            if resource is not None:
                del serving[resource]
                serve(resource)
        assert done == len(self._jobs), "jobs wait for each other in a circle"
        return now, busy
