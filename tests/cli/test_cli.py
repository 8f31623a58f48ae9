"""The command line as people use it: a process, its output, its exit code, and what it leaves behind."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine

from services.ports import free_port
from services.postgres.server import embedded_postgres
from sources.synth.crate import render_crate
from tests.processes import processes_of, wait_until

LABELSCOPE = Path(sys.executable).with_name("labelscope")
# Python runs it at every start of any process below: it logs each connection and each name look-up.
AUDIT_HOOK = """
import os, sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        with open(LOG, "a") as log:
            print(event, repr(arguments[1] if event == "socket.connect" else arguments[0]), file=log)
sys.addaudithook(watch)
"""

Run = Callable[..., subprocess.CompletedProcess[str]]
Labelscope = Callable[..., str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs `labelscope` in an empty user's home, with a Labelscope home shared by this module."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "user").mkdir()
    (folder / "watch").mkdir()
    # In its text, as servers do not inherit every variable.
    (folder / "watch" / "sitecustomize.py").write_text(f"LOG = {str(folder / 'watch.log')!r}\n{AUDIT_HOOK}")
    (folder / "watch.log").touch()
    left_out = ("PREFECT", "XDG", "LABELSCOPE_WORKERS")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    environment |= {
        "HOME": str(folder / "user"),
        "LABELSCOPE_HOME": str(folder / "home"),
        "PYTHONPATH": str(folder / "watch"),
    }

    def run(*arguments: str | Path, expect: int = 0, **extra: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [LABELSCOPE, *arguments],
            cwd=folder / "user",
            env=environment | extra,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    run.folder = folder  # type: ignore[attr-defined]
    yield run


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crate")
    render_crate(folder, tracks_per_label=3, artists_per_label=3, duration_s=7.0)
    return folder


@pytest.fixture(scope="module")
def trained(run: Run, crate: Path) -> str:
    """The output of `labelscope run` for the crate."""
    return run("run", "--folder", crate).stdout


@pytest.fixture(scope="module")
def server_up(run: Run, trained: str) -> Iterator[None]:
    """The home's PostgreSQL stays up from here on, so that no command has to start it."""
    with embedded_postgres(run.folder / "home"):  # type: ignore[attr-defined]
        yield


@pytest.fixture
def here(labelscope: Labelscope, run: Run, server_up: None, monkeypatch: pytest.MonkeyPatch) -> Labelscope:
    """Calls `labelscope` for the same home in this process: the start of another one takes seconds."""
    monkeypatch.setenv("LABELSCOPE_HOME", str(run.folder / "home"))  # type: ignore[attr-defined]
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return labelscope


def test_a_run_shows_each_stage_and_the_accuracy_of_labels(trained: str) -> None:
    assert "15 tracks new" in trained and "15 clips ready" in trained and "15 tracks scored" in trained
    assert "promoted" in trained and "label " in trained and "of held-out tracks right" in trained
    assert "clips a second" in trained
    named = trained.partition("New tracks")[2].partition("Labels")[0].splitlines()
    assert len([line for line in named if " – " in line]) == 15


def test_nothing_runs_on_once_the_command_has_ended(run: Run, trained: str) -> None:
    home = run.folder / "home"  # type: ignore[attr-defined]
    assert (home / "postgres" / "data" / "PG_VERSION").exists()
    wait_until(lambda: not processes_of(home))
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()


def test_predict_shows_scores_of_files_and_names_unusable_ones(
    run: Run, here: Labelscope, crate: Path, tmp_path: Path
) -> None:
    track = next(crate.glob("*/*.flac"))
    files = "SELECT uri FROM training_run_tracks JOIN clips USING (track_id) WHERE split = 'train'"
    learnt = f"{track.parent.name}/{track.name}" in here("sql", files)
    text = tmp_path / "text.mp3"
    text.write_text("no music")
    done = run("predict", text, tmp_path / "gone.mp3", track, expect=1)
    assert "is not a sound file" in done.stderr and "is not there" in done.stderr
    assert track.name in done.stdout and done.stdout.splitlines()[0].startswith("file")
    assert ("trained on this very file" in done.stdout) == learnt
    assert "15" in here("sql", "SELECT count(*) FROM tracks")


def test_it_leaves_nothing_outside_its_home_and_asks_nobody_outside_this_machine(
    run: Run, trained: str
) -> None:
    folder = run.folder  # type: ignore[attr-defined]
    assert list((folder / "user").iterdir()) == []
    calls = (folder / "watch.log").read_text().splitlines()
    assert calls, "the hook did not run"
    local = ("127.0.0.1", "localhost", "::1", "/", "b'/", "None")
    assert [call for call in calls if not any(place in call for place in local)] == []


def test_sql_in_each_format(here: Labelscope) -> None:
    query = "SELECT name, synthetic FROM labels ORDER BY id"
    table = here("sql", query).splitlines()
    assert table[0].split() == ["name", "synthetic"] and len(table) == 6
    records = json.loads(here("sql", query, "--format", "json"))
    lines = list(csv.DictReader(io.StringIO(here("sql", query, "--format", "csv"))))
    assert [record["name"] for record in records] == [line["name"] for line in lines]


def test_sql_shows_what_it_was_given_and_nothing_else(here: Labelscope) -> None:
    query = r"SELECT E'a\x1b[31m' AS title, 0.00001::float AS small, 1.5::numeric AS n"
    title, small, number = here("sql", query).splitlines()[1].split()
    assert (title, small, number) == ("a\N{REPLACEMENT CHARACTER}[31m", "1e-05", "1.5")
    assert json.loads(here("sql", query, "--format", "json"))[0]["n"] == 1.5
    assert "AS" in here("sql", "SELECT 1 AS a, 2 AS a", "--format", "json", expect=2)
    assert "no statement" in here("sql", " ", expect=2)
    assert "one at a time" in here("sql", "SELECT 1; SELECT 2", expect=1)


