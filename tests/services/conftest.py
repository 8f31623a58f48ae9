"""Homes whose processes must have ended after each test, and users of them in processes of their own."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from services.locks import read_state
from services.postgres.server import PostgresAddress, embedded_postgres
from tests.private_places import foreign_folder, state_of

ROOT = Path(__file__).resolve().parents[2]
USER = """
import sys
from pathlib import Path
from services.postgres.server import embedded_postgres
with embedded_postgres(Path(sys.argv[1])) as server:
    print(server.socket_dir, flush=True)
    sys.stdin.readline()
"""


class User:
    """A process inside `with embedded_postgres(home)`."""

    def __init__(
        self, home: Path, code: str = USER, python: str = sys.executable, uid: int | None = None
    ) -> None:
        packages = Path(pytest.__file__).parents[1]  # an interpreter from elsewhere needs them spelt out
        self.process = subprocess.Popen(
            [python, "-c", code, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            user=uid,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{packages}"},
        )

    def inside(self) -> PostgresAddress:
        """Wait until the server is up for this user."""
        assert self.process.stdout is not None
        if line := self.process.stdout.readline().strip():
            return PostgresAddress(Path(line))
        raise AssertionError(self.leave())

    def leave(self) -> str:
        """What it wrote to standard error."""
        return self.process.communicate("\n", timeout=60)[1]

    def kill(self) -> None:
        self.process.kill()
        with suppress(ValueError):  # its pipes are closed already
            self.process.communicate()


@pytest.fixture
def start_user() -> Iterator[Callable[..., User]]:
    started: list[User] = []

    def start(home: Path, **options: Any) -> User:
        started.append(User(home, **options))
        return started[-1]

    yield start
    for user in started:
        user.kill()


@pytest.fixture
def cold_home() -> Iterator[Path]:
    """A home that does not exist yet, in a folder that others may enter. After the test its processes must end."""
    base = Path(tempfile.mkdtemp(prefix="home-"))
    base.chmod(0o755)
    yield base / "home"
    folders = [state.parent for state in base.rglob("server.json")]
    try:
        _wait_until(lambda: all(map(_is_quiet, folders)), "the last user stops all")
    finally:
        for folder in folders:
            if _is_held(folder / "server.lock"):
                os.kill(read_state(folder).pid, signal.SIGKILL)
        shutil.rmtree(base)


@pytest.fixture
def home(cold_home: Path, used_data: Path) -> Path:
    """A home that was used before: initdb is most of a cold start."""
    shutil.copytree(used_data, cold_home / "postgres" / "data")
    return cold_home


@pytest.fixture(scope="session")
def used_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("used")
    with embedded_postgres(home):
        pass
    _wait_until(lambda: _is_quiet(home / "postgres"), "the server stops")
    return home / "postgres" / "data"


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Path]:
    """A folder that has nothing to do with Labelscope. After the test it must be as it was."""
    folder = foreign_folder(tmp_path)
    before = state_of(folder)
    yield folder
    assert state_of(folder) == before


@pytest.fixture
def wait_until() -> Callable[..., None]:
    """wait_until(condition, what, seconds=30)"""
    return _wait_until


@pytest.fixture
def is_quiet() -> Callable[[Path], bool]:
    """is_quiet(folder): no keeper, no server and no child of a server is left."""
    return _is_quiet


def _wait_until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.02)


def _is_quiet(folder: Path) -> bool:
    return not _is_held(folder / "keeper.lock") and not _is_held(folder / "server.lock")


def _is_held(lock: Path) -> bool:
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
