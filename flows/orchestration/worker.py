"""A worker of the pool: Prefect's own, and beside it what `labelscope up` does for the runs that it starts.

It imports no flow: each run does so in a process of its own.
"""

import sys
from collections.abc import Sequence
from threading import Thread

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import WorkerStatus

from flows.prefect_tools.dead_runs import DeadRunWatch, repeat_forever
from flows.prefect_tools.run_names import POOL, TAG


def work(options: Sequence[str]) -> None:
    """Start the runs that are due until SIGINT or SIGTERM, with the options of `prefect worker start`.

    Meanwhile runs that fell silent are marked as crashed, and workers that are gone are forgotten.
    """
    from prefect.cli import app  # not above: it brings all commands of Prefect

    looks = (DeadRunWatch(TAG).mark_dead_runs, forget_gone_workers)
    Thread(target=repeat_forever, args=looks, name="silent runs", daemon=True).start()
    sys.argv = ["prefect", "worker", "start", "--pool", POOL, "--type", "process", *options]
    app()


def forget_gone_workers() -> None:
    """Remove workers of the pool whose heartbeat has stopped, which Prefect lists for good.

    One that was only cut off is listed again with its next heartbeat.
    """
    with get_client(sync_client=True) as client:
        workers = client.read_workers_for_work_pool(POOL)
        gone = [worker.name for worker in workers if worker.status == WorkerStatus.OFFLINE]
        for name in gone:
            if "/" in name:  # which the server would take for another address
                continue
            client.request(
                "DELETE",
                "/work_pools/{work_pool_name}/workers/{name}",
                path_params={"work_pool_name": POOL, "name": name},
            )
