"""The commands of docker-compose.yml together: a server whose workers and Prefect may be killed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.synth.crate import render_crate
from tests.operations.compose.containers import Container, Server, small_server
from tests.operations.runs import complete, has_sent_a_heartbeat, start, state
from tests.processes import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SECRETS = {
    "owner_password": "ow/ner%40 's",
    "pipeline_password": "pipe: line\\",
    "prefect_password": "pre@fect/%25",
    "prefect_login": "labelscope:log@in/%25: x",
    "spotipy_client_secret": "",
}
SILENCE_SECONDS = 180  # until a run that sends no heartbeat counts as crashed: 90 and what the server needs


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    render_crate(tmp_path / "music", tracks_per_label=4, artists_per_label=4, duration_s=9.0)
    variables = {
        "MUSIC": str(tmp_path / "music"),
        "WORKER_CPUS": "1",
        "LABELSCOPE_HYPERPARAMETERS": '{"members":1,"epochs":1,"minimum_steps":2}',
    }
    with small_server(tmp_path, SECRETS, variables) as server:
        yield server


def scored(worker: Container) -> int:
    question = "SELECT count(*) AS tracks FROM track_predictions"
    return int(json.loads(worker.execute("labelscope", "sql", question, "--format", "json"))[0]["tracks"])


def test_runs_complete_though_a_worker_and_prefect_are_killed(server: Server) -> None:
    server.up({"worker": 2})
    api, music = server.api, server.folder / "music"
    first, second = (server.containers[f"worker-{number}"] for number in (1, 2))
    idle = {worker.name: len(worker.processes) for worker in (first, second)}

    run = start(api, crate=music)
    wait_until(lambda: has_sent_a_heartbeat(api, run))
    at_work = next(worker for worker in (first, second) if len(worker.processes) > idle[worker.name])
    at_work.kill()
    assert state(api, run)[0] == "RUNNING"
    at_work.start()
    wait_until(lambda: state(api, run)[0] == "CRASHED", SILENCE_SECONDS)
    assert "no more heartbeats" in str(state(api, run)[1])

    complete(api, start(api, crate=music))
    assert scored(second) == 20

    prefect = server.containers["prefect-1"]
    run = start(api, crate=music)
    wait_until(lambda: has_sent_a_heartbeat(api, run))
    prefect.kill()
    prefect.start()
    wait_until(prefect.is_healthy)
    complete(api, run)
    complete(api, start(api, crate=music))

    backup = server.folder / "backup"
    first.execute("labelscope", "backup", str(backup))

    run = start(api, crate=music)
    wait_until(lambda: has_sent_a_heartbeat(api, run))
    assert all(container.stop() for container in reversed(server.containers.values()))
    assert not any(container.processes for container in server.containers.values())

    (server.folder / "new").mkdir()
    with small_server(server.folder / "new", SECRETS, {}) as other:
        migrate, worker = other.make("migrate"), other.make("worker")
        migrate.execute("labelscope", "restore", str(backup))
        migrate.start()
        migrate.complete()
        assert scored(worker) == 20
