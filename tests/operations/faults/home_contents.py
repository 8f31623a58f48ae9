"""What has to be the same in two homes with the same music, whatever befell them."""

from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from db.engine import open_engine
from services.postgres.server import embedded_postgres
from tests.flows.final_state import named_rows

SAME_TABLES = (  # whatever has happened before
    "labels",
    "playlists",
    "artists",
    "tracks",
    "track_artists",
    "playlist_tracks",
    "clips",
    "lookups",
    "audio_features",
    "spectrograms",
    "fingerprints",
    "file_faults",
)
PREDICTED = """
    SELECT t.provider || ':' || t.external_id FROM predictions p
      JOIN models m ON m.id = p.model_id AND m.status = 'champion' JOIN tracks t ON t.id = p.track_id
"""


def what_is_there(home: Path) -> dict[str, Any]:
    """The rows of SAME_TABLES, the files of audio and spectrograms with their checksums, and what was learnt."""
    with ExitStack() as stack:
        server = stack.enter_context(embedded_postgres(home))
        engine = open_engine(server.url("labelscope"))
        stack.callback(engine.dispose)
        connection = stack.enter_context(engine.connect())
        rows = named_rows(connection)
        found: dict[str, Any] = {table: sorted(map(str, rows[table])) for table in SAME_TABLES}
        found |= learnt(connection)
    for store in ("audio", "spectrograms"):
        found[f"files of {store}"] = sorted(files_of(home, store).items())
    return found


def files_of(home: Path, store: str) -> dict[str, str]:
    """Every file below one folder of the home, finished or not: its path below the home, and its sha256."""
    return {
        path.relative_to(home).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in (home / store).rglob("*")
        if path.is_file()
    }


def learnt(connection: Connection) -> dict[str, Any]:
    """The tracks that the champion has scored; how many champions there are, and trainings that are not over."""
    one = (
        "SELECT count(*) FROM models WHERE status = 'champion'",
        "SELECT count(*) FROM training_runs WHERE status = 'running'",
    )
    return {
        "predicted": sorted(connection.scalars(text(PREDICTED))),
        "champions and trainings": [connection.scalar(text(query)) for query in one],
    }
