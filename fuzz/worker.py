"""One process of a fuzzing run: it feeds a target, holds each input to the limits and writes what it finds.

    python fuzz/worker.py TARGET FINDS --seconds S --seed N [--engine atheris|mutation]
    python fuzz/worker.py TARGET FINDS --once FILE      exit code 1 if the input is a find

An input may take 10 s of processor time and 200 MB more than the process had at its start.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sys
import time
import traceback
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

SECONDS = 10
MEGABYTES = 200
LONGEST = 20_000
"""Bytes of an input: longer ones are slow without being different."""
TEXT = 4000
"""Characters of a traceback that are kept."""


class TooSlow(BaseException):
    """An input took longer than SECONDS of processor time."""


class Session:
    """Runs inputs, counts them, and keeps one input for each place in the program that something unclean came from."""

    def __init__(self, target: str, finds: Path):
        from fuzz.targets import TARGETS, shrink_limits

        shrink_limits()
        self.run = TARGETS[target]
        self.target = target
        self.finds = finds
        self.inputs = self.results = 0
        self.slowest_s = 0.0
        self.seen: set[str] = set()
        self._written = 0.0
        signal.signal(signal.SIGPROF, _too_slow)
        limit_memory()

    def one(self, data: bytes) -> bool:
        """Whether the input ends in a result or a clean error."""
        from simdc.errors import SimdcError

        begin = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            self.run(data)
            self.results += 1
        except SimdcError:
            pass
        except (Exception, TooSlow) as error:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self.keep(data, error)
            return False
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self.inputs += 1
            self.slowest_s = max(self.slowest_s, time.process_time() - begin)
            if time.monotonic() > self._written + 1:
                self.write_account()
        return True

    def keep(self, data: bytes, error: BaseException) -> None:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/simdc/" in frame.filename]
        place = f"{frames[-1].filename.rpartition('/simdc/')[2]}:{frames[-1].name}" if frames else "nowhere"
        signature = f"{type(error).__name__} {place}"
        if signature in self.seen:
            return
        self.seen.add(signature)
        name = f"{self.target}-{sha256(signature.encode()).hexdigest()[:8]}"
        self.finds.mkdir(parents=True, exist_ok=True)
        if not (self.finds / name).exists():
            (self.finds / name).write_bytes(data)
            text = "".join(traceback.format_exception(error))
            (self.finds / f"{name}.txt").write_text(f"{signature}\n\n{text[-TEXT:]}")

    def write_account(self) -> None:
        """For the parent, which cannot ask a process that libFuzzer ends."""
        self._written = time.monotonic()
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        account = {"inputs": self.inputs, "results": self.results, "slowest_s": self.slowest_s, "peak_mb": peak_mb}
        path = self.finds / f".{self.target}-{os.getpid()}.json"
        path.write_text(json.dumps(account))


def limit_memory() -> None:
    """Let the process take MEGABYTES more than it has."""
    status = Path("/proc/self/status")
    if status.exists():
        data_kb = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmData"))
        resource.setrlimit(resource.RLIMIT_DATA, ((data_kb + MEGABYTES * 1024) * 1024,) * 2)


def _too_slow(*_: object) -> NoReturn:
    raise TooSlow(f"more than {SECONDS} s")


def fuzz_by_mutation(session: Session, seconds: float, seed: int) -> None:
    from fuzz.mutations import mutate
    from fuzz.seeds import seeds, words

    random, begun, vocabulary = Random(seed), seeds(session.target), words(session.target)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        session.one(mutate(random.choice(begun), begun, vocabulary, random)[:LONGEST])
    session.write_account()


def fuzz_by_coverage(target: str, finds: Path, seconds: float, seed: int) -> None:
    """With atheris, whose mutations of bytes alternate with ours."""
    import atheris

    # Instrumented on import: everything that a target touches, before the first input.
    with atheris.instrument_imports(include=["simdc", "xdsl.parser", "xdsl.utils"]):
        from fuzz.targets import TARGETS  # noqa: F401
    from fuzz.mutations import mutate
    from fuzz.seeds import seeds, words

    begun, vocabulary = seeds(target), words(target)
    folder = finds / f"corpus-{target}"
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(begun):
        (folder / f"seed{number}").write_bytes(data)
    session = Session(target, finds)

    def change(data: bytes, limit: int, number: int) -> bytes:
        random = Random(number)
        chance = random.random()
        if chance < 0.3:
            return atheris.Mutate(data, limit)
        # What has been changed often hardly ever gets past the parser: now and then, begin at a seed again.
        return mutate(random.choice(begun) if chance < 0.65 else data, begun, vocabulary, random)[:limit]

    options = [f"-max_total_time={int(seconds)}", f"-seed={seed}", f"-max_len={LONGEST}", "-timeout=120"]
    options += ["-rss_limit_mb=0", "-verbosity=0", f"-artifact_prefix={finds}/{target}-crash-"]
    sys.argv = [sys.argv[0], *options, str(folder)]

    def one(data: bytes) -> None:
        session.one(data)

    atheris.Setup(sys.argv, one, custom_mutator=change)
    session.write_account()
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("finds", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=["atheris", "mutation"], default="mutation")
    parser.add_argument("--once", type=Path)
    arguments = parser.parse_args()
    arguments.finds.mkdir(parents=True, exist_ok=True)
    if arguments.once is not None:
        session = Session(arguments.target, arguments.finds)
        return 0 if session.one(arguments.once.read_bytes()) else 1
    if arguments.engine == "atheris":
        fuzz_by_coverage(arguments.target, arguments.finds, arguments.seconds, arguments.seed)
    else:
        fuzz_by_mutation(Session(arguments.target, arguments.finds), arguments.seconds, arguments.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
