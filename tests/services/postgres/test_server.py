"""The embedded PostgreSQL runs while it is used, whichever process dies, and stops afterwards."""

import os
import pwd
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy

from services.keeper import ServiceError
from services.locks import read_state
from services.postgres.server import PostgresAddress, embedded_postgres, ensure_database, postgres_server

OPTIONS = {"user": "postgres", "dbname": "postgres", "port": 5432, "autocommit": True}
ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
DEBIAN_PYTHON = Path("/usr/bin/python3")


def run_sql(address: PostgresAddress, statement: Any) -> Any:
    with psycopg.connect(host=str(address.socket_dir), **OPTIONS) as connection:  # type: ignore[arg-type]
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None  # type: ignore[index]


def commit_a_row(address: PostgresAddress) -> None:
    run_sql(address, "CREATE TABLE kept AS SELECT 42 AS answer")


def committed_row(home: Path) -> Any:
    with embedded_postgres(home) as address:
        return run_sql(address, "SELECT answer FROM kept")


def kill(pid: int) -> None:
    """And wait until it is dead, which is a little later."""
    assert pid > 1
    process = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([process], [], [], 10)
    os.close(process)


def test_the_server_stops_after_its_last_user(
    home: Path, start_user: Callable[..., Any], wait_until: Callable[..., None], is_quiet: Callable[..., bool]
) -> None:
    first, second = start_user(home), start_user(home)
    commit_a_row(first.inside())
    address = second.inside()
    assert first.leave() == ""
    assert run_sql(address, "SELECT answer FROM kept") == 42
    assert second.leave() == ""
    wait_until(lambda: is_quiet(home / "postgres"), "the server stops after its last user")
    assert read_state(home / "postgres").status == "stopped"


def test_a_killed_user_leaves_the_rows_and_no_process(
    home: Path, start_user: Callable[..., Any], wait_until: Callable[..., None], is_quiet: Callable[..., bool]
) -> None:
    user = start_user(home)
    commit_a_row(user.inside())
    user.kill()
    wait_until(lambda: is_quiet(home / "postgres"), "the server stops although its user was killed")
    assert committed_row(home) == 42


def test_a_killed_keeper_is_replaced_by_the_next_user(home: Path, start_user: Callable[..., Any]) -> None:
    user = start_user(home)
    commit_a_row(user.inside())
    before = read_state(home / "postgres")
    kill(before.keeper)
    with embedded_postgres(home) as address:
        assert run_sql(address, "SELECT answer FROM kept") == 42
        after = read_state(home / "postgres")
        assert (after.pid, after.fresh) == (before.pid, False)  # adopted, not started anew
        assert after.keeper != before.keeper


def test_a_keeper_killed_meanwhile_does_not_keep_the_server_running(
    home: Path, start_user: Callable[..., Any], wait_until: Callable[..., None], is_quiet: Callable[..., bool]
) -> None:
    user = start_user(home)
    user.inside()
    kill(read_state(home / "postgres").keeper)
    assert user.leave() == ""
    wait_until(lambda: is_quiet(home / "postgres"), "the user on its way out sees to it")


def test_a_killed_postmaster_is_started_again_for_the_users_there_are(
    home: Path, wait_until: Callable[..., None]
) -> None:
    with embedded_postgres(home) as address:
        commit_a_row(address)
        before = read_state(home / "postgres").pid
        kill(before)
        assert committed_row(home) == 42  # the next user
        wait_until(lambda: read_state(home / "postgres").pid != before, "the keeper starts another")
        assert run_sql(address, "SELECT answer FROM kept") == 42  # the one that was there


def test_a_new_keeper_replaces_a_killed_one_and_restarts_a_dead_server(
    home: Path, start_user: Callable[..., Any], wait_until: Callable[..., None]
) -> None:
    user = start_user(home)
    commit_a_row(user.inside())
    before = read_state(home / "postgres")
    kill(before.keeper)
    kill(before.pid)
    wait_until(
        lambda: (
            read_state(home / "postgres").pid not in (0, before.pid)
            and read_state(home / "postgres").status == "ready"
        ),
        "another keeper starts the server for the user who has stayed",
    )
    assert user.leave() == ""
    assert committed_row(home) == 42


def test_all_killed_at_once_recovers(home: Path, start_user: Callable[..., Any]) -> None:
    user = start_user(home)
    commit_a_row(user.inside())
    state = read_state(home / "postgres")
    kill(state.keeper)
    kill(state.pid)
    user.kill()
    assert committed_row(home) == 42


