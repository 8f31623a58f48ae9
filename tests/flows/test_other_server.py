"""A PostgreSQL of one's own, over TCP and with a password."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from config.settings import Settings
from flows.home import open_database
from services.postgres import postgres_server

PASSWORD = "pa/ss%40 word"


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server that listens on 127.0.0.1 and asks for a password."""
    folder = tmp_path_factory.mktemp("own server")
    binaries = postgres_server(folder).binaries
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    (folder / "password").write_text(PASSWORD)
    if user:
        for place in (folder, folder / "password"):
            os.chown(place, 65534, 65534)
        for parent in folder.parents:
            if parent.stat().st_uid == 0 and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    data = folder / "data"
    make = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "me",
        "-A",
        "scram-sha-256",
        "--pwfile",
        folder / "password",
    ]
    subprocess.run(
        [*make, "-E", "UTF8", "--locale=C.UTF-8"], check=True, capture_output=True, user=user, cwd="/"
    )
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"port={port}", "-c", "unix_socket_directories="]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options], stdout=log, stderr=log, user=user, cwd="/"
        )
        ask = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "30"]
        while subprocess.run(ask, check=False).returncode:
            assert server.poll() is None, (folder / "log").read_text()
        yield port
        server.terminate()
        server.wait(30)


def test_a_server_of_ones_own_is_migrated_and_used(
    own_server: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"postgresql://me:pa%2Fss%2540%20word@127.0.0.1:{own_server}/postgres"
    monkeypatch.setenv("DATABASE_URL", address)
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
    with open_database(Settings()) as engine, engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM label_accuracy")) == 0
        assert connection.scalar(text("SELECT inet_server_addr()::text")) == "127.0.0.1/32"
    assert not (tmp_path / "home").exists(), "the embedded server was started all the same"
