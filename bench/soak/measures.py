"""Measure a running home: memory, open files, connections, rows and bytes. Linux only."""

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psycopg

from bench.soak.home import SoakedHome
from services.postgres.postmaster import PORT

MEBIBYTE = 2**20
PROC = Path("/proc")
ROWS = "rows of "
"""Prefix of the names of measures that count rows of one of Prefect's tables."""
POLLS = "requests of the runner"
Measures = dict[str, float]


def measure(home: SoakedHome) -> Measures:
    """All measures, by a name that includes the unit."""
    up, server, postgres = [home.pid], tree(home.prefect.pid), tree(home.postgres.pid)
    keepers = [home.prefect.keeper, home.postgres.keeper]
    measures: Measures = {}
    for name, processes in (("labelscope up", up), ("Prefect", server), ("PostgreSQL", postgres)):
        measures[f"memory of {name}, MiB"] = sum(map(own_bytes, processes)) / MEBIBYTE
    for name, processes in (("labelscope up", up), ("Prefect", server), ("PostgreSQL", postgres)):
        measures[f"files open in {name}"] = sum(map(open_files, processes))
    measures["processes"] = len({*tree(home.pid), *server, *postgres, *keepers})
    measures |= of_databases(home.postgres.place)
    measures["logs, MiB"] = size_of((home.home / "logs").rglob("*")) / MEBIBYTE
    measures["Prefect's files, MiB"] = size_of((home.home / "prefect").rglob("*")) / MEBIBYTE
    return measures


def tree(pid: int) -> list[int]:
    """The ids of a process and of all its running descendants."""
    try:
        children = (PROC / f"{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(each for child in children for each in tree(int(child)))]


def own_bytes(pid: int) -> int:
    """Private memory of a process in bytes, without programs, libraries and PostgreSQL's shared cache.

    Those are bounded, and how Linux divides them among processes depends on what else runs.
    """
    # The process may just have ended.
    with suppress(FileNotFoundError, ProcessLookupError):
        rollup = (PROC / f"{pid}/smaps_rollup").read_text()
        [kibibytes] = re.findall(r"^Pss_Anon:\s+(\d+) kB", rollup, re.MULTILINE)
        return 1024 * int(kibibytes)
    return 0


def open_files(pid: int) -> int:
    """How many files a process has open."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return sum(1 for _ in (PROC / f"{pid}/fd").iterdir())
    return 0


def size_of(paths: Iterable[Path]) -> int:
    """Bytes of all these files."""
    total = 0
    for path in paths:
        with suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def of_databases(socket_folder: str) -> Measures:
    """Connections of clients, MiB of both databases, and rows of all tables of Prefect's."""
    where = f"host={socket_folder} port={PORT} user=postgres"
    measures: Measures = {}
    with psycopg.connect(f"{where} dbname=prefect", autocommit=True) as connection:
        [(measures["connections"],)] = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        sizes = connection.execute("SELECT datname, pg_database_size(datname) FROM pg_database")
        bytes_of: dict[str, int] = dict(sizes.fetchall())
        measures["Prefect's database, MiB"] = bytes_of["prefect"] / MEBIBYTE
        measures["Labelscope's database, MiB"] = bytes_of["labelscope"] / MEBIBYTE
        [(updates,)] = connection.execute(
            "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'deployment'"
        )
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        rows = {name: _count(connection, name) for (name,) in tables.fetchall()}
        measures["rows in Prefect's database"] = sum(rows.values())
        measures |= {f"{ROWS}{name}": number for name, number in rows.items()}
        # Each request writes its time into every deployment.
        measures[POLLS] = updates / rows["deployment"]
    with psycopg.connect(f"{where} dbname=labelscope", autocommit=True) as connection:
        measures["tracks"] = _count(connection, "tracks")
    return measures


def _count(connection: psycopg.Connection, table: str) -> int:
    [(number,)] = connection.execute(f'SELECT count(*) FROM "{table}"')
    return int(number)
