"""How far long work has come: a bar for people at a terminal, and one on the run's page."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

PAGE_SECONDS: Final = 5.0  # between two requests to Prefect; what takes less has no bar there


@contextmanager
def progress_bar(description: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar of `total` steps on stderr; the block gets a function that moves it on by some steps.

    Nothing is drawn where nobody looks. Call it inside of a flow: its page gets a bar, too.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    page = _PageBar(description, total)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(description, total=total)

        def advance(steps: int) -> None:
            progress.advance(task, steps)
            page.advance(steps)

        yield advance
        page.finish()


class _PageBar:
    """A progress artifact of the flow run that is going on."""

    def __init__(self, description: str, total: int) -> None:
        self.description, self.total, self.done = description, total, 0
        self.artifact: UUID | None = None
        self.due = time.monotonic() + PAGE_SECONDS

    def advance(self, steps: int) -> None:
        self.done += steps
        if time.monotonic() >= self.due:
            self._show(min(100.0, 100 * self.done / max(self.total, 1)))
            self.due = time.monotonic() + PAGE_SECONDS

    def finish(self) -> None:
        if self.artifact is not None:
            self._show(100.0)

    def _show(self, percent: float) -> None:
        # Not above: what has no flow, such as a backup, has progress, too, and nothing to do with Prefect.
        from prefect.artifacts import create_progress_artifact, update_progress_artifact
        from prefect.context import FlowRunContext

        if FlowRunContext.get() is None:
            return
        if self.artifact is None:
            self.artifact = create_progress_artifact(percent, description=self.description)  # type: ignore[assignment]
        else:
            update_progress_artifact(self.artifact, percent)
