"""What a home that is kept up holds at one moment: memory, open files, connections, rows and bytes. Linux alone."""

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psycopg

from bench.soak.home import SoakedHome
from services.postgres.postmaster import PORT

MEBIBYTE = 2**20
PROC = Path("/proc")
ROWS = "rows of "  # how the names of measures begin that count a table of Prefect's
POLLS = "requests of the runner"
Measures = dict[str, float]


def measure(home: SoakedHome) -> Measures:
    """Everything, by a name that says its unit."""
    up, server, postgres = [home.pid], tree(home.prefect.pid), tree(home.postgres.pid)
    keepers = [home.prefect.keeper, home.postgres.keeper]
    found: Measures = {}
    for name, processes in (("labelscope up", up), ("Prefect", server), ("PostgreSQL", postgres)):
        found[f"memory of {name}, MiB"] = sum(map(own_bytes, processes)) / MEBIBYTE
    for name, processes in (("labelscope up", up), ("Prefect", server), ("PostgreSQL", postgres)):
        found[f"files open in {name}"] = sum(map(open_files, processes))
    found["processes"] = len({*tree(home.pid), *server, *postgres, *keepers})
    found |= of_databases(home.postgres.place)
    found["logs, MiB"] = size_of((home.home / "logs").rglob("*")) / MEBIBYTE
    found["Prefect's files, MiB"] = size_of((home.home / "prefect").rglob("*")) / MEBIBYTE
    return found


def tree(pid: int) -> list[int]:
    """A process and all that it has started, which are still there."""
    try:
        children = (PROC / f"{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(each for child in children for each in tree(int(child)))]


def own_bytes(pid: int) -> int:
    """Memory that it has filled itself; neither that of programs and libraries, nor what PostgreSQL caches for all.

    Those are bounded by what they are, and which process is said to hold them changes with what else runs.
    """
    with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
        told = (PROC / f"{pid}/smaps_rollup").read_text()
        [kibibytes] = re.findall(r"^Pss_Anon:\s+(\d+) kB", told, re.MULTILINE)
        return 1024 * int(kibibytes)
    return 0


def open_files(pid: int) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        return sum(1 for _ in (PROC / f"{pid}/fd").iterdir())
    return 0


def size_of(paths: Iterable[Path]) -> int:
    total = 0
    for path in paths:
        with suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def of_databases(socket_folder: str) -> Measures:
    """Connections of clients, bytes of both databases, and the rows of every table of Prefect's."""
    where = f"host={socket_folder} port={PORT} user=postgres"
    found: Measures = {}
    with psycopg.connect(f"{where} dbname=prefect", autocommit=True) as connection:
        [(found["connections"],)] = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        sizes = connection.execute("SELECT datname, pg_database_size(datname) FROM pg_database")
        bytes_of: dict[str, int] = dict(sizes.fetchall())
        found["Prefect's database, MiB"] = bytes_of["prefect"] / MEBIBYTE
        found["Labelscope's database, MiB"] = bytes_of["labelscope"] / MEBIBYTE
        [(updates,)] = connection.execute(
            "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'deployment'"
        )
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        rows = {name: _count(connection, name) for (name,) in tables.fetchall()}
        found["rows in Prefect's database"] = sum(rows.values())
        found |= {f"{ROWS}{name}": number for name, number in rows.items()}
        found[POLLS] = updates / rows["deployment"]  # each of which notes the time in every deployment
    with psycopg.connect(f"{where} dbname=labelscope", autocommit=True) as connection:
        found["tracks"] = _count(connection, "tracks")
    return found


def _count(connection: psycopg.Connection, table: str) -> int:
    [(number,)] = connection.execute(f'SELECT count(*) FROM "{table}"')
    return int(number)
