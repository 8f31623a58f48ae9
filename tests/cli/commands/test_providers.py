"""Services from the command line: login as by a browser, runs without a key, purging, a wrong labels.toml."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.ports import free_port
from services.postgres.server import embedded_postgres
from services.prefect.server import prefect_server
from tests.stand_ins import music
from tests.stand_ins.stand_ins import StandIns, stand_ins

LABELSCOPE = Path(sys.executable).with_name("labelscope")
BROWSER = """
import sys, requests
requests.get(sys.argv[1], timeout=20)
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def services() -> Iterator[StandIns]:
    world = music.small_world()
    owned = next(iter(world.playlists.values()))
    owned.owner = music.LISTENER
    with stand_ins(world, app_class="dev_after_2026") as running:
        yield running


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, services: StandIns) -> Iterator[Run]:
    """Runs `labelscope` in a home of this module, whose Prefect server stays up in between."""
    folder = tmp_path_factory.mktemp("services")
    (folder / "browser.py").write_text(BROWSER)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    environment |= services.environment | {
        "LABELSCOPE_HOME": str(folder / "home"),
        "BROWSER": f"{sys.executable} {folder / 'browser.py'} %s",
        "SPOTIPY_REDIRECT_URI": f"http://127.0.0.1:{free_port()}/callback",
    }

    def run(*arguments: str, expect: int = 0, **extra: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [LABELSCOPE, *arguments],
            env=environment | extra,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    run.home = folder / "home"  # type: ignore[attr-defined]
    with embedded_postgres(folder / "home", durable=False), prefect_server(folder / "home"):
        yield run


@pytest.fixture(autouse=True)
def logged_out(run: Run, services: StandIns) -> None:
    """Each test begins without a login, at a Spotify that grants one."""
    shutil.rmtree(run.home / "spotify", ignore_errors=True)  # type: ignore[attr-defined]
    services.spotify.dead_grant = ""


def test_without_a_key_the_others_are_read_and_run_and_status_ask_for_it(run: Run) -> None:
    done = run("ingest", SPOTIPY_CLIENT_ID="", SPOTIPY_CLIENT_SECRET="")
    first = done.stderr.splitlines()[0]
    assert first.startswith("2 of 3 playlists deferred: no Spotify key; set SPOTIPY_CLIENT_ID and SPOTIPY_")
    assert "set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET" in done.stdout
    answer = run("sql", "SELECT playlist, status FROM playlist_coverage", "--format", "csv").stdout
    assert "Ladder tracks,ok" in answer and answer.count("deferred") == 2
    assert "SPOTIPY_CLIENT_ID" in run("status").stdout


@pytest.mark.slow
def test_a_login_shows_what_only_its_owner_may_see_until_it_ends(run: Run, services: StandIns) -> None:
    assert "owner's login" in run("ingest").stdout
    output = run("login", "spotify").stdout
    assert "Logged in." in output
    token = run.home / "spotify" / "login.json"  # type: ignore[attr-defined]
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    output = run("ingest").stdout.replace("`labelscope login spotify` as its owner", "")
    assert "labelscope login spotify" not in output
    answer = run("sql", "SELECT playlist, status FROM playlist_coverage", "--format", "csv").stdout
    assert "Rumble tracks,ok" in answer and "Thimble tracks,metadata_only" in answer

    services.spotify.dead_grant = "Refresh token expired"
    services.spotify.expire_tokens()
    assert "labelscope login spotify" in run("ingest").stdout  # and nobody is waited for


def test_purge_asks_first_and_leaves_nothing_of_a_provider(run: Run) -> None:
    run("ingest")
    run("purge", "--provider", "spotify", expect=1)  # nobody there to say yes
    assert "Removed 2 playlists" in run("purge", "--provider", "spotify", "--yes").stdout
    answer = run("sql", "SELECT provider, count(*) FROM tracks GROUP BY 1", "--format", "csv").stdout
    assert "spotify" not in answer and "deezer" in answer
    assert not (run.home / "spotify").exists()  # type: ignore[attr-defined]


def test_a_missing_crate_is_named_in_a_sentence(run: Run) -> None:
    output = run("run", "--folder", "nowhere", expect=1).stderr
    assert "No crate at" in output and output.count("\n") == 1


def test_a_wrong_labels_toml_is_refused_with_its_line(run: Run, tmp_path: Path) -> None:
    labels = tmp_path / "labels.toml"
    labels.write_text('[[label]]\nname = "Kompakt"\nplaylists = [\n  "spotify:nonsense",\n]\n')
    output = run("ingest", expect=1, LABELSCOPE_LABELS=str(labels)).stderr
    assert "line 4" in output and output.count("\n") == 1
