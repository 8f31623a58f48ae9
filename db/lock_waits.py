"""Waiting for a lock that another program holds: announced after seconds, and given up after a while."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

import psycopg
from sqlalchemy import Engine, event

from db.engine import libpq_url

LOOK_SECONDS = 1.0
WORTH_SAYING_SECONDS = 2

WAITS = """
    SELECT DISTINCT holder, coalesce(nullif(a.application_name, ''), a.usename::text)
      FROM pg_locks w CROSS JOIN unnest(pg_blocking_pids(w.pid)) AS holder
      LEFT JOIN pg_stat_activity a ON a.pid = holder
     WHERE NOT w.granted AND w.pid = ANY(%s) AND w.waitstart < clock_timestamp() - make_interval(secs => %s)
"""


def on_stderr(sentence: str) -> None:
    """Where people see it, beside whatever the command writes."""
    sys.stderr.write(f"labelscope: {sentence}\n")
    sys.stderr.flush()


@contextmanager
def announced(engine: Engine, say: Callable[[str], None] = on_stderr) -> Iterator[None]:
    """For the block, say who holds the lock that a connection of this engine has been waiting for.

    A thread looks once a second while a connection is in use; it has one of its own, from the first look on.
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
    Thread(target=_watch, args=(engine, in_use, over, say), name="lock waits", daemon=True).start()
    try:
        yield
    finally:
        over.set()  # not joined: it may be asking a server that does not answer
        event.remove(engine, "checkout", begins)
        event.remove(engine, "checkin", ends)


def _watch(engine: Engine, in_use: set[int], over: Event, say: Callable[[str], None]) -> None:
    where = libpq_url(engine.url.render_as_string(hide_password=False))
    shown: set[tuple[int, str]] = set()
    connection = None
    try:
        while not over.wait(LOOK_SECONDS):
            if not in_use:
                continue
            try:
                connection = connection or psycopg.connect(
                    where, autocommit=True, connect_timeout=10, application_name="labelscope lock waits"
                )
                rows = connection.execute(WAITS, [list(in_use), WORTH_SAYING_SECONDS]).fetchall()
            except psycopg.Error:  # the work itself meets the same one
                connection = None
                continue
            for holder, name in rows:
                if (holder, name) not in shown and not over.is_set():
                    shown.add((holder, name))
                    say(f"Waiting for a lock that process {holder} ({name or 'prepared'}) holds.")
    finally:
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()
