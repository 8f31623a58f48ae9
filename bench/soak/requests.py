"""Memory of Prefect's server after a day's requests for due runs, sent one after the other.

Run as `python -m bench.soak.requests` beside a `labelscope up` of the same LABELSCOPE_HOME (Linux, 15 minutes).
`bench.soak` moves a clock, which does not speed up what repeats by the second. This measures it: the runner's request
for due runs every two seconds, and its answer.
"""

import argparse
import asyncio
import os
import time
from datetime import UTC, datetime, timedelta

from bench.soak.measures import MEBIBYTE, own_bytes, tree
from config.settings import Settings
from services.locks import read_state
from services.prefect.login import home_login
from services.prefect.server import HOST, client_environment

REQUESTS_PER_DAY = 24 * 3600 // 2
STEPS = 12
AHEAD = timedelta(seconds=10)  # as in the runner's requests


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=REQUESTS_PER_DAY)
    arguments = parser.parse_args()
    settings = Settings()
    server = read_state(settings.home / "prefect")
    if server.status != "ready":
        parser.error(f"nothing runs at {settings.home}: start `labelscope up` first.")
    api_url = f"http://{HOST}:{server.place}/api"
    os.environ.update(client_environment(settings.home, api_url, home_login(settings.home)))
    print(f"{'requests':>10}{'seconds':>9}{'memory of Prefect, MiB':>24}")
    asyncio.run(send(server.pid, arguments.requests))


async def send(server: int, requests: int) -> None:
    """Send the requests, and print 13 times the memory of the server and its children."""
    # Imported here, as it reads the environment.
    from prefect.client.orchestration import get_client

    began = time.monotonic()
    async with get_client() as client:
        deployments = [deployment.id for deployment in await client.read_deployments()]
        for number in range(requests + 1):
            if number % max(1, requests // STEPS) == 0:
                memory_mib = sum(map(own_bytes, tree(server))) / MEBIBYTE
                print(f"{number:>10}{time.monotonic() - began:>9.0f}{memory_mib:>24.1f}", flush=True)
            await client.get_scheduled_flow_runs_for_deployments(
                deployment_ids=deployments, scheduled_before=datetime.now(UTC) + AHEAD
            )


if __name__ == "__main__":
    main()
