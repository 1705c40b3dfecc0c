"""The progress bar draws on a terminal only and cleans up after itself."""

from __future__ import annotations

import sys

import pytest

from simdc.commands.progress import Progress, clock


class Terminal:
    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


def test_nothing_is_drawn_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(3, "layer") as progress:
        for _ in range(3):
            progress.advance("conv1")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("quiet", [False, True])
def test_a_terminal_shows_it_until_it_is_done(monkeypatch: pytest.MonkeyPatch, *, quiet: bool) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    def interrupted() -> None:
        with Progress(2, "layer", quiet=quiet) as progress:
            progress.advance("conv1")
            progress.advance("conv2")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ("2/2 layers" in terminal.text) is not quiet
    assert terminal.text.endswith("" if quiet else "\r\x1b[K")


def test_rate_and_time_left() -> None:
    progress = Progress(1000, "machine")
    progress.advance(by=250)
    # 250 in 5 s are 50 a second; 750 more take 15 s.
    assert progress.line(5.0, "next") == f"[{'#' * 6}{'.' * 18}] 250/1,000 machines  50.0/s  0:15 left  next"
    assert Progress(0, "machine").line(0.0).endswith("0/1 machines  0.0/s  -")


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (75, "1:15"), (4000, "1:06:40")])
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
