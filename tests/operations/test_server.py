"""The commands of docker-compose.yml together: a server whose workers and Prefect may be killed."""

import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from sources.synth import render_crate
from tests.operations.containers import Container, Server, small_server
from tests.processes import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SECRETS = {
    "owner_password": "ow/ner%40 's",
    "pipeline_password": "pipe: line\\",
    "prefect_password": "pre@fect/%25",
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


def ask(server: Server, path: str, question: dict[str, Any] | None = None) -> Any:
    """What Prefect's API answers; None where nobody does."""
    connection = HTTPConnection("127.0.0.1", server.prefect_port, timeout=10)
    try:
        body = json.dumps(question) if question is not None else None
        connection.request(
            "POST" if body else "GET", f"/api{path}", body, {"Content-Type": "application/json"}
        )
        return json.loads(connection.getresponse().read())
    except OSError:
        return None
    finally:
        connection.close()


def start_pipeline(worker: Container) -> str:
    """The id of a new run on the crate that is mounted."""
    order = ["prefect", "deployment", "run", "pipeline/pipeline", "--params", '{"crate": "/music"}']
    found = re.search(r"UUID: ([0-9a-f-]{36})", worker.execute(*order))
    assert found
    return found[1]


def state(server: Server, run: str) -> tuple[str, str | None]:
    """Its type and message."""
    answer = ask(server, f"/flow_runs/{run}")
    return (answer["state"]["type"], answer["state"]["message"]) if answer else ("", None)


def is_heard_of(server: Server, run: str) -> bool:
    """Whether the server has had a heartbeat of it."""
    wanted = {
        "event": {"name": ["prefect.flow-run.heartbeat"]},
        "resource": {"id": [f"prefect.flow-run.{run}"]},
    }
    answer = ask(server, "/events/filter", {"filter": wanted})
    return bool(answer and answer["events"])


def complete(server: Server, run: str) -> None:
    wait_until(lambda: state(server, run)[0] not in ("", "SCHEDULED", "PENDING", "RUNNING"), 300)
    assert state(server, run)[0] == "COMPLETED", state(server, run)


def scored(worker: Container) -> int:
    question = "SELECT count(*) AS tracks FROM track_predictions"
    return int(json.loads(worker.execute("labelscope", "sql", question, "--format", "json"))[0]["tracks"])


def test_runs_complete_though_a_worker_and_prefect_are_killed(server: Server) -> None:
    server.up({"worker": 2})
    first, second = (server.containers[f"worker-{number}"] for number in (1, 2))
    idle = {worker.name: len(worker.processes) for worker in (first, second)}

    run = start_pipeline(first)
    wait_until(lambda: is_heard_of(server, run))
    at_work = next(worker for worker in (first, second) if len(worker.processes) > idle[worker.name])
    at_work.kill()
    assert state(server, run)[0] == "RUNNING"
    at_work.start()
    wait_until(lambda: state(server, run)[0] == "CRASHED", SILENCE_SECONDS)
    assert "fell silent" in str(state(server, run)[1])

    complete(server, start_pipeline(first))
    assert scored(second) == 20

    prefect = server.containers["prefect-1"]
    run = start_pipeline(second)
    wait_until(lambda: is_heard_of(server, run))
    prefect.kill()
    prefect.start()
    wait_until(prefect.is_healthy)
    complete(server, run)
    complete(server, start_pipeline(second))

    backup = server.folder / "backup"
    first.execute("labelscope", "backup", str(backup))

    run = start_pipeline(first)
    wait_until(lambda: is_heard_of(server, run))
    assert all(container.stop() for container in reversed(server.containers.values()))
    assert not any(container.processes for container in server.containers.values())

    (server.folder / "new").mkdir()
    with small_server(server.folder / "new", SECRETS, {}) as other:
        migrate, worker = other.make("migrate"), other.make("worker")
        migrate.execute("labelscope", "restore", str(backup))
        migrate.start()
        migrate.complete()
        assert scored(worker) == 20
