"""The same timetable for workers, of which any number may run, on any machine that reaches the servers and the home."""

import sys
from collections.abc import Sequence
from threading import Thread
from typing import Final

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import WorkerStatus
from prefect.exceptions import ObjectAlreadyExists
from prefect.workers.process import ProcessWorker

from config.settings import Settings
from flows.names import TAG
from flows.serving import HEARTBEAT_SECONDS, forget_earlier, watch_for_silence
from flows.silence import Watch, keep_looking
from flows.timetable import deployments

POOL: Final = "labelscope"


def deploy(settings: Settings) -> None:
    """Hand every line of the timetable to the pool, in place of an earlier one or of what `labelscope up` registered.

    Workers import the flows by their module, so they need Labelscope installed, and no copy of its code.
    """
    _make_pool()
    for deployment in deployments(settings):
        deployment.job_variables = {"env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}}
        deployment.apply(work_pool_name=POOL)
    forget_earlier(settings)
    watch_for_silence()


def work(options: Sequence[str]) -> None:
    """Start the runs that are due, each in a process of its own, until SIGINT or SIGTERM.

    The options are those of `prefect worker start`. Meanwhile this marks runs as crashed that fell silent, and forgets
    workers that are gone.
    """
    from prefect.cli import app  # not above: it brings all commands of Prefect

    looks = (Watch(TAG).mark_silent, forget_gone_workers)
    Thread(target=keep_looking, args=looks, name="silent runs", daemon=True).start()
    sys.argv = ["prefect", "worker", "start", "--pool", POOL, "--type", ProcessWorker.type, *options]
    app()


def forget_gone_workers() -> int:
    """Remove workers of the pool whose heartbeat has stopped, which Prefect lists for good; how many.

    One that was only cut off is listed again with its next heartbeat.
    """
    with get_client(sync_client=True) as client:
        gone = [
            worker.name
            for worker in client.read_workers_for_work_pool(POOL)
            if worker.status == WorkerStatus.OFFLINE
        ]
        for name in gone:
            client.request(
                "DELETE",
                "/work_pools/{work_pool_name}/workers/{name}",
                path_params={"work_pool_name": POOL, "name": name},
            )
    return len(gone)


def _make_pool() -> None:
    """See that the pool is there; two may do so at once."""
    pool = WorkPoolCreate(
        name=POOL,
        type=ProcessWorker.type,
        description="Runs of Labelscope, each in a process of its own beside its worker.",
        base_job_template=ProcessWorker.get_default_base_job_template(),
    )
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(pool)
        except ObjectAlreadyExists:
            return
