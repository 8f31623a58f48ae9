"""Task runners on a running Dask cluster, or on one of their own. Imported only where LABELSCOPE_DASK is set."""

from collections.abc import Iterator
from contextlib import contextmanager

import dask
from prefect_dask.task_runners import DaskTaskRunner

from config.settings import Settings
from flows.home.dask_setting import ClusterError


@contextmanager
def on_cluster(address: str) -> Iterator[DaskTaskRunner]:
    """A task runner on the cluster of the scheduler at that address. Without a worker, batches wait for one.

    Raises ClusterError where no scheduler answers.
    """
    with DaskTaskRunner(address=address) as runner:
        try:
            # Connects here rather than at the first batch.
            runner.client  # noqa: B018
        except OSError as error:
            raise ClusterError(
                f"No Dask scheduler answers at {address}; start it, or unset LABELSCOPE_DASK."
            ) from error
        yield runner


@contextmanager
def on_this_machine(settings: Settings, threads: int) -> Iterator[DaskTaskRunner]:
    """A task runner on a cluster of one worker, for the block. That worker's decoders use all cores."""
    options = {
        "n_workers": 1,
        "threads_per_worker": threads,
        # Without it, any user of this machine could make the worker run code.
        "security": True,
        "dashboard_address": None,
        "local_directory": str(settings.home / "cache" / "dask"),
    }
    with (
        # A daemon process may not start decoders.
        dask.config.set({"distributed.worker.daemon": False}),
        DaskTaskRunner(cluster_kwargs=options) as runner,
    ):
        yield runner
