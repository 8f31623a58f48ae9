"""Trainings in parallel, each in its own process on one core.

A small network leaves the second core idle half of the time. So two trainings in parallel take less time than one after
another with all cores. The results do not depend on the number of processes.
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool
from threadpoolctl import threadpool_limits

from ml.models.train import TrainingFailed

Result = TypeVar("Result")


@contextmanager
def training_processes(workers: int) -> Iterator[ProcessPool]:
    """A pool for `in_pool`; its processes are stopped immediately when the block fails.

    Processes are spawned, since a fork would copy the locks of this process' threads.
    """
    pool: Any = ProcessPool(workers, initializer=_on_one_core, context=get_context("spawn"))
    try:
        yield pool
    # Every kind, as also Ctrl-C and a cancelled run must stop the processes.
    except BaseException:
        pool.stop()
        raise
    else:
        pool.close()
    finally:
        pool.join()


def in_pool(
    pool: ProcessPool | None,
    work: Callable[..., Result],
    tasks: Sequence[tuple[Any, ...]],
    on_done: Callable[[], None] = lambda: None,
) -> list[Result]:
    """The results of `work` for the arguments of each task, in order; the first failure is raised.

    Without a pool the tasks run in this process, one after another.
    """
    results: list[Result] = []
    if pool is None:
        for task in tasks:
            results.append(work(*task))
            on_done()
        return results
    for future in [pool.schedule(work, args=task) for task in tasks]:
        try:
            results.append(future.result())
        except ProcessExpired as expired:
            raise TrainingFailed(
                f"A training process was killed (exit code {expired.exitcode}), perhaps for lack of memory:"
                " set LABELSCOPE_WORKERS to a lower number, and run again."
            ) from expired
        on_done()
    return results


def _on_one_core() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent ends its workers
    # JAX reads it at the first computation.
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip()
    threadpool_limits(limits=1)
