"""`labelscope up`: what it starts, what it refuses, and what is left when it ends, gently or not."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import psycopg
import pytest

from services import up_process
from services.locks import read_state
from services.ports import free_port
from sources.synth.crate import render_crate
from tests.operations.kept_up import LABELSCOPE, KeptUp
from tests.processes import processes_of, wait_until
from tests.recordings import write_recording
from tests.stages import Stage, copied

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"),
    pytest.mark.timeout(600),
]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptUp]:
    kept = KeptUp(tmp_path / "home", free_port())
    yield kept
    for process in processes_of(kept.home):
        os.kill(process, signal.SIGKILL)


def test_it_shows_the_timetable_runs_it_and_leaves_nothing_behind(kept: KeptUp, tmp_path: Path) -> None:
    tcp_port = free_port()
    kept.more = {"LABELSCOPE_TCP_PORT": str(tcp_port)}
    kept.start()
    deployments = kept.deployments()
    flows = ("pipeline", "ingest", "extract", "retrain", "predict", "mix", "evaluate", "maintain", "report")
    assert set(deployments) == set(flows)
    schedules = {name: row["schedules"] for name, row in deployments.items() if row["schedules"]}
    assert {name: rows[0]["schedule"]["cron"] for name, rows in schedules.items()} == {
        "pipeline": "0 */6 * * *",
        "maintain": "30 3 * * *",
        "report": "30 4 * * *",
    }
    assert all(row["global_concurrency_limit"]["limit"] == 1 for row in deployments.values())

    second = kept.call("up")
    assert second.returncode == 1 and "is up already" in second.stderr and kept.pages in second.stderr
    neighbour = KeptUp(tmp_path / "neighbour", kept.port).call("up")
    assert (
        neighbour.returncode == 1
        and f"port {kept.port}, which is taken: set LABELSCOPE_UI_PORT" in neighbour.stderr
    )

    run = kept.run("maintain")
    kept.wait_for(run, "COMPLETED")
    status = json.loads(kept.call("status", "--json").stdout)
    assert status["up"] and status["pages"] == kept.pages
    kept.more = {}
    shown = dict(line.split() for line in kept.call("db", "url", "--tcp").stdout.splitlines())
    assert shown["password"] == Path(status["tcp_password_file"]).read_text().strip()
    assert int(shown["port"]) == status["tcp_port"] == tcp_port
    with psycopg.connect(shown["URL"].replace("+psycopg", "")) as reader:
        assert reader.execute("SELECT count(*) FROM tracks").fetchone() == (0,)
    assert {row["state"] for row in status["next_runs"]} == {"Scheduled"} and len(status["next_runs"]) == 3
    assert [row["state"] for row in status["last_runs"]] == ["Completed"]

    assert kept.stop() == 0
    wait_until(lambda: not processes_of(kept.home), 30)
    assert not json.loads(kept.call("status", "--json").stdout)["up"]


def test_stages_that_run_apart_follow_one_another(kept: KeptUp, tmp_path: Path) -> None:
    crate = tmp_path / "crate"
    render_crate(crate, tracks_per_label=4, artists_per_label=4, duration_s=9.0)
    kept.start()
    kept.run("ingest", crate=str(crate))

    def ended() -> dict[str, str]:
        rows = kept.ask("/flow_runs/filter", {"sort": "START_TIME_ASC"})
        names = {row["deployment_id"]: row for row in rows if row["state_type"] != "SCHEDULED"}
        return {
            name: names[deployment["id"]]["state_type"]
            for name, deployment in kept.deployments().items()
            if deployment["id"] in names
        }

    stages = ("ingest", "extract", "retrain", "predict")
    wait_until(lambda: ended() == dict.fromkeys(stages, "COMPLETED"), 300)
    rows = kept.call(
        "sql", "SELECT count(*) AS n FROM track_predictions WHERE predicted IS NOT NULL", "--format", "csv"
    )
    assert int(rows.stdout.split()[1]) > 0
    keys = {row["key"] for row in kept.ask("/artifacts/filter", {})}
    assert {"came-in", "coverage", "not-used", "label-accuracy", "confusion-matrix", "models"} <= keys
    assert {
        "extracted",
        "sound",
        "predicted",
        "mistakes",
        "learning-curves",
        "trainings",
        "crate-map",
    } <= keys


def test_recordings_are_analysed_in_turn_and_a_missing_one_is_named(
    kept: KeptUp, trained: Stage, recording: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.flac"
    write_recording(other, trained.home.with_name("crate"), labels=3)
    with copied(trained, kept.home) as stage:
        kept.more = {"DATABASE_URL": stage.url}
        kept.start()
        runs = [kept.run("mix", recording=str(path)) for path in (recording, other, tmp_path / "gone.mp3")]
        for run in runs:
            kept.wait_for(run, "COMPLETED", "FAILED", "CRASHED", "CANCELLED", seconds=300)
        assert [kept.state_of(run) for run in runs] == ["COMPLETED", "COMPLETED", "FAILED"]
        status = json.loads(kept.call("status", "--json").stdout)
        assert len(status["mixes"]) == 2
        assert any("gone.mp3' is not there" in (run["why"] or "") for run in status["last_runs"])
        with pytest.raises(HTTPError) as refused:
            kept.run("mix", recording="set.mp3")
        assert refused.value.code == 409 and b"recording" in refused.value.read()
        assert kept.stop() == 0


def test_a_run_that_is_killed_with_all_that_started_it_is_not_running_for_long(
    kept: KeptUp, tmp_path: Path
) -> None:
    crate = tmp_path / "crate"
    render_crate(crate, tracks_per_label=24, artists_per_label=4, duration_s=9.0)
    kept.start()
    run = kept.run("pipeline", crate=str(crate))
    kept.wait_for(run, "RUNNING")
    for process in processes_of(kept.home):
        os.kill(process, signal.SIGKILL)
    kept.start()
    assert kept.state_of(run) == "CRASHED"
    again = kept.run("pipeline", crate=str(crate))
    kept.wait_for(again, "COMPLETED", seconds=300)


def test_a_run_whose_own_process_alone_is_killed_is_marked_and_the_next_one_works(kept: KeptUp) -> None:
    kept.start()
    assert kept.process is not None
    run = kept.run("evaluate")
    kept.wait_for(run, "RUNNING", "COMPLETED")
    crashed = kept.run("maintain")
    kept.wait_for(crashed, "RUNNING", "COMPLETED")
    os.kill(kept.process.pid, signal.SIGKILL)  # its runs end too, but first try to tell a server that is gone
    wait_until(lambda: not processes_of(kept.home), 150)
    kept.start()
    assert kept.state_of(crashed) in ("CRASHED", "COMPLETED")
    kept.wait_for(kept.run("maintain"), "COMPLETED")


def test_a_run_that_died_before_its_first_heartbeat_ends_in_minutes(kept: KeptUp) -> None:
    kept.start()
    flow = kept.ask("/flows/filter", {})[0]["id"]
    of_timetable, of_somebody = (
        kept.ask("/flow_runs/", {"flow_id": flow, "tags": tags, "state": {"type": "RUNNING"}})["id"]
        for tags in (["labelscope"], [])
    )
    kept.wait_for(of_timetable, "CRASHED", seconds=300)
    assert kept.state_of(of_somebody) == "RUNNING"  # a single run sends no heartbeats


def test_it_outlives_an_outage_of_the_server_that_prefect_gives_up_on(kept: KeptUp) -> None:
    kept.more = {"PREFECT_CLIENT_MAX_RETRIES": "0"}  # so that Prefect gives up after seconds, not minutes
    kept.start()
    server = read_state(kept.home / "prefect")
    os.kill(server.keeper, signal.SIGSTOP)  # nobody starts the server again for now
    os.kill(server.pid, signal.SIGKILL)
    log = kept.home.with_suffix(".log")
    wait_until(lambda: "the timetable goes on as soon as it does" in log.read_text(), 120)
    os.kill(server.keeper, signal.SIGCONT)
    wait_until(lambda: read_state(kept.home / "prefect").pid not in (0, server.pid), 120)
    wait_until(lambda: answers(kept), 120)
    kept.wait_for(kept.run("maintain"), "COMPLETED")
    assert kept.stop() == 0


def answers(kept: KeptUp) -> bool:
    try:
        return bool(kept.deployments())
    except OSError:
        return False


def test_it_runs_without_a_terminal_until_down(kept: KeptUp) -> None:
    started = kept.call("up", "--detach")
    assert started.returncode == 0 and kept.pages in started.stdout
    assert "Ctrl-C" not in started.stdout and "`labelscope down` ends it" in started.stdout
    state = up_process.up_state(kept.home)
    assert state is not None and os.getsid(state.pid) == state.pid
    assert kept.call("down").stdout == "Labelscope is down.\n"
    wait_until(lambda: not processes_of(kept.home), 30)
    assert kept.call("down").stdout == "Labelscope was not up.\n"


def test_an_interval_that_is_no_crontab_is_refused_in_a_sentence(kept: KeptUp) -> None:
    refused = subprocess.run(
        [LABELSCOPE, "up"],
        env=kept.environment | {"LABELSCOPE_PIPELINE_CRON": "every day"},
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 1 and "LABELSCOPE_PIPELINE_CRON" in refused.stderr