@pytest.mark.parametrize("damage", ["foreign", "empty"])
def test_a_stale_postmaster_pid_is_no_obstacle(
    home: Path, damage: str, wait_until: Callable[..., None], is_quiet: Callable[..., bool]
) -> None:
    with embedded_postgres(home) as address:
        commit_a_row(address)
        folder = home / "postgres"
        file = folder / "data" / "postmaster.pid"
        server = file.stat()
        left_behind = file.read_text()
        lock = address.socket_dir / ".s.PGSQL.5432.lock"
    # A process of the server's own user, which PostgreSQL takes for a server that is still running.
    sleeper = subprocess.Popen(["sleep", "600"], user=server.st_uid if os.geteuid() == 0 else None)
    try:
        wait_until(lambda: is_quiet(folder), "the server stops")
        lock.parent.mkdir(mode=0o700)
        os.chown(lock.parent, server.st_uid, server.st_gid)
        _, _, rest = left_behind.partition("\n")
        for each in (file, lock):
            each.write_text("" if damage == "empty" else f"{sleeper.pid}\n{rest}")
            os.chown(each, server.st_uid, server.st_gid)
            each.chmod(0o600)
        assert committed_row(home) == 42
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


@pytest.mark.parametrize("name", ['100% ünï%20cödé ☃, "it\'s" $HOME `id`', "long/" + "long-name-" * 20])
def test_any_path_will_do(home: Path, name: str, wait_until: Callable[..., None]) -> None:
    home.rename(home.parent / "was")
    (home / name).parent.mkdir(parents=True)
    (home.parent / "was").rename(home / name)
    with embedded_postgres(home / name) as address:
        ensure_database(address, "100% mine")
        engine = sqlalchemy.create_engine(address.url("100% mine"))
        with engine.connect() as connection:
            assert connection.scalar(sqlalchemy.text("SELECT current_database()")) == "100% mine"
        engine.dispose()
    wait_until(lambda: not address.socket_dir.exists(), "nothing stays among the temporary files")


def test_many_processes_on_a_cold_home_start_one_server(
    cold_home: Path, start_user: Callable[..., Any]
) -> None:
    crowd = [start_user(cold_home) for _ in range(8)]
    assert len({user.inside() for user in crowd}) == 1
    assert [user.leave() for user in crowd] == [""] * 8
    log = (cold_home / "logs" / "postgres.log").read_text()
    assert log.count("ready to accept connections") == 1
    assert log.count("ok\n\nSuccess") == 1


def test_databases_are_created_once_by_two_at_a_time(home: Path, start_user: Callable[..., Any]) -> None:
    code = """
import sys
from pathlib import Path
from services.postgres.server import embedded_postgres, ensure_database
with embedded_postgres(Path(sys.argv[1])) as server:
    print(server.socket_dir, flush=True)
    sys.stdin.readline()
    ensure_database(server, "labelscope")
"""
    crowd = [start_user(home, code=code) for _ in range(3)]
    for user in crowd:
        user.inside()
    for user in crowd:
        user.process.stdin.write("\n")
        user.process.stdin.flush()
    assert [user.leave() for user in crowd] == [""] * 3


def test_a_failed_creation_leaves_nothing_half_written(
    cold_home: Path, start_user: Callable[..., Any]
) -> None:
    limited = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
sys.argv = ["", {str(cold_home)!r}]
from pathlib import Path
from services.postgres.server import embedded_postgres
with embedded_postgres(Path(sys.argv[1])):
    pass
"""
    errors = start_user(cold_home, code=limited).leave()
    assert "ServiceError: PostgreSQL could not create its data folder" in errors
    assert str(cold_home / "logs" / "postgres.log") in errors
    assert sorted(path.name for path in (cold_home / "postgres").iterdir() if path.is_dir()) == []
    with embedded_postgres(cold_home) as address:
        assert run_sql(address, "SELECT 1") == 1


def test_what_goes_wrong_inside_is_not_blamed_on_the_server(home: Path) -> None:
    with pytest.raises(PermissionError, match="mine"), embedded_postgres(home):
        raise PermissionError("mine")


@ONLY_ROOT
@pytest.mark.skipif(not DEBIAN_PYTHON.exists(), reason="no interpreter that an ordinary user can reach")
def test_ordinary_users_and_root(cold_home: Path, start_user: Callable[..., Any]) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(cold_home.parent, nobody.pw_uid, nobody.pw_gid)
    as_nobody = {"python": str(DEBIAN_PYTHON), "uid": nobody.pw_uid}

    user = start_user(cold_home, **as_nobody)
    commit_a_row(user.inside())
    assert user.leave() == ""
    with pytest.raises(ServiceError, match=r"belongs to nobody, and root .* run as nobody, or take it over"):
        committed_row(cold_home)
    user = start_user(cold_home, **as_nobody)
    assert run_sql(user.inside(), "SELECT answer FROM kept") == 42
    assert user.leave() == ""

    roots = cold_home.parent / "of root"
    with embedded_postgres(roots):
        assert (roots / "postgres" / "data").stat().st_uid == nobody.pw_uid
    errors = start_user(roots, **as_nobody).leave()
    assert f"ServiceError: PostgreSQL cannot use {roots}" in errors
    assert "chown" in errors


def test_the_keeper_is_light() -> None:
    """It stays in memory for as long as the server runs, and its start is part of every cold start."""
    server = postgres_server(Path("/nowhere"))
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r}); import services.prefect.server"
    )
    modules = f"{code}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", modules], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert loaded - set(sys.stdlib_module_names) <= {"services", "common", "__main__"}
    assert server.binaries.is_dir()
