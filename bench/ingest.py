"""Compare the speed of an ingest's writes with COPY of the same rows; then time and memory of whole ingests over HTTP.

Run as `python -m bench.ingest`; it takes some minutes. PostgreSQL runs in a temporary folder. The ingest's writes are
those of flows/ingest/playlists.py, in its batches. COPY fills the same tables in one transaction, and gets the ids that
an ingest has to look up. Both begin with the same rows in memory and end with a commit. They alternate, and the best
time of each counts, since other programs can only slow it down. The whole ingests run in a separate process. They read
Spotify lists from fake services, and do everything that `labelscope ingest` does, except the search for audio.
"""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, text

from db import migrate, write
from db.engine import libpq_url, open_engine
from db.write.tracks import TrackEntry, save_entries
from flows.batch.batches import batches
from flows.ingest.playlists import ENTRIES_PER_TRANSACTION, entry_rows
from services.postgres.server import PostgresAddress, embedded_postgres, ensure_database
from sources.records import Entry
from sources.spotify.records import Seen, read_entry
from tests.flows.ingest.measured_ingest import measured_ingest
from tests.stand_ins.music import make_track
from tests.stand_ins.spotify_json import track_json

SIZES = (1_000, 2_000, 5_000, 10_000, 20_000)
WHOLE_SIZES = (1_000, 10_000)
TURNS = 5
MARKETS = [first + second for first in "ABCDEFGHIJKLMNOP" for second in "ABCDEFGHIJKL"][:184]
ADDED_AT = datetime(2024, 2, 7, tzinfo=UTC)
LABEL = {"slug": "long", "name": "Long", "description": "", "synthetic": False}
COLUMNS = {
    "tracks": "id, provider, external_id, title, album, isrc, duration_s, release_date, raw",
    "artists": "id, provider, external_id, name",
    "track_artists": "track_id, artist_id, position",
    "playlist_tracks": "playlist_id, track_id, added_at",
}


def made_up(tracks: int) -> list[TrackEntry]:
    """Tracks as Spotify sends them, 2.4 kB each: three by an artist, and every third by two artists."""
    seen, entries = Seen(), []
    for number in range(1, tracks + 1):
        guests = (f"Guest {number // 9}",) if number % 3 == 0 else ()
        track = replace(make_track(number), artists=(f"Artist {number // 3}", *guests))
        item = track_json(track, "https://api.spotify.com/v1/", None, whole=True)
        entry = read_entry({"item": item | {"available_markets": MARKETS}}, seen)
        assert isinstance(entry, Entry)
        entries.append(entry_rows(entry))
    return entries


def save(engine: Engine, entries: Sequence[TrackEntry]) -> None:
    """Write the rows as an ingest does."""
    with engine.begin() as connection:
        playlist_id = write.playlists.register_playlist(connection, "spotify", "long", LABEL, "bench")
    added_at: dict[int, datetime | None] = {}
    for batch in batches(entries, ENTRIES_PER_TRANSACTION):
        with engine.begin() as connection:
            added_at |= dict.fromkeys(save_entries(connection, batch), ADDED_AT)
    with engine.begin() as connection:
        write.playlists.complete_load(
            connection,
            playlist_id,
            name="Long list",
            raw={},
            snapshot_id="1",
            added_at=added_at,
            keep_absent=False,
            rejections=[],
            started_at=ADDED_AT,
            flow_run_id=None,
        )


