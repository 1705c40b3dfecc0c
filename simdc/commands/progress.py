"""A progress bar on standard error, for a terminal only: how much is done, how fast, how long it will take."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from simdc.visible import visible

WIDTH = 24
REDRAW_S = 0.1


class Progress:
    """`with Progress(40, "layer") as progress: ... progress.advance("conv1")`. Draws nothing if standard error is
    not a terminal or `quiet` is set, and leaves nothing behind."""

    def __init__(self, total: int, unit: str, *, quiet: bool = False):
        self._total = max(1, total)
        self._unit = unit
        self._shown = not quiet and sys.stderr.isatty()
        self._done = 0
        self._start = self._drawn = time.monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._write("")

    def advance(self, label: str = "", by: int = 1) -> None:
        """`by` more are done; `label` names what comes next."""
        self._done += by
        now = time.monotonic()
        if self._shown and (now - self._drawn >= REDRAW_S or self._done >= self._total):
            self._drawn = now
            self._write(self.line(now - self._start, label))

    def line(self, elapsed_s: float, label: str = "") -> str:
        """The bar after `elapsed_s` seconds."""
        share = min(1.0, self._done / self._total)
        filled = round(share * WIDTH)
        rate = self._done / elapsed_s if elapsed_s > 0 else 0.0
        left = f"{clock((self._total - self._done) / rate)} left" if rate > 0 else "-"
        bar = "#" * filled + "." * (WIDTH - filled)
        return f"[{bar}] {self._done:,}/{self._total:,} {self._unit}s  {rate:,.1f}/s  {left}  {label}".rstrip()

    def _write(self, text: str) -> None:
        """Replace the line, cut to what a narrow terminal shows."""
        sys.stderr.write("\r\x1b[K" + visible(text[:100]))
        sys.stderr.flush()


def clock(seconds: float) -> str:
    """`75` to `1:15`, `4000` to `1:06:40`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
