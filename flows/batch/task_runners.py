"""Run a task over batches, in this process or on a Dask cluster (LABELSCOPE_DASK)."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeAlias, TypeVar

from prefect import Task
from prefect.futures import as_completed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from config.settings import Settings
from flows.batch.batches import batches
from flows.home.dask_setting import LOCAL

Work = TypeVar("Work")
Result = TypeVar("Result")
# Each runner has futures of its own class, so that no closer type fits all.
AnyRunner: TypeAlias = TaskRunner[Any]

# A crate of millions of clips has a hundred thousand batches: Prefect gets so many at a time.
SUBMITTED_AT_ONCE = 64


@contextmanager
def map_batches(
    batch: Task[[Work, list[int]], Result],
    work: Work,
    todo: Iterable[list[int]],
    settings: Settings,
    threads: int = 1,
) -> Iterator[Iterator[tuple[list[int], Result]]]:
    """Run the task `batch(work, ids)` for each list of ids. The block gets pairs of ids and result, as they finish.

    In this process up to `threads` batches run at the same time. With one thread the flow runs them itself, so that
    Ctrl-C ends them at once.
    """
    if settings.dask is None and threads == 1:
        yield ((ids, batch(work, ids)) for ids in todo)
        return
    with _task_runner(settings, threads) as runner:
        yield _results(runner, batch, work, todo)


def _results(
    runner: AnyRunner, batch: Task[[Work, list[int]], Result], work: Work, todo: Iterable[list[int]]
) -> Iterator[tuple[list[int], Result]]:
    for id_lists in batches(todo, SUBMITTED_AT_ONCE):
        ids_of = {runner.submit(batch, {"work": work, "ids": ids}): ids for ids in id_lists}
        for future in as_completed(list(ids_of)):
            yield ids_of[future], future.result()


def _task_runner(settings: Settings, threads: int) -> AbstractContextManager[AnyRunner]:
    if settings.dask is None:
        return ThreadPoolTaskRunner[object](max_workers=threads)
    # Dask is an optional extra.
    from flows.batch.dask import on_cluster, on_this_machine

    return on_this_machine(settings, threads) if settings.dask == LOCAL else on_cluster(settings.dask)
