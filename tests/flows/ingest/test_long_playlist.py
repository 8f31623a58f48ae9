"""A playlist of any length: memory does not grow, and work grows linearly with the tracks."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from db.engine import open_engine
from sources.records import Artist, Entry, KnownHashes, Label, Playlist, Reference, Track
from tests.flows.ingest.measured_ingest import measured_ingest

REFERENCE = Reference("spotify", "long", Label("long-tapes", "Long Tapes"))
SHORT, LONG = 2_000, 8_000
OTHERS = 4 * SHORT
"""Rows of the other lists, which a plan may read, too, where it scans a small table."""


@dataclass
class List:
    """A source of one playlist of any length."""

    entries_: range
    provider: str = "spotify"

    def fetch_playlist(self, reference: Reference) -> Playlist:
        return Playlist("spotify", reference.external_id, "Long list", reference.label, f"{self.entries_}")

    def entries(self, playlist: Playlist, known_hashes: KnownHashes) -> Iterator[Entry]:
        for number in self.entries_:
            artist = Artist("spotify", f"artist {number // 3}", "Somebody")
            track = Track(
                "spotify", f"{number}", "A title", (artist,), None, None, 200.0, None, {"n": number}
            )
            yield Entry(track, ())


@dataclass
class Work:
    """How often a server ran each statement, and how many rows the nodes of its plans processed."""

    times: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)

    def add(self, message: str) -> None:
        plan = json.loads(message.partition("plan:\n")[2])
        statement = " ".join(plan["Query Text"].split())
        self.times[statement] += 1
        self.rows[statement] += processed(plan["Plan"])


def processed(node: dict[str, Any]) -> int:
    """Rows that a node of a plan and all nodes below it returned or removed."""
    counts = (rows for name, rows in node.items() if name.startswith(("Actual Rows", "Rows Removed")))
    own: float = sum(counts) * node["Actual Loops"]
    return round(own) + sum(map(processed, node.get("Plans", [])))


@contextmanager
def watched(database_url: str, plans: str) -> Iterator[tuple[Engine, Work]]:
    """An engine whose server sends the plan of each statement, and the work that this adds up to."""
    engine, work = open_engine(database_url), Work()

    @event.listens_for(engine, "connect")
    def _(connection: psycopg.Connection[Any], _: object) -> None:
        connection.add_notice_handler(lambda notice: work.add(notice.message_primary or ""))
        connection.execute("LOAD 'auto_explain'")
        for name, value in {
            "auto_explain.log_min_duration": "0",
            "auto_explain.log_analyze": "on",
            "auto_explain.log_timing": "off",
            "auto_explain.log_parameter_max_length": "0",
            "auto_explain.log_format": "json",
            "auto_explain.log_level": "notice",
            "plan_cache_mode": plans,
        }.items():
            connection.execute(f"SET {name} = '{value}'")
        connection.commit()

    yield engine, work
    engine.dispose()


@pytest.mark.slow
def test_ten_thousand_tracks_need_little_memory(
    flows: SimpleNamespace, own_database: str, tmp_path: Path
) -> None:
    measured = measured_ingest(10_000, {"LABELSCOPE_HOME": str(tmp_path)})
    assert measured.members == 10_000
    # A run that keeps all entries in memory needs 127 MB.
    assert measured.beyond_mb < 80


@pytest.mark.parametrize("plans", ["force_custom_plan", "force_generic_plan"])
def test_four_times_the_tracks_are_four_times_the_work(
    flows: SimpleNamespace, database_url: str, plans: str
) -> None:
    """Counted, not timed. PostgreSQL plans a frequent statement without the lengths of its arrays."""
    from prefect.logging import disable_run_logger

    from flows.ingest.playlists import ENTRIES_PER_TRANSACTION, ingest_playlist

    with watched(database_url, plans) as (engine, work), disable_run_logger():

        def ingest(name: str, entries: range) -> Work:
            """The work of reading the list."""
            work.times, work.rows = Counter(), Counter()
            reference = replace(REFERENCE, external_id=name)
            loaded = ingest_playlist.fn(engine, List(entries), reference, "labels.toml", dict)
            assert loaded.outcome == "loaded" and loaded.counts.tracks == len(entries)
            return Work(work.times, work.rows)

        ingest("warm-up", range(-SHORT, 0))
        # A new list; then all but one track again; then other tracks alone.
        for first in (0, 1, LONG):
            short = ingest(f"short {plans}", range(first, first + SHORT))
            long = ingest(f"long {plans}", range(10 * LONG + first, 10 * LONG + first + LONG))
            for work_done, tracks in ((short, SHORT), (long, LONG)):
                assert set(work_done.times.values()) == {1, tracks // ENTRIES_PER_TRANSACTION}
            for statement, rows in short.rows.items():
                assert long.rows[statement] <= 4 * rows + OTHERS, statement
