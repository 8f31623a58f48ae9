"""Where batches are worked through: in this process, or on a Dask cluster (LABELSCOPE_DASK)."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from prefect import Task
from prefect.futures import as_completed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from config.settings import Settings
from flows.batches import batches
from flows.cluster import LOCAL

Work = TypeVar("Work")
Done = TypeVar("Done")

# Batches that Prefect is told of at a time; a crate of millions has a hundred thousand.
SUBMITTED_AT_ONCE = 64


@contextmanager
def worked_through(
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


@contextmanager
def _task_runner(settings: Settings, threads: int) -> Iterator[TaskRunner[Any]]:
    if settings.dask is None:
        with ThreadPoolTaskRunner[Any](max_workers=threads) as runner:
            yield runner
        return
    import dask
    from prefect_dask.task_runners import DaskTaskRunner

    if settings.dask != LOCAL:
        with DaskTaskRunner(address=settings.dask) as runner:
            yield runner
        return
    cluster = {
        "n_workers": 1,  # a machine has one: its decoders, and the network, use all cores
        "threads_per_worker": threads,
        "security": True,  # else whoever can log in here could have it run code
        "dashboard_address": None,
        "local_directory": str(settings.home / "cache" / "dask"),
    }
    with (
        dask.config.set({"distributed.worker.daemon": False}),  # a daemon may not start decoders
        DaskTaskRunner(cluster_kwargs=cluster) as runner,
    ):
        yield runner