def copy(address: str, entries: Sequence[TrackEntry]) -> float:
    """COPY the same rows; the seconds that it took."""
    artists = {artist["external_id"]: artist for _, credit, _ in entries for artist in credit}
    artist_ids = {key: number for number, key in enumerate(artists, start=1)}
    credited = [
        (track_id, artist_ids[artist["external_id"]], position)
        for track_id, (_, credit, _) in enumerate(entries, start=1)
        for position, artist in enumerate(credit)
    ]
    named = [(artist_ids[key], *artist.values()) for key, artist in artists.items()]
    columns = COLUMNS["tracks"].split(", ")[1:-1]
    with psycopg.connect(libpq_url(address)) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO labels (slug, name) VALUES ('long', 'Long')")
        cursor.execute(
            "INSERT INTO playlists (provider, external_id, name, label_id) VALUES ('spotify', '1', '', 1)"
        )
        connection.commit()

        begin = time.perf_counter()
        tracks = (
            (track_id, *(track[name] for name in columns), json.dumps(track["raw"], ensure_ascii=False))
            for track_id, (track, _, _) in enumerate(entries, start=1)
        )
        members = ((1, track_id, ADDED_AT) for track_id in range(1, len(entries) + 1))
        for table, rows in zip(COLUMNS, (tracks, named, credited, members), strict=True):
            with cursor.copy(f"COPY {table} ({COLUMNS[table]}) FROM STDIN") as into:
                for row in rows:
                    into.write_row(row)
        connection.commit()
        return time.perf_counter() - begin


def empty(engine: Engine) -> None:
    """Delete all rows, and write the changes of the last turn to the disk."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("TRUNCATE labels, playlists, artists, tracks RESTART IDENTITY CASCADE"))
        connection.execute(text("CHECKPOINT"))


def count_rows(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return [connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in COLUMNS]


def seconds(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def turn(ingest_url: str, copy_url: str, entries: Sequence[TrackEntry]) -> tuple[int, list[float]]:
    """The number of rows, and the seconds of COPY, of a first ingest and of a second ingest of the same list."""
    engines = [open_engine(ingest_url), open_engine(copy_url)]
    for engine in engines:
        empty(engine)
    taken = [copy(copy_url, entries)] + [seconds(lambda: save(engines[0], entries)) for _ in range(2)]
    rows, copied_rows = map(count_rows, engines)
    assert rows == copied_rows, (rows, copied_rows)
    for engine in engines:
        engine.dispose()
    return sum(rows), taken


def print_writes(server: PostgresAddress) -> None:
    """Print a table of rows per second, of COPY and of ingests, for lists of several sizes."""
    names = ("ingest", "copy")
    for name in names:
        ensure_database(server, name)
        migrate.upgrade(server.url(name))
    ingest_url, copy_url = map(server.url, names)
    entries = made_up(SIZES[-1])
    # The first turn only warms up.
    turn(ingest_url, copy_url, entries[: SIZES[0]])
    turns = [[turn(ingest_url, copy_url, entries[:size]) for size in SIZES] for _ in range(TURNS)]
    print("                      rows per second        |  COPY is faster by  |  seconds per 1 000 tracks")
    print(" tracks    rows    COPY  first load  re-read |  first load  re-read |   COPY  first load  re-read")
    for size, of_size in zip(SIZES, zip(*turns, strict=True), strict=True):
        rows = of_size[0][0]
        taken = [min(side) for side in zip(*(sides for _, sides in of_size), strict=True)]
        copied, first, again = (rows / side for side in taken)
        thousand = [1000 * side / size for side in taken]
        print(
            f"{size:7} {rows:7} {copied:7.0f} {first:11.0f} {again:8.0f} |"
            f" {copied / first:11.2f} {copied / again:8.2f} |"
            f" {thousand[0]:6.3f} {thousand[1]:11.3f} {thousand[2]:8.3f}",
            flush=True,
        )


def print_whole() -> None:
    """Print a table of seconds and memory of whole ingests."""
    print("\nwhole ingest   seconds   tracks   base MB   most beyond it, MB")
    for size in WHOLE_SIZES:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
            cost = measured_ingest(size, {"LABELSCOPE_HOME": home})
        print(
            f"{size:12} {cost.seconds:9.1f} {cost.members:8} {cost.base_mb:9.0f} {cost.beyond_mb:21.0f}",
            flush=True,
        )


def main() -> None:
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        embedded_postgres(Path(home)) as server,
    ):
        print_writes(server)
    print_whole()


if __name__ == "__main__":
    main()
