"""PostgreSQL accepts the rows of any answer of a service: no odd value fails there."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from db import write
from db.write.tracks import save_entries
from sources.deezer.api import DeezerApi
from sources.deezer.source import DeezerSource
from sources.errors import SourceError
from sources.http import RetryPolicy
from sources.pace import RollingWindow
from sources.records import Entry, Label, Reference, Rejection, Source
from sources.spotify.source import connect_spotify
from tests.sources.made_up import mutated, recorded
from tests.sources.raw_server import RawServer, http, raw_server
from tests.sources.test_made_up import (
    DEEZER_LIST,
    DEEZER_PAGE,
    DEEZER_TRACK,
    SPOTIFY_ENTRY,
    SPOTIFY_LIST,
    SPOTIFY_PAGE,
    TOKEN,
)

pytestmark = pytest.mark.usefixtures("flows")  # which import Prefect
ONCE = RetryPolicy(attempts=1)
MARKED = json.dumps("the entries")


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with raw_server() as running:
        yield running


def serve(server: RawServer, about: str, page: str) -> None:
    """Answer requests with a playlist, its one page, and a token."""

    def answer(connection) -> None:
        body = page if "/tracks" in server.path or "/items" in server.path else about
        body = json.dumps(TOKEN) if "/token" in server.path else body
        connection.sendall(http(200, {}, body.encode("utf-8", "surrogatepass")))

    server.answer = answer


def store_all(engine: Engine, source: Source, reference: Reference) -> int:
    """Store rows as flows.ingest.playlists does, and roll back; how many entries there were."""
    from flows.ingest.playlists import _rejection_row, entry_rows

    try:
        playlist = source.fetch_playlist(reference)
        records = list(source.entries(playlist, {}))
    except SourceError:
        return 0
    with engine.connect() as connection:
        label = {"slug": "l", "name": "L", "description": "", "synthetic": False}
        playlist_id = write.playlists.register_playlist(
            connection, reference.provider, reference.external_id, label, "labels.toml", keep_name=False
        )
        entries = [record for record in records if isinstance(record, Entry)]
        track_ids = save_entries(connection, [entry_rows(entry) for entry in entries])
        write.playlists.complete_load(
            connection,
            playlist_id,
            name=playlist.name,
            raw=playlist.raw,
            snapshot_id=playlist.snapshot_id,
            added_at={id: entry.added_at for id, entry in zip(track_ids, entries, strict=True)},
            keep_absent=False,
            rejections=[_rejection_row(record) for record in records if isinstance(record, Rejection)],
            started_at=datetime.now(UTC),
            flow_run_id=str(uuid4()),
        )
        connection.rollback()
    return len(records)


def page_with(page: dict, name: str, entries: list[str]) -> str:
    return json.dumps(page | {name: "the entries", "total": len(entries)}).replace(
        MARKED, f"[{','.join(entries)}]"
    )


def odd_lists(provider: str) -> st.SearchStrategy[tuple[str, str]]:
    """Pairs of a playlist and its page, with odd values in the entries alone or anywhere."""
    if provider == "spotify":
        about, page, name, entry = SPOTIFY_LIST | {"items": {}}, SPOTIFY_PAGE, "items", SPOTIFY_ENTRY
        entries = [entry, *recorded("spotify_entries")[::5]]
    else:
        about, page, name, entry = DEEZER_LIST, DEEZER_PAGE | {"next": None}, "data", DEEZER_TRACK
        entries = [entry, *recorded("deezer_tracks")[::10]]
    some = st.lists(mutated(entries), min_size=1, max_size=4).map(lambda made: page_with(page, name, made))
    return st.tuples(mutated([about], most=1), some) | st.tuples(st.just(json.dumps(about)), mutated([page]))


def check(engine: Engine, server: RawServer, folder: Path, provider: str, examples: int) -> None:
    deezer = DeezerSource(DeezerApi(server.url, RollingWindow(10**9, 1), ONCE))
    spotify = connect_spotify(
        "id",
        "secret",
        token_file=folder / "spotify.json",
        api_url=server.url,
        accounts_url=server.url,
        retry_policy=ONCE,
    )
    source: Source = spotify if provider == "spotify" else deezer
    reference = Reference(provider, "P1" if provider == "spotify" else "1", Label("l", "L"))
    stored = 0

    @settings(max_examples=examples, database=None, suppress_health_check=list(HealthCheck))
    @given(odd_lists(provider))
    def store_odd(made: tuple[str, str]) -> None:
        nonlocal stored
        serve(server, *made)
        stored += store_all(engine, source, reference)

    store_odd()
    assert stored > examples / 2


@pytest.mark.parametrize("provider", ["spotify", "deezer"])
def test_odd_values_can_be_stored(engine: Engine, server: RawServer, tmp_path: Path, provider: str) -> None:
    check(engine, server, tmp_path, provider, 50)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("provider", ["spotify", "deezer"])
def test_thousands_of_odd_values_can_be_stored(
    engine: Engine, server: RawServer, tmp_path: Path, provider: str
) -> None:
    check(engine, server, tmp_path, provider, 2_000)
