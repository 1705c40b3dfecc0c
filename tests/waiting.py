"""Waiting for what other processes do: by looking often enough for any machine, not by a clock."""

from __future__ import annotations

import time
from collections.abc import Callable

LOOKS = 10_000
"""Several minutes of looking, which only what never happens takes."""


def wait_until(happens: Callable[[], bool]) -> None:
    for _ in range(LOOKS):
        if happens():
            return
        time.sleep(0.02)
    raise AssertionError(f"it has not happened after {LOOKS} looks")
