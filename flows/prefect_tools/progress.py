"""Progress of long work: a bar at the terminal, or else lines; and a bar on the page of the Prefect run."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from flows.prefect_tools.console import SafeConsole
from flows.prefect_tools.markdown import escape_markdown
from flows.prefect_tools.progress_lines import progress_lines

PAGE_SECONDS: Final = 5.0
"""Time between two requests to Prefect; shorter work has no bar on the page."""


@contextmanager
def progress_bar(description: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar of `total` steps on stderr. The block gets a function that advances it by a number of steps.

    Where stderr is no terminal, a line every ten seconds. Inside a flow, the page of the run gets a bar, too.
    """
    page = _PageBar(description)
    done = 0
    lines = progress_lines(lambda: f"{description}: {done} of {total}")
    with _terminal_bar(MofNCompleteColumn()) as progress, lines:
        task = progress.add_task(description, total=total)

        def advance(steps: int) -> None:
            nonlocal done
            done += steps
            progress.advance(task, steps)
            page.show(done / max(total, 1))

        yield advance
        page.finish()


@contextmanager
def audio_progress_bar(description: str) -> Iterator[Callable[[float, float], None]]:
    """A bar for an audio file on stderr. The block gets a function that takes the seconds analysed and the duration.

    Where stderr is no terminal, a line every ten seconds. Inside a flow, the page of the run gets a bar, too.
    """
    page = _PageBar(description)
    position = "0:00:00"
    with _terminal_bar(_AnalysedTime()) as progress, progress_lines(lambda: f"{description}: {position}"):
        task = progress.add_task(description, total=None)

        def show(analysed_s: float, duration_s: float) -> None:
            nonlocal position
            position = f"{clock(min(analysed_s, duration_s))} of {clock(duration_s)}"
            progress.update(task, completed=min(analysed_s, duration_s), total=duration_s)
            page.show(analysed_s / duration_s)

        yield show
        page.finish()


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"


def _terminal_bar(position: ProgressColumn) -> Progress:
    console = SafeConsole(stderr=True)
    return Progress(
        # A file name may hold brackets, which are markup to Rich.
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        position,
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        # Otherwise Rich would render output of others as its own markup, colours and links included.
        redirect_stdout=False,
        redirect_stderr=False,
    )


class _AnalysedTime(ProgressColumn):
    """The analysed time of a recording, such as `0:12:30 of 2:00:00`."""

    def render(self, task: Task) -> Text:
        analysed = clock(task.completed)
        return Text(f"{analysed} of {clock(task.total)}" if task.total else analysed)


class _PageBar:
    """A progress artifact of the current flow run; without one it does nothing."""

    def __init__(self, description: str) -> None:
        self.description = description
        self.artifact: UUID | None = None
        self.due = time.monotonic() + PAGE_SECONDS

    def show(self, share: float) -> None:
        """Update the share that is done, 0 to 1, at most every PAGE_SECONDS."""
        if time.monotonic() >= self.due:
            self._update(100 * min(1.0, share))
            self.due = time.monotonic() + PAGE_SECONDS

    def finish(self) -> None:
        if self.artifact is not None:
            self._update(100.0)

    def _update(self, percent: float) -> None:
        # Imported here, as work without a flow, such as a backup, does not need Prefect.
        from prefect.artifacts import create_progress_artifact, update_progress_artifact
        from prefect.context import FlowRunContext

        if FlowRunContext.get() is None:
            return
        if self.artifact is None:
            self.artifact = create_progress_artifact(percent, description=escape_markdown(self.description))  # type: ignore[assignment]
        else:
            update_progress_artifact(self.artifact, percent)
