"""A playlist of any length: memory stays where it was, and work grows with the tracks and no faster."""

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
OTHERS = 4 * SHORT  # rows of the other lists, which a plan may read too once it reads most of a small table


@dataclass
class List:
    """A source of one playlist that is as long as one likes."""

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
    """What a server did: how often each statement came, and how many rows the parts of its plans handled."""

    times: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)

    def add(self, message: str) -> None:
        told = json.loads(message.partition("plan:\n")[2])
        statement = " ".join(told["Query Text"].split())
        self.times[statement] += 1
        self.rows[statement] += handled(told["Plan"])


def handled(node: dict[str, Any]) -> int:
    """Rows that this part of a plan and all parts below it gave or threw away."""
    given = (rows for name, rows in node.items() if name.startswith(("Actual Rows", "Rows Removed")))
    here: float = sum(given) * node["Actual Loops"]
    return round(here) + sum(map(handled, node.get("Plans", [])))


@contextmanager
def watched(database_url: str, plans: str) -> Iterator[tuple[Engine, Work]]:
    """An engine whose server tells how it went about each statement."""
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
def test_ten_thousand_tracks_fit_into_little_memory(
    flows: SimpleNamespace, own_database: str, tmp_path: Path
) -> None:
    told = measured_ingest(10_000, {"LABELSCOPE_HOME": str(tmp_path)})
    assert told.members == 10_000
    assert told.beyond_mb < 80  # a run that holds all entries at once takes 127, and up to 300 are allowed


@pytest.mark.parametrize("plans", ["force_custom_plan", "force_generic_plan"])
def test_four_times_the_tracks_are_four_times_the_work(
    flows: SimpleNamespace, database_url: str, plans: str
) -> None:
    """Counted and not timed. A server that has seen a statement often plans it without a look at its arrays."""
    from prefect.logging import disable_run_logger

    from flows.ingest.playlists import ENTRIES_PER_TRANSACTION, ingest_playlist

    with watched(database_url, plans) as (engine, work), disable_run_logger():

        def ingest(name: str, entries: range) -> Work:
            """What it takes to read the list as it is now."""
            work.times, work.rows = Counter(), Counter()
            reference = replace(REFERENCE, external_id=name)
            loaded = ingest_playlist.fn(engine, List(entries), reference, "labels.toml", dict)
            assert loaded.outcome == "loaded" and loaded.counts.tracks == len(entries)
            return Work(work.times, work.rows)

        ingest("warm-up", range(-SHORT, 0))
        for first in (0, 1, LONG):  # new; again but for one; all gone, and others in their place
            short = ingest(f"short {plans}", range(first, first + SHORT))
            long = ingest(f"long {plans}", range(10 * LONG + first, 10 * LONG + first + LONG))
            for done, tracks in ((short, SHORT), (long, LONG)):
                assert set(done.times.values()) == {1, tracks // ENTRIES_PER_TRANSACTION}
            for statement, rows in short.rows.items():
                assert long.rows[statement] <= 4 * rows + OTHERS, statement
