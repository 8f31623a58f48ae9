"""A worker of the pool: Prefect's worker, and the checks for dead runs that `labelscope up` makes.

It imports no flow: each run does so in its own process.
"""

import sys
from collections.abc import Sequence
from threading import Thread

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import WorkerStatus

from flows.prefect_tools.dead_runs import DeadRunWatch, repeat_forever
from flows.prefect_tools.run_names import POOL, TAG


def work(options: Sequence[str]) -> None:
    """Start due runs until SIGINT or SIGTERM, with the options of `prefect worker start`.

    Meanwhile dead runs are marked as crashed, and workers that are gone are deleted.
    """
    # Imported here, as it loads all commands of Prefect.
    from prefect.cli import app

    checks = (DeadRunWatch(TAG).mark_dead_runs, delete_gone_workers)
    Thread(target=repeat_forever, args=checks, name="dead runs", daemon=True).start()
    sys.argv = ["prefect", "worker", "start", "--pool", POOL, "--type", "process", *options]
    app()


def delete_gone_workers() -> None:
    """Delete workers of the pool whose heartbeats have stopped, which Prefect would list for ever.

    A worker that was only cut off is listed again with its next heartbeat.
    """
    with get_client(sync_client=True) as client:
        workers = client.read_workers_for_work_pool(POOL)
        gone = [worker.name for worker in workers if worker.status == WorkerStatus.OFFLINE]
        for name in gone:
            # The server would take a slash in a name for another path.
            if "/" in name:
                continue
            client.request(
                "DELETE",
                "/work_pools/{work_pool_name}/workers/{name}",
                path_params={"work_pool_name": POOL, "name": name},
            )
