"""Colour where a terminal takes it, and nowhere else; how wide it is."""

from __future__ import annotations

import io
import sys

import pytest

from simdc import terminal
from simdc.streams import say, write_out
from simdc.terminal import BOLD, DIM, PLAIN, RED, YELLOW, is_colourful, painted, painted_message, width

TABLE = "net: inference\n\nlayer  cycles\n-----  ------\nconv       12\n\n1 NOT COSTED\n"


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    def isatty(self) -> bool:
        raise ValueError("closed")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def test_heads_of_tables_are_bold() -> None:
    head, rule = f"{BOLD}layer  cycles{PLAIN}", f"{DIM}-----  ------{PLAIN}"
    missing = f"1 {RED}NOT COSTED{PLAIN}"
    assert painted(TABLE) == f"net: inference\n\n{head}\n{rule}\nconv       12\n\n{missing}\n"
    # Neither a single dash nor one among words is a rule.
    assert painted("a - b\n-\n--x\n") == "a - b\n-\n--x\n"


def test_messages_show_where_and_what() -> None:
    found = painted_message("net.dsl:2:5: error: no layer\n  y = cnv(x)\n      ^~~")
    assert found.startswith(f"{BOLD}net.dsl:2:5: {PLAIN}{RED}error: {PLAIN}no layer\n  y = cnv(x)\n")
    assert found.endswith(f"{RED}      ^~~{PLAIN}")
    assert painted_message("simdc: warning: x error: y") == f"{BOLD}simdc: {PLAIN}{YELLOW}warning: {PLAIN}x error: y"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_can_be_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_colourful(Screen())
    monkeypatch.setenv(name, value)
    assert not is_colourful(Screen())


def test_files_and_pipes_have_none() -> None:
    assert not is_colourful(None)
    assert not is_colourful(io.StringIO())
    assert not is_colourful(Gone())


def test_what_is_printed_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (Screen(), io.StringIO()):
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", stream)
        # A name's own escape is made visible before anything is painted.
        write_out(TABLE + "\x1b[31mname\n")
        say("simdc: error: no")
        text = stream.getvalue()
        assert "\\x1b[31mname" in text
        assert (BOLD in text, RED in text) == (stream.isatty(), stream.isatty())


def test_width(monkeypatch: pytest.MonkeyPatch) -> None:
    assert width(io.StringIO()) is None
    assert width(Gone()) is None
    # A terminal without a file behind it.
    assert width(Screen()) is None
    monkeypatch.setenv("COLUMNS", "97")
    assert width(Screen()) == 97
    assert width(io.StringIO()) is None
    monkeypatch.setenv("COLUMNS", "wide")
    monkeypatch.setattr(Screen, "fileno", lambda _: 7)
    monkeypatch.setattr(terminal.os, "get_terminal_size", lambda _: (80, 24) and terminal.os.terminal_size((80, 24)))
    assert width(Screen()) == 80
    monkeypatch.setattr(sys, "stdout", Screen())
    assert width() == 80
    monkeypatch.setattr(sys, "stdout", None)
    assert width() is None