def test_sql_changes_nothing_and_says_what_is_wrong(here: Labelscope) -> None:
    assert "read-only" in here("sql", "DELETE FROM tracks", expect=1)
    assert "nonsense" in here("sql", "SELECT nonsense", expect=1)
    for harm in ("COPY (SELECT 1) TO PROGRAM 'id'", "SELECT pg_read_file('postgresql.conf')"):
        assert "permission denied" in here("sql", harm, expect=1)
    assert "[/foo]" in here("sql", "SELECT '[/foo]' AS \"[/a]\"")
    assert "cast it to text" in here("sql", "SELECT '10000-01-01'::timestamptz", expect=1)


def test_status_for_people_and_for_programs(here: Labelscope) -> None:
    assert "tracks   15 in 5 playlists" in here("status")
    document = json.loads(here("status", "--json"))
    assert document["counts"]["tracks"] == 15 and document["champion"]["model_id"] == 1


def test_db_url_is_an_address_for_sqlalchemy_and_another_for_libpq(here: Labelscope) -> None:
    engine = create_engine(here("db", "url", "--read-only").strip())
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM tracks").scalar() == 15
    engine.dispose()
    assert engine.url.drivername == "postgresql+psycopg"
    with psycopg.connect(here("db", "url", "--libpq").strip()) as owner:
        assert owner.execute("SELECT current_user").fetchone() == ("postgres",)


def test_db_url_tcp_opens_a_port_for_programs_until_ctrl_c(
    run: Run, here: Labelscope, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen(
        [LABELSCOPE, "db", "url", "--tcp", "--port", str(free_port())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        shown = dict(process.stdout.readline().split() for _ in range(7))
        engine = create_engine(shown["URL"])
        with engine.connect() as connection:
            query = "SELECT count(*), current_user::text FROM tracks"
            assert connection.exec_driver_sql(query).one() == (15, "labelscope_reader")
        engine.dispose()
        login = f"{shown['host']}:{shown['port']}/{shown['database']}?user={shown['user']}&password={shown['password']}"
        assert shown["JDBC"] == f"jdbc:postgresql://{login}"
        file = run.folder / "home" / "postgres" / "tcp_password"  # type: ignore[attr-defined]
        assert file.read_text() == f"{shown['password']}\n" and file.stat().st_mode & 0o777 == 0o600
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(shown["URL"].replace("+psycopg", ""))
    assert "give --tcp" in here("db", "url", "--port", "1", expect=2)
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@127.0.0.1:1/mine")
    assert "connect to that one directly" in here("db", "url", "--tcp", expect=1)


def test_db_upgrade_names_the_schema(here: Labelscope) -> None:
    assert "schema" in here("db", "upgrade")


def test_flows_have_worked_as_the_pipeline_and_questions_are_the_readers(
    run: Run, here: Labelscope, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here("sql", "SELECT current_user::text AS me", "--format", "csv") == "me\nlabelscope_reader\n"
    owner = "SELECT current_user, has_table_privilege('labelscope_pipeline', 'tracks', 'INSERT')"
    assert run("db", "psql", "--", "-Atc", owner).stdout == "postgres|t\n"
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@127.0.0.1:1/mine")
    assert "docs/how-to/use-your-own-postgres.md" in here("db", "url", "--read-only", expect=1)


def test_sql_says_when_there_are_more_rows_than_it_writes(here: Labelscope) -> None:
    query = "SELECT external_id FROM tracks ORDER BY id"
    cut = ("sql", query, "--limit", "2", "--format", "csv")
    assert len(here(*cut).splitlines()) == 3 and "the first 2 rows" in here(*cut, read="err")
    assert here("sql", query, "--limit", "15", read="err") == ""
    assert len(here("sql", "SELECT generate_series(1, 20000)", "--format", "csv").splitlines()) == 10_001


def test_an_unknown_command_has_another_exit_code_than_a_failure(labelscope: Labelscope) -> None:
    assert "No such command" in labelscope("fly", expect=2)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("nonsense", "DATABASE_URL"),
        ("mysql://x/y", "DATABASE_URL"),
        ("postgresql://user:s3cret/db", "no address"),
        ("postgresql://nobody@127.0.0.1:1/none", "check DATABASE_URL"),
    ],
)
def test_a_database_that_cannot_be_used_is_refused_in_a_sentence(
    labelscope: Labelscope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, sentence: str
) -> None:
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", address)
    assert sentence in labelscope("status", expect=1)


def test_a_setting_that_is_not_understood_is_named(
    labelscope: Labelscope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LABELSCOPE_WORKERS", "many")
    assert "LABELSCOPE_WORKERS" in labelscope("status", expect=1)


COMMANDS = [
    "demo",
    "run",
    "ingest",
    "extract",
    "retrain",
    "predict",
    "models",
    "promote",
    "evaluate",
    "mix",
    "status",
    "deploy",
    "backup",
    "restore",
    "sql",
    "db url",
    "db upgrade",
    "db psql",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_with_an_example(labelscope: Labelscope, command: str) -> None:
    assert f"labelscope {command}" in labelscope(*command.split(), "--help").split("Example")[1]


def test_the_docs_show_every_command_in_use() -> None:
    root = Path(__file__).parents[2]
    pages = [path for path in (root / "docs").rglob("*.md") if path.parent.name != "reference"]
    words = "\n".join(page.read_text() for page in [root / "README.md", *pages])
    by_make = {"demo"}
    assert [name for name in COMMANDS if f"labelscope {name}" not in words and name not in by_make] == []
    assert all(f"make {name}" in words for name in by_make)
