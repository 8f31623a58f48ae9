"""Where batches are worked through: in this process, or on a Dask cluster (LABELSCOPE_DASK)."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from prefect import Task
from prefect.futures import as_completed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from config.settings import Settings
from flows.batch.batches import batches
from flows.home.dask_setting import LOCAL

Work = TypeVar("Work")
Done = TypeVar("Done")

# Batches that Prefect is told of at a time; a crate of millions has a hundred thousand.
SUBMITTED_AT_ONCE = 64


@contextmanager
def map_batches(
    batch: Task[[Work, list[int]], Done],
    work: Work,
    todo: Iterable[list[int]],
    settings: Settings,
    threads: int = 1,
) -> Iterator[Iterator[tuple[list[int], Done]]]:
    """What a task `batch(work, ids)` makes of each batch of ids, along with these, as it comes in.

    On this machine up to `threads` run side by side. One alone is the flow's own, which Ctrl-C ends at once.
    """
    if settings.dask is None and threads == 1:
        yield ((ids, batch(work, ids)) for ids in todo)
        return
    with _task_runner(settings, threads) as runner:
        yield _results(runner, batch, work, todo)


def _results(
    runner: TaskRunner[Any], batch: Task[[Work, list[int]], Done], work: Work, todo: Iterable[list[int]]
) -> Iterator[tuple[list[int], Done]]:
    for some in batches(todo, SUBMITTED_AT_ONCE):
        ids_of = {runner.submit(batch, {"work": work, "ids": ids}): ids for ids in some}
        for future in as_completed(list(ids_of)):
            yield ids_of[future], future.result()


def _task_runner(settings: Settings, threads: int) -> AbstractContextManager[TaskRunner[Any]]:
    if settings.dask is None:
        return ThreadPoolTaskRunner[Any](max_workers=threads)
    from flows.batch.dask import on_cluster, on_this_machine  # an extra, which few have

    return on_this_machine(settings, threads) if settings.dask == LOCAL else on_cluster(settings.dask)
