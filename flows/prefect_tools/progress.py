"""How far long work has come: a bar for people at a terminal, and one on the run's page."""

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

PAGE_SECONDS: Final = 5.0  # between two requests to Prefect; what takes less has no bar there


@contextmanager
def progress_bar(description: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar of `total` steps on stderr; the block gets a function that moves it on by some steps.

    Nothing is drawn where nobody looks. Call it inside of a flow: its page gets a bar, too.
    """
    page = _PageBar(description)
    with _at_the_terminal(MofNCompleteColumn()) as progress:
        task = progress.add_task(description, total=total)
        done = 0

        def advance(steps: int) -> None:
            nonlocal done
            done += steps
            progress.advance(task, steps)
            page.show(done / max(total, 1))

        yield advance
        page.finish()


@contextmanager
def audio_progress_bar(description: str) -> Iterator[Callable[[float, float | None], None]]:
    """The same for sound: the block gets a function that is told how many seconds are heard, and of how many.

    Where nobody knows of how many (None), the bar says how many there were, and no time that is left.
    """
    page = _PageBar(description)
    with _at_the_terminal(_Clock()) as progress:
        task = progress.add_task(description, total=None)

        def heard(seconds: float, in_all: float | None) -> None:
            progress.update(task, completed=min(seconds, in_all or seconds), total=in_all)
            page.show(seconds / in_all if in_all else 0.0)

        yield heard
        page.finish()


def clock(seconds: float) -> str:
    """h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"


def _at_the_terminal(how_far: ProgressColumn) -> Progress:
    console = SafeConsole(stderr=True)
    return Progress(
        TextColumn("{task.description}", markup=False),  # a file's name may hold brackets
        BarColumn(),
        how_far,
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        # Otherwise what anything writes meanwhile is taken for Rich's own, colours and links included.
        redirect_stdout=False,
        redirect_stderr=False,
    )


class _Clock(ProgressColumn):
    """How much of a recording has been heard."""

    def render(self, task: Task) -> Text:
        heard = clock(task.completed)
        return Text(f"{heard} of {clock(task.total)}" if task.total else heard)


class _PageBar:
    """A progress artifact of the flow run that is going on."""

    def __init__(self, description: str) -> None:
        self.description = description
        self.artifact: UUID | None = None
        self.due = time.monotonic() + PAGE_SECONDS

    def show(self, share: float) -> None:
        """Say which share is done, 0 to 1, unless that was said just now."""
        if time.monotonic() >= self.due:
            self._tell(100 * min(1.0, share))
            self.due = time.monotonic() + PAGE_SECONDS

    def finish(self) -> None:
        if self.artifact is not None:
            self._tell(100.0)

    def _tell(self, percent: float) -> None:
        # Not above: what has no flow, such as a backup, has progress, too, and nothing to do with Prefect.
        from prefect.artifacts import create_progress_artifact, update_progress_artifact
        from prefect.context import FlowRunContext

        if FlowRunContext.get() is None:
            return
        if self.artifact is None:
            self.artifact = create_progress_artifact(percent, description=escape_markdown(self.description))  # type: ignore[assignment]
        else:
            update_progress_artifact(self.artifact, percent)
