"""Progress bars at a terminal, and lines without one."""

import io
import sys

import pytest

from flows.prefect_tools import progress_lines
from flows.prefect_tools.progress import audio_progress_bar, clock, progress_bar
from tests.processes import wait_until


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """From now on stderr is a terminal with 100 columns. Not a fixture: pytest sets stderr after the fixtures."""
    drawn = Terminal()
    monkeypatch.setattr(sys, "stderr", drawn)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    return drawn


def test_a_recording_shows_the_analysed_time_and_its_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = at_terminal(monkeypatch)
    with audio_progress_bar("[live] set.mp3") as show:
        show(30.0, 7200.0)
    output = terminal.getvalue()
    assert "[live] set.mp3" in output and "0:00:30 of 2:00:00" in output and "left:" in output


def test_steps_are_counted_and_without_a_terminal_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = at_terminal(monkeypatch)
    with progress_bar("Saving files", 3) as advance:
        advance(2)
    assert "2/3" in terminal.getvalue()
    silent = io.StringIO()
    monkeypatch.setattr(sys, "stderr", silent)
    with audio_progress_bar("set.mp3") as show:
        show(1.0, 2.0)
    assert silent.getvalue() == ""


def test_without_a_terminal_a_line_comes_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    monkeypatch.setattr(progress_lines, "LINE_SECONDS", 0.01)
    with progress_bar("Saving files", 3) as advance:
        advance(2)
        wait_until(lambda: "Saving files: 2 of 3, 0 s\n" in written.getvalue())
    with audio_progress_bar("set.mp3") as show:
        show(30.0, 7200.0)
        wait_until(lambda: "set.mp3: 0:00:30 of 2:00:00, 0 s\n" in written.getvalue())
    ended = written.getvalue()
    assert ended.endswith("\n")


def test_clock() -> None:
    assert [clock(seconds) for seconds in (0, 59.9, 3600, 360_000)] == [
        "0:00:00",
        "0:00:59",
        "1:00:00",
        "100:00:00",
    ]
