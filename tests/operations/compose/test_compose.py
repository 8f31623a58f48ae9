"""docker-compose.yml as docs/how-to/run-a-small-server.md describes it, run by a real engine.

The two images that come from a registry are substituted (tests/operations/compose/images.py). `make test-compose` runs
this; LABELSCOPE_TEST_ENGINE names a folder that keeps the engine's images for the next time.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sources.synth.crate import render_crate
from tests.operations.compose.compose_project import Project, new_project
from tests.operations.compose.engine import Engine, started_engine, why_none
from tests.operations.compose.images import make_base_image, make_postgres_image
from tests.operations.runs import complete, has_sent_a_heartbeat, start, state
from tests.processes import wait_until

pytestmark = [pytest.mark.compose, pytest.mark.timeout(3600)]

QUICK = {"WORKER_CPUS": "1", "LABELSCOPE_HYPERPARAMETERS": '{"members":1,"epochs":1,"minimum_steps":2}'}
SILENCE_SECONDS = 180  # until a run whose worker died counts as crashed
GONE_SECONDS = 240  # until a worker that is gone is no longer listed
START_SECONDS = 900  # on a machine that others use, too
ALL_TRACKS = 20


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if reason := why_none():
        pytest.skip(reason)
    kept = os.environ.get("LABELSCOPE_TEST_ENGINE")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("engine")
    try:
        with started_engine(folder) as engine:
            make_postgres_image(engine, make_base_image(engine))
            yield engine
    finally:
        if not kept:
            shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """What the section "Start" makes, with a small crate and short trainings."""
    with new_project(engine, tmp_path_factory.mktemp("server"), "labelscope", QUICK) as project:
        render_crate(project.folder / "music", tracks_per_label=4, artists_per_label=4, duration_s=9.0)
        project.set_variable("LABELSCOPE_CRATE", "/music")
        project.compose("up", "--build", "--detach")
        yield project


def scored(project: Project) -> int:
    question = "SELECT count(*) AS tracks FROM track_predictions"
    output = project.execute("worker", "labelscope", "sql", question, "--format", "json")
    return int(json.loads(output)[0]["tracks"])


def test_links_in_messages_are_those_that_a_browser_reaches(server: Project) -> None:
    order = "PREFECT_API_AUTH_STRING=$(cat $LABELSCOPE_PREFECT_LOGIN_FILE) exec prefect deployment run report/report"
    output = server.execute("worker", "sh", "-c", order)
    assert f"http://127.0.0.1:{server.port}/runs/flow-run/" in output.replace("\n", "")


def test_no_container_can_do_more_than_it_has_to(server: Project) -> None:
    for service in ("postgres", "prefect", "worker"):
        container = server.inspect(service)
        asked = container["HostConfig"]
        assert asked["ReadonlyRootfs"] and asked["CapDrop"] == ["ALL"] and not asked["CapAdd"], service
        status = server.execute(service, "cat", "/proc/1/status")
        facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert "0" not in facts["Uid"].split(), f"{service} runs as root"
        assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0, service
        assert facts["NoNewPrivs"] == "1", service
        assert all(secret not in json.dumps(container) for secret in server.secrets.values() if secret), (
            service
        )
        for bindings in asked["PortBindings"].values():
            assert {binding["HostIp"] for binding in bindings} == {"127.0.0.1"}, service
        server.execute(service, "sh", "-c", "! touch /usr/local/file")
        server.execute(service, "touch", "/tmp/file")


def test_one_build_leaves_one_image(server: Project) -> None:
    listed = server.engine.docker("image", "ls", "--quiet", "--filter", "dangling=true")
    built = server.engine.docker("image", "ls", "--format", "{{.Repository}}")
    assert listed == "" and built.split().count("labelscope") == 1


def test_prefect_is_for_those_with_the_login(server: Project) -> None:
    stranger = type(server.api)(server.api.url, None)
    assert (stranger.status("/health"), stranger.status("/admin/version")) == (200, 401)
    assert server.api.status("/admin/version") == 200


def test_unreadable_and_changed_secrets_are_set_by_the_next_start(
    engine: Engine, server: Project, tmp_path: Path
) -> None:
    with new_project(engine, tmp_path, "unreadable", QUICK) as project:

        def refused(service: str, *command: str) -> str:
            output = project.compose("run", "--rm", "--no-deps", "-T", service, *command, ends_well=False)
            assert "Traceback" not in output
            return output

        for file in project.secret_files():
            file.chmod(0o600)
        project.compose("up", "--detach", "--wait", "postgres", ends_well=False)
        (project.folder / "secrets" / "owner_password").chmod(0o644)
        project.compose("up", "--detach", "--wait", "--force-recreate", "postgres")
        output = refused("migrate")
        assert "names /run/secrets/pipeline_password, which cannot be read (Permission denied)" in output

        for file in project.secret_files():
            file.chmod(0o644)
        project.compose("run", "--rm", "--no-deps", "-T", "migrate")
        ask = ("run", "--rm", "--no-deps", "-T", "worker", "labelscope", "sql", "SELECT current_user")
        assert "labelscope_pipeline" in project.compose(*ask) or "labelscope_reader" in project.compose(*ask)

        project.write_secret("pipeline_password", "a new one: 'quoted' \\ %40 /@")
        refused("worker", "labelscope", "sql", "SELECT 1")
        project.compose("run", "--rm", "--no-deps", "-T", "migrate")
        project.compose(*ask)

        for name in ("prefect_password", "prefect_login"):
            file = project.folder / "secrets" / name
            file.chmod(0o600)
            assert f"names /run/secrets/{name}, which cannot be read (Permission denied)" in refused(
                "prefect"
            )
            file.chmod(0o644)
            text = file.read_text()
            file.write_text("")
            assert f"names /run/secrets/{name}, which holds no " in refused("prefect")
            file.write_text(text)


def test_a_run_whose_worker_dies_before_an_update_blocks_no_other(server: Project) -> None:
    run = start(server.api)
    wait_until(lambda: has_sent_a_heartbeat(server.api, run), START_SECONDS)
    server.compose("kill", "worker")
    server.compose("up", "--build", "--detach")
    wait_until(lambda: state(server.api, run)[0] == "CRASHED", SILENCE_SECONDS)
    assert "no more heartbeats" in str(state(server.api, run)[1])
    complete(server.api, start(server.api), START_SECONDS)
    assert scored(server) == ALL_TRACKS


def test_a_restart_of_everything_at_once_comes_back(server: Project) -> None:
    server.compose("restart")
    wait_until(lambda: server.is_settled(), START_SECONDS, pause=1)
    complete(server.api, start(server.api), START_SECONDS)


def test_workers_that_are_gone_are_listed_no_longer(server: Project) -> None:
    def listed() -> list[str]:
        workers: list[dict[str, Any]] = server.api.request("/work_pools/labelscope/workers/filter", {})
        return [worker["name"] for worker in workers]

    before = set(listed())
    server.compose("up", "--detach", "--no-deps", "--force-recreate", "worker")
    wait_until(lambda: set(listed()) - before, START_SECONDS, pause=1)
    wait_until(lambda: len(listed()) == 1 and not before & set(listed()), GONE_SECONDS, pause=1)


def test_a_backup_goes_to_another_machine(engine: Engine, server: Project, tmp_path: Path) -> None:
    if scored(server) < ALL_TRACKS:
        complete(server.api, start(server.api), START_SECONDS)
    backup = tmp_path / "backup"
    backup.mkdir()
    os.chown(backup, 10001, 10001)
    once = ("run", "--rm", "--no-deps", "-T", "-v", f"{backup}:/backup")
    server.compose(*once, "worker", "labelscope", "backup", "/backup")
    with new_project(engine, tmp_path / "new", "elsewhere", QUICK) as other:
        other.compose("up", "--detach", "--wait", "postgres")
        other.compose(*once, "migrate", "labelscope", "restore", "/backup")
        other.compose("up", "--detach")
        assert scored(other) == ALL_TRACKS
