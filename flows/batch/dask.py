"""Task runners on Dask: on a cluster that is there, or one of its own. Imported only where LABELSCOPE_DASK is set."""

from collections.abc import Iterator
from contextlib import contextmanager

import dask
from prefect_dask.task_runners import DaskTaskRunner

from config.settings import Settings
from flows.home.dask_setting import ClusterError


@contextmanager
def on_cluster(address: str) -> Iterator[DaskTaskRunner]:
    """The cluster of the scheduler at that address; while it has no worker, batches wait for one."""
    with DaskTaskRunner(address=address) as runner:
        try:
            runner.client  # noqa: B018  (it connects here rather than at the first batch)
        except OSError:
            raise ClusterError(
                f"No Dask scheduler answers at {address}; start it, or unset LABELSCOPE_DASK."
            ) from None
        yield runner


@contextmanager
def on_this_machine(settings: Settings, threads: int) -> Iterator[DaskTaskRunner]:
    """A cluster that lasts as long as the block: of one worker, whose decoders use all cores."""
    options = {
        "n_workers": 1,
        "threads_per_worker": threads,
        "security": True,  # else whoever can log in here could have it run code
        "dashboard_address": None,
        "local_directory": str(settings.home / "cache" / "dask"),
    }
    with (
        dask.config.set({"distributed.worker.daemon": False}),  # a daemon may not start decoders
        DaskTaskRunner(cluster_kwargs=options) as runner,
    ):
        yield runner
