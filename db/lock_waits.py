"""Messages about waits for a lock that another process holds."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

import psycopg
from sqlalchemy import Engine, event

from db.engine import libpq_url

CHECK_SECONDS = 1.0
MESSAGE_AFTER_SECONDS = 2

WAITS = """
    SELECT DISTINCT holder, coalesce(nullif(a.application_name, ''), a.usename::text)
      FROM pg_locks w CROSS JOIN unnest(pg_blocking_pids(w.pid)) AS holder
      LEFT JOIN pg_stat_activity a ON a.pid = holder
     WHERE NOT w.granted AND w.pid = ANY(%s) AND w.waitstart < clock_timestamp() - make_interval(secs => %s)
"""


def on_stderr(sentence: str) -> None:
    """Write a message to stderr, apart from the output of a command."""
    sys.stderr.write(f"labelscope: {sentence}\n")
    sys.stderr.flush()


@contextmanager
def announced(engine: Engine, write: Callable[[str], None] = on_stderr) -> Iterator[None]:
    """For the block, write which process holds a lock that a connection of this engine waits for.

    A thread checks once a second while a connection is in use, over a connection of its own.
    """
    in_use: set[int] = set()

    def begins(driver: Any, record: Any, _proxy: Any) -> None:
        record.info["backend"] = driver.info.backend_pid
        in_use.add(record.info["backend"])

    def ends(_driver: Any, record: Any) -> None:
        in_use.discard(record.info.get("backend", 0))

    event.listen(engine, "checkout", begins)
    event.listen(engine, "checkin", ends)
    over = Event()
    Thread(target=_watch, args=(engine, in_use, over, write), name="lock waits", daemon=True).start()
    try:
        yield
    finally:
        over.set()  # no join: the thread may wait for a server that does not respond
        event.remove(engine, "checkout", begins)
        event.remove(engine, "checkin", ends)


def _watch(engine: Engine, in_use: set[int], over: Event, write: Callable[[str], None]) -> None:
    where = libpq_url(engine.url.render_as_string(hide_password=False))
    shown: set[tuple[int, str]] = set()
    connection = None
    try:
        while not over.wait(CHECK_SECONDS):
            if not in_use:
                continue
            try:
                connection = connection or psycopg.connect(
                    where, autocommit=True, connect_timeout=10, application_name="labelscope lock waits"
                )
                rows = connection.execute(WAITS, [list(in_use), MESSAGE_AFTER_SECONDS]).fetchall()
            except psycopg.Error:  # the work itself reports the same error
                connection = None
                continue
            for holder, name in rows:
                if (holder, name) not in shown and not over.is_set():
                    shown.add((holder, name))
                    write(f"Waiting for a lock that process {holder} ({name or 'prepared'}) holds.")
    finally:
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()
