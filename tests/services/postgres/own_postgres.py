"""A PostgreSQL as other people run theirs: over TCP, and with a password."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.ports import free_port
from services.postgres.server import postgres_server


@contextmanager
def own_postgres(folder: Path, user: str, password: str, binaries: Path | None = None) -> Iterator[int]:
    """The port on 127.0.0.1 of a server with that superuser, for the block; the folder is there, and its own."""
    binaries = binaries or postgres_server(folder).binaries
    runner = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    secret = folder / "password"
    secret.write_text(password)
    if runner:
        for place in (folder, secret):
            os.chown(place, 65534, 65534)
        for parent in folder.parents:
            if parent.stat().st_uid == 0 and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    data, port = folder / "data", free_port()
    make = [binaries / "initdb", "-D", data, "-U", user, "-A", "scram-sha-256", "--pwfile", secret]
    subprocess.run(
        [*make, "-E", "UTF8", "--locale=C.UTF-8"], check=True, capture_output=True, user=runner, cwd="/"
    )
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"port={port}", "-c", "unix_socket_directories="]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options], stdout=log, stderr=log, user=runner, cwd="/"
        )
        ask = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "30"]
        while subprocess.run(ask, check=False).returncode:
            assert server.poll() is None, (folder / "log").read_text()
        yield port
        server.terminate()
        server.wait(30)
